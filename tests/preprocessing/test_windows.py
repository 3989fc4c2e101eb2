"""Windows of a table: what they hold, that they share its memory, what comes of them."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from helpers.estimators import make
from helpers.package import entries_of, sections_of
from helpers.tables import (
    DAYS,
    NAMES,
    NUMBERS,
    PANEL,
    WITH_DAYS,
    assert_same_windows,
    frame_of,
    read,
)
from sksequence.preprocessing import SlidingWindow, make_windows, merge_forecasts


def oracle(table, names, length, first_rows, history=()):
    """Each row's window, made one by one; history holds a list of rows by name."""
    history = {name: list(rows) for name, rows in dict(history).items()}
    windows = []
    for name, row in zip(names, table, strict=True):
        rows = history.setdefault(name, [])
        rows.append(row)
        window = rows[-length:]
        if first_rows == "edge":
            window = [window[0]] * (length - len(window)) + window
        windows.append(np.array(window))
    return windows


# ----------------------------------------------------------------- a window for each row


every_start = pytest.mark.parametrize("first_rows", ["edge", "shorter"])


@every_start
@pytest.mark.parametrize("length", [1, 2, 5, 12, 30])
def test_a_window_ends_with_its_row(length, first_rows):
    window = SlidingWindow(length, first_rows=first_rows)
    expected = oracle(PANEL, NAMES == "", length, first_rows)
    for X in (PANEL, PANEL.tolist(), frame_of(PANEL), np.asfortranarray(PANEL)):
        assert_same_windows(window.fit_transform(X), expected)
        assert_same_windows(window.fit(X).transform(X), expected)
    if first_rows == "edge":
        assert window.transform(X).shape == (12, length, 2)
    # Rows to come change nothing.
    assert_same_windows(window.transform(X[:7]), expected[:7])


@every_start
@pytest.mark.parametrize("context", [False, True])
@pytest.mark.parametrize("length", [1, 2, 4, 30])
def test_no_window_holds_rows_of_two_entities(length, context, first_rows):
    settings = {"first_rows": first_rows, "context": context}
    expected = oracle(PANEL, NAMES, length, first_rows)
    level = frame_of(PANEL).set_index([pd.Index(NAMES, name="id"), DAYS])
    for by, X in {
        "id": frame_of(PANEL, id=NAMES),
        0: frame_of(PANEL, id=NAMES).set_index(DAYS),
        -3: np.column_stack([NUMBERS, PANEL]),
        2: np.column_stack([PANEL, NUMBERS])[:, [0, 1, 2]].astype(object),
    }.items():
        window = SlidingWindow(length, by=by, **settings)
        assert_same_windows(window.fit_transform(X), expected)
        assert_same_windows(window.transform(X), expected)
    lists = [
        [name, *row] for name, row in zip(NAMES.tolist(), PANEL.tolist(), strict=True)
    ]
    text = pd.Series(NAMES, dtype="category")
    for by, X in [
        ("id", level),
        ("id", frame_of(PANEL, id=text)),
        (0, lists),
        (1, frame_of(PANEL)[["u"]].assign(id=NAMES, v=PANEL[:, 1])),
    ]:
        window = SlidingWindow(length, by=by, **settings)
        assert_same_windows(window.fit_transform(X), expected)
    # One entity after the other: the same windows, in the order of the rows.
    order = np.argsort(NAMES, kind="stable")
    assert_same_windows(
        SlidingWindow(length, by="id", **settings).fit_transform(level.iloc[order]),
        [expected[i] for i in order],
    )


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_windows_keep_the_dtype(dtype):
    X = PANEL.astype(dtype)
    for window in (SlidingWindow(3), SlidingWindow(3, first_rows="shorter")):
        assert window.fit_transform(X)[0].dtype == dtype


def test_gaps_are_left_to_the_estimator():
    X = PANEL.copy()
    X[3, 1] = np.nan
    frame = frame_of(PANEL).astype("Int64")
    frame.iloc[3, 1] = pd.NA
    expected = oracle(X, NAMES == "", 4, "edge")
    assert_same_windows(SlidingWindow(4).fit_transform(X), expected)
    assert_same_windows(SlidingWindow(4).fit_transform(frame), expected)
    assert get_tags(SlidingWindow(4)).input_tags.allow_nan
    with pytest.raises(ValueError, match="NaN: sequence 3 does at step 3, channel 1"):
        make("GRURegressor").fit(SlidingWindow(4).fit_transform(X), np.arange(12))


