"""Windows with what follows them, and forecasts put together again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.tables import DAYS, NAMES, NUMBERS, PANEL, WITH_DAYS, copied, fit, frame_of
from sksequence.preprocessing import make_windows, merge_forecasts


def cut(table, length, horizon, step):
    """Windows and what follows them, one by one."""
    ends = range(length, len(table) - horizon + 1, step)
    return [(table[e - length : e], table[e : e + horizon], e - 1) for e in ends]


@pytest.mark.parametrize("step", [1, 2, 5])
@pytest.mark.parametrize(("length", "horizon"), [(1, 1), (3, 2), (2, 5), (8, 4)])
def test_windows_and_what_follows_them(length, horizon, step):
    X, y, index = make_windows(PANEL, length, horizon, step=step)
    expected = cut(PANEL, length, horizon, step)
    np.testing.assert_array_equal(X, [window for window, _, _ in expected])
    np.testing.assert_array_equal(y, [targets for _, targets, _ in expected])
    assert index.tolist() == [end for _, _, end in expected]
    assert np.shares_memory(X, PANEL)
    assert np.shares_memory(y, PANEL)

    frame = WITH_DAYS.drop(columns="id")
    more = make_windows(frame, length, horizon, step=step)
    np.testing.assert_array_equal(more[0], X)
    np.testing.assert_array_equal(more[1], y)
    assert more[2].equals(DAYS[index])
    for target, columns in [("v", 1), (-1, 1), (["v"], [1]), (["v", 0], [1, 0])]:
        some = make_windows(frame, length, horizon, step=step, target=target)
        np.testing.assert_array_equal(some[0], X)
        np.testing.assert_array_equal(some[1], y[:, :, columns])
    for one in (
        PANEL[:, 0],
        PANEL[:, 0].tolist(),
        PANEL[:, :1],
        frame["u"],
        frame[["u"]],
    ):
        flat_series = make_windows(one, length, horizon, step=step)
        np.testing.assert_array_equal(flat_series[0], X[:, :, :1])
        np.testing.assert_array_equal(flat_series[1], y[:, :, 0])


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize(("length", "horizon"), [(1, 1), (2, 2), (1, 3), (3, 2)])
def test_horizons_do_not_cross_entities(length, horizon, step):
    windows, targets, last = [], [], []
    for name in "bac":  # as they appear
        rows = np.flatnonzero(name == NAMES)
        for window, following, end in cut(rows, length, horizon, step):
            windows.append(PANEL[window])
            targets.append(PANEL[following])
            last.append(rows[end])
    level = frame_of(PANEL).set_index([pd.Index(NAMES, name="id"), DAYS])
    column = frame_of(PANEL, id=NAMES).set_index(DAYS)
    for by, series in [
        (0, np.column_stack([NUMBERS, PANEL])),
        ("id", level),
        ("id", column),
    ]:
        X, y, index = make_windows(series, length, horizon, step=step, by=by)
        np.testing.assert_array_equal(np.stack(X), windows)
        np.testing.assert_array_equal(y, targets)
        truth = getattr(series, "index", np.arange(12))[last]
        if series is column:
            assert index.columns.tolist() == ["id"]
            assert index["id"].tolist() == NAMES[last].tolist()
            index = index.index
        np.testing.assert_array_equal(index, truth)
        y = make_windows(series, length, horizon, step=step, by=by, target=-1)[1]
        if series is not column:
            np.testing.assert_array_equal(y, np.array(targets)[:, :, 1])


@pytest.mark.parametrize("by", [None, 0])
def test_a_network_forecasts_several_steps(by):
    X, y, _ = make_windows(np.column_stack([NUMBERS, PANEL]), 2, 2, by=by, target=-1)
    stopping = {"early_stopping": True, "validation_split": "random"}
    got = fit(X, y, **stopping).predict(X)
    assert got.shape == y.shape
    expected = fit(copied(X), y.copy(), **stopping).predict(X)
    np.testing.assert_array_equal(got, expected)


def merged_by_hand(y_pred, last, n_rows, rows_of):
    """The forecasts of each row, one by one."""
    found = [[] for _ in range(n_rows)]
    for forecasts, end in zip(y_pred, last, strict=True):
        after = [row for row in rows_of(end) if row > end]
        for row, value in zip(after, forecasts, strict=False):
            found[row].append(value)
    nothing = np.full(np.shape(y_pred)[2:], np.nan)
    return [np.mean(values, axis=0) if values else nothing for values in found]


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize(
    "kind", ["array", "column of an array", "days", "level", "column"]
)
@pytest.mark.parametrize("target", [None, -1])
def test_forecasts_meet_where_they_are_of_the_same_row(kind, step, target):
    by = {"column of an array": 0, "level": "id", "column": "id"}.get(kind)
    stamps = DAYS[np.array([0, 0, 1, 2, 1, 0, 3, 2, 4, 3, 4, 5])]  # often of two entities
    X = {
        "array": PANEL,
        "column of an array": np.column_stack([NUMBERS, PANEL]),
        "days": frame_of(PANEL).set_index(DAYS),
        "level": frame_of(PANEL).set_index([pd.Index(NAMES, name="id"), stamps]),
        "column": frame_of(PANEL, id=NAMES).set_index(stamps),
    }[kind]
    _, y, index = make_windows(X, 2, 2, step=step, by=by, target=target)
    names = NAMES == "" if by is None else NAMES
    values = PANEL[:, 1] if target else PANEL
    # The truth comes back as the truth, wherever there is a forecast.
    merged = merge_forecasts(y, index, X, by=by)
    is_known = ~np.isnan(merged.reshape(12, -1)).any(axis=1)
    np.testing.assert_allclose(merged[is_known], values[is_known], rtol=1e-15)
    leads = merge_forecasts(y, index, X, by=by, average=False)
    assert leads.shape == (12, 2, *values.shape[1:])
    for lead in range(2):
        known = ~np.isnan(leads[:, lead].reshape(12, -1)).any(axis=1)
        np.testing.assert_array_equal(leads[known, lead], values[known])
        # As many as there are windows, in rows that far behind the second of an entity.
        assert known.sum() == len(y)
    # Any numbers: their mean, row by row, as counted by hand.
    y_pred = np.random.default_rng(0).normal(size=y.shape)
    last = make_windows(
        np.column_stack([PANEL, NUMBERS]), 2, 2, step=step, by=(None if by is None else 2)
    )[2]
    expected = merged_by_hand(
        y_pred, last, 12, lambda end: np.flatnonzero(names == names[end])
    )
    np.testing.assert_allclose(merge_forecasts(y_pred, index, X, by=by), expected)
    # A part of the windows, in another order.
    part = np.arange(len(y))[::-2]
    some = index.iloc[part] if hasattr(index, "iloc") else index[part]
    expected = merged_by_hand(
        y_pred[part], last[part], 12, lambda end: np.flatnonzero(names == names[end])
    )
    np.testing.assert_allclose(merge_forecasts(y_pred[part], some, X, by=by), expected)


def test_forecasts_reach_beyond_the_end_in_rows_that_are_appended():
    frame = WITH_DAYS[["u"]]
    _, y, index = make_windows(frame, 3, 2)
    y, index = np.append(y, [[7.0, 8.0]], axis=0), index.append(DAYS[-1:])
    with pytest.raises(
        ValueError, match=r"from row 11 reach 2 row\(s\) beyond the end of"
    ):
        merge_forecasts(y, index, frame)
    longer = frame.reindex(pd.date_range(DAYS[0], periods=14))
    merged = merge_forecasts(y, index, longer)
    np.testing.assert_array_equal(merged[:3], np.nan)
    np.testing.assert_array_equal(merged[3:], [*PANEL[3:, 0], 7, 8])


BAD_WINDOWS = {
    "no window": (
        r"length=6 and horizon=7 leave no window: series has 12 row\(s\), "
        "expected at least 13",
        PANEL,
        (6, 7),
        {},
    ),
    "no entity's window": (
        r"longest entity of by=0 has 6 row\(s\), expected at least 7",
        np.column_stack([NUMBERS, PANEL]),
        (4, 3),
        {"by": 0},
    ),
    "no target": ("expected at least one column", PANEL, (1, 1), {"target": []}),
    "no such target": (
        "target='w' is the name of 0",
        WITH_DAYS,
        (1, 1),
        {"target": "w", "by": "id"},
    ),
    "by as target": (
        "target='id' with by='id'",
        WITH_DAYS,
        (1, 1),
        {"target": "id", "by": "id"},
    ),
    "target of no use": ("'target' parameter", PANEL, (1, 1), {"target": 1.5}),
    "target without names": ("target='u' is a name", PANEL, (1, 1), {"target": "u"}),
    "three dimensions": ("dim 3", PANEL[None], (1, 1), {}),
    "text": ("text|not convert|strings", list("abcdef"), (1, 1), {}),
}


@pytest.mark.parametrize(
    ("words", "series", "sizes", "params"), BAD_WINDOWS.values(), ids=BAD_WINDOWS
)
def test_windows_of_no_use_are_refused(words, series, sizes, params):
    with pytest.raises((ValueError, TypeError), match=words):
        make_windows(series, *sizes, **params)


Y = np.zeros((3, 2))
BAD_FORECASTS = {
    "too few": (r"y_pred.shape == \(3, 2\) for 2 windows", Y, [1, 2], PANEL),
    "one dimension": (r"y_pred.shape == \(3,\)", Y[:, 0], [1, 2, 3], PANEL),
    "no row": (
        "index holds 12, which is no row of the series of 12",
        Y,
        [1, 2, 12],
        PANEL,
    ),
    "before the first": ("index holds -1", Y, [-1, 2, 3], PANEL),
    "twice": ("a row twice", Y, [2, 2, 3], PANEL),
    "no positions": ("expected what make_windows returns", Y, [0.5, 1.0, 2.0], PANEL),
    "no frame": ("index is an Index, but series of type ndarray", Y, DAYS[:3], PANEL),
    "another frame": ("which is no row", Y, DAYS[:3] + pd.Timedelta("1h"), WITH_DAYS),
    "labels twice": (
        "names some rows twice",
        Y,
        pd.Index([0, 1, 2]),
        pd.Series(0.0, index=[0, 1, 1, 2]),
    ),
    "beyond the end": (r"from row 11 reach 2 row\(s\)", Y, [1, 2, 11], PANEL),
}


@pytest.mark.parametrize(
    ("words", "y_pred", "index", "series"), BAD_FORECASTS.values(), ids=BAD_FORECASTS
)
def test_forecasts_of_no_use_are_refused(words, y_pred, index, series):
    with pytest.raises((ValueError, TypeError), match=words):
        merge_forecasts(y_pred, index, series)
