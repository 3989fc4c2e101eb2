"""The recurrence of few sequences, with kernels whose vectors are units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .._kernels import VECTOR_BYTES, Kernels, Layout
from ._workspace import WORKSPACE

FEW = 8  # rows: to a multiple of eight, predictions are filled with the last sequence
# The usual kernels compute a vector of sequences in the time of one. For more than this
# part of a vector they take less time, by experiment (benchmarks/lone.py).
_SHARE = 1 / 4


def most_rows(itemsize: int) -> int:
    """Return for how many sequences these kernels take less time than the usual ones."""
    return min(int(_SHARE * VECTOR_BYTES / itemsize), FEW)


@dataclass(frozen=True)
class Few:
    """How to run layers of one cell and size over few sequences.

    Parameters
    ----------
    layout : Layout
        Sizes of the layers.
    run : dict
        The kernels.
    fixed : dict
        Arguments of the kernels that do not depend on the sequences.
    """

    layout: Layout
    run: Kernels
    fixed: dict[str, int]

    def forward(
        self, x: Tensor, order: tuple[Tensor, Tensor], weights: dict[str, int]
    ) -> tuple[Tensor, ...] | None:
        """Return steps and final states of a batch, or None if it is not worth while.

        Sequences that are repeated are computed once.
        """
        layout, (places, left) = self.layout, order
        lengths = left.new_empty(left.shape).scatter_(0, places, left)
        firsts, copies = distinct_rows(x, lengths)
        n, n_steps = len(firsts), x.shape[1]
        if n > most_rows(layout.itemsize):
            return None
        if n < len(x):
            index = torch.tensor(firsts, device="cpu")
            x, lengths = x.index_select(0, index), lengths[index]
        memory = WORKSPACE.borrow(layout.few.n_bytes)
        steps = x.new_empty(n, n_steps, layout.hidden)
        finals = [x.new_empty(n, layout.hidden) for _ in range(layout.cell.n_states)]
        arguments = {
            **self.arguments(memory.address, steps, finals),
            "x": x.data_ptr(),
            "lengths": lengths.data_ptr(),
            "n": n,
            "n_steps": n_steps,
        }
        self.run["pack"](**arguments, **weights)
        self.run["forward"](**arguments)
        if n == len(copies):
            return steps, *finals
        index = torch.tensor(copies, device="cpu")
        return tuple(part.index_select(0, index) for part in (steps, *finals))

    def arguments(
        self, memory: int, steps: Tensor, finals: Sequence[Tensor] | Tensor
    ) -> dict[str, int]:
        """Return the arguments of the kernels, but for sequences and weights.

        ``memory`` is the address of as much as the layout says; steps and final states
        are written to the tensors.
        """
        return {
            **self.fixed,
            **self.layout.few.at(memory),
            "wide": self.layout.wide,
            "steps": steps.data_ptr(),
            "final": finals[0].data_ptr(),
            "final_memory": finals[-1].data_ptr(),
        }


def distinct_rows(x: Tensor, lengths: Tensor) -> tuple[list[int], list[int]]:
    """Return the rows that differ from the row before, and for each row which it is.

    Examples
    --------
    >>> x = torch.tensor([1.0, 2, 2, 2, 3])[:, None, None]
    >>> distinct_rows(x, torch.tensor([1, 1, 1, 1, 1]))
    ([0, 1, 4], [0, 1, 1, 1, 2])
    """
    # As integers, as zero equals minus zero, and NaN does not equal NaN.
    bits = x.view(torch.int32 if x.itemsize == 4 else torch.int64).flatten(1)
    differs = (bits[1:] != bits[:-1]).any(1) | (lengths[1:] != lengths[:-1])
    firsts, copies = [0], [0]
    for row, is_new in enumerate(differs.tolist(), 1):
        if is_new:
            firsts.append(row)
        copies.append(len(firsts) - 1)
    return firsts, copies