def test_windows_share_the_memory_of_the_table():
    shorter = SlidingWindow(5, first_rows="shorter")
    assert all(np.shares_memory(w, PANEL) for w in shorter.fit_transform(PANEL))
    ordered = np.column_stack([np.sort(NUMBERS), PANEL])
    for window, X in [
        (SlidingWindow(5), PANEL),
        (SlidingWindow(5, by=0), ordered),
        (SlidingWindow(5, by=0, first_rows="shorter"), ordered[::-1]),
    ]:
        windows = window.fit_transform(X)
        if isinstance(windows, list):
            assert np.shares_memory(windows[1], windows[2])
        sequences = read(windows)
        assert sequences.begins is not None
        assert len(sequences.values) <= 12 + 3 * 4
        with pytest.raises(ValueError, match="read-only"):
            windows[0][0] = 0


def test_the_table_stays_what_it_was():
    X = np.column_stack([NUMBERS, PANEL])
    before = X.copy()
    SlidingWindow(3, by=0, context=True).fit(X).transform(X + 1)
    np.testing.assert_array_equal(X, before)


def test_channels_keep_their_names():
    window = SlidingWindow(2, by="id").fit(frame_of(PANEL, id=NAMES))
    assert window.n_features_in_ == 3
    assert window.feature_names_in_.tolist() == ["id", "u", "v"]
    assert window.get_feature_names_out().tolist() == ["u", "v"]
    assert SlidingWindow(2, by=1).fit(PANEL).get_feature_names_out() == ["x0"]
    assert SlidingWindow(2).fit(PANEL).get_feature_names_out([*"pq"]).tolist() == [*"pq"]


def test_output_stays_windows_whatever_is_asked_for():
    pipeline = make_pipeline(StandardScaler(), SlidingWindow(3))
    plain = pipeline.fit_transform(PANEL)
    pipeline.set_output(transform="pandas")
    windows = pipeline.fit_transform(frame_of(PANEL))
    assert type(windows) is np.ndarray
    np.testing.assert_array_equal(windows, plain)
    assert pipeline[-1].feature_names_in_.tolist() == ["u", "v"]


def test_polars():
    polars = pytest.importorskip("polars")
    frame = frame_of(PANEL, id=NAMES)
    X = polars.DataFrame({name: frame[name].to_numpy() for name in frame})
    for by in ("id", 0):
        window = SlidingWindow(3, by=by, context=True)
        assert_same_windows(window.fit_transform(X), oracle(PANEL, NAMES, 3, "edge"))
        assert window.get_feature_names_out().tolist() == ["u", "v"]
    later = dict(zip("abc", (PANEL[x == NAMES] for x in "abc"), strict=True))
    assert_same_windows(
        window.transform(X[:4]), oracle(PANEL[:4], NAMES[:4], 3, "edge", later)
    )
    with pytest.raises(ValueError, match="Column 'id' of X is of String"):
        SlidingWindow(3).fit(X)
    with pytest.raises(
        ValueError,
        match="by must be the name of one column of X, got 'no', the name of 0",
    ):
        SlidingWindow(3, by="no").fit(X)
    windows, y, index = make_windows(X, 2, 2, by="id", target="v")
    expected = make_windows(frame, 2, 2, by="id", target="v")
    assert_same_windows(windows, expected[0])
    np.testing.assert_array_equal(y, expected[1])
    np.testing.assert_array_equal(index, expected[2].index)
    assert_same_windows(make_windows(X["u"], 3, 1)[0], make_windows(PANEL[:, 0], 3, 1)[0])


SHOPS = np.array([*"xxyxyyxyxxyx"])  # with the names, four entities and a single row


