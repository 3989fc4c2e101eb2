"""A table of series, a panel, and windows of both."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from helpers.estimators import make

RNG = np.random.default_rng(0)
TABLE = np.cumsum(RNG.normal(size=(60, 2)), axis=0)


def block_of(table, length):
    return sliding_window_view(table, length, axis=0).swapaxes(1, 2)


# Three entities, interleaved, of which one has a single row.
NAMES = np.array(["b", "a", "b", "b", "a", "c", "b", "a", "b", "a", "a", "b"])
NUMBERS = np.unique(NAMES, return_inverse=True)[1]
PANEL = np.arange(24.0).reshape(12, 2) ** 2
DAYS = pd.date_range("2024-03-25", periods=12, tz="Europe/Berlin")


def assert_same_windows(got, expected):
    assert len(got) == len(expected)
    for window, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(window, other)


def frame_of(table, **more):
    return pd.DataFrame({**more, "u": table[:, 0], "v": table[:, 1]})


WITH_DAYS = frame_of(PANEL, id=NAMES).set_index(DAYS)


def copied(X):
    return [x.copy() for x in X] if isinstance(X, list) else X.copy()


def read(X, name="GRURegressor"):
    """The sequences that an estimator makes of X."""
    return make(name)._read(X, None)[0]


def fit(X, y, *, sample_weight=False, **params):
    weight = np.arange(len(y)) % 3 if sample_weight else None
    return make("GRURegressor", **params).fit(X, y, sample_weight=weight)
