"""Levels of categories, and their ids."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sksequence._inputs import Categories, code_items, find_categorical
from sksequence._inputs.categories import code, learn_levels

WORDS = [["b", "a", "b"], ["c", None], ["a"]]
FORMS = {
    "object": lambda w: pd.DataFrame({"v": 1.5, "k": pd.Series(w, dtype=object)}),
    "string": lambda w: pd.DataFrame({"v": 1.5, "k": pd.Series(w, dtype="string")}),
    "category": lambda w: pd.DataFrame({"v": 1.5, "k": pd.Categorical(w, list("zabc"))}),
    "polars": lambda w: pl.DataFrame({"v": [1.5] * len(w), "k": w}),
    "polars category": lambda w: pl.DataFrame(
        {"v": [1.5] * len(w), "k": pl.Series(w, dtype=pl.Categorical)}
    ),
    "polars enum": lambda w: pl.DataFrame(
        {"v": [1.5] * len(w), "k": pl.Series(w, dtype=pl.Enum(list("cba")))}
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_text_of_frames_becomes_positions_among_its_levels(form):
    frames = [FORMS[form](words) for words in WORDS]
    coded, texts = code_items(frames, "from_dtype", None)
    assert texts == {1: ("b", "a", "c")}
    expected = [[0, 1, 0], [2, -1], [1]]
    for table, codes in zip(coded, expected, strict=True):
        np.testing.assert_array_equal(np.asarray(table)[:, 1], codes)
        np.testing.assert_array_equal(np.asarray(table)[:, 0], 1.5)
        assert list(table.columns) == ["v", "k"]
    later, _ = code_items([FORMS[form](["c", "b"])], "from_dtype", texts)
    np.testing.assert_array_equal(np.asarray(later[0])[:, 1], [2, 0])
    assert list(np.asarray(frames[0])[:, 1]) == WORDS[0]  # as given


def test_arrays_are_coded_where_they_are_named():
    items = [np.array([[w, 2.0] for w in words], dtype=object) for words in WORDS]
    assert code_items(items, "from_dtype", None) == (items, {})
    coded, texts = code_items(items, [0], None)
    assert texts == {0: ("b", "a", "c")}
    np.testing.assert_array_equal(coded[1].astype(float), [[2, 2], [-1, 2]])


def test_what_is_no_text_stays():
    numbers = [np.ones((3, 2)), np.zeros((2, 2))]
    assert code_items(numbers, "from_dtype", None)[0] is numbers
    frames = [pd.DataFrame({"a": [1.0, 2.0]})]
    assert code_items(frames, "from_dtype", None)[0] is frames
    mistaken = [pd.DataFrame({"a": ["1.5", "2"]})]
    assert code_items(mistaken, "from_dtype", None)[0] is mistaken
    text = [FORMS["object"](WORDS[0])]
    assert code_items(text, None, None)[0] is text
    assert code_items(text, "from_dtype", {})[0] is text


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        (["b", "a", "b"], ("b", "a")),
        (["b", None, float("nan"), pd.NA], ("b",)),
        (["b", 1], None),
        (["1", "2.5", None], None),
        (["1", "two"], ("1", "two")),
        ([None, None], None),
        ([b"a"], None),
    ],
)
def test_levels_of_a_column(values, levels):
    assert learn_levels(np.array(values, dtype=object)) == levels


def test_numbers_in_the_place_of_text_are_refused():
    with pytest.raises(ValueError, match=r"holds 3.0 where fit had .* 'a'"):
        code(np.array([3.0, 4.0]), ("a", "b"))
    assert code(np.array([np.nan]), ("a",)) == [-1]


def test_ids_are_in_the_order_in_which_training_shows_the_levels():
    texts = {0: ("x", "y", "z")}
    rows = np.array([[2, 50.0], [-1, 10.0], [0, 50.0], [2, np.nan]])
    categories = Categories.of((0, 1), texts).learn([rows[:1], rows[1:]])
    assert categories.levels_by_id == [["z", "x"], [50.0, 10.0]]
    assert categories.sizes == [2, 2]
    assert categories.texts == texts
    others = np.array([[1, 7.0], [0, 10.0], [2, 50.0], [-1, np.nan]])
    expected = [[0, 0], [2, 2], [1, 1], [0, 0]]
    np.testing.assert_array_equal(categories.ids_of(others), expected)


def test_ids_do_not_depend_on_chunks(rng):
    rows = rng.integers(0, 9, size=(200, 1)).astype(float)
    whole = Categories.of((0,), {}).learn([rows])
    parts = Categories.of((0,), {}).learn(np.array_split(rows, 13))
    np.testing.assert_array_equal(whole.ids[0], parts.ids[0])
    first = list(dict.fromkeys(rows[:, 0]))
    assert whole.levels_by_id == [first]


def test_the_size_of_vectors_follows_a_rule_or_is_given():
    columns = Categories.of((0, 2), {}).learn(
        [np.column_stack([np.arange(1000.0) % 8, np.zeros(1000), np.arange(1000.0)])]
    )
    # min(50, round(1.6 n^0.56)), counted by hand.
    assert columns.describe(None) == ((0, 8, 5), (2, 1000, 50))
    assert columns.describe(3) == ((0, 8, 3), (2, 1000, 3))


NAMES = ["v", "shop", "day"]


@pytest.mark.parametrize(
    ("given", "texts", "expected"),
    [
        ("from_dtype", {}, ()),
        ("from_dtype", {1: ("a",)}, (1,)),
        (None, {}, ()),
        ([2, 0], {}, (0, 2)),
        (["day"], {1: ("a",)}, (1, 2)),
        ([False, True, True], {}, (1, 2)),
        ([np.int64(1)], {}, (1,)),
    ],
)
def test_features_are_named_as_in_scikit_learn(given, texts, expected):
    assert find_categorical(given, texts, NAMES, 3) == expected


@pytest.mark.parametrize("given", [[3], [-1], [0.0], ["week"], [True], [None]])
def test_features_that_are_none_are_refused(given):
    with pytest.raises(ValueError, match=r"positions of the 3 .*names among \['v'.*got"):
        find_categorical(given, {}, NAMES, 3)
