"""Transcripts as codes, and back in their form."""

from __future__ import annotations

import numpy as np
import pytest

from sksequence._inputs import Transcripts, from_plain

LABELS = {
    "text": (["bad", "a"], list("abd")),
    "astral text": (["\N{GRINNING FACE}a\0"], ["\0", "a", "\N{GRINNING FACE}"]),
    "numbers": ([[5, 3], [3]], [3, 5]),
    "arrays": ([np.array([5, 3]), np.array([3])], [3, 5]),
    "words": ([["left", "right"], ("left",)], ["left", "right"]),
    "bools": ([[True, False]], [False, True]),
}


@pytest.mark.parametrize(("y", "classes"), LABELS.values(), ids=LABELS)
def test_what_is_encoded_is_decoded(y, classes):
    target = Transcripts.of(y)
    assert target.classes.tolist() == classes
    codes = target.encode(y)
    assert codes.shape == (len(y), max(map(len, y)))
    assert [(row > 0).sum() for row in codes] == [len(item) for item in y]
    for said, true in zip(target.decode(codes), y, strict=True):
        assert list(said) == list(true)
        assert isinstance(said, str) == isinstance(true, str)
    again = from_plain(target.to_plain())
    assert again.classes.tolist() == classes
    assert again.decode(codes).tolist() == target.decode(codes).tolist()


def test_codes_follow_the_order_of_classes():
    target = Transcripts.of(["bd"], classes=list("dcba"))
    np.testing.assert_array_equal(target.encode(["abd", "c"]), [[1, 2, 4], [3, 0, 0]])


def test_the_share_that_is_exact_is_weighted():
    share = Transcripts.share_exact
    assert share(["a", "b", "c"], ["a", "x", "c"]) == pytest.approx(2 / 3)
    assert share([[1], [2]], [[1], []], [1, 3]) == 0.25


def test_a_forged_state_is_refused():
    state = Transcripts.of(["ab"]).to_plain()
    with pytest.raises(ValueError, match="classes must be an array of one axis"):
        from_plain({**state, "classes": np.zeros((2, 2))})
