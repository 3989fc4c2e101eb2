"""Labels of every dtype, and labels that would be read as something else."""

from __future__ import annotations

import enum
import warnings
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.special import softmax

from helpers.data import objects
from sksequence._inputs import Labels, check_classes, check_labels
from sksequence._inputs.labels import warn_if_one_hot


class Word(enum.StrEnum):
    UP = "up"
    DOWN = "down"


class Code(enum.IntEnum):
    ONE = 1
    TWO = 2


CODES = np.array([0, 1, 1, 0])


def picked(*two):
    return objects([two[code] for code in CODES])


PLAIN = {
    "ints": (picked(1, 2), np.array([1, 2, 2, 1])),
    "int and float": (picked(1, 2.0), np.array([1.0, 2, 2, 1])),
    "bools": (picked(False, True), CODES.astype(bool)),
    "numpy text": (picked(np.str_("a\0"), np.str_("b")), picked("a\0", "b")),
    "text enum": (picked(Word.UP, Word.DOWN), picked("up", "down")),
    "int enum": (picked(Code.ONE, Code.TWO), np.array([1, 2, 2, 1])),
    "long double": (CODES.astype(np.longdouble), CODES.astype(float)),
    "long doubles": (picked(np.longdouble(0), np.longdouble(1)), CODES.astype(float)),
    "nullable": (pd.Series(CODES, dtype="Int64"), CODES),
    "nullable bools": (pd.Series(CODES == 1, dtype="boolean"), CODES == 1),
}


@pytest.mark.parametrize(("given", "expected"), PLAIN.values(), ids=PLAIN)
def test_labels_become_of_a_dtype_that_compares_and_stores(given, expected):
    for labels in (check_labels(given, "it"), check_classes(given)):
        assert labels.dtype == expected.dtype
        assert {type(x) for x in labels.tolist()} == {type(x) for x in expected.tolist()}
    assert check_labels(given, "it").tolist() == expected.tolist()
    assert check_classes(given).tolist() == sorted(set(expected.tolist()))


def test_text_of_variable_width_becomes_objects():
    given = np.array(["a", "bb", "a"], dtype=np.dtypes.StringDType())
    labels = check_labels(given, "it")
    assert labels.dtype == object
    assert labels.tolist() == ["a", "bb", "a"]


@pytest.mark.parametrize(
    "y",
    [
        picked(Decimal(1), Decimal(2)),
        picked(date(2020, 1, 1), date(2020, 1, 2)),
        picked(2**70, 2**71),
        pd.Series(pd.period_range("2020", periods=2, freq="Y").take(CODES)),
        np.array([(code, 1) for code in CODES], dtype=[("a", int), ("b", int)]),
        np.array([b"ab", b"cd"]).view("V2"),
        np.longdouble(2) ** 62 + CODES,
    ],
    ids=["decimal", "date", "large", "period", "structured", "void", "long double"],
)
def test_labels_that_cannot_be_stored_are_refused(y):
    with pytest.raises(ValueError, match=r"expected .*Convert them"):
        check_labels(y, "it")


@pytest.mark.parametrize("values", [(1, 2), (-1, 1), (0, 5), (5, 5), (0.0, 2.0)])
@pytest.mark.parametrize("form", [np.asarray, np.ndarray.tolist, pd.DataFrame, csr_array])
def test_several_labels_must_be_zeros_and_ones(values, form):
    y = form(np.array(values)[np.column_stack([CODES, 1 - CODES])])
    shown = ", ".join(map(repr, sorted(set(values))))
    with pytest.raises(ValueError, match=f"such as {shown}; expected.*zeros and ones"):
        check_labels(y, "it")


@pytest.mark.parametrize("values", [(0, 1), (False, True), (0.0, 1.0), (0, 0), (1, 1)])
def test_several_labels_are_zeros_and_ones(values):
    y = np.array(values)[np.column_stack([CODES, CODES])]
    np.testing.assert_array_equal(check_labels(y, "it"), y)


@pytest.mark.parametrize(
    "y",
    [
        [["a"], ["b", "c"], []],
        [["a", "b"], ["b", "c"]],
        [{"a"}, {"b", "c"}],
        [("a", "b"), ("b", "c")],
        pd.Series([["a"], ["b", "c"]]),
        objects([np.array(["a"]), np.array(["b", "c"])]),
        [[1], [2, 3]],
    ],
    ids=["lists", "pairs", "sets", "tuples", "series", "arrays", "numbers"],
)
def test_lists_of_labels_are_led_to_the_binarizer(y):
    with pytest.raises(ValueError, match=r"zeros and ones.*MultiLabelBinarizer"):
        check_labels(y, "it")


def test_a_series_of_zeros_and_ones_is_a_table():
    y = pd.Series([[0, 1], [1, 1], [0, 0]])
    assert check_labels(y, "it").tolist() == y.tolist()


@pytest.mark.parametrize(
    ("y", "warns"),
    [
        (np.eye(3)[[0, 2, 1, 0]], True),
        (np.eye(2, dtype=bool)[CODES], True),
        (np.array([[1, 0], [1, 1], [0, 1]]), False),
        (np.array([[1, 0], [0, 0], [0, 1]]), False),
        (np.eye(3), False),  # of so few rows it may be chance
        (CODES, False),
    ],
)
def test_one_hot_labels_are_led_to_argmax(y, warns):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_if_one_hot(y)
    assert ["np.argmax(y, axis=-1)" in str(w.message) for w in caught] == [True] * warns


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_have_the_bits_of_scipys_softmax(dtype, rng):
    for n_classes in (2, 3, 17, 200):
        labels = Labels.of(np.arange(n_classes), None)
        scores = rng.normal(size=(50, n_classes)) * rng.choice([1e-3, 1, 1e4], (50, 1))
        scores = scores.astype(dtype)
        found = labels.predictions["predict_proba"](scores)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, softmax(scores, axis=1))
