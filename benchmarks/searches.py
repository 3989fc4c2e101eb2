"""Compare a grid search over recurrent networks with plain skorch and Keras.

24 candidates by three folds on the 270 JapaneseVowels, sequences of 7 to 26 steps, with
two workers. Each search runs in its own process and is timed from start to end, including
imports and, as the cache is empty, compilation, which an installed wheel that has its
kernels does without. CPU seconds are those of all processes, and depend less on what else
the machine does; the searches take turns. skorch and Keras get sequences padded with
zeros: Keras masks the padding, the plain skorch net reads it, as such nets do.

    python benchmarks/searches.py --data ~/series --keras ~/keras-environment/bin/python

``--keras`` is the Python of an environment with keras, tensorflow, torch and
scikit-learn; without it, Keras is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from accuracy import cpu_model, find_folder, load

N_EPOCHS, BATCH, N_FOLDS = 20, 16, 3
GRID = {
    "cell": ["lstm", "gru"],
    "hidden_size": [16, 32, 64],
    "bidirectional": [False, True],
    "lr": [0.002, 0.01],
}

# The common head of all searches, which may run in an environment without sksequence.
COMMON = f"""
import json, sys
import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold
data = np.load(sys.argv[1])
X, lengths, y = data["X"], data["lengths"], data["y"]
GRID = {GRID!r}
cv = StratifiedKFold({N_FOLDS}, shuffle=True, random_state=0)
options = {{"n_jobs": 2, "cv": cv, "error_score": "raise", "refit": False}}
"""

REPORT = """
search.fit(X, y)
scores = search.cv_results_["mean_test_score"]
print(json.dumps([float(scores.max()), float(scores.mean())]))
"""

OURS = f"""
from sksequence import RecurrentClassifier
from sksequence.model_selection import GridSearchCV
X = [x[:n] for x, n in zip(X, lengths)]
model = RecurrentClassifier(
    max_epochs={N_EPOCHS}, batch_size={BATCH}, random_convolutions=0, random_state=0
)
search = GridSearchCV(model, GRID, **options)
"""

SKORCH = f"""
import torch
from skorch import NeuralNetClassifier
from torch import nn

torch.set_num_threads(1)

class Net(nn.Module):
    def __init__(self, cell="lstm", hidden_size=16, bidirectional=False):
        super().__init__()
        build = {{"lstm": nn.LSTM, "gru": nn.GRU}}[cell]
        self.recurrence = build(
            12, hidden_size, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(hidden_size * (1 + bidirectional), 9)

    def forward(self, X):
        return self.head(self.recurrence(X)[0].amax(1))

X = X.astype(np.float32)
model = NeuralNetClassifier(
    Net, criterion=nn.CrossEntropyLoss, optimizer=torch.optim.Adam,
    max_epochs={N_EPOCHS}, batch_size={BATCH}, iterator_train__shuffle=True,
    train_split=None, verbose=0)
grid = {{k if k == "lr" else "module__" + k: v for k, v in GRID.items()}}
search = GridSearchCV(model, grid, **options)
"""

KERAS = f"""
import keras
from sklearn.base import BaseEstimator, ClassifierMixin

class Net(ClassifierMixin, BaseEstimator):
    def __init__(self, cell="lstm", hidden_size=16, bidirectional=False, lr=0.001):
        self.cell, self.hidden_size = cell, hidden_size
        self.bidirectional, self.lr = bidirectional, lr

    def fit(self, X, y):
        if keras.backend.backend() == "torch":
            import torch
            torch.set_num_threads(1)
        else:
            import tensorflow as tf
            try:
                tf.config.threading.set_intra_op_parallelism_threads(1)
                tf.config.threading.set_inter_op_parallelism_threads(1)
            except RuntimeError:
                pass  # set before
        keras.utils.set_random_seed(0)
        self.classes_ = np.unique(y)
        layer = {{"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}}[self.cell](
            self.hidden_size, return_sequences=False)
        if self.bidirectional:
            layer = keras.layers.Bidirectional(layer)
        self.model_ = keras.Sequential([
            keras.Input((X.shape[1], 12)), keras.layers.Masking(), layer,
            keras.layers.Dense(9)])
        self.model_.compile(
            keras.optimizers.Adam(self.lr),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        self.model_.fit(X, y, epochs={N_EPOCHS}, batch_size={BATCH}, verbose=0)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(1)]

X = X.astype(np.float32)
search = GridSearchCV(Net(), GRID, **options)
"""


def cpu_seconds() -> float:
    """Return the CPU seconds of all processes that have ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(
    python: str, program: str, data: Path, **environment: str
) -> tuple[float, float, list]:
    """Return the seconds and CPU seconds of a process, and the scores that it printed."""
    with TemporaryDirectory() as folder:
        # Written to a file, so that workers can import the classes.
        script = Path(folder) / "search.py"
        script.write_text(COMMON + program + REPORT, encoding="utf-8")
        begin, cpu = time.perf_counter(), cpu_seconds()
        environment["SKSEQUENCE_CACHE_DIR"] = folder
        done = subprocess.run(
            [python, str(script), str(data)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **environment},
        )
        seconds, cpu = time.perf_counter() - begin, cpu_seconds() - cpu
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return seconds, cpu, json.loads(done.stdout.splitlines()[-1])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="directory of the data (else SKSEQUENCE_DATA)")
    parser.add_argument("--keras", help="the Python of an environment with Keras")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args(arguments)
    train, _ = load(find_folder(options.data), "JapaneseVowels")
    lengths = np.array([len(x) for x in train.X])
    padded = np.zeros((len(lengths), lengths.max(), 12))
    for row, x in zip(padded, train.X, strict=True):
        row[: len(x)] = x
    codes = np.unique(train.y, return_inverse=True)[1]
    searches = {
        "sksequence": (sys.executable, OURS, {}),
        "skorch": (sys.executable, SKORCH, {}),
    }
    if options.keras:
        for backend in ("tensorflow", "torch"):
            environment = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
            searches[f"Keras, {backend}"] = (options.keras, KERAS, environment)
    print(f"{cpu_model()}\n")
    with TemporaryDirectory() as folder:
        data = Path(folder) / "vowels.npz"
        np.savez(data, X=padded, lengths=lengths, y=codes)
        found: dict[str, list] = {name: [] for name in searches}
        for i in range(options.runs):
            for name, (python, program, environment) in searches.items():
                if i == 0 or name in ("sksequence", "skorch"):
                    found[name].append(run(python, program, data, **environment))
                    print(f"{name}: {found[name][-1]}", file=sys.stderr, flush=True)
    print("| search | seconds | ratio | CPU seconds | ratio | best, mean accuracy |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, runs in found.items():
        cells = [name]
        for k in (0, 1):
            ratios = [
                one[k] / ours[k]
                for one, ours in zip(runs, found["sksequence"], strict=False)
            ]
            cells.append(f"{statistics.median(one[k] for one in runs):.0f}")
            cells.append(f"{statistics.median(ratios):.1f}")
        best, mean = runs[0][2]
        print(f"| {' | '.join(cells)} | {best:.4f}, {mean:.4f} |")


if __name__ == "__main__":
    main()
