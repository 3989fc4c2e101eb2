"""Sequences with values that were not observed, and with a channel of times."""

from __future__ import annotations

import numpy as np

from helpers.data import ragged

LENGTHS = (9, 4, 7, 12, 5, 8, 6, 10)
LABELS = np.arange(len(LENGTHS)) % 2


def with_gaps(X, share=0.3, seed=1):
    rng = np.random.default_rng(seed)
    return [np.where(rng.uniform(size=x.shape) < share, np.nan, x) for x in X]


def with_time(X, times):
    """The time as channel 1."""
    return [np.insert(x, 1, t, axis=1) for x, t in zip(X, times, strict=True)]


GAPS = with_gaps(ragged(LENGTHS))
TIMES = [
    np.random.default_rng(i).integers(1, 5, size=n).cumsum().astype(float)
    for i, n in enumerate(LENGTHS)
]
