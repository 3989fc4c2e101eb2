"""Estimators that break the contract, each in one point.

They stand in a module of their own so that the workers of joblib, which get this folder
on their path, can import them.
"""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

import numpy as np
import torch

from sksequence import GRUClassifier, GRURegressor
from sksequence.nn._time import last_step


class MinusBatchMean(GRURegressor):
    def predict(self, X):
        answers = super().predict(X)
        return answers - answers.mean()


class SortedByLength(GRURegressor):
    def predict(self, X):
        order = np.argsort([len(x) for x in X], kind="stable")
        return super().predict(X)[order]


class Rounds(GRURegressor):
    """Add what a sum in another order adds: one unit in the last place."""

    def predict(self, X):
        answers = super().predict(X)
        return np.nextafter(answers, np.inf) if len(X) == 1 else answers


class PatchedNetwork(GRURegressor):
    """Do something to the network as soon as it is fitted."""

    def fit(self, X, y):
        super().fit(X, y)
        self._patch(self.net_.module_)
        return self


class ReadsPadding(PatchedNetwork):
    def _patch(self, module):
        module.pool.forward = lambda steps, lengths, final: steps[:, -1]


class BackwardHalfAtTheEnd(PatchedNetwork):
    """What ``output[:, -1]`` is in torch: the backward half has seen one step."""

    def _patch(self, module):
        recurrence = module.recurrence
        run = type(recurrence).forward

        def forward(x, lengths=None):
            steps, _ = run(recurrence, x, lengths)
            return steps, last_step(steps, lengths)

        recurrence.forward = forward


class ForwardHalfAtTheStart(PatchedNetwork):
    def _patch(self, module):
        recurrence = module.recurrence
        run = type(recurrence).forward
        recurrence.forward = lambda x, lengths=None: (
            run(recurrence, x, lengths)[0],
            run(recurrence, x, lengths)[0][:, 0],
        )


class CentredConvolution(PatchedNetwork):
    def _patch(self, module):
        for layer in module.encoder.layers:
            layer._before = [n // 2 for n in layer._before]


class UnusedParameter(PatchedNetwork):
    def _patch(self, module):
        module.unused = torch.nn.Parameter(torch.ones(3))


class DetachedEncoder(PatchedNetwork):
    def _patch(self, module):
        encode = type(module.encoder).forward

        def forward(x, lengths=None):
            encoded, left = encode(module.encoder, x, lengths)
            return encoded.detach(), left

        module.encoder.forward = forward


class BlockedParameter(PatchedNetwork):
    """A gradient that is there, and nothing but zeros."""

    def _patch(self, module):
        forward = module.branch.forward
        module.branch.forward = lambda *inputs: forward(*inputs) * 0


class LastStepAlone(GRURegressor):
    """What torch does with ``batch_first`` forgotten, in effect."""

    def fit(self, X, y):
        return super().fit([x[-1:] for x in X], y)

    def predict(self, X):
        return super().predict([x[-1:] for x in X])


class FirstStepsAlone(GRURegressor):
    def predict(self, X):
        return super().predict([x[:3] for x in X])


class WritesX(GRURegressor):
    def fit(self, X, y):
        for x in X:
            x -= x.mean(axis=0)
        return super().fit(X, y)


class WritesXInPredict(GRURegressor):
    def predict(self, X):
        for x in X:
            np.round(x, 3, out=x)
        return super().predict(X)


class WritesY(GRURegressor):
    def fit(self, X, y):
        y.sort()
        return super().fit(X, y)


class IgnoresRandomState(GRURegressor):
    def fit(self, X, y):
        given, self.random_state = self.random_state, None
        try:
            return super().fit(X, y)
        finally:
            self.random_state = given


class Shifted(GRURegressor):
    """Let the answers depend on where the fit happens to run."""

    def fit(self, X, y):
        super().fit(X, y)
        self.shift_ = self._where()
        return self

    def predict(self, X):
        return super().predict(X) + self.shift_


class DependsOnProcess(Shifted):
    def _where(self):
        return os.getpid()


class DependsOnThread(Shifted):
    def _where(self):
        return threading.current_thread() is threading.main_thread()


class DependsOnTorchThreads(Shifted):
    def _where(self):
        return torch.get_num_threads()


class ForgetsWhenPickled(Shifted):
    def _where(self):
        return 1.0

    def __getstate__(self):
        state = super().__getstate__()
        state["attributes"]["shift_"] = 0.0
        return state


class ForgetsParametersWhenPickled(GRURegressor):
    def __getstate__(self):
        state = super().__getstate__()
        if not hasattr(self, "net_"):
            state["hyperparameters"]["hidden_size"] = 5
        return state


class SeedsTorch(Shifted):
    """Initialise from torch's global generator, as is the custom."""

    def _where(self):
        torch.manual_seed(self.random_state)
        return float(torch.rand(()))


class SeedsNumpy(Shifted):
    def _where(self):
        np.random.seed(self.random_state)
        return np.random.random()


class ReadsGlobalState(Shifted):
    """Draw from the global generator, and put it back as if nothing had happened."""

    def _where(self):
        before = np.random.get_state()
        drawn = np.random.random()
        np.random.set_state(before)
        return drawn


class DrawsInPredict(GRURegressor):
    def predict(self, X):
        torch.rand(1)
        return super().predict(X)


class PredictsCodes(GRUClassifier):
    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


class KnowsNumbersAlone(GRUClassifier):
    """Predict names by their place in the alphabet of numbers."""

    def predict(self, X):
        labels = super().predict(X)
        return labels if labels.dtype.kind == "U" else np.abs(labels)


class WritesCheckpoint(GRURegressor):
    def fit(self, X, y):
        super().fit(X, y)
        write_where_empty(Path.cwd())
        return self


class LeavesTemporaryFile(GRURegressor):
    def predict(self, X):
        write_where_empty(Path(tempfile.gettempdir()))
        return super().predict(X)


def write_where_empty(folder):
    """Write a file, but into no folder that anybody uses."""
    if not any(folder.iterdir()):
        (folder / "weights.pt").write_text("0.5")
