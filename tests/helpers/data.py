"""Small data of unequal and of equal length."""

from __future__ import annotations

import numpy as np


def ragged(lengths=(9, 4, 7, 12, 5, 8, 6, 10), n_channels=2, seed=0):
    """Sequences of unequal length, (n_steps_i, n_channels) each."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n_steps, n_channels)) for n_steps in lengths]


def objects(items):
    """An object array of one dimension, whatever the items are."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def padded(X, more_steps=3, behind=(np.nan, np.inf, -3e38)):
    """Sequences as one array, rubbish behind the ends, and their lengths."""
    lengths = np.array([len(x) for x in X])
    shape = (len(X), lengths.max() + more_steps, *X[0].shape[1:])
    array = np.empty(shape, X[0].dtype)
    for i, x in enumerate(X):
        array[i] = behind[i % len(behind)]
        array[i, : len(x)] = x
    return {"X": array, "lengths": lengths}


def data_for(name, X, y):
    """X or films of its first channel, and y or something of each step."""
    if name.startswith("Conv"):
        return [np.repeat(x[:, 0], 9).reshape(-1, 3, 3) for x in X], y
    if name == "RecurrentTagger":
        return X, [x[:, 0] > 0 for x in X]
    if name in ("RecurrentTranscriber", "RecurrentTranslator"):
        return X, ["ab"[int(x[0, 0] > 0)] + "ab"[int(x[-1, 0] > 0)] for x in X]
    return X, [x[:, 0] for x in X] if name == "RecurrentStepRegressor" else y


# Twelve series of two channels, and targets of every kind.
N, STEPS = 12, 6
CUBE = np.random.default_rng(0).normal(size=(N, STEPS, 2))
LABELS = np.arange(N) % 2
NUMBERS = np.random.default_rng(1).normal(size=N)
MULTILABEL = np.random.default_rng(2).integers(0, 2, size=(N, 2))
