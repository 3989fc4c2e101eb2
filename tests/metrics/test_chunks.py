"""F1 of chunks, against numbers of seqeval 1.2.2 with mode="strict"."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from helpers.chains import follows
from sksequence.metrics import chunk_f1

# Scheme, true and predicted tags, and F1 over all chunks and over the types.
CASES = {
    "a lone inside": (
        "bio",
        [["B-a", "I-a", "O", "B-b"]],
        [["B-a", "I-a", "O", "I-b"]],
        2 / 3,
        0.5,
    ),
    "beginning inside": (
        "bio",
        [["B-a", "I-a", "O"], ["B-b", "B-b"]],
        [["I-a", "I-a", "O"], ["B-b", "I-b"]],
        0.0,
        0.0,
    ),
    "inside of another": (
        "bio",
        [["B-a", "I-b", "O"], ["B-b", "I-b"]],
        [["B-a", "I-a", "O"], ["B-b", "I-b"]],
        0.5,
        0.5,
    ),
    "not across sequences": (
        "bio",
        [["O", "B-a"], ["I-a", "O"]],
        [["O", "B-a"], ["I-a", "O"]],
        1.0,
        1.0,
    ),
    "never closed": (
        "bioes",
        [["B-a", "E-a", "S-b", "O"]],
        [["B-a", "E-a", "B-b", "O"]],
        2 / 3,
        0.5,
    ),
    "open at the end": (
        "bioes",
        [["B-a", "I-a", "E-a"], ["S-a"]],
        [["B-a", "I-a", "I-a"], ["S-a"]],
        2 / 3,
        2 / 3,
    ),
    "closed by another": (
        "bioes",
        [["S-a", "B-b", "E-b"]],
        [["S-a", "B-b", "E-a"]],
        2 / 3,
        0.5,
    ),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@every_case
def test_scores_are_those_of_seqeval(case):
    scheme, y_true, y_pred, micro, macro = case
    for form in (list, lambda y: [np.array(tags) for tags in y]):
        got = chunk_f1(form(y_true), form(y_pred), scheme=scheme)
        assert got == pytest.approx(micro, rel=1e-12)
        got = chunk_f1(form(y_true), form(y_pred), scheme=scheme, average="macro")
        assert got == pytest.approx(macro, rel=1e-12)


def test_weights_count_as_copies():
    _, y_true, y_pred, *_ = CASES["inside of another"]
    rows = [0, 1, 1, 1]
    expected = chunk_f1([y_true[i] for i in rows], [y_pred[i] for i in rows])
    got = chunk_f1(y_true, y_pred, sample_weight=[1, 3])
    assert got == pytest.approx(expected)
    of_steps = [[1] * 3, [3] * 2]
    assert chunk_f1(y_true, y_pred, sample_weight=of_steps) == pytest.approx(expected)


@pytest.mark.parametrize(("scheme", "tags"), [("bio", "BIO"), ("bioes", "BIOES")])
def test_chunks_of_legal_tags_cover_all_that_is_no_o(scheme, tags):
    """They are as many as there are beginnings."""
    kinds = ["O", *(f"{letter}-a" for letter in tags if letter != "O")]
    for one in product(kinds, repeat=4):
        if follows(one, scheme):
            n_chunks = sum(tag[0] in "BS" for tag in one)
            other = ["O"] * 3 + ["S-a" if scheme == "bioes" else "B-a"]
            right = float(one[3] == other[3])
            assert chunk_f1([one], [other], scheme=scheme) == pytest.approx(
                2 * right / (n_chunks + 1)
            )


def test_steps_without_a_tag_are_left_out():
    y_true = [["B-a", None, "I-a"], [None, None]]
    y_pred = [["B-a", "O", "I-a"], ["B-a", "B-a"]]
    assert chunk_f1(y_true, y_pred) == 1.0


def test_what_is_no_chunk_scores_nothing():
    assert chunk_f1([["O", "O"]], [["O", "I-a"]]) == 0.0
    with pytest.raises(ValueError, match="'S-a' is no tag of the scheme 'bio'"):
        chunk_f1([["S-a"]], [["O"]])
    with pytest.raises(ValueError, match="scheme must be one of bio, bioes"):
        chunk_f1([["O"]], [["O"]], scheme="iob")
    with pytest.raises(ValueError, match="average must be 'micro' or 'macro'"):
        chunk_f1([["O"]], [["O"]], average="weighted")
    with pytest.raises(ValueError, match=r"2 target\(s\) for sequence 0"):
        chunk_f1([["O", "O"]], [["O"]])
