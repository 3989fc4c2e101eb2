"""Columns and levels by name and position."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sksequence._inputs import listed, lookup

FRAME = pd.DataFrame({"u": [1, 2], "v": [3, 4]}, index=pd.Index(["x", "y"], name="name"))


@pytest.mark.parametrize(
    ("X", "key", "column", "values"),
    [
        (FRAME, "v", 1, [3, 4]),
        (FRAME, 1, 1, [3, 4]),
        (FRAME, np.int64(-2), 0, [1, 2]),
        (FRAME, "name", None, ["x", "y"]),
        (FRAME.reset_index().set_index("name", drop=False), "name", 0, ["x", "y"]),
        (FRAME.set_axis([5, 6], axis=1), 6, 1, [3, 4]),
        (FRAME.set_axis([5, 6], axis=1), 1, 1, [3, 4]),
        (FRAME.set_axis([("a", 1), ("b", 1)], axis=1), ("b", 1), 1, [3, 4]),
        (FRAME.to_numpy(), 1, 1, [3, 4]),
    ],
)
def test_an_int_is_a_label_if_there_is_one_else_a_position(X, key, column, values):
    found, got = lookup(X, key, "by")
    assert found == column
    assert [*got] == values


@pytest.mark.parametrize(
    ("X", "key", "words"),
    [
        (
            FRAME.set_axis([1, 0], axis=1),
            0,
            "got 0, the label of column 1 and",
        ),
        (FRAME, "w", r"got 'w', the name of 0\. Its columns are \['u', 'v'\]"),
        (FRAME, 2, "from 0 to 1, got 2"),
        (FRAME, True, "got True, the name of 0"),
        (FRAME.assign(name=["y", "x"]), "name", "both a column and an index level"),
        (FRAME.to_numpy(), "u", "X must be a DataFrame for by='u', got ndarray"),
    ],
)
def test_keys_that_name_none_or_two(X, key, words):
    with pytest.raises(ValueError, match=words):
        lookup(X, key, "by")


def test_a_tuple_is_a_list_unless_it_is_a_name():
    assert listed(("u", "v"), FRAME) == ["u", "v"]
    tupled = FRAME.set_axis([("u", "v"), ("u", "w")], axis=1)
    assert listed(("u", "v"), tupled) == [("u", "v")]
    assert listed(("w", "v"), tupled) == ["w", "v"]
