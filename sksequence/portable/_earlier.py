"""Classes that earlier versions pickled with a stream, turned into those of today."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .._cells import find_cell
from . import _recurrence
from ._cell import FittedCell
from ._heads import HEADS

# The matrix had its blocks in another order: the k-th of today was the _ORDERS[k]-th.
# Those with a logistic function came first, and were halved.
_ORDERS = {"rnn": [0], "lstm": [0, 1, 3, 2], "gru": [0, 1, 3, 2]}
_N_HALVED = {"rnn": 0, "lstm": 3, "gru": 2}


class Cell:
    """A cell with its weights, as it was before cells described themselves."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        kind, rectifies = state.pop("kind"), state.pop("rectifies", False)
        state["decay"], order = state.pop("fade"), _ORDERS[kind]
        blocks = np.split(state["matrix"], len(order), axis=1)
        blocks = [
            block * (2 if i < _N_HALVED[kind] else 1) for i, block in enumerate(blocks)
        ]
        matrix = np.concatenate([blocks[i] for i in order], axis=1)
        cell = find_cell(kind, "relu" if rectifies else "tanh")
        vars(self).update(state, matrix=matrix, cell=cell, projection=None)
        self.__class__ = FittedCell  # type: ignore[assignment]


class Answers:
    """Heads of either kind."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        kind = "values" if state.pop("are_values") else "labels"
        vars(self).update(state)
        self.__class__ = HEADS[kind]  # type: ignore[assignment]


# Pickle looks them up where they once were.
vars(_recurrence)["Cell"] = Cell
sys.modules[f"{__package__}._answers"] = sys.modules[__name__]
