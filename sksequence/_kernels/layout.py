"""How weights and states lie in the memory of the kernels.

A kernel runs a *block* of up to 32 sequences through all of their steps. One sequence is
one lane: what belongs to a unit (a gate, a state, a channel) is a row of 32 numbers, one
of each sequence. So every sequence is computed by itself, whatever its company, a state
stays in the cache from step to step, and no size of a layer leaves a vector half empty.

The product of a step reads ``hidden`` states, a one for the biases and ``channels``, and
gives rows of gates. Most gates read all of these; the GRU's candidate reads the states
and the channels apart. So the rows stand in three parts: those that read states, those
that read all, those that read channels.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, count
from typing import NamedTuple

from .._cells import APART, BOTH, INPUT, Cell

LANES = 32  # sequences of a block
SPAN = 128  # lanes of several steps, whose gradients of weights are one product
ROWS = 4  # rows of a product that are held in registers
VECTOR_BYTES = 64
MOST_CHAINS = 16  # parts in which the gradients of weights are summed


class Blocks(NamedTuple):
    """Where a cell's gates stand among the rows, in blocks as high as there are units.

    Parameters
    ----------
    states, all, channels : int
        How many blocks each of the three parts has.
    gates : tuple of (int, int)
        By gate the block of its product with the states (-1: none), and of that with
        the channels.
    places : tuple of int or (int, int)
        The same in the form of a cell's values.
    """

    states: int
    all: int
    channels: int
    gates: tuple[tuple[int, int], ...]
    places: tuple[int | tuple[int, int], ...]


def blocks_of(cell: type[Cell]) -> Blocks:
    """Return where a cell's gates stand.

    Examples
    --------
    >>> from sksequence._cells import find_cell
    >>> blocks_of(find_cell("gru")).places
    (1, 2, (0, 3))
    """
    apart, both, alone = (cell.gates.count(kind) for kind in (APART, BOTH, INPUT))
    from_state, of_both = count(), count(apart)
    from_input = count(apart + both)
    gates: list[tuple[int, int]] = []
    for reads in cell.gates:
        if reads == BOTH:
            gates.append((next(of_both),) * 2)
        else:
            block = next(from_state) if reads == APART else -1
            gates.append((block, next(from_input)))
    places = tuple(
        gate if reads == APART else gate[1]
        for reads, gate in zip(cell.gates, gates, strict=True)
    )
    return Blocks(apart, both, apart + alone, tuple(gates), places)


def round_up(size: int, multiple: int) -> int:
    """Return the next multiple."""
    return -(-size // multiple) * multiple


@dataclass(frozen=True)
class Layout:
    """Sizes of a layer's memory, in numbers unless it says otherwise.

    Parameters
    ----------
    cell : type
        Recurrent cell.
    channels, hidden : int
        What it reads at a step, and its units.
    itemsize : {4, 8}
        Bytes of a number.
    given : bool, default=False
        Whether the products with the input are given, one block for each gate, in the
        place of channels.

    Examples
    --------
    >>> from sksequence._cells import find_cell
    >>> sizes = Layout(find_cell("gru"), 3, 32, 4).sizes
    >>> {name: sizes[name] for name in ("states_end", "all_end", "rows")}
    {'states_end': 32, 'all_end': 96, 'rows': 128}
    """

    cell: type[Cell]
    channels: int
    hidden: int
    itemsize: int
    given: bool = False

    @cached_property
    def sizes(self) -> dict[str, int]:
        """What every kernel is told: the ends of the three parts among them."""
        blocks = blocks_of(self.cell)
        ends = accumulate((blocks.states, blocks.all, blocks.channels))
        names = ("states_end", "all_end", "rows")
        high = round_up(self.hidden, ROWS)
        return {
            "hidden": self.hidden,
            "channels": self.channels,
            "inputs": self.inputs,
            **{name: end * high for name, end in zip(names, ends, strict=True)},
        }

    @property
    def inputs(self) -> int:
        """How many numbers there are of a step: channels, or given products."""
        return len(self.cell.gates) * self.hidden if self.given else self.channels

    @cached_property
    def gates(self) -> ctypes.Array:
        """For each gate its row of the product with states, and of that with channels.

        Negative where a gate doesn't read states.
        """
        high = round_up(self.hidden, ROWS)
        rows = [block * high for gate in blocks_of(self.cell).gates for block in gate]
        return (ctypes.c_int64 * len(rows))(*rows)

    @property
    def depth(self) -> int:
        """What a product reads: states, a one, channels."""
        return self.hidden + 1 + self.channels

    @property
    def width(self) -> int:
        """The same, in whole vectors."""
        return round_up(self.depth, VECTOR_BYTES // self.itemsize)

    @cached_property
    def slot(self) -> int:
        """What is kept of a step of a block: its gates, and the cell state."""
        memory = self._lanes(self.hidden) if self.cell.n_states > 1 else 0
        return self._lanes(self.sizes["rows"]) + memory

    @property
    def weight_gradient(self) -> int:
        """A gradient of all weights."""
        return self.sizes["rows"] * self.width

    @cached_property
    def packed(self) -> Buffers:
        """The weights, as each of the products reads them."""
        rows, states_end = self.sizes["rows"], self.sizes["states_end"]
        return self._buffers(
            dense=rows * self.depth,
            weights=rows * self.depth,
            weights_of_states=round_up(self.hidden, ROWS) * self.sizes["all_end"],
            weights_of_channels=round_up(self.channels, ROWS) * (rows - states_end),
        )

    @cached_property
    def forward_scratch(self) -> Buffers:
        """What a forward pass works with."""
        column = self._lanes(self.hidden + 1) + self._lanes(self.inputs)
        return self._buffers(
            column=column,
            new_column=column,
            masked=column,
            **self._staging,
        )

    @cached_property
    def backward_scratch(self) -> Buffers:
        """What a backward pass works with."""
        states = self._lanes(self.hidden)
        return self._buffers(
            gradient=SPAN * self.sizes["rows"],
            of_state=states,
            of_memory=states,
            state=self._lanes(max(self.hidden, self.inputs)),
            start_memory_lanes=states,
            new_state=states,
            masked=states,
            row=SPAN * self.width,
            **self._staging,
        )

    @property
    def _staging(self) -> dict[str, int]:
        return {
            "staged": self._lanes(max(self.hidden, self.inputs)),
            "mask_lanes": self._lanes(self.hidden),
            "places": LANES * 8 // self.itemsize,
        }

    @staticmethod
    def _lanes(rows: int) -> int:
        return LANES * round_up(rows, 8)

    def _buffers(self, **sizes: int) -> Buffers:
        """Lay buffers out behind each other, each from the beginning of a vector on."""
        offsets, end = {}, 0
        for name, size in sizes.items():
            offsets[name] = end
            end += round_up(size * self.itemsize, VECTOR_BYTES)
        return Buffers(offsets, end)


@dataclass(frozen=True)
class Buffers:
    """Parts of a piece of memory.

    Parameters
    ----------
    offsets : dict
        Where each begins, in bytes.
    n_bytes : int
        What all of them take.
    """

    offsets: dict[str, int]
    n_bytes: int

    def at(self, address: int, n: int = 0) -> dict[str, int]:
        """Return the addresses of all, in the n-th of such pieces from an address on."""
        start = address + n * self.n_bytes
        return {name: start + offset for name, offset in self.offsets.items()}