def two_keys(form):
    """A table whose entities have two names each, and how to say so."""
    frame = frame_of(PANEL, id=NAMES, shop=SHOPS)
    if form == "columns":
        return frame, ["id", "shop"]
    if form == "tuple":
        return frame, ("id", "shop")
    if form == "positions":
        return frame, [0, 1]
    if form == "levels":
        return frame.assign(t=DAYS).set_index(["id", "shop", "t"]), ["id", "shop"]
    if form == "both":
        return frame.set_index(["id", DAYS]), ["id", "shop"]
    if form == "array":
        return frame.to_numpy(), [0, -3]
    polars = pytest.importorskip("polars")
    return polars.DataFrame({name: frame[name].to_numpy() for name in frame}), ["id", 1]


@pytest.mark.parametrize(
    "form", ["columns", "tuple", "positions", "levels", "both", "array", "polars"]
)
def test_several_columns_tell_entities_apart(form):
    X, by = two_keys(form)
    joined = np.char.add(NAMES, SHOPS)
    window = SlidingWindow(3, by=by, context=True)
    whole = oracle(PANEL, joined, 3, "edge")
    assert_same_windows(window.fit_transform(X), whole)
    window.fit(rows_of(X, slice(7)))
    assert_same_windows(window.transform(rows_of(X, slice(7, None))), whole[7:])
    windows, y, index = make_windows(X, 2, 1, by=by)
    one = frame_of(PANEL, id=joined)
    expected = make_windows(one, 2, 1, by="id")
    assert_same_windows(windows, expected[0])
    np.testing.assert_array_equal(y, expected[1])
    np.testing.assert_array_equal(
        merge_forecasts(y, index, X, by=by),
        merge_forecasts(y, expected[2], one, by="id"),
    )


def test_one_of_two_levels_says_which_others_there_are():
    X, _ = two_keys("levels")
    twice = pd.concat([X, X.rename(index={"x": "y", "y": "x"}, level="shop")])
    with pytest.raises(ValueError, match=r"tell them apart with by=\['id', 'shop'\]"):
        SlidingWindow(3, by="id").fit(twice)
    SlidingWindow(3, by=["id", "shop"]).fit(X)


# ---------------------------------------------------------------------- what came before


@every_start
@pytest.mark.parametrize("kind", ["array", "days", "rows", "level", "column"])
def test_rows_that_follow_see_the_training_rows(kind, first_rows):
    by = {"level": "id", "column": 0}.get(kind)
    names = NAMES == "" if by is None else NAMES
    X = {
        "array": PANEL,
        "days": frame_of(PANEL).set_index(DAYS),
        "rows": frame_of(PANEL),
        "level": frame_of(PANEL).set_index([pd.Index(NAMES, name="id"), DAYS]),
        "column": np.column_stack([NUMBERS, PANEL]),
    }[kind]
    for length in (2, 4, 20):
        window = SlidingWindow(length, first_rows=first_rows, by=by, context=True)
        whole = oracle(PANEL, names, length, first_rows)
        for cut in (1, 5, 9):
            assert_same_windows(window.fit_transform(X[:cut]), whole[:cut])
            # The training rows have none before them, the later ones all.
            assert_same_windows(window.transform(X[:cut]), whole[:cut])
            assert_same_windows(window.transform(X[cut:]), whole[cut:])
            again = pickle.loads(pickle.dumps(window))
            assert_same_windows(again.transform(X[cut:]), whole[cut:])
            if kind not in ("array", "column"):
                # With an index also parts, before the end and after, are told apart.
                part = oracle(PANEL[2:9], names[2:9], length, first_rows)
                if cut == 9:
                    assert_same_windows(window.transform(X[2:9]), part)
                assert_same_windows(window.transform(X), whole)
        alone = clone(window).set_params(context=False).fit(X[:5])
        assert_same_windows(
            alone.transform(X[5:]), oracle(PANEL[5:], names[5:], length, first_rows)
        )


def test_the_same_instant_in_another_zone_is_no_later():
    X = frame_of(PANEL).set_index(DAYS)
    window = SlidingWindow(3, context=True).fit(X[:5])
    elsewhere = X.tz_convert("America/Lima")
    whole = oracle(PANEL, NAMES == "", 3, "edge")
    assert_same_windows(window.transform(elsewhere[:5]), whole[:5])
    assert_same_windows(window.transform(elsewhere[5:]), whole[5:])
    with pytest.raises(ValueError, match="which comes first"):
        window.transform(X[5:].tz_localize(None))


