"""Edits of texts and of other sequences."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksequence.metrics import (
    character_error_rate,
    edit_distance,
    exact_share,
    token_error_rate,
)

RATES = [token_error_rate, character_error_rate, exact_share]
letters = st.text("abc", max_size=7)


def by_definition(one, other):
    """The least number of edits, by all ways to make the first letters alike."""

    @cache
    def distance(i, j):
        if not i or not j:
            return i + j
        changed = distance(i - 1, j - 1) + (one[i - 1] != other[j - 1])
        return min(changed, distance(i - 1, j) + 1, distance(i, j - 1) + 1)

    return distance(len(one), len(other))


@given(letters, letters)
def test_a_distance_is_the_least_number_of_edits(one, other):
    expected = by_definition(one, other)
    assert edit_distance(one, other) == edit_distance(other, one) == expected
    assert edit_distance(list(one), np.array(list(other))) == expected
    codes = [np.array([ord(x) for x in text], dtype=int) for text in (one, other)]
    assert edit_distance(*codes) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "", 0),
        ("kitten", "sitting", 3),
        ("Saturday", "Sunday", 3),
        ("\U0001f600a", "a", 1),
        ([1, "a", (2, 3)], [1, (2, 3)], 1),
        ("ab" * 300, "ba" * 300, 2),
    ],
)
def test_distances_of_books(one, other, expected):
    assert edit_distance(one, other) == expected


TRUE = ["the cat sat", "on a mat", "no"]
PREDICTED = ["the cat", "on the mat now", "no"]


@pytest.mark.parametrize("form", [list, np.array, pd.Series, tuple])
def test_rates_are_of_all_edits_over_all_tokens(form):
    y_true, y_pred = form(TRUE), form(PREDICTED)
    assert token_error_rate(y_true, y_pred) == 3 / 7
    # " sat" is missing, then "a" became "the", and " now" was appended.
    assert character_error_rate(y_true, y_pred) == (4 + 3 + 4) / (11 + 8 + 2)
    assert exact_share(y_true, y_pred) == 1 / 3


def test_tokens_count_as_words_do():
    split = [text.split() for text in TRUE], [text.split() for text in PREDICTED]
    assert token_error_rate(*split) == token_error_rate(TRUE, PREDICTED)
    arrays = [[np.array(tokens) for tokens in part] for part in split]
    assert token_error_rate(*arrays) == token_error_rate(TRUE, PREDICTED)
    assert exact_share(*arrays) == exact_share(*split) == 1 / 3
    block = np.array([[1, 2], [3, 4]])
    assert exact_share(block, [[1, 2], [4, 3]]) == 0.5
    assert token_error_rate(block, [[1, 2], [4]]) == 0.25


@pytest.mark.parametrize("rate", RATES)
def test_weights_count_as_copies(rate):
    weight = [2, 0, 3]
    rows = np.repeat(np.arange(3), weight)
    expected = rate([TRUE[i] for i in rows], [PREDICTED[i] for i in rows])
    assert rate(TRUE, PREDICTED, sample_weight=weight) == pytest.approx(expected)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    ("y_true", "y_pred", "error", "words"),
    [
        (TRUE, TRUE[:2], ValueError, "y_true has 3 sequences, but y_pred has 2"),
        ([], [], ValueError, "at least one sequence"),
        ("text", ["text"], TypeError, "y_true must hold a text, or .*got 'text'"),
        (TRUE, None, TypeError, "y_pred must hold a text, or .*got None"),
        ([["a"], "b"], ["a", "b"], TypeError, "both hold texts.*for sequence 0"),
        (["a", 3], ["a", "b"], TypeError, "y_true must hold .*got 3"),
        (["a", None], ["a", "b"], TypeError, "y_true must hold .*got None"),
    ],
    ids=["fewer", "none", "a text", "None", "mixed", "a number", "no text"],
)
def test_what_cannot_be_compared_is_refused(rate, y_true, y_pred, error, words):
    with pytest.raises(error, match=words):
        rate(y_true, y_pred)


def test_rates_need_a_token():
    with pytest.raises(ValueError, match="y_true must have a token"):
        token_error_rate(["", " "], ["a", "b"])
    with pytest.raises(TypeError, match=r"must hold texts, got list.*token_error_rate"):
        character_error_rate([["a"]], [["a"]])
    assert token_error_rate(["a"], ["b c d"]) == 3.0
