"""Windows of a table: what they hold, that they share its memory, what comes of them."""

from __future__ import annotations

import inspect
import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from conftest import make
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import (
    GridSearchCV,
    TimeSeriesSplit,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from test_structure import entries_of, sections_of

from sksequence._inputs import Sequences, StoredSequences
from sksequence._inputs import sequences as inputs_sequences
from sksequence.preprocessing import SlidingWindow, make_windows, merge_forecasts

RNG = np.random.default_rng(0)
TABLE = np.cumsum(RNG.normal(size=(60, 2)), axis=0)


def rows_before(table, length):
    """A view of each row with those before it, as a list."""
    return [table[max(0, i + 1 - length) : i + 1] for i in range(len(table))]


def block_of(table, length):
    return sliding_window_view(table, length, axis=0).swapaxes(1, 2)


# Three entities, interleaved, of which one has a single row.
NAMES = np.array(["b", "a", "b", "b", "a", "c", "b", "a", "b", "a", "a", "b"])
NUMBERS = np.unique(NAMES, return_inverse=True)[1]
PANEL = np.arange(24.0).reshape(12, 2) ** 2
DAYS = pd.date_range("2024-03-25", periods=12, tz="Europe/Berlin")


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


def assert_same_windows(got, expected):
    assert len(got) == len(expected)
    for window, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(window, other)


def frame_of(table, **more):
    return pd.DataFrame({**more, "u": table[:, 0], "v": table[:, 1]})


# -------------------------------------------------------------- a window for each row

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


# ------------------------------------------------------------------- what came before


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


# ------------------------------------------------------------------ within scikit-learn


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
    network = make("GRURegressor", early_stopping=True)
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


# ------------------------------------------------------------------------- bad input


def late(X, i=4, j=5):
    """Two rows exchanged, with their time stamps."""
    order = np.arange(len(X))
    order[[i, j]] = j, i
    return X.iloc[order]


WITH_DAYS = frame_of(PANEL, id=NAMES).set_index(DAYS)
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
        "by must be the name of one column of X, got 'u', the name of 2",
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


# --------------------------------------------------------------- several steps ahead


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
    got = fit(X, y, early_stopping=True).predict(X)
    assert got.shape == y.shape
    expected = fit(copied(X), y.copy(), early_stopping=True).predict(X)
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
    "no target": (
        r"target must name at least one column other than by=None, got \[\]",
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
    "by as target": (
        "target must name at least one column other than by='id', got 'id'",
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
        r"y_pred must have shape \(n_windows, horizon\) or \(n_windows, horizon,",
        Y,
        [1, 2],
        PANEL,
    ),
    "one dimension": (
        r"y_pred must have shape \(n_windows, horizon\) or \(n_windows, horizon,",
        Y[:, 0],
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


# ----------------------------------------------------------- views in the estimators

BLOCK = block_of(TABLE, 7)
VIEWS = {
    "block": BLOCK,
    "every other": BLOCK[::2],
    "reversed": BLOCK[::-1, ::-1],
    "backwards in time": BLOCK[:, ::-1],
    "one channel": BLOCK[:, :, :1],
    "2-D": BLOCK[:, :, 1],
    "float32": block_of(TABLE.astype("float32"), 7),
    "whole numbers": block_of((9 * TABLE).astype(int), 7),
    "one sequence repeated": np.broadcast_to(TABLE[:9], (20, 9, 2)),
    "list": list(BLOCK),
    "unequal": rows_before(TABLE, 7),
    "unequal, of a part": rows_before(TABLE[5:], 7)[::-1],
    "with a gap": rows_before(TABLE, 9)[:20] + rows_before(TABLE, 9)[35:],
    "univariate": rows_before(TABLE[:, 0], 5),
    "one object repeated": [TABLE[:9]] * 20,
    "in Fortran order": rows_before(np.asfortranarray(TABLE), 7),
}
SETTINGS = {
    "plain": {"standardize": False},
    "scaled": {},
    "weighted": {"sample_weight": True},
    "stopped": {"early_stopping": True, "batch_size": 4},
}


def copied(X):
    return [x.copy() for x in X] if isinstance(X, list) else X.copy()


def read(X, name="GRURegressor"):
    """The sequences that an estimator makes of X."""
    return make(name)._read(X, None)[0]


def fit(X, y, *, sample_weight=False, **params):
    weight = np.arange(len(y)) % 3 if sample_weight else None
    return make("GRURegressor", **params).fit(X, y, sample_weight=weight)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("X", VIEWS.values(), ids=VIEWS)
def test_overlapping_views_are_their_copies_to_the_bit(X, setting):
    y = np.array([np.ravel(x)[-1] for x in X])
    assert read(X).begins is not None
    assert read(copied(X)).begins is None
    shared, plain = (fit(x, y, **SETTINGS[setting]) for x in (X, copied(X)))
    np.testing.assert_array_equal(shared.predict(X), plain.predict(copied(X)))
    np.testing.assert_array_equal(shared._reading.mean, plain._reading.mean)
    np.testing.assert_array_equal(shared._reading.scale, plain._reading.scale)


@pytest.mark.parametrize("pieces", [2**20, 10])
@pytest.mark.parametrize("X", VIEWS.values(), ids=VIEWS)
def test_what_overlaps_is_read_as_its_copy(X, pieces, monkeypatch):
    monkeypatch.setattr(inputs_sequences, "_CHUNK_VALUES", pieces)
    shared, plain = read(X), read(copied(X))
    assert len(shared.values) < len(plain.values)
    for index in (np.arange(len(X)), np.array([3, 0, 3, 11]), np.arange(4, 9)):
        parts = [sequences.take(index) for sequences in (shared, plain)]
        for (one, values), (other, expected) in zip(
            *(part.chunks() for part in parts), strict=True
        ):
            assert one == other
            np.testing.assert_array_equal(values, expected)
        # Nothing is kept that no sequence has.
        assert set(map(tuple, parts[0].values)) == set(map(tuple, parts[1].values))
    assert len(shared.take(np.arange(0))) == 0


@pytest.mark.parametrize("bptt_steps", [None, 3])
def test_steps_of_windows_may_be_answered(bptt_steps):
    X = rows_before(TABLE, 7)
    y = rows_before(TABLE[:, 0], 7)
    models = [
        make("RecurrentStepRegressor", bptt_steps=bptt_steps).fit(x, y)
        for x in (X, copied(X))
    ]
    assert_same_windows(
        *(m.predict(x) for m, x in zip(models, (X, copied(X)), strict=True))
    )


def test_windows_of_a_film_are_films():
    film = RNG.normal(size=(20, 4, 5, 2))
    X, y = sliding_window_view(film, 6, axis=0), film[5:, 0, 0, 0]
    X = np.moveaxis(X, -1, 1)
    assert read(X, "ConvLSTMRegressor").begins is not None
    models = [make("ConvLSTMRegressor", hidden_size=2).fit(x, y) for x in (X, X.copy())]
    np.testing.assert_array_equal(models[0].predict(X), models[1].predict(X.copy()))


def test_tokens_may_overlap():
    ids = RNG.integers(1, 9, size=60)
    X, y = rows_before(ids, 6), np.arange(60) % 2
    models = [
        make("LSTMClassifier", embedding_dim=2, early_stopping=True).fit(x, y)
        for x in (X, copied(X))
    ]
    assert read(X).begins is not None
    shared, plain = (
        m.predict_proba(x) for m, x in zip(models, (X, copied(X)), strict=True)
    )
    np.testing.assert_array_equal(shared, plain)


@pytest.mark.parametrize(
    "X",
    [
        TABLE.reshape(12, 5, 2),
        list(TABLE.reshape(12, 5, 2)),
        list(TABLE.reshape(12, 5, 2)[::2]),
        [TABLE[:9], TABLE[5:20].copy()],  # two tables
        [TABLE[:9], TABLE[3:18:2]],  # two strides
        [TABLE[:9], TABLE[3:9, ::-1]],
        [TABLE[:9], TABLE[45:]],  # as far apart as a copy is long
        [TABLE[:9, :1], TABLE[3:9, 1:]],  # two channels
        [TABLE[:9], TABLE[3:9].astype("float32")],
        # Windows of a row laid flat: no shift by whole steps leads to the next.
        np.lib.stride_tricks.as_strided(TABLE, (20, 5, 2), (8, 16, 8)),
        np.broadcast_to(TABLE[:20, None], (20, 9, 2)),  # each step the same
    ],
)
def test_what_only_looks_alike_is_laid_end_to_end(X):
    sequences = read(X)
    assert sequences.begins is None
    np.testing.assert_array_equal(sequences.values, np.concatenate(list(X)))


@pytest.mark.parametrize("form", [list, np.asarray])
def test_what_is_not_finite_in_a_window_is_named(form):
    table = TABLE.copy()
    table[20, 1] = np.nan
    X = form(block_of(table, 7))
    words = "NaN: sequence 14 does at step 6, channel 1"
    with pytest.raises(ValueError, match=words):
        fit(X, np.arange(len(X)))
    # Rows that are in no window are not looked at.
    apart = [*X[:14], *X[21:]]
    y = np.arange(len(apart))
    expected = fit(copied(apart), y).predict(copied(apart))
    np.testing.assert_array_equal(fit(apart, y).predict(apart), expected)


@pytest.mark.parametrize("form", ["block", "list"])
def test_windows_do_not_take_the_memory_of_copies(form):
    table = RNG.normal(size=(20_000, 2))
    X = block_of(table, 400) if form == "block" else rows_before(table, 400)
    copies = sum(len(x) for x in X) * table.itemsize * 2
    model = make("GRURegressor", hidden_size=2)
    tracemalloc.start()
    try:
        sequences = model._read(X, None)[0]
        sequences.take(np.arange(0, len(X), 2))
        reading = model._read(X, None)[2]
        reading.learn(sequences, None, sequences, None, standardize=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(sequences, Sequences)
    assert peak < copies / 2


@pytest.mark.parametrize("form", [list, np.asarray])
def test_windows_of_a_mapped_file_stay_there(form, tmp_path):
    np.save(tmp_path / "table.npy", TABLE)
    mapped = form(block_of(np.load(tmp_path / "table.npy", mmap_mode="r"), 7))
    X, y = block_of(TABLE, 7).copy(), TABLE[6:, 0]
    stored = read(mapped)
    assert isinstance(stored, StoredSequences)
    # Of a part of a block no view is made for each sequence.
    assert stored.take(np.arange(3)).arrays is stored.arrays
    chosen = np.array([7, 2, 2])
    np.testing.assert_array_equal(
        stored.take(np.arange(9)[::-1]).load(chosen).values, X[8 - chosen].reshape(-1, 2)
    )
    models = [fit(x, y, early_stopping=True) for x in (mapped, X)]
    np.testing.assert_array_equal(models[0].predict(mapped), models[1].predict(X))
