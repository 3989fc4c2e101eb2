"""Folds of a panel along its time stamps."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import (
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsRegressor

from helpers.folds import lists
from sksequence.model_selection import PanelTimeSeriesSplit


def test_rows_of_a_panel_tell_of_each_other_and_time_steps_do_not(rng):
    """Noise that all entities share: its time gives it away, where others are known."""
    time, entity = np.tile(np.arange(100), 4), np.repeat(np.arange(4), 100)
    y = rng.normal(size=100)[time]
    X = np.column_stack([100 * time, entity])
    nearest = KNeighborsRegressor(1)
    by_rows = cross_val_score(nearest, X, y, cv=TimeSeriesSplit(3))
    by_time = cross_val_score(nearest, X, y, cv=PanelTimeSeriesSplit(3), groups=time)
    assert by_rows.min() == 1
    assert by_time.max() < 0.01


@pytest.mark.parametrize(
    "params",
    [{}, {"gap": 2}, {"test_size": 3}, {"max_train_size": 5}, {"gap": 1, "test_size": 2}],
)
def test_with_one_row_per_time_a_panel_is_a_time_series(params):
    X = np.zeros((23, 1))
    mine = PanelTimeSeriesSplit(3, **params).split(X, groups=np.arange(23))
    assert lists(mine) == lists(TimeSeriesSplit(3, **params).split(X))


def test_overlap_widens_the_gap():
    X, times = np.zeros((40, 1)), np.arange(40)
    purged = PanelTimeSeriesSplit(3, length=4, horizon=2, gap=1).split(X, groups=times)
    assert lists(purged) == lists(TimeSeriesSplit(3, gap=6).split(X))


def test_a_panel_has_time_stamps():
    with pytest.raises(
        ValueError, match="groups must hold the time stamp of each row, got None"
    ):
        PanelTimeSeriesSplit().split(np.zeros(12))
