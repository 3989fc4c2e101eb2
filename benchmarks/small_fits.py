"""Whole fits of small networks on little data, compared with what else there is.

JapaneseVowels (270 sequences of 7 to 26 steps, 12 channels, 9 classes), in batches of 16
and four epochs: compared with a plain skorch net, which gets the sequences padded, and
with our own net where a callback watches every mini-batch, so that autograd serves. Then
default fits of 100 sequences of 50 steps, compared with scikit-learn's MLPClassifier of
equally many weights and epochs, in batches of the same size. Ratios of consecutive fits
on one thread, as in ``kernels.py``.

    python benchmarks/small_fits.py --data ~/series
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import sklearn
import skorch
import torch
from accuracy import Part, cpu_model, find_folder, load
from kernels import CELLS, head, row
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from timing import ratios
from torch import Tensor, nn

import sksequence
from sksequence import GRUClassifier, LSTMClassifier, SimpleRNNClassifier

N_EPOCHS = 4
AIMS = {"lstm": 4, "gru": 9}
CLASSES = {"lstm": LSTMClassifier, "gru": GRUClassifier, "rnn": SimpleRNNClassifier}


class Watching(Callback):
    """A callback of every mini-batch, with which our net trains by autograd."""

    def on_batch_end(self, net: Any, **kwargs: Any) -> None:
        """Do nothing."""


class TorchClassifier(nn.Module):
    """A recurrence with max pooling, as one would write it for skorch."""

    def __init__(self, cell: str, bidirectional: bool) -> None:
        super().__init__()
        self.recurrence = CELLS[cell](
            12, 32, batch_first=True, bidirectional=bidirectional
        )
        self.head = nn.Linear(32 * (1 + bidirectional), 9)

    def forward(self, X: Tensor) -> Tensor:
        """Return the logits of X (batch, steps, channels)."""
        return self.head(self.recurrence(X)[0].amax(1))


def padded(X: list[np.ndarray]) -> np.ndarray:
    """Return sequences in one array, with zeros behind them."""
    rows = np.zeros((len(X), max(map(len, X)), X[0].shape[1]), np.float32)
    for row_, x in zip(rows, X, strict=True):
        row_[: len(x)] = x
    return rows


def skorch_net(cell: str, bidirectional: bool) -> NeuralNetClassifier:
    """Return a net as one would write it."""
    return NeuralNetClassifier(
        TorchClassifier,
        module__cell=cell,
        module__bidirectional=bidirectional,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.005,
        max_epochs=N_EPOCHS,
        batch_size=16,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


def vowels(train: Part, pairs: int) -> Iterator[str]:
    """Fits of JapaneseVowels."""
    X, codes = padded(train.X), np.unique(train.y, return_inverse=True)[1]
    yield from head("JapaneseVowels, H32, B16, skorch / ours")
    for cell, aim in AIMS.items():
        for bidirectional in (False, True):
            theirs = skorch_net(cell, bidirectional)
            ours = CLASSES[cell](
                random_convolutions=0,
                hidden_size=32,
                bidirectional=bidirectional,
                max_epochs=N_EPOCHS,
            )
            found = ratios(
                lambda net=theirs: net.fit(X, codes),
                lambda net=ours: net.fit(train.X, train.y),
                pairs,
                1,
            )
            name = f"{cell.upper()}{', both directions' * bidirectional}"
            yield row(name, found, aim)
    yield from head("the same, with a callback of every batch / without")
    for cell, build in CLASSES.items():
        for changes in ({}, {"num_layers": 2}, {"dropout": 0.2}, {"pooling": "mean"}):
            settings = {"hidden_size": 32, "max_epochs": N_EPOCHS, **changes}
            settings["random_convolutions"] = 0
            watched, alone = build(callbacks=[Watching()], **settings), build(**settings)
            found = ratios(
                lambda net=watched: net.fit(train.X, train.y),
                lambda net=alone: net.fit(train.X, train.y),
                pairs,
                1,
            )
            what = ", ".join(f"{name}={value!r}" for name, value in changes.items())
            yield row(", ".join(filter(None, [cell.upper(), what])), found)


def count_weights(model: Any) -> int:
    """Return the number of weights of a fitted network."""
    return sum(weight.numel() for weight in model.net_.module_.parameters())


def perceptrons(pairs: int) -> Iterator[str]:
    """Default fits, compared with MLPClassifier."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 50))
    y = X[:, -10:].mean(1) > 0
    yield from head("100 sequences of 50 steps, defaults, ours / MLPClassifier")
    for (cell, build), features in product(CLASSES.items(), (0, "auto")):
        ours = build(random_convolutions=features).fit(X, y)
        # Each unit has a weight for every column, its bias, and a weight to the output.
        units = round(count_weights(ours) / (X.shape[1] + 2))
        theirs = MLPClassifier(
            units,
            batch_size=ours.batch_size,
            max_iter=ours.max_epochs,
            n_iter_no_change=ours.max_epochs,
        )
        found = ratios(
            lambda net=ours: net.fit(X, y), lambda net=theirs: net.fit(X, y), pairs, 1
        )
        name = f"{cell.upper()}{', random convolutions' * bool(features)}"
        yield row(f"{name}, {count_weights(ours)} weights", found, 3)


def main() -> None:
    """Print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="directory of the data (else SKSEQUENCE_DATA)")
    parser.add_argument("--pairs", type=int, default=11)
    options = parser.parse_args()
    train, _ = load(find_folder(options.data), "JapaneseVowels")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    libraries = sksequence, skorch, sklearn, torch
    versions = (f"{library.__name__} {library.__version__}" for library in libraries)
    print(", ".join([str(date.today()), cpu_model(), *versions]))
    for part in (vowels(train, options.pairs), perceptrons(options.pairs)):
        for line in part:
            print(line, flush=True)


if __name__ == "__main__":
    main()