def test_entities_that_fit_never_saw_have_no_past():
    X = frame_of(PANEL, id=NAMES)
    window = SlidingWindow(3, by="id", context=True).fit(X[:5])
    past = {name: PANEL[:5][NAMES[:5] == name] for name in "ab"}
    later = X[5:].assign(id=[*"dcabacd"])
    assert_same_windows(
        window.transform(later), oracle(PANEL[5:], later["id"], 3, "edge", past)
    )


# ------------------------------------------------------------------- the order of time


COUNT = pd.DataFrame({"v": np.arange(8.0)})
DATES = pd.date_range("2024-01-27", periods=8)
TIMES = {
    "dates": DATES,
    "zone": DATES.tz_localize("Europe/Berlin"),
    "periods": DATES.to_period("D"),
    "durations": DATES - DATES[0],
    "ISO text": [str(day) for day in DATES.date],
    "ISO text, objects": pd.Index([str(day) for day in DATES.date], dtype=object),
    "days of Python": DATES.date,
    "floats": np.arange(8) / 2,
    "integers": np.arange(8),
    "gaps": np.array([0, 1, 5, 6, 7, 8, 20, 21]),
}
every_time = pytest.mark.parametrize("stamps", TIMES.values(), ids=TIMES)


def timed(stamps, form):
    """The same table with its time in the index, in a column, or in a level."""
    if form == "index":
        return COUNT.set_index(pd.Index(stamps)), {}
    if form == "level":
        both = [pd.Index(np.arange(8)[::-1], name="row"), pd.Index(stamps, name="t")]
        return COUNT.set_index(both), {"time": "t"}
    if form == "column":
        return COUNT.assign(t=stamps), {"time": "t"}
    if form == "position":
        return COUNT.assign(t=stamps).to_numpy(), {"time": 1}
    polars = pytest.importorskip("polars")
    columns = {"t": [*stamps], "v": COUNT["v"].to_numpy()}
    return polars.DataFrame(columns, strict=False), {"time": "t"}


def rows_of(X, part):
    return X.iloc[part] if hasattr(X, "iloc") else X[part]


@every_time
@pytest.mark.parametrize("form", ["index", "level", "column", "position", "polars"])
def test_one_rule_for_time_of_every_type(form, stamps):
    if form == "polars" and isinstance(stamps, pd.PeriodIndex):
        pytest.skip("polars has no periods")
    X, params = timed(stamps, form)
    window = SlidingWindow(3, context=True, **params)
    names = np.zeros(8)
    values = COUNT.to_numpy()
    assert_same_windows(window.fit_transform(X), oracle(values, names, 3, "edge"))
    window.fit(rows_of(X, slice(4, None)))
    earlier = oracle(values[:4], names[:4], 3, "edge")
    assert_same_windows(window.transform(rows_of(X, slice(4))), earlier)
    window.fit(rows_of(X, slice(4)))
    later = oracle(values, names, 3, "edge")[4:]
    assert_same_windows(window.transform(rows_of(X, slice(4, None))), later)
    for order in (np.arange(8)[::-1], np.array([0, 1, 2, 4, 3, 5, 6, 7])):
        with pytest.raises(ValueError, match=r"Row \d of X is of .*, but row \d before"):
            window.fit(rows_of(X, order))
        with pytest.raises(ValueError, match=r"Row \d of X is of .*, but row \d before"):
            make_windows(rows_of(X, order), 2, 1, **params)
    twice = rows_of(X, np.array([0, 1, 1, 2]))
    with pytest.raises(ValueError, match="Rows 1 and 2 of X have the same time stamp"):
        window.fit(twice)


def test_numbers_that_run_backwards_say_how_to_go_on():
    """The rows of a file, sorted by date: their old numbers are no time."""
    X = pd.DataFrame({"day": DATES[::-1], "v": np.arange(8.0)}).sort_values("day")
    with pytest.raises(ValueError, match=r"drop the index: X.reset_index\(drop"):
        SlidingWindow(3).fit(X[["v"]])
    by_day = SlidingWindow(3, time="day").fit_transform(X)
    by_row = SlidingWindow(3).fit_transform(X[["v"]].reset_index(drop=True))
    np.testing.assert_array_equal(by_day, by_row)


