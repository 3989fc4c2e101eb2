"""Schemes of tags: which may follow which, which are chunks, which are refused."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from helpers.chains import BIO, follows
from sksequence._inputs.schemes import SCHEMES, find_illegal, find_scheme

TAGS = {
    "bio": ["B-a", "B-b", "I-a", "I-b", "O"],
    "bioes": ["B-a", "B-b", "E-a", "E-b", "I-a", "O", "S-a"],
}
both = pytest.mark.parametrize("name", SCHEMES)


def test_the_table_of_bio_is_the_one_written_by_hand():
    np.testing.assert_array_equal(SCHEMES["bio"].legal(TAGS["bio"]), BIO)


@both
@pytest.mark.parametrize("n_steps", [1, 2, 3])
def test_legal_sequences_are_those_that_follow_the_scheme(name, n_steps):
    tags = TAGS[name]
    legal = SCHEMES[name].legal(tags)
    for codes in product(range(len(tags)), repeat=n_steps):
        found = find_illegal(np.array(codes), np.array([n_steps]), legal)
        assert (found is None) == follows([tags[c] for c in codes], name), codes


@both
def test_of_tags_that_are_not_given_any_will_do(name):
    """Against the tags that could stand there, each tried."""
    tags = TAGS[name]
    legal, rng = SCHEMES[name].legal(tags), np.random.default_rng(0)
    for _ in range(200):
        codes = rng.integers(-1, len(tags), size=4)
        choices = [range(len(tags)) if c < 0 else [c] for c in codes]
        possible = any(follows([tags[c] for c in way], name) for way in product(*choices))
        assert (find_illegal(codes, np.array([4]), legal) is None) == possible, codes


def test_the_first_wrong_tag_is_found_by_sequence_and_step():
    legal = SCHEMES["bioes"].legal(TAGS["bioes"])
    code = {tag: i for i, tag in enumerate(TAGS["bioes"])} | {None: -1}

    def found(*sequences):
        codes = np.array([code[tag] for one in sequences for tag in one])
        return find_illegal(codes, np.array([len(one) for one in sequences]), legal)

    assert found(["O", "S-a"], ["B-a", "E-a"]) is None
    assert found(["O"], ["O", "B-a", "E-b"]) == (1, 2)
    assert found(["O", "O", "B-a"], ["E-a"]) == (0, 3)
    assert found(["O", "O"], ["I-a", "E-a"]) == (1, 0)
    assert found(["B-b", None, "S-a"], ["O"]) is None
    assert found(["O"], ["O", None, "S-a", "E-b"]) == (1, 3)


@pytest.mark.parametrize("tag", ["X-a", "b-a", "Ba", "", "-a", "S-a", 3, None, "O-a"])
def test_what_is_no_tag_is_refused(tag):
    with pytest.raises(
        ValueError, match=r"is no tag of the scheme 'bio': expected \"O\""
    ):
        SCHEMES["bio"].split(tag)


def test_a_scheme_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="scheme must be one of bio, bioes, got 'iob1'"):
        find_scheme("iob1")
