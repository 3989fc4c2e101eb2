"""Whatever form X comes in: the same values, the same learning, the same answers."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import BaseEstimator

from helpers.data import objects
from helpers.estimators import make
from sksequence._inputs import check_sequences

N, STEPS = 6, 5
# Whole numbers that every dtype can hold.
TABLE = np.random.default_rng(0).integers(0, 8, size=(N, STEPS)).astype(float)
CUBE = np.random.default_rng(1).integers(0, 8, size=(N, STEPS, 2)).astype(float)
RAGGED = [
    np.random.default_rng(n).integers(0, 8, size=(n, 2)).astype(float)
    for n in (4, 1, 6, 6, 3, 2)
]
UNEVEN = [x[:, 0] for x in RAGGED]
LABELS = np.arange(N) % 2
TABLE_ROWS = [row[:, None] for row in TABLE]
UNEVEN_COLUMNS = [x[:, None] for x in UNEVEN]


class Reader(BaseEstimator):
    """Nothing but an estimator that has an input."""

    def read(self, X, *, reset=True, channels_first=False):
        known = None if reset else self.form_
        sequences, self.form_ = check_sequences(
            self, X, known, channels_first=channels_first
        )
        return sequences


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def frames(items):
    return [pd.DataFrame(x, columns=["a", "b"]) for x in items]


def tensors(items):
    return [torch.tensor(x, requires_grad=True) for x in items]


def nested(items):
    return torch.nested.nested_tensor(tensors(items), layout=torch.jagged)


def every_second(array):
    wide = np.zeros((*array.shape[:-1], array.shape[-1] * 2))
    wide[..., ::2] = array
    return wide[..., ::2]


# X, and the sequences (n_steps_i, n_channels) that it means.
FORMS = {
    "2-D array": (TABLE, TABLE_ROWS),
    "3-D array": (CUBE, CUBE),
    "3-D array of one channel": (TABLE[:, :, None], TABLE_ROWS),
    "list of equal (t,)": (list(TABLE), TABLE_ROWS),
    "list of equal (t, c)": (list(CUBE), CUBE),
    "list of unequal (t,)": (UNEVEN, UNEVEN_COLUMNS),
    "list of unequal (t, c)": (RAGGED, RAGGED),
    "tuple of (t, c)": (tuple(RAGGED), RAGGED),
    "object array": (objects(RAGGED), RAGGED),
    "object array of equal (t, c)": (objects(list(CUBE)), CUBE),
    "object array of lists": (objects([x.tolist() for x in UNEVEN]), UNEVEN_COLUMNS),
    "2-D object array": (TABLE.astype(object), TABLE_ROWS),
    "Series of arrays": (pd.Series(RAGGED), RAGGED),
    "Series with another index": (
        pd.Series(UNEVEN, index=range(9, 3, -1)),
        UNEVEN_COLUMNS,
    ),
    "Series of lists": (pd.Series([x.tolist() for x in UNEVEN]), UNEVEN_COLUMNS),
    "list of Series": ([pd.Series(x) for x in UNEVEN], UNEVEN_COLUMNS),
    "nested equal list": (TABLE.tolist(), TABLE_ROWS),
    "nested equal tuple": (tuple(map(tuple, TABLE)), TABLE_ROWS),
    "nested equal list of channels": (CUBE.tolist(), CUBE),
    "nested unequal list": ([x.tolist() for x in UNEVEN], UNEVEN_COLUMNS),
    "nested unequal list of channels": ([x.tolist() for x in RAGGED], RAGGED),
    "list of arrays and lists": ([RAGGED[0], *[x.tolist() for x in RAGGED[1:]]], RAGGED),
    "DataFrame": (pd.DataFrame(TABLE), TABLE_ROWS),
    "DataFrame of nullable numbers": (pd.DataFrame(TABLE).astype("Int64"), TABLE_ROWS),
    "DataFrame of mixed numbers": (
        pd.DataFrame(TABLE).astype({0: "int8", 1: "float32", 2: "uint16"}),
        TABLE_ROWS,
    ),
    "list of DataFrames": (frames(RAGGED), RAGGED),
    "DataFrame of categories": (pd.DataFrame(TABLE).astype("category"), TABLE_ROWS),
    "list of nullable DataFrames": (
        [x.astype("Float64") for x in frames(RAGGED)],
        RAGGED,
    ),
    "list of DataFrames of several dtypes": (
        [x.astype({"a": "int8", "b": "Int64"}) for x in frames(RAGGED)],
        RAGGED,
    ),
    "Series of DataFrames": (pd.Series(frames(RAGGED)), RAGGED),
    "list of object arrays of arrays": ([objects(list(x)) for x in RAGGED], RAGGED),
    "object array of object arrays of arrays": (
        objects([objects(list(x)) for x in RAGGED]),
        RAGGED,
    ),
    "list of nullable Series": (
        [pd.Series(x, dtype="Int64") for x in UNEVEN],
        UNEVEN_COLUMNS,
    ),
    "Decimal": ([[Decimal(v) for v in x.tolist()] for x in UNEVEN], UNEVEN_COLUMNS),
    "polars table": (pl.DataFrame(TABLE), TABLE_ROWS),
    "polars lists": (pl.Series([x.tolist() for x in UNEVEN]), UNEVEN_COLUMNS),
    "polars lists of lists": (pl.Series([x.tolist() for x in RAGGED]), RAGGED),
    "polars arrays": (
        pl.Series(TABLE.tolist(), dtype=pl.Array(pl.Float64, STEPS)),
        TABLE_ROWS,
    ),
    "polars objects": (pl.Series(RAGGED, dtype=pl.Object), RAGGED),
    "list of polars frames": ([pl.DataFrame(x) for x in RAGGED], RAGGED),
    "list of polars columns": ([pl.Series(x) for x in UNEVEN], UNEVEN_COLUMNS),
    "nested tensor": (nested(RAGGED), RAGGED),
    "tensor": (torch.tensor(CUBE), CUBE),
    "2-D tensor": (torch.tensor(TABLE), TABLE_ROWS),
    "tensor on a graph": (torch.tensor(CUBE, requires_grad=True), CUBE),
    "list of tensors on a graph": (tensors(RAGGED), RAGGED),
    "list of equal tensors": (tensors(CUBE), CUBE),
    "list of tensors and arrays": ([*tensors(RAGGED[:3]), *RAGGED[3:]], RAGGED),
    "list of (t,) of mixed dtypes": (
        [x.astype(kind) for x, kind in zip(UNEVEN, "bhifdl", strict=True)],
        UNEVEN_COLUMNS,
    ),
    "read-only": (read_only(CUBE), CUBE),
    "list of read-only": ([read_only(x) for x in RAGGED], RAGGED),
    "2-D read-only": (read_only(TABLE), TABLE_ROWS),
    "negative strides": (CUBE[:, ::-1].copy()[:, ::-1], CUBE),
    "list with negative strides": ([x[::-1].copy()[::-1] for x in RAGGED], RAGGED),
    "Fortran order": (np.asfortranarray(CUBE), CUBE),
    "2-D Fortran order": (np.asfortranarray(TABLE), TABLE_ROWS),
    "list in Fortran order": ([np.asfortranarray(x) for x in RAGGED], RAGGED),
    "not contiguous": (every_second(CUBE), CUBE),
    "2-D not contiguous": (every_second(TABLE), TABLE_ROWS),
    "list not contiguous": ([every_second(x) for x in RAGGED], RAGGED),
    "one array repeated": ([RAGGED[0]] * N, [RAGGED[0]] * N),
} | {
    f"{shape} {dtype}": (
        [x.astype(dtype) for x in X] if isinstance(X, list) else X.astype(dtype),
        meant,
    )
    for shape, X, meant in [
        ("2-D", TABLE, TABLE_ROWS),
        ("3-D", CUBE, CUBE),
        ("list", RAGGED, RAGGED),
    ]
    for dtype in ("f4", "f2", "i1", "i4", "i8", "u1", "u8", ">f8", ">i2", "longdouble")
}
FORMS |= {
    f"{name} bool": (mask(X), [np.asarray(x > 3, dtype=float) for x in meant])
    for name, X, meant, mask in [
        ("2-D", TABLE, TABLE_ROWS, lambda X: X > 3),
        ("list", RAGGED, RAGGED, lambda X: [x > 3 for x in X]),
    ]
}
every_form = pytest.mark.parametrize(("X", "meant"), FORMS.values(), ids=FORMS)
# Here fit and predict get different forms, of which only some have names.
names_come_and_go = pytest.mark.filterwarnings("ignore:X .*feature names, but")


def assert_means(sequences, meant):
    assert sequences.lengths.tolist() == [len(x) for x in meant]
    assert sequences.lengths.dtype == np.int64
    steps = np.concatenate([values for _, values in sequences.chunks()])
    np.testing.assert_array_equal(steps.astype(float), np.concatenate(meant))


# ---------------------------------------------------------------------------- the same X


@every_form
def test_every_form_is_read_as_what_it_means(X, meant):
    reader = Reader()
    assert_means(reader.read(X), list(meant))
    assert_means(reader.read(X, reset=False), list(meant))


@pytest.fixture(scope="module")
def answers_of():
    """What an estimator fitted on the plain sequences says of them."""
    known = {}

    def answers(meant):
        key = np.concatenate(meant).tobytes()
        if key not in known:
            model = make("GRUClassifier").fit(list(meant), LABELS)
            known[key] = model, model.transform(list(meant))
        return known[key]

    return answers


@names_come_and_go
@every_form
def test_every_form_is_answered_as_the_plain_one(X, meant, answers_of):
    model, expected = answers_of([np.asarray(x) for x in meant])
    answer = model.transform(X)
    np.testing.assert_array_equal(answer, expected.astype(answer.dtype))
    np.testing.assert_array_equal(model.predict(X), model.predict(list(meant)))


@names_come_and_go
@every_form
def test_every_form_teaches_what_the_plain_one_does(X, meant, answers_of):
    _, expected = answers_of([np.asarray(x) for x in meant])
    answer = (
        make("GRUClassifier").fit(X, LABELS).transform([np.asarray(x) for x in meant])
    )
    np.testing.assert_array_equal(answer, expected)


@every_form
def test_no_form_is_written_to(X, meant):
    before = [np.array(x, copy=True) for x in _plain_items(X)]
    make("GRUClassifier").fit(X, LABELS).predict(X)
    for x, was in zip(_plain_items(X), before, strict=True):
        np.testing.assert_array_equal(np.asarray(x), was)


def _plain_items(X):
    items = X.to_numpy() if hasattr(X, "to_numpy") else X
    if getattr(X, "is_nested", False):
        items = X.unbind()
    items = [x.detach().numpy() if hasattr(x, "detach") else x for x in items]
    is_nested = isinstance(items[0], np.ndarray) and items[0].dtype.kind == "O"
    return [np.stack(list(x)) for x in items] if is_nested else items


@pytest.mark.parametrize(
    ("X", "dtype"),
    [
        (CUBE.astype(np.float32), np.float32),
        ([x.astype(np.float32) for x in RAGGED], np.float32),
        (torch.tensor(CUBE).float(), np.float32),
        (CUBE, np.float64),
        (CUBE.astype(np.float16), np.float64),
        (CUBE.astype(int), np.float64),
    ],
)
def test_answers_come_in_the_dtype_of_X(X, dtype):
    model = make("GRUClassifier").fit(CUBE, LABELS)
    assert model.predict_proba(X).dtype == dtype
    assert model.transform(X).dtype == dtype
    assert make("GRURegressor").fit(CUBE, LABELS).predict(X).dtype == dtype


# ------------------------------------------------------------------------ channels first


@pytest.mark.parametrize(
    ("X", "meant"),
    [
        (CUBE.transpose(0, 2, 1), CUBE),
        (torch.tensor(CUBE).transpose(1, 2), CUBE),
        ([x.T for x in RAGGED], RAGGED),
        (objects([x.T for x in RAGGED]), RAGGED),
        ([x.T.tolist() for x in RAGGED], RAGGED),
        (TABLE, TABLE_ROWS),
        (TABLE[:, None, :], TABLE_ROWS),
        (UNEVEN, UNEVEN_COLUMNS),
    ],
    ids=["3-D", "tensor", "list", "objects", "nested", "2-D", "one channel", "1-D items"],
)
def test_channels_first_is_the_transpose(X, meant, answers_of):
    reader = Reader()
    assert_means(reader.read(X, channels_first=True), list(meant))
    _, expected = answers_of([np.asarray(x) for x in meant])
    first = make("GRUClassifier", data_format="channels_first").fit(X, LABELS)
    np.testing.assert_array_equal(first.transform(X), expected)
    assert first.n_features_in_ == (
        STEPS if X is TABLE else np.asarray(meant[0]).shape[1]
    )


# -------------------------------------------------------------- what fit has learnt of X


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (TABLE, STEPS),
        (TABLE.tolist(), STEPS),
        (pd.DataFrame(TABLE), STEPS),
        (CUBE, 2),
        (RAGGED, 2),
        (list(TABLE), 1),
        (UNEVEN, 1),
        (TABLE[:, :, None], 1),
        (frames(RAGGED), 2),
    ],
)
def test_columns_of_a_table_are_features_else_channels(X, expected):
    reader = Reader()
    reader.read(X)
    assert reader.n_features_in_ == expected


@pytest.mark.parametrize("X", [CUBE, list(CUBE), objects(list(CUBE)), list(TABLE)])
def test_the_length_is_free_unless_X_is_a_table(X):
    reader = Reader()
    reader.read(X)
    assert reader.read([x[:2] for x in X], reset=False).lengths.tolist() == [2] * N
    longer = [np.concatenate([x, x]) for x in X]
    assert reader.read(longer, reset=False).lengths.tolist() == [2 * STEPS] * N


@pytest.mark.parametrize("X", [TABLE, TABLE.tolist(), pd.DataFrame(TABLE)])
def test_a_table_keeps_its_columns(X):
    reader = Reader()
    reader.read(X)
    with pytest.raises(ValueError, match=r"X has 3 features, .* expecting 5 features"):
        reader.read(TABLE[:, :3], reset=False)


def test_a_row_of_a_table_may_be_answered_as_a_sequence():
    model = make("GRUClassifier").fit(TABLE, LABELS)
    expected = model.transform(TABLE)
    np.testing.assert_array_equal(model.transform(list(TABLE)), expected)
    np.testing.assert_array_equal(model.transform(TABLE[:, :, None]), expected)


def test_names_of_columns_are_learnt_compared_and_forgotten():
    reader = Reader()
    named = pd.DataFrame(TABLE, columns=list("abcde"))
    reader.read(named)
    assert reader.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(ValueError, match="feature names should match"):
        reader.read(named[list("bacde")], reset=False)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        reader.read(TABLE, reset=False)
    for nameless in (TABLE, CUBE, RAGGED, pd.DataFrame(TABLE)):
        reader.read(named)
        reader.read(nameless)
        assert not hasattr(reader, "feature_names_in_")


@pytest.mark.parametrize(
    ("fitted", "other", "words"),
    [
        (CUBE, TABLE, "X has 1 features, but Reader is expecting 2 features"),
        (CUBE, CUBE[:, :, :1], "X has 1 features, but Reader is expecting 2 features"),
        (CUBE, CUBE[0], r"pass a single multivariate sequence x as \[x\]"),
        (TABLE, CUBE, "X has 2 features, but Reader is expecting 1 features"),
        (RAGGED, UNEVEN, "X has 1 features, but Reader is expecting 2 features"),
    ],
)
def test_channels_stay_what_they_were(fitted, other, words):
    reader = Reader()
    reader.read(fitted)
    before = dict(vars(reader))
    with pytest.raises(ValueError, match=words):
        reader.read(other, reset=False)
    assert vars(reader) == before


def test_a_constant_channel_and_a_lone_sequence_can_be_learnt():
    X = [np.full((3, 2), 7.0)]
    for name in ("GRUClassifier", "GRURegressor"):
        model = make(name).fit(X, [1])
        assert model.predict(X).tolist() == [1]


REFUSED = {
    "no sequence": np.zeros((0, 4)),
    "no column": np.zeros((4, 0)),
    "one axis": np.zeros(4),
    "no axis": np.array(3.0),
    "complex": np.zeros((3, 4), complex),
    "text": np.full((3, 4), "a"),
    "dates": np.zeros((3, 4), "datetime64[s]"),
    "too many axes": np.zeros((2, 2, 2, 2)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_scikit_learn_refuses_of_an_array_is_refused(case):
    """Most arrays are in order, for which it is not asked."""
    for reset in (True, False):
        reader = Reader()
        reader.read(TABLE)
        with pytest.raises((ValueError, TypeError)):
            reader.read(REFUSED[case], reset=reset)


@pytest.mark.parametrize("dtype", "?bBhHiIlLefdg")
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_every_kind_of_number_are_read_as_they_are(dtype, order):
    for given in (TABLE, CUBE):
        array = np.array(given, dtype, order=order)
        found = Reader().read(array).values
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found.reshape(given.shape), array)