def test_names_in_the_index_are_no_time():
    X = COUNT.set_index(pd.Index([*"hgfedcba"]))
    expected = oracle(COUNT.to_numpy(), np.zeros(8), 3, "edge")
    assert_same_windows(SlidingWindow(3).fit_transform(X), expected)


def test_a_column_of_time_is_no_channel():
    X = COUNT.assign(t=DATES, id=[*"aabbaabb"])
    window = SlidingWindow(2, by="id", time="t").fit(X)
    assert window.get_feature_names_out().tolist() == ["v"]
    assert window.n_features_in_ == 3
    windows, y, index = make_windows(X, 2, 1, by="id", time="t")
    assert [w.ravel().tolist() for w in windows] == [[0, 1], [1, 4], [2, 3], [3, 6]]
    assert y.ravel().tolist() == [4, 5, 6, 7]
    assert index.columns.tolist() == ["id", "t"]
    merged = merge_forecasts(y, index, X, by="id")
    np.testing.assert_array_equal(merged, [np.nan] * 4 + [4, 5, 6, 7])


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"time": "id"}, "time='id' must hold dates, .* got for example 'a'"),
        ({"time": "w"}, "time must be the name of one column of X, got 'w'"),
        ({"time": "t", "by": ["t"]}, r"time must not be a column in by=\['t'\], got 't'"),
    ],
)
def test_columns_that_hold_no_time(params, words):
    X = COUNT.assign(t=DATES, id=[*"aabbaabb"])
    with pytest.raises((ValueError, TypeError), match=words):
        SlidingWindow(2, **params).fit(X)


def test_two_levels_of_time_are_told_apart_by_name():
    levels = [pd.Index(DATES, name="made"), pd.Index(DATES[0] + 2 * (DATES - DATES[0]))]
    X = COUNT.set_index(levels)
    with pytest.raises(ValueError, match="one level of time, got 2 levels of dates"):
        SlidingWindow(3).fit(X)
    expected = oracle(COUNT.to_numpy(), np.zeros(8), 3, "edge")
    assert_same_windows(SlidingWindow(3, time="made").fit_transform(X), expected)


# ------------------------------------------------------------------- within scikit-learn


def flat(windows):
    return np.reshape(windows, (len(windows), -1))


def linear(length, **params):
    return make_pipeline(
        StandardScaler(),
        SlidingWindow(length, **params),
        FunctionTransformer(flat),
        LinearRegression(),
    )


def series(n=200):
    """Each row is a combination of the three before it, to be learnt exactly.

    Before the first one, all rows were like it.
    """
    y = [1.0, 1.0, 1.0]
    for _ in range(n):
        y.append(0.5 * y[-1] + 0.3 * y[-2] - 0.9 * y[-3])
    return np.array(y[2:])


def test_targets_stay_aligned_in_a_search():
    past, y = series()[:-1, None], series()[1:]
    grid = {"slidingwindow__length": [1, 2, 3]}
    search = GridSearchCV(
        linear(1, context=True), grid, cv=TimeSeriesSplit(3), scoring="r2"
    ).fit(past, y)
    scores = search.cv_results_["mean_test_score"]
    assert search.best_params_ == {"slidingwindow__length": 3}
    assert scores[2] > 1 - 1e-9  # no window lacks a row, from the first test row on
    assert scores[1] < 1 - 1e-4
    # Without the context the first two test rows of a fold lack what they follow from.
    (train, test), *_ = TimeSeriesSplit(3).split(past)
    alone = linear(3).fit(past[train], y[train])
    wrong = np.abs(alone.predict(past[test]) - y[test]) > 1e-6
    assert wrong.tolist() == [True, True] + [False] * (len(test) - 2)


