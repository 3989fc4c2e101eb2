"""Columns and tables of other libraries: gaps, dates, text, and what is no data."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from helpers.data import objects, ragged
from helpers.estimators import make

X = ragged()
N = len(X)
LABELS = np.arange(N) % 2
GAPS = [np.where(x > 0.9, np.nan, x) for x in X]
TABLE = np.random.default_rng(0).normal(size=(N, 5))


# -------------------------------------------------------------------- gaps in the steps


def with_nulls(x):
    return pl.DataFrame({"a": x[:, 0], "b": x[:, 1]}, nan_to_null=True)


WITH_GAPS = {
    "nullable frames": [pd.DataFrame(x).convert_dtypes() for x in GAPS],
    "frames of objects": [
        pd.DataFrame(x, dtype=object).where(~np.isnan(x), pd.NA) for x in GAPS
    ],
    "arrays of objects": [np.where(np.isnan(x), None, x) for x in GAPS],
    "arrays of pandas' own NA": [np.where(np.isnan(x), pd.NA, x) for x in GAPS],
    "polars frames": [with_nulls(x) for x in GAPS],
    "polars lists": pl.Series([with_nulls(x).rows() for x in GAPS]),
}


@pytest.mark.filterwarnings("ignore:X .*feature names, but")
@pytest.mark.parametrize("given", WITH_GAPS.values(), ids=WITH_GAPS)
def test_every_kind_of_gap_is_read_as_nan(given):
    model = make("GRUClassifier", missing="mask").fit(GAPS, LABELS)
    np.testing.assert_array_equal(model.transform(given), model.transform(GAPS))
    again = make("GRUClassifier", missing="mask").fit(given, LABELS)
    np.testing.assert_array_equal(again.transform(GAPS), model.transform(GAPS))
    with pytest.raises(ValueError, match="contains NaN"):
        make("GRUClassifier").fit(given, LABELS)


def test_whole_numbers_with_gaps_are_numbers():
    whole = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, np.nan]] * 4)
    model = make("GRUClassifier", missing="mask").fit(whole, LABELS)
    for dtype in ("Int8", "Int64", "UInt16", "Float32"):
        table = pd.DataFrame(whole).astype(dtype)
        np.testing.assert_array_equal(
            model.transform(table).astype(np.float32),
            model.transform(whole).astype(np.float32),
        )


def test_categories_are_read_as_their_values_not_as_codes():
    table = pd.DataFrame(np.array([[10.0, 20.0], [30.0, 10.0]] * 4))
    model = make("GRUClassifier").fit(table, LABELS)
    np.testing.assert_array_equal(
        model.transform(table.astype("category")), model.transform(table)
    )
    frames = [pd.DataFrame({"a": pd.Categorical([10, 20, 10])})] * N
    plain = [np.array([10, 20, 10])] * N
    np.testing.assert_array_equal(
        make("GRUClassifier").fit(frames, LABELS).transform(frames),
        make("GRUClassifier").fit(plain, LABELS).transform(plain),
    )


# ----------------------------------------------------------------------- static columns


def test_static_columns_of_polars_are_those_of_pandas():
    people = {"age": np.arange(N), "ill": LABELS == 1, "history": X}
    expected = make("GRUClassifier").fit(pd.DataFrame(people), LABELS)
    lists = pl.DataFrame({**people, "history": [x.tolist() for x in X]})
    as_objects = pl.DataFrame(people | {"history": pl.Series(X, dtype=pl.Object)})
    frames = pd.DataFrame(people).convert_dtypes()
    for table in (lists, as_objects, frames):
        model = make("GRUClassifier").fit(table, LABELS)
        assert model.n_static_features_in_ == 2
        np.testing.assert_array_equal(
            model.predict_proba(table), expected.predict_proba(pd.DataFrame(people))
        )
    alone = make("GRUClassifier").fit(lists.select("history"), LABELS)
    np.testing.assert_array_equal(
        alone.transform(X), make("GRUClassifier").fit(X, LABELS).transform(X)
    )
    with pytest.raises(ValueError, match=r"columns 'ill', 'age', 'history'"):
        model.predict(lists.select(["ill", "age", "history"]))


def test_gaps_in_static_columns_are_named():
    table = pl.DataFrame({"age": [1, None] * 4, "history": [x.tolist() for x in X]})
    with pytest.raises(ValueError, match="static column 'age' contains NaN in row 1"):
        make("GRUClassifier").fit(table, LABELS)


# -------------------------------------------------------------------- what is no number

DAY = datetime.date(2020, 1, 1)
NO_NUMBERS = {
    "period": (pd.Period("2020"), TypeError, "Period"),
    "interval": (pd.Interval(0, 1), TypeError, "Interval"),
    "date": (DAY, TypeError, "date"),
    "time": (pd.Timestamp("2020"), TypeError, "dates"),
    "duration": (datetime.timedelta(1), TypeError, "timedelta|duration"),
    "dict": ({"a": 1}, TypeError, "dict"),
    "text": ("1", ValueError, "text"),
    "bytes": (b"1", ValueError, "text"),
}
HOLDERS = {
    "nested list": lambda value: [[value] * 3] * N,
    "list of arrays": lambda value: [objects([value] * 3)] * N,
    "table": lambda value: pd.DataFrame([[value] * 3] * N),
    "table of objects": lambda value: pd.DataFrame([[value] * 3] * N, dtype=object),
    "table with numbers": lambda value: pd.DataFrame(
        {"a": TABLE[:, 0], "b": [value] * N}
    ),
    "frames": lambda value: [pd.DataFrame({"a": [value] * 3, "b": 1.0})] * N,
    "array": lambda value: objects([value] * (3 * N)).reshape(N, 3),
    "polars objects": lambda value: [pl.Series([value] * 3, dtype=pl.Object)] * N,
}


@pytest.mark.parametrize("held", HOLDERS.values(), ids=HOLDERS)
@pytest.mark.parametrize(("value", "error", "words"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_number_is_refused_in_every_form(value, error, words, held):
    with pytest.raises(error, match=f"holds .*(?:{words}).*expected numbers"):
        make("GRUClassifier").fit(held(value), LABELS)


@pytest.mark.parametrize(
    "text",
    [
        TABLE.astype(str),
        TABLE.astype("S"),
        TABLE.astype(str).tolist(),
        pd.DataFrame(TABLE.astype(str)),
        pd.DataFrame(TABLE.astype(str), dtype=object),
        pd.DataFrame(TABLE.astype(str)).astype("string"),
        pd.DataFrame(TABLE.astype(str)).astype("category"),
        pl.DataFrame(TABLE.astype(str)),
        [pd.DataFrame(x).astype("string") for x in X],
        [pl.Series(x[:, 0].astype(str)) for x in X],
        pl.Series([x[:, 0].astype(str).tolist() for x in X]),
    ],
)
def test_text_is_never_read_as_numbers(text):
    with pytest.raises(ValueError, match=r"holds text .*; expected numbers"):
        make("GRUClassifier").fit(text, LABELS)


# ---------------------------------------------------------------------- what is no data


@pytest.mark.parametrize("part", ["X", "y"])
@pytest.mark.parametrize("name", ["GRUClassifier", "GRURegressor", "RecurrentTagger"])
def test_dicts_and_generators_are_refused_without_printing_them(name, part):
    good = {"X": X, "y": LABELS}
    if name == "RecurrentTagger":
        good["y"] = [x[:, 0] > 0 for x in X]
    for bad, words in [
        (dict(enumerate(good[part])), "got a dict.*Pass its values"),
        ((item for item in good[part]), rf"got a generator. Collect .*list\({part}\)"),
        (pl.DataFrame(TABLE).lazy(), rf"got a LazyFrame. Run .*{part}.collect\(\)"),
    ]:
        with pytest.raises(
            TypeError, match=f"^{part} must be an array.*{words}"
        ) as error:
            make(name).fit(**good | {part: bad})
        assert len(str(error.value)) < 150


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("part", ["X", "y"])
def test_tables_of_dask_are_refused_before_they_are_computed(part):
    dask = pytest.importorskip("dask.dataframe")
    table = pd.DataFrame(TABLE).add_prefix("t")
    bad = dask.from_pandas(table if part == "X" else table["t0"], npartitions=2)
    words = rf"^{part} must be in memory, got .* of Dask.* {part}\.compute\(\)"
    with pytest.raises(TypeError, match=words):
        make("GRURegressor").fit(**{"X": table, "y": TABLE[:, 0]} | {part: bad})


# ------------------------------------------------------------------------------ targets

TARGETS = {
    "string": pd.Series(list("ab") * 4, dtype="string"),
    "object": pd.Series(list("ab") * 4, dtype=object),
    "category": pd.Series(list("ab") * 4, dtype="category"),
    "boolean": pd.Series([True, False] * 4, dtype="boolean"),
    "Int64": pd.Series([5, 7] * 4, dtype="Int64"),
    "Float64": pd.Series([5.0, 7.0] * 4, dtype="Float64"),
    "dates": pd.Series(pd.to_datetime(["2020", "2021"] * 4)),
    "polars text": pl.Series(list("ab") * 4),
    "polars flags": pl.Series([True, False] * 4),
    "polars numbers": pl.Series([5, 7] * 4),
}
of_every_dtype = pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)


def without(y, row):
    items = y.to_list()
    items[row] = None
    return (
        pl.Series(items) if isinstance(y, pl.Series) else pd.Series(items, dtype=y.dtype)
    )


@of_every_dtype
def test_labels_of_every_dtype_are_those_of_numpy(y):
    plain = np.asarray(y)
    if plain.dtype == object:
        plain = plain.astype(str)
    model, expected = (make("GRUClassifier").fit(X, labels) for labels in (y, plain))
    assert model.classes_.tolist() == np.unique(np.asarray(y)).tolist()
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    assert model.score(X, y) == np.mean(model.predict(X) == np.asarray(y))


@of_every_dtype
def test_a_missing_label_is_named(y):
    with pytest.raises(ValueError, match=r"y contains NaN.* in row 3"):
        make("GRUClassifier").fit(X, without(y, 3))


@pytest.mark.parametrize("dtype", ["boolean", "Int64", "Float64", "polars numbers"])
def test_a_missing_number_is_refused_and_others_are_those_of_numpy(dtype):
    y = TARGETS[dtype]
    with pytest.raises(ValueError, match="y contains NaN"):
        make("GRURegressor").fit(X, without(y, 3))
    expected = make("GRURegressor").fit(X, np.array(y.to_list(), dtype=float))
    np.testing.assert_array_equal(
        make("GRURegressor").fit(X, y).predict(X), expected.predict(X)
    )


def test_targets_of_steps_come_in_every_form():
    said = [np.where(x[:, 0] > 0, "up", "down") for x in X]
    numbers = [x[:, 0].round() for x in X]
    tagger = make("RecurrentTagger").fit(X, said)
    regressor = make("RecurrentStepRegressor").fit(X, numbers)
    for kind in (
        lambda y, dtype: [pd.Series(v, dtype=dtype) for v in y],
        lambda y, dtype: [pl.Series(v) for v in y],
        lambda y, dtype: pl.Series([v.tolist() for v in y]),
        lambda y, dtype: pd.Series(y),
    ):
        labels, values = kind(said, "string"), kind(numbers, "Int64")
        again = make("RecurrentTagger").fit(X, labels)
        np.testing.assert_array_equal(
            np.concatenate(again.predict_proba(X)),
            np.concatenate(tagger.predict_proba(X)),
        )
        assert again.score(X, labels) == tagger.score(X, said)
        assert regressor.score(X, values) == regressor.score(X, numbers)


# -------------------------------------------------------------------------------- Arrow


@pytest.mark.filterwarnings("ignore:X .*feature names, but")
def test_arrow_columns_and_tables():
    pa = pytest.importorskip("pyarrow")
    lists = pa.array([x.tolist() for x in X])
    people = pd.DataFrame({"age": np.arange(N), "history": X})
    expected = make("GRUClassifier").fit(X, LABELS).transform(X)
    with_age = make("GRUClassifier").fit(people, LABELS).predict_proba(people)
    for given in (
        lists,
        pa.chunked_array([lists[:3], lists[3:]]),
        pd.Series(lists, dtype=pd.ArrowDtype(lists.type)),
        pa.table({"history": lists}),
    ):
        model = make("GRUClassifier").fit(given, LABELS)
        np.testing.assert_array_equal(model.transform(X), expected)
    for table in (
        pa.table({"age": np.arange(N), "history": lists}),
        people.assign(history=pd.Series(lists, dtype=pd.ArrowDtype(lists.type))),
    ):
        model = make("GRUClassifier").fit(table, LABELS)
        np.testing.assert_array_equal(model.predict_proba(table), with_age)
    wide = pa.table({name: TABLE[:, j] for j, name in enumerate("abcde")})
    model = make("GRUClassifier").fit(wide, pa.array(LABELS))
    assert model.feature_names_in_.tolist() == list("abcde")
    gaps = [pd.DataFrame(x).convert_dtypes(dtype_backend="pyarrow") for x in GAPS]
    np.testing.assert_array_equal(
        make("GRUClassifier", missing="mask").fit(gaps, LABELS).transform(gaps),
        make("GRUClassifier", missing="mask").fit(GAPS, LABELS).transform(GAPS),
    )
    with pytest.raises(ValueError, match=r"y contains NaN.* in row 1"):
        make("GRUClassifier").fit(X, pa.array(["a", None] * 4))
