"""What each back end has of its own goes by the same names everywhere."""

from __future__ import annotations

import pytest

from sksequence import _cells
from sksequence._deployment.onnx import heads as onnx_heads
from sksequence._deployment.onnx import pooling as onnx_pooling
from sksequence._deployment.onnx import recurrence as onnx_recurrence
from sksequence.nn import pooling as nn_pooling
from sksequence.nn import recurrent as nn_recurrent
from sksequence.portable import _heads, _network, _pooling

ROOMS = {
    "POOLINGS": (nn_pooling, _pooling, onnx_pooling),
    "HEADS": (_heads, onnx_heads),
}


def in_one_case(name):
    """The same for ``LastPooling`` and ``last_pooling``."""
    return name.replace("_", "").lower()


@pytest.mark.parametrize("registry", ROOMS)
def test_registries_have_the_same_names(registry):
    first, *others = (
        {key: in_one_case(value.__name__) for key, value in vars(room)[registry].items()}
        for room in ROOMS[registry]
    )
    assert others == [first] * len(others)


def test_merges_have_the_same_names():
    names = set(nn_recurrent.MERGES)
    assert set(_network.MERGES) == names
    assert set(onnx_recurrence.MERGES) == names


def test_operators_are_of_cells_that_there_are():
    cells = {*_cells.CELLS.values(), *_cells.NONLINEARITIES.values()}
    assert set(onnx_recurrence.OPERATORS) <= cells
