"""Windows with what follows them, and forecasts put together again."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from helpers.tables import (
    DAYS,
    NAMES,
    NUMBERS,
    PANEL,
    WITH_DAYS,
    assert_same_windows,
    copied,
    fit,
    frame_of,
)
from sksequence.preprocessing import SlidingWindow, make_windows, merge_forecasts


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


@pytest.mark.parametrize("by", [None, "id"])
@pytest.mark.parametrize("known", ["v", ["v"], -1])
def test_what_is_known_stands_one_row_ahead(by, known):
    table = frame_of(PANEL) if by is None else frame_of(PANEL, id=NAMES)
    X, y, index = make_windows(table, 2, 2, by=by, target="u", known=known)
    plain, expected, same = make_windows(table, 2, 2, by=by, target="u")
    ahead = make_windows(table, 2, 2, by=by, target="v")[1]
    np.testing.assert_array_equal(y, expected)
    assert index.equals(same)
    for window, before, after in zip(X, plain, ahead, strict=True):
        # After the last row the target stays, and what is known goes on to the horizon.
        np.testing.assert_array_equal(window[:, 0], before[[0, 1, 1], 0])
        np.testing.assert_array_equal(window[:, 1], [before[1, 1], *after])
    X, _, _ = make_windows(table, 2, 1, by=by, target="u", known=known)
    assert {window.shape for window in X} == {(2, 2)}


@pytest.mark.parametrize("by", [None, "id"])
def test_nothing_need_be_known_of_the_rows_ahead(by):
    table = frame_of(PANEL) if by is None else frame_of(PANEL, id=NAMES)
    X, y, _ = make_windows(table, 3, 2, by=by, known=[])
    plain, expected, _ = make_windows(table, 3, 2, by=by)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(np.stack(X), np.stack(plain)[:, [0, 1, 2, 2]])


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


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("kind", ["one", "several", "level", "column", "array"])
def test_a_frame_of_forecasts_has_the_time_of_the_series(kind, average):
    by = "id" if kind in ("level", "column") else None
    days = pd.date_range("2024-01-01", periods=12, name="day")
    column = frame_of(PANEL, id=NAMES).set_index(days)
    series = {
        "level": column.set_index("id", append=True),
        "column": column,
        "array": PANEL,
    }.get(kind, column.drop(columns="id"))
    target = "u" if kind == "one" else None
    _, y, index = make_windows(series, 2, 2, by=by, target=target)
    plain = merge_forecasts(y, index, series, by=by, average=average)
    frame = merge_forecasts(y, index, series, by=by, average=average, as_frame=True)
    np.testing.assert_array_equal(frame, plain.reshape(12, -1))
    expected = {
        "array": pd.RangeIndex(12),
        "level": series.index if kind == "level" else None,
        "column": pd.MultiIndex.from_arrays([NAMES, days], names=["id", "day"]),
    }.get(kind, days)
    assert frame.index.equals(expected)
    if kind == "one":
        assert [*frame.columns] == (["forecast"] if average else [1, 2])


def test_quantiles_are_merged_with_their_axis():
    _, y, index = make_windows(PANEL, 2, 3)
    quantiles = np.stack([y - 1, y, y + 1], axis=-1)
    middle = merge_forecasts(y, index, PANEL)
    merged = merge_forecasts(quantiles, index, PANEL)
    np.testing.assert_allclose(merged, np.stack([middle - 1, middle, middle + 1], -1))


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


# ---------------------------------------------------------------------------------- gaps


HOLE = pd.date_range("2024-01-01", periods=100)[[*range(50), *range(70, 100)]]
SERIES = pd.DataFrame({"v": np.arange(80.0)}, index=HOLE)


def crossing(stamps, spans):
    """How many spans of rows, one by one, hold a step that is longer than a day."""
    return sum(
        bool((np.diff(stamps[a:b]) > np.timedelta64(1, "D")).any()) for a, b in spans
    )


@pytest.mark.parametrize("step", [1, 3])
def test_windows_that_cross_a_gap_are_counted(step):
    spans = [(a, a + 8) for a in range(0, 73, step)]
    n = crossing(HOLE.to_numpy(), spans)
    words = (
        rf"{n} of {len(spans)} windows cross one of 1 gap.*from 2024-02-19.*2024-03-11"
    )
    with pytest.warns(UserWarning, match=words):
        make_windows(SERIES, 6, 2, step=step)
    n = crossing(HOLE.to_numpy(), [(max(0, b - 6), b) for b in range(1, 81)])
    with pytest.warns(UserWarning, match=f"{n} of 80 windows"):
        SlidingWindow(6).fit_transform(SERIES)


def test_gaps_are_counted_entity_by_entity():
    """Of one entity a week is the usual step, of the other a gap."""
    weeks = pd.DataFrame({"v": 0.0}, index=pd.date_range("2024", periods=14, freq="W"))
    both = pd.concat([SERIES.assign(id="a"), weeks.assign(id="b")])
    with pytest.warns(UserWarning, match="7 of 80 windows cross one of 1 gap"):
        make_windows(both, 6, 2, by="id")
    days = SERIES.assign(id="a").set_index(pd.date_range("2024", periods=80))
    make_windows(pd.concat([days, weeks.assign(id="b")]), 6, 2, by="id")  # none


@pytest.mark.parametrize(
    "stamps",
    [
        pd.bdate_range("2024-01-01", periods=80),
        pd.date_range("2024-01-01", periods=80, freq="MS"),
        HOLE - HOLE[0] + pd.to_timedelta(np.arange(80) ** 2, "h"),
        pd.Index([*"ab"] * 40),
        pd.RangeIndex(80),
    ],
    ids=["business days", "months", "irregular", "names", "numbers"],
)
def test_time_without_gaps_is_not_warned_of(stamps):
    make_windows(SERIES.set_index(stamps), 6, 2)
    SlidingWindow(6).fit_transform(SERIES.set_index(stamps))


@pytest.mark.parametrize(
    ("stamps", "max_gap"),
    [
        (HOLE, "1D"),
        (HOLE, pd.Timedelta("3D")),
        (HOLE.tz_localize("UTC"), datetime.timedelta(days=1)),
        (HOLE.date, np.timedelta64(24, "h")),
        (HOLE.to_period("D"), 1),
        (HOLE.day_of_year, 1.5),
    ],
)
def test_no_window_crosses_a_step_above_max_gap(stamps, max_gap):
    series = SERIES.set_index(pd.Index(stamps))
    X, y, index = make_windows(series, 6, 2, max_gap=max_gap)
    parts = [make_windows(series[:50], 6, 2), make_windows(series[50:], 6, 2)]
    for got, *expected in zip((X, y, index), *parts, strict=True):
        np.testing.assert_array_equal(got, np.concatenate(expected))
    merged = merge_forecasts(y, index, series)
    known = ~np.isnan(merged)
    np.testing.assert_array_equal(merged[known], np.arange(80.0)[known])
    assert np.flatnonzero(~known).tolist() == [*range(6), *range(50, 56)]
    for first_rows in ("edge", "shorter"):
        window = SlidingWindow(6, first_rows=first_rows, max_gap=max_gap)
        pieces = [SlidingWindow(6, first_rows=first_rows)] * 2
        expected = [
            row
            for piece, part in zip(pieces, (series[:50], series[50:]), strict=True)
            for row in piece.fit_transform(part)
        ]
        assert_same_windows(window.fit_transform(series), expected)


@pytest.mark.parametrize("kept", [2, 20])
def test_context_does_not_reach_across_a_gap(kept):
    cut = 50 + kept
    window = SlidingWindow(6, context=True, max_gap="1D").fit(SERIES[:cut])
    whole = SlidingWindow(6, max_gap="1D").fit_transform(SERIES)
    assert_same_windows(window.transform(SERIES[cut:]), whole[cut:])
    before = SlidingWindow(6, context=True, max_gap="1D").fit(SERIES[:50])
    assert_same_windows(before.transform(SERIES[50:]), whole[50:])


def test_any_gap_can_be_allowed():
    X = make_windows(SERIES, 6, 2, max_gap=float("inf"))[0]
    plain = make_windows(SERIES.reset_index(drop=True), 6, 2)[0]
    assert_same_windows(X, plain)


@pytest.mark.parametrize(
    ("series", "max_gap", "words"),
    [
        (
            SERIES,
            3,
            "max_gap must be a duration above 0, as time stamps are dates, got 3",
        ),
        (SERIES, "soon", "max_gap must be a duration"),
        (SERIES, "-1D", "max_gap must be a duration"),
        (SERIES.reset_index(drop=True), "1D", "max_gap must be a number above 0"),
        (SERIES.reset_index(drop=True), 0, "max_gap must be a number above 0"),
        (SERIES.reset_index(drop=True), True, "max_gap must be a number above 0"),
        (SERIES.to_numpy(), 1, "X must have time stamps for max_gap=1"),
        (SERIES, "2h", "between steps above max_gap='2h', expected at least 8"),
    ],
)
def test_gaps_of_no_use_are_refused(series, max_gap, words):
    with pytest.raises(ValueError, match=words):
        make_windows(series, 6, 2, max_gap=max_gap)


@pytest.mark.parametrize("count", ["length", "horizon", "step"])
@pytest.mark.parametrize("value", [True, np.True_, 0, 1.0, "1"])
def test_counts_of_rows_are_whole_numbers(count, value):
    with pytest.raises(
        (ValueError, TypeError), match=f"'{count}' parameter .* an int in"
    ):
        make_windows(SERIES, **{"length": 2, "horizon": 1, "step": 1, count: value})


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
    "no target": (
        r"target must name at least one column other than by=None .* got \[\]",
        PANEL,
        (1, 1),
        {"target": []},
    ),
    "no such target": (
        "target must be the name of one column of X, got 'w', the name of 0",
        WITH_DAYS,
        (1, 1),
        {"target": "w", "by": "id"},
    ),
    "target known": (
        "known must be other columns than target='u', .* got 'u'",
        WITH_DAYS[["u", "v"]],
        (1, 1),
        {"target": "u", "known": "u"},
    ),
    "all targets known": (
        "known must be other columns than target=None, .* got 'u'",
        WITH_DAYS[["u", "v"]],
        (1, 1),
        {"known": "u"},
    ),
    "by as target": (
        "target must name at least one column other than by='id' .* got 'id'",
        WITH_DAYS,
        (1, 1),
        {"target": "id", "by": "id"},
    ),
    "target of no use": ("'target' parameter", PANEL, (1, 1), {"target": 1.5}),
    "target without names": (
        "X must be a DataFrame for target='u', got ndarray",
        PANEL,
        (1, 1),
        {"target": "u"},
    ),
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
    "too few": (
        r"y_pred must have shape \(n_windows, horizon\) .* got \(3, 2\) for 2 windows",
        Y,
        [1, 2],
        PANEL,
    ),
    "five dimensions": (
        r"y_pred must have shape \(n_windows, horizon\) .* got \(3, 2, 1, 1, 1\)",
        Y[..., None, None, None],
        [1, 2, 3],
        PANEL,
    ),
    "no row": (
        "index must hold rows of the series passed to make_windows, got 12, which is",
        Y,
        [1, 2, 12],
        PANEL,
    ),
    "before the first": (
        "index must hold rows of the series passed to make_windows, got -1, which is",
        Y,
        [-1, 2, 3],
        PANEL,
    ),
    "twice": ("a row twice", Y, [2, 2, 3], PANEL),
    "no positions": (
        r"index must be as returned by make_windows \(positions, an Index or a",
        Y,
        [0.5, 1.0, 2.0],
        PANEL,
    ),
    "no frame": (
        "series must be the DataFrame or Series from which make_windows made index,",
        Y,
        DAYS[:3],
        PANEL,
    ),
    "another frame": (
        "index must hold rows of the series passed to make_windows, got",
        Y,
        DAYS[:3] + pd.Timedelta("1h"),
        WITH_DAYS,
    ),
    "labels twice": (
        "The index of series must be unique, got repeated labels",
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