def test_cross_val_predict_answers_row_by_row():
    past, y = series()[:-1, None], series()[1:]
    halves = np.arange(len(y)) // 100
    folds = [(np.flatnonzero(halves != k), np.flatnonzero(halves == k)) for k in (0, 1)]
    got = cross_val_predict(linear(3), past, y, cv=folds)
    for train, test in folds:
        model = linear(3).fit(past[train], y[train])
        np.testing.assert_array_equal(got[test], model.predict(past[test]))
    # The index says that the second half follows the first, and not the other way round.
    model = linear(3, context=True)
    model[0].set_output(transform="pandas")
    frame = pd.DataFrame(past, columns=["u"])
    is_exact = np.abs(cross_val_predict(model, frame, y, cv=folds) - y) < 1e-6
    assert is_exact[halves == 1].all()
    assert not is_exact[halves == 0].all()  # learnt from windows that lack two rows


def test_a_network_reads_windows_as_if_made_by_hand():
    past, y = series()[:-1, None], series()[1:]
    network = make("GRURegressor", early_stopping=True, validation_split="random")
    model = make_pipeline(StandardScaler(), SlidingWindow(6), network)
    windows = oracle(StandardScaler().fit_transform(past), np.zeros(len(y)), 6, "edge")
    np.testing.assert_array_equal(
        model.fit(past, y).predict(past),
        clone(network).fit(np.array(windows), y).predict(np.array(windows)),
    )


def test_entities_in_the_index_pass_a_scaler():
    X = frame_of(PANEL).set_index([pd.Index(NAMES, name="id"), DAYS])
    model = make_pipeline(
        StandardScaler().set_output(transform="pandas"), SlidingWindow(3, by="id")
    )
    scaled = StandardScaler().fit_transform(PANEL)
    assert_same_windows(model.fit_transform(X), oracle(scaled, NAMES, 3, "edge"))


@pytest.mark.parametrize("thing", [SlidingWindow, make_windows, merge_forecasts])
def test_parameters_are_documented(thing):
    documented = entries_of(sections_of(thing.__doc__)["Parameters"])
    signature = inspect.signature(thing).parameters.values()
    expected = {
        p.name: None if p.default is p.empty else repr(p.default).replace("'", '"')
        for p in signature
    }
    assert list(documented.items()) == list(expected.items())


ORDER = "a window depends on the rows before, and so on their order"
A_LIST = "the check takes the output for an array; windows of unequal length are a list"


def failures_expected(window):
    failing = {
        "check_methods_sample_order_invariance": ORDER,
        "check_methods_subset_invariance": ORDER,
    }
    if window.length == 1:
        failing = {}
    if window.first_rows == "shorter":
        failing |= dict.fromkeys(
            [
                "check_estimators_pickle",
                "check_fit_idempotent",
                "check_pipeline_consistency",
                "check_transformer_data_not_an_array",
                "check_transformer_general",
                "check_transformer_preserve_dtypes",
            ],
            A_LIST,
        )
    return failing


