"""Sequences laid end to end."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.data import ragged
from sksequence._inputs import Sequences

RAGGED = ragged((4, 1, 6, 6, 3, 2))


def sequences_of(items):
    return Sequences(np.concatenate(items), np.array([len(x) for x in items]))


@pytest.mark.parametrize("index", [[2, 0, 5], [1, 1, 1], [3], [], list(range(6))[::-1]])
def test_take_is_indexing_the_list(index):
    taken = sequences_of(RAGGED).take(np.array(index, dtype=int))
    expected = [RAGGED[i] for i in index]
    assert len(taken) == len(index)
    assert taken.lengths.tolist() == [len(x) for x in expected]
    np.testing.assert_array_equal(
        taken.values, np.concatenate([RAGGED[0][:0], *expected])
    )


def test_starts_are_where_each_sequence_begins():
    sequences = sequences_of(RAGGED)
    ends = sequences.starts + sequences.lengths
    for x, begin, end in zip(RAGGED, sequences.starts, ends, strict=True):
        np.testing.assert_array_equal(sequences.values[begin:end], x)
    assert sequences.n_channels == 2
