"""Entities that several columns tell apart; the oracle is pandas' groupby."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sksequence._inputs import read_entities


@pytest.mark.parametrize("form", ["column", "level", "array", "polars"])
def test_entities_of_several_keys_are_those_of_groupby(form, rng):
    frame = pd.DataFrame(rng.integers(3, size=(40, 3)), columns=[*"abv"])
    groups = frame.groupby(["a", "b"], sort=False)
    X, by = frame, ["a", "b"]
    if form == "level":
        X = frame.set_index("b")
    elif form == "array":
        X, by = frame.to_numpy(), [0, 1]
    elif form == "polars":
        X = pytest.importorskip("polars").DataFrame(
            {name: frame[name].to_numpy() for name in frame}
        )
    entities, columns = read_entities(X, by)
    assert entities.keys == [key for key, _ in groups]
    np.testing.assert_array_equal(entities.codes, groups.ngroup())
    assert columns == ([0] if form == "level" else [0, 1])


def test_many_keys_of_many_values_do_not_overflow():
    """Four keys of 60 000 values have 1e19 combinations; 60 000 of them occur."""
    frame = pd.DataFrame({name: np.arange(60_000)[::-1] for name in "abcd"})
    entities, _ = read_entities(frame, [*"abcd"])
    np.testing.assert_array_equal(entities.codes, np.arange(60_000))
    assert entities.keys[:2] == [(59_999,) * 4, (59_998,) * 4]


def test_one_key_in_a_list_makes_tuples():
    assert read_entities(pd.DataFrame({"a": [2, 1]}), ["a"])[0].keys == [(2,), (1,)]


def test_no_key():
    with pytest.raises(ValueError, match=r"by must name at least one column, got \[\]"):
        read_entities(pd.DataFrame({"a": [2, 1]}), [])