@parametrize_with_checks(
    [
        SlidingWindow(1),
        SlidingWindow(1, context=True),
        SlidingWindow(4),
        SlidingWindow(4, context=True),
        SlidingWindow(4, first_rows="shorter"),
    ],
    expected_failed_checks=failures_expected,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# ------------------------------------------------------------------------- older versions

STAMPS = pd.date_range("2026-01-01", periods=24)
INDEXES = {
    "dates": STAMPS,
    "time zone": STAMPS.tz_localize("Europe/Paris"),
    "periods": STAMPS.to_period("D"),
    "durations": STAMPS - STAMPS[0],
    "numbers": pd.RangeIndex(24),
    "none": None,
}


def as_stored_before(window, index):
    """The state of a version without ``time`` and ``max_gap``, with pandas' stamps."""
    state = dict(window.__getstate__())
    for name in ("time", "max_gap", "_kind"):
        state.pop(name, None)
    if "_latest" in state and index is None:
        state["_latest"] = {}
    elif "_latest" in state:
        ends = {None: 11} if window.by is None else {"x": 10, "y": 11}
        assert state["_latest"].keys() == dict.fromkeys(ends).keys() or window.by is None
        state["_latest"] = dict(
            zip(state["_latest"], [index[i] for i in ends.values()], strict=True)
        )
    return state


@pytest.mark.parametrize("index", INDEXES)
@pytest.mark.parametrize("context", [False, True])
@pytest.mark.parametrize("by", [None, "id"])
def test_what_an_older_version_pickled_answers_as_it_did(index, context, by):
    index = INDEXES[index]
    values = np.arange(48.0).reshape(24, 2)
    if index is None:
        tables = np.column_stack([np.tile([7.0, 8.0], 12), values])
        first, later, by = tables[:12], tables[12:], by and 0
    else:
        tables = pd.DataFrame(values, index=index, columns=["u", "v"])
        if by is not None:
            tables["id"] = ["x", "y"] * 12
        first, later = tables[:12], tables[12:]
    window = SlidingWindow(3, context=context, by=by).fit(first)
    state = as_stored_before(window, index)
    again = SlidingWindow.__new__(SlidingWindow)
    again.__setstate__(state)
    for table in (first, later):
        expected, found = window.transform(table), again.transform(table)
        assert_same_windows(found, expected)
    reaches_back = not np.array_equal(again.transform(later)[0][0], found[0][-1])
    assert reaches_back == context
    assert repr(clone(again)) == repr(clone(window))


# ----------------------------------------------------------------------------- bad input


def late(X, i=4, j=5):
    """Two rows exchanged, with their time stamps."""
    order = np.arange(len(X))
    order[[i, j]] = j, i
    return X.iloc[order]


BAD_TABLES = {
    "text": ("Column 'id' of X is of (str|object)", {}, WITH_DAYS),
    "text among objects": ("Column 0 of X", {}, WITH_DAYS.to_numpy()),
    "dates": ("Column 'w' of X is of datetime64", {}, WITH_DAYS[["u"]].assign(w=DAYS)),
    "by missing": (
        "by must be the name of one column of X, got 'no', the name of 0",
        {"by": "no"},
        WITH_DAYS,
    ),
    "by twice": (
        "unique column names|got 'u', the name of 2",
        {"by": "u"},
        WITH_DAYS[["u", "v", "u"]],
    ),
    "by without names": (
        "X must be a DataFrame for by='id', got ndarray",
        {"by": "id"},
        PANEL,
    ),
    "by too large": (
        "by must be the position of a column of X, from 0 to 1, got 2",
        {"by": 2},
        PANEL,
    ),
    "by too small": (
        "by must be the position of a column of X, from 0 to 1, got -3",
        {"by": -3},
        PANEL,
    ),
    "by alone": (
        "X must have a numeric column beside by='id', got none",
        {"by": "id"},
        WITH_DAYS[["id"]],
    ),
    "by with gaps": (
        "by='id' must have an entity in every row, got none in row 3",
        {"by": "id"},
        WITH_DAYS.assign(id=[*"aba", None, *"abababab"]),
    ),
    "by with NaN": (
        "by=0 must have an entity in every row, got none in row 1",
        {"by": 0},
        np.array([[1.0, 2.0], [np.nan, 3.0]]),
    ),
    "by of two types": (
        "by=0 holds values that do not sort",
        {"by": 0},
        np.array([["a", 1.0], [2, 2.0]], dtype=object),
    ),
    "no row": ("0 sample", {}, PANEL[:0]),
    "no row but by": ("0 sample", {"by": 0}, PANEL[:0]),
    "one dimension": ("Reshape your data", {"by": 0}, PANEL[0]),
    "infinity": ("infinity", {}, PANEL + np.inf),
    "sparse": ("[Ss]parse", {"by": 0}, None),
    "out of order": (
        "Row 5 of X is of 2024-03-29 .*, but row 4 before it of 2024-03-30",
        {},
        late(WITH_DAYS.drop(columns="id")),
    ),
    "out of order in an entity": (
        "Row 4 of X of id='b' is of 2024-03-27 .* row 2 before it of 2024-03-29",
        {"by": "id"},
        late(WITH_DAYS.assign(id=[*"aabababbaaaa"]), 2, 4),
    ),
    "duplicated": (
        "Rows 1 and 2 of X have the same time stamp, 2024-03-26",
        {},
        WITH_DAYS.drop(columns="id").set_index(DAYS[[0, 1, 1, *range(3, 12)]]),
    ),
    "duplicated in an entity": (
        "Rows 0 and 2 of X of id='b' have the same",
        {"by": "id"},
        WITH_DAYS.set_index(DAYS[[0, 0, 0, *range(3, 12)]]),
    ),
    "no time": (
        "Row 2 of X has no time stamp",
        {"by": "id"},
        WITH_DAYS.set_index(DAYS[:2].append(pd.DatetimeIndex([pd.NaT] * 10, tz=DAYS.tz))),
    ),
    "periods": (
        "Row 5 of X is of 2024-03-29",
        {},
        late(WITH_DAYS.drop(columns="id").tz_localize(None).to_period("D")),
    ),
}


@pytest.mark.parametrize("length", [True, np.True_, 0, 1.0, "1", None])
def test_a_length_is_a_whole_number(length):
    with pytest.raises(
        ValueError, match=r"'length' parameter .* an int in the range \[1"
    ):
        SlidingWindow(length).fit(PANEL)


@pytest.mark.parametrize(("words", "params", "X"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_bad_tables_are_refused(words, params, X):
    if X is None:
        from scipy.sparse import csr_array

        X = csr_array(PANEL)
    with pytest.raises((ValueError, TypeError), match=words):
        SlidingWindow(3, **params).fit(X)
    if "dimension" not in words and len(X.shape) == 2:
        with pytest.raises((ValueError, TypeError), match=words):
            make_windows(X, 1, 1, **params)


def test_one_stamp_of_two_entities_is_no_duplicate():
    stamps = DAYS[[0, 0, 1, 2, 1, 0, 3, 2, 4, 3, 4, 5]]
    X = frame_of(PANEL, id=NAMES).set_index(stamps)
    window = SlidingWindow(3, by="id")
    assert_same_windows(window.fit_transform(X), oracle(PANEL, NAMES, 3, "edge"))


def test_an_hour_that_comes_twice_is_no_duplicate():
    # The clocks go back: 02:00 and 02:00 again, an hour later.
    hours = pd.date_range("2024-10-27 00:00", periods=12, freq="h", tz="Europe/Berlin")
    assert hours[2].hour == hours[3].hour == 2
    X = frame_of(PANEL).set_index(hours)
    assert_same_windows(
        SlidingWindow(3).fit_transform(X), oracle(PANEL, NAMES == "", 3, "edge")
    )
    with pytest.raises(ValueError, match="have the same time stamp"):
        SlidingWindow(3).fit(X.tz_localize(None))


@pytest.mark.parametrize("length", [0, -1, 2.0, "3", None])
def test_lengths_of_no_use_are_refused(length):
    with pytest.raises(ValueError, match=r"'length' parameter.*Got"):
        SlidingWindow(length).fit(PANEL)
    with pytest.raises(ValueError, match=r"'length' parameter.*Got"):
        make_windows(PANEL, length, 1)
    with pytest.raises(ValueError, match=r"'horizon' parameter.*Got"):
        make_windows(PANEL, 1, length)
    with pytest.raises(ValueError, match=r"'step' parameter.*Got"):
        make_windows(PANEL, 1, 1, step=length)


@pytest.mark.parametrize(
    "params", [{"first_rows": "pad"}, {"by": 1.5}, {"context": "no"}]
)
def test_hyperparameters_of_no_use_are_refused(params):
    with pytest.raises(ValueError, match="Got"):
        SlidingWindow(3, **params).fit(PANEL)


@pytest.mark.parametrize("context", [False, True])
def test_a_failed_fit_leaves_no_trace(context):
    window = SlidingWindow(3, context=context)
    with pytest.raises(ValueError, match="before it"):
        window.fit(late(WITH_DAYS[["u", "v"]]))
    assert set(vars(window)) == set(window.get_params())
    expected = window.fit(WITH_DAYS[["u", "v"]]).transform(WITH_DAYS[["u", "v"]])
    with pytest.raises(ValueError, match="Column 'id'"):
        window.fit(WITH_DAYS)
    assert_same_windows(window.transform(WITH_DAYS[["u", "v"]]), expected)


def test_another_table_is_refused():
    window = SlidingWindow(3)
    with pytest.raises(NotFittedError):
        window.transform(PANEL)
    window.fit(frame_of(PANEL))
    with pytest.raises(ValueError, match="feature names"):
        window.transform(frame_of(PANEL)[["v", "u"]])
    with pytest.raises(ValueError, match="expecting 2 features"):
        SlidingWindow(3).fit(PANEL).transform(PANEL[:, :1])
