"""Check of the states that a layer continues from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

NAMES = ("hidden state", "cell state")


def check_state(
    parts: Sequence[Any], n_states: int, shape: tuple[int, ...], x: Tensor
) -> None:
    """Raise ValueError unless these are the states of a cell, of the dtype of x.

    Kernels read states at their addresses: of another shape or dtype, they would read
    other numbers, or memory of somebody else.

    Parameters
    ----------
    parts : sequence of Tensor
        Hidden state, and cell state if the cell has one.
    n_states : {1, 2}
        Number of states of the cell.
    shape : tuple of int
        Shape of each.
    x : Tensor
        Input of the layer.
    """
    if len(parts) == n_states:
        for part in parts:
            if not isinstance(part, Tensor) or part.shape != shape:
                break
            if part.dtype != x.dtype or part.device != x.device:
                break
        else:
            return
    got = ", ".join(_said(part) for part in parts) or "none"
    raise ValueError(
        f"state must be {' and '.join(NAMES[:n_states])}, each of shape {shape}, "
        f"{x.dtype} and on {x.device} as x, got {got}"
    )


def _said(part: Any) -> str:
    if not isinstance(part, Tensor):
        return type(part).__name__
    return f"{tuple(part.shape)} {part.dtype} on {part.device}"
