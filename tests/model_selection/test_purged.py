"""Folds along time: nothing that is trained on overlaps what is tested."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_score,
    cross_validate,
)
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from helpers.folds import lists
from sksequence.model_selection import PanelTimeSeriesSplit, PurgedKFold
from sksequence.preprocessing import SlidingWindow, make_windows


class Flat(KNeighborsRegressor):
    """Nearest windows, with their steps as features."""

    def fit(self, X, y):
        return super().fit(X.reshape(len(X), -1), y)

    def predict(self, X):
        return super().predict(X.reshape(len(X), -1))


SPLITTERS = [PurgedKFold, PanelTimeSeriesSplit]


def spans(times, length, horizon):
    """The times that each row was made of, one by one."""
    return [set(range(t - length + 1, t + horizon + 1)) for t in times]


# ------------------------------------------------------------------------------ the leak


@pytest.fixture(scope="module")
def noise():
    """Windows of a random walk, and how far it goes next.

    Nothing can be predicted: the steps to come are independent of those before.
    """
    length, horizon = 20, 20
    walk = np.random.default_rng(0).normal(size=800).cumsum()
    windows = sliding_window_view(walk, length + horizon)
    X, y = windows[:, :length], windows[:, -1] - windows[:, length - 1]
    return X, y, {"length": length, "horizon": horizon}


def r2(noise, cv, **times):
    X, y, _ = noise
    return cross_val_score(KNeighborsRegressor(1), X, y, cv=cv, **times).mean()


def test_shuffled_folds_find_skill_in_noise(noise):
    assert r2(noise, KFold(5, shuffle=True, random_state=0)) > 0.5


@pytest.mark.parametrize("splitter", SPLITTERS)
def test_purged_folds_find_none(splitter, noise):
    times = np.arange(len(noise[1]))
    assert r2(noise, splitter(5, **noise[2]), groups=times) < -0.2


# ------------------------------------------------------------------ which rows are where


@pytest.mark.filterwarnings("ignore:groups are time stamps alone")
@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize(("length", "horizon"), [(1, 0), (1, 1), (3, 0), (4, 2)])
def test_no_row_trained_on_has_a_time_in_common_with_a_tested_one(
    splitter, length, horizon, rng
):
    times = rng.integers(40, size=100)
    times = np.unique(times, return_inverse=True)[1]
    made_of = spans(times, length, horizon)
    folds = splitter(3, length=length, horizon=horizon).split(times, groups=times)
    for train, test in folds:
        tested = set.union(*(made_of[i] for i in test))
        assert not any(made_of[i] & tested for i in train)
        if splitter is PanelTimeSeriesSplit:
            assert times[train].max() < times[test].min() - length - horizon + 1
        else:  # and no more is purged than must be
            rest = set(range(100)) - set(train) - set(test)
            assert all(made_of[i] & tested for i in rest)


def test_without_overlap_they_are_plain_folds():
    X = np.zeros((23, 1))
    assert lists(PurgedKFold(4).split(X)) == lists(KFold(4).split(X))


def test_folds_by_hand_with_embargo():
    folds = PurgedKFold(2, length=2, horizon=1, embargo=1).split(np.zeros(10))
    assert lists(folds) == [
        ([8, 9], [0, 1, 2, 3, 4]),
        ([0, 1, 2], [5, 6, 7, 8, 9]),
    ]


@pytest.mark.parametrize(("embargo", "steps"), [(0.1, 3), (0.099, 3), (0.0, 0)])
def test_an_embargo_in_proportion_is_rounded_up(embargo, steps):
    X = np.zeros(30)
    mine = lists(PurgedKFold(3, embargo=embargo).split(X))
    assert mine == lists(PurgedKFold(3, embargo=steps).split(X))


@pytest.mark.parametrize("splitter", SPLITTERS)
def test_the_order_of_the_rows_has_no_say(splitter, rng):
    times = np.repeat(np.arange(12), 3)
    order = rng.permutation(len(times))
    cv = splitter(3, length=2)
    sorted_folds = cv.split(times, groups=times)
    mixed_folds = cv.split(times, groups=times[order])
    for a, b in zip(sorted_folds, mixed_folds, strict=True):
        for rows, mixed in zip(a, b, strict=True):
            np.testing.assert_array_equal(np.sort(order[mixed]), rows)


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize(
    "stamps",
    [
        pd.Series(pd.date_range("2024-03-30", periods=24, freq="h", tz="Europe/Berlin")),
        pd.date_range("2024-10-26 20:00", periods=24, freq="h", tz="Europe/Berlin"),
        pd.period_range("2024-01", periods=24, freq="M"),
        np.arange(24).astype("timedelta64[s]"),
        [float(t) for t in range(24)],
    ],
    ids=["zone", "zone, an hour twice", "periods", "durations", "list"],
)
def test_time_stamps_of_any_kind(splitter, stamps):
    cv = splitter(3, length=2)
    mine = lists(cv.split(np.zeros(24), groups=stamps))
    assert mine == lists(cv.split(np.zeros(24), groups=np.arange(24)))


# ------------------------------------------------------- entities with rows of their own


DAYS = pd.date_range("2024-01-01", periods=120)
KEPT = np.random.default_rng(0).permutation(120)[:70]
KEPT = KEPT[(KEPT < 40) | (KEPT > 60)]  # a hole of three weeks, and days here and there
PANEL = pd.concat(
    [
        pd.DataFrame({"id": "daily", "day": DAYS}),
        pd.DataFrame({"id": "weekly", "day": DAYS[::7]}),
        pd.DataFrame({"id": "gaps", "day": DAYS[np.sort(KEPT)]}),
    ],
    ignore_index=True,
)
PANEL["row"] = np.arange(len(PANEL), dtype=float)


def windows_of(table, form):
    """Windows, the rows of which they and their targets are made, and their groups."""
    length, horizon = 4, 2
    params = {"by": "id", "time": "day"}
    if form == "level":
        table, params = table.set_index(["id", "day"]), {"by": "id"}
    elif form == "stamps":
        table, params = table.set_index("day"), {"by": "id"}
    X, y, index = make_windows(table, length, horizon, max_gap=float("inf"), **params)
    rows = np.concatenate([np.stack(X)[:, :, 0], y], axis=1).astype(int)
    groups = index.index if form == "stamps" else index
    return X, rows, groups


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize("form", ["columns", "level", "stamps"])
@pytest.mark.parametrize("order", ["by entity", "by time"])
def test_no_row_is_trained_on_and_tested_whatever_gaps_there_are(splitter, form, order):
    table = PANEL if order == "by entity" else PANEL.sort_values("day", kind="stable")
    table = table.reset_index(drop=True).assign(row=np.arange(len(table), dtype=float))
    X, rows, groups = windows_of(table, form)
    day = table["day"].to_numpy()
    tested_before = np.zeros(len(X), dtype=bool)
    for train, test in splitter(3, length=4, horizon=2).split(X, groups=groups):
        assert len(train) > 5
        assert not set(rows[train].ravel()) & set(rows[test].ravel())
        # Nor does a target that is trained on lie in the period that is tested.
        first, last = day[rows[test, 3]].min(), day[rows[test, 3]].max()
        targets = day[rows[train, 4:]]
        assert not ((first <= targets) & (targets <= last)).any()
        tested_before[test] = True
    if splitter is PurgedKFold:
        assert tested_before.all()


@pytest.mark.filterwarnings("ignore:groups are time stamps alone")
@pytest.mark.parametrize("splitter", SPLITTERS)
def test_random_panels_share_no_rows(splitter, rng):
    """Entities of any density, windows of any size and step."""
    for _ in range(40):
        days = [
            np.flatnonzero(rng.uniform(size=60) < rng.choice([1, 0.6])) for _ in "abc"
        ]
        counts = [len(day) for day in days]
        table = pd.DataFrame({"id": np.repeat([*"abc"], counts), "day": np.hstack(days)})
        table["row"] = np.arange(len(table), dtype=float)
        length, horizon, step = (int(k) for k in rng.integers(1, 4, size=3))
        X, y, index = make_windows(
            table, length, horizon, step=step, by="id", time="day", max_gap=float("inf")
        )
        rows = np.hstack([np.stack(X)[:, :, 0], y.reshape(len(X), -1)]).astype(int)
        in_steps = {"length": -(-length // step), "horizon": -(-horizon // step)}
        named = splitter(3, **in_steps, by="id", time="day")
        for folds in (
            named.split(X, groups=index),
            splitter(3, **in_steps).split(X, groups=index["day"]),
        ):
            for train, test in folds:
                assert not set(rows[train].ravel()) & set(rows[test].ravel())


@pytest.mark.parametrize("splitter", SPLITTERS)
def test_columns_of_the_table_tell_entity_and_time(splitter):
    """The same folds from the table, from groups, and from groups beside the table."""
    mixed = PANEL.sample(frac=1, random_state=0)
    params = {"length": 3, "horizon": 1}
    named = splitter(3, by="id", time="day", **params)
    expected = lists(named.split(mixed))
    unnamed = splitter(3, **params)
    assert lists(unnamed.split(mixed, groups=mixed[["day", "id"]])) == expected
    levels = pd.MultiIndex.from_frame(mixed[["id", "day"]])
    assert lists(unnamed.split(mixed, groups=levels)) == expected
    by = splitter(3, by="id", **params)
    assert lists(by.split(mixed, groups=mixed["day"])) == expected
    by_index = splitter(3, by="id", time="day", **params)
    assert lists(by_index.split(mixed.set_index(["id", "day"]))) == expected
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({name: [*mixed[name]] for name in mixed})
    assert lists(named.split(frame)) == expected
    assert lists(unnamed.split(np.zeros(len(mixed)), groups=frame[:, :2])) == expected
    by_number = mixed.assign(id=mixed["id"].str.len(), day=mixed["day"].astype(int))
    array = splitter(3, by=0, time=1, **params)
    assert lists(array.split(by_number.to_numpy())) == expected


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize("margin", [0, 2])
def test_with_a_row_at_every_time_entities_change_nothing(splitter, margin):
    times = np.tile(np.arange(30), 3)
    groups = pd.DataFrame({"id": np.repeat([*"abc"], 30), "t": times})
    extra = {"embargo": margin} if splitter is PurgedKFold else {"gap": margin}
    cv = splitter(3, length=3, horizon=2, time="t", **extra)
    plain = splitter(3, length=3, horizon=2, **extra)
    assert lists(cv.split(times, groups=groups)) == lists(plain.split(times, None, times))


@pytest.mark.parametrize("splitter", SPLITTERS)
def test_time_stamps_alone_of_entities_with_gaps_are_warned_of(splitter):
    with pytest.warns(UserWarning, match="groups are time stamps alone"):
        next(splitter(3, length=2).split(PANEL["row"], groups=PANEL["day"]))
    next(splitter(3, length=1).split(PANEL["row"], groups=PANEL["day"]))


@pytest.mark.parametrize(
    ("params", "X", "groups", "words"),
    [
        (
            {"by": "shop"},
            PANEL,
            PANEL["day"],
            "name of one column of X, got 'shop'",
        ),
        (
            {"by": "id"},
            PANEL[["id"]].set_axis([*PANEL["row"].astype(str)]),
            None,
            "got none with",
        ),
        ({}, PANEL, PANEL[["id", "row"]].assign(t=1), "got 2 among"),
        (
            {"time": "day"},
            PANEL,
            PANEL[["day"]].assign(id="a"),
            "one row at each time, got two of",
        ),
    ],
)
def test_tables_that_tell_no_time_or_entity(params, X, groups, words):
    with pytest.raises(ValueError, match=words):
        next(PurgedKFold(3, **params).split(X, groups=groups))


def test_an_index_that_runs_backwards_is_refused_without_groups():
    X = pd.DataFrame({"v": np.arange(12.0)}, index=DAYS[:12])
    assert lists(PurgedKFold(3).split(X)) == lists(KFold(3).split(X))
    with pytest.raises(ValueError, match=r"Row 1 of X is of .*, but row 0 before it"):
        next(PurgedKFold(3).split(X[::-1]))


def test_a_search_over_a_panel_needs_no_groups():
    table = PANEL.assign(row=PANEL["row"] / 100)
    window = SlidingWindow(4, by="id", time="day", max_gap=float("inf"))
    model = make_pipeline(window, FunctionTransformer(np.stack), Flat())
    cv = PanelTimeSeriesSplit(3, length=4, by="id", time="day")
    scores = cross_val_score(model, table, table["row"], cv=cv)
    assert scores.shape == (3,)
    folds = lists(cv.split(table))
    for score, (train, test) in zip(scores, folds, strict=True):
        fitted = model.fit(table.iloc[train], table["row"].iloc[train])
        assert score == fitted.score(table.iloc[test], table["row"].iloc[test])


# ------------------------------------------------------------------- within scikit-learn


@pytest.mark.parametrize("splitter", SPLITTERS)
def test_groups_are_routed_as_to_splitters_of_scikit_learn(splitter, rng):
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    times = {"groups": rng.permutation(np.repeat(np.arange(15), 2))}
    model, cv = KNeighborsRegressor(2), splitter(3, length=2)
    plain = cross_val_score(model, X, y, cv=cv, **times)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = cross_validate(model, X, y, cv=cv, params=times)["test_score"]
        search = GridSearchCV(model, {"n_neighbors": [2]}, cv=cv).fit(X, y, **times)
    np.testing.assert_array_equal(routed, plain)
    assert search.best_score_ == pytest.approx(plain.mean())


def test_they_print_as_they_were_made():
    cv = PurgedKFold(3, length=4, embargo=0.5)
    assert repr(cv) == (
        "PurgedKFold(by=None, embargo=0.5, horizon=0, length=4, n_splits=3, time=None)"
    )
    assert cv.get_n_splits() == 3


# ----------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"n_splits": 1}, "n_splits must be an int of at least 2, got 1"),
        ({"length": 0}, "length must be an int of at least 1, got 0"),
        ({"horizon": -1}, "horizon must be an int of at least 0, got -1"),
        ({"length": 2.5}, "length must be an int of at least 1, got 2.5"),
    ],
)
@pytest.mark.parametrize("splitter", SPLITTERS)
def test_parameters_that_cannot_be(splitter, params, words):
    with pytest.raises(ValueError, match=words):
        splitter(**params)


@pytest.mark.parametrize("embargo", [-1, 1.0, True, "1"])
def test_an_embargo_that_cannot_be(embargo):
    with pytest.raises(ValueError, match="embargo must be"):
        PurgedKFold(embargo=embargo)


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (
            [1, 2, np.nan, 4, 5, 6, 7, 8],
            r"groups must have a time stamp in every row, got 1 missing .*first in row 2",
        ),
        (
            pd.Series(pd.to_datetime(["2024", None] * 4)),
            r"groups must have a time stamp in every row, got 4 missing .*first in row 1",
        ),
        (
            [*"abcdefgh"],
            "groups must hold dates or numbers, got text such as 'a'",
        ),
        ([1, 2], "inconsistent numbers of samples"),
        (
            [[1, 2]] * 8,
            r"groups must have shape \(n,\), one time stamp per row, got \(8, 2\)",
        ),
        ([0, 1] * 4, "at least [34] distinct time steps, but there are 2"),
        (
            [pd.Timestamp("2024"), pd.Timestamp("2024", tz="UTC")] * 4,
            "groups must hold time stamps that compare with each other, all with a time",
        ),
    ],
)
def test_time_stamps_that_cannot_be(splitter, groups, words):
    with pytest.raises((ValueError, TypeError), match=words):
        list(splitter(3).split(np.zeros(8), groups=groups))


@pytest.mark.parametrize("splitter", SPLITTERS)
def test_nothing_left_to_train_on(splitter):
    with pytest.raises(ValueError, match=r"Fold 0 of .* nothing left to train on"):
        list(splitter(3, length=9).split(np.zeros(12), groups=np.arange(12)))
