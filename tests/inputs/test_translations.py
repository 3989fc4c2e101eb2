"""Translations as codes, and what is learnt of their lengths."""

from __future__ import annotations

import numpy as np
import pytest

from sksequence._inputs import Translations, from_plain


def test_codes_are_those_of_transcripts_and_back():
    target = Translations.of(["bad", "a"])
    codes = target.encode(["bad", "a"])
    np.testing.assert_array_equal(codes, [[2, 1, 3], [1, 0, 0]])
    assert target.decode(codes).tolist() == ["bad", "a"]
    assert target.n_outputs == 1 + 3


def test_the_longest_target_of_all_is_remembered():
    target = Translations.of(["bad", "a"])
    met = target.meet(target.encode(["bad", "a"]))
    assert (target.longest, met.longest, met.max_length) == (0, 3, 6)
    assert met.meet(target.encode(["a"])).longest == 3
    assert met.meet(target.encode(["aaaa"])).longest == 4
    again = from_plain(met.to_plain())
    assert (again.longest, again.is_text) == (3, True)


@pytest.mark.parametrize("longest", [-1, 1.5, "a", None, True])
def test_a_forged_state_is_refused(longest):
    state = Translations.of(["ab"]).to_plain()
    with pytest.raises(ValueError, match="longest must be an int"):
        from_plain({**state, "longest": longest})


def test_messages_are_of_targets():
    with pytest.raises(ValueError, match="y has an empty target at 1"):
        Translations.of(["a", ""]).encode(["a", ""])
