"""Small data of unequal length."""

from __future__ import annotations

import numpy as np


def ragged(lengths=(9, 4, 7, 12, 5, 8, 6, 10), n_channels=2, seed=0):
    """Sequences of unequal length, (n_steps_i, n_channels) each."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n_steps, n_channels)) for n_steps in lengths]


def objects(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


N, STEPS = 12, 6
CUBE = np.random.default_rng(0).normal(size=(N, STEPS, 2))
LABELS = np.arange(N) % 2
NUMBERS = np.random.default_rng(1).normal(size=N)
MULTILABEL = np.random.default_rng(2).integers(0, 2, size=(N, 2))
