"""Memory layout of weights and states in the kernels.

A kernel runs a *block* of up to 32 sequences through all of their steps. Each sequence is
one lane: a unit (of a gate, a state, a channel) is a row of 32 numbers, one for each
sequence. So the result for a sequence does not depend on the batch, states stay in the
cache from step to step, and vectors are full for all sizes of a layer.

The product of a step reads ``hidden`` states, a one for the biases and ``channels``, and
returns rows of gates. Most gates read all of these; the candidate of a GRU reads states
and channels apart. So there are three groups of rows: those that read states, those that
read everything, and those that read channels.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, count
from typing import NamedTuple

from .._cells import APART, BOTH, INPUT, Cell

LANES = 32  # sequences per block
SPAN = 128  # lanes of several steps, whose weight gradients are computed in one product
ROWS = 4  # rows of a product that are kept in registers
VECTOR_BYTES = 64
_MOST_KEPT = 2**24  # maximum number of values of a scan to keep, some tens of megabytes
MOST_CHAINS = 16  # maximum number of partial sums of weight gradients


class Blocks(NamedTuple):
    """Positions of a cell's gates among the rows, in blocks of one row per unit.

    Parameters
    ----------
    states, all, channels : int
        Number of blocks in each of the three groups.
    gates : tuple of (int, int)
        For each gate the block of its product with the states (-1 for none), and of that
        with the channels.
    places : tuple of int or (int, int)
        The same in the form of a cell's values.
    """

    states: int
    all: int
    channels: int
    gates: tuple[tuple[int, int], ...]
    places: tuple[int | tuple[int, int], ...]


def blocks_of(cell: type[Cell]) -> Blocks:
    """Return the positions of a cell's gates.

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


def reads_only_input(cell: type[Cell]) -> bool:
    """Return whether no gate of a cell reads the state, which a scan then computes."""
    return all(reads == INPUT for reads in cell.gates)


def round_up(size: int, multiple: int) -> int:
    """Return the next multiple."""
    return -(-size // multiple) * multiple


@dataclass(frozen=True)
class Layout:
    """Sizes of the memory of a layer, in numbers unless stated otherwise.

    Parameters
    ----------
    cell : type
        Recurrent cell.
    channels, hidden : int
        Number of channels, and of units.
    itemsize : {4, 8}
        Bytes per number.
    given : bool, default=False
        Whether the products with the input are given, one block for each gate, instead
        of channels.
    n_elapsed : int, default=0
        Number of elapsed times per step, by which the states decay; 0 for no decay.

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
    n_elapsed: int = 0

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Sizes passed to every kernel, including the ends of the three groups."""
        blocks = blocks_of(self.cell)
        ends = accumulate((blocks.states, blocks.all, blocks.channels))
        names = ("states_end", "all_end", "rows")
        high = round_up(self.hidden, ROWS)
        return {
            "hidden": self.hidden,
            "channels": self.channels,
            "inputs": self.inputs,
            "n_elapsed": self.n_elapsed,
            "fade_width": self.fade_width,
            "width": self.width,
            **{name: end * high for name, end in zip(names, ends, strict=True)},
        }

    @property
    def inputs(self) -> int:
        """Number of inputs per step: channels, or given products."""
        return len(self.cell.gates) * self.hidden if self.given else self.channels

    @cached_property
    def gates(self) -> ctypes.Array:
        """The first rows of each gate: of the product with states, and with channels.

        The former is negative if a gate does not read states.
        """
        high = round_up(self.hidden, ROWS)
        rows = [block * high for gate in blocks_of(self.cell).gates for block in gate]
        return (ctypes.c_int64 * len(rows))(*rows)

    @property
    def depth(self) -> int:
        """Length of a column: states, a one, channels."""
        return self.hidden + 1 + self.channels

    @property
    def width(self) -> int:
        """The same, rounded up to whole vectors."""
        return round_up(self.depth, VECTOR_BYTES // self.itemsize)

    @property
    def fade_width(self) -> int:
        """Length of a row of a one and elapsed times, rounded up to whole vectors."""
        if not self.n_elapsed:
            return 0
        return round_up(1 + self.n_elapsed, VECTOR_BYTES // self.itemsize)

    @cached_property
    def slot(self) -> int:
        """Size of what is kept of a step of a block: gates, cell state, factors."""
        n_kept = (self.cell.n_states > 1) + (self.n_elapsed > 0)
        return self._lanes(self.sizes["rows"]) + n_kept * self._lanes(self.hidden)

    def kept(self, n: int, n_steps: int) -> Kept:
        """Return what is kept of a forward pass."""
        return Kept(round_up(n, LANES) // LANES, self.slot * n_steps, self.slot)

    def most_workers(self, n_chains: int, *, wants_x: bool = False) -> int:
        """Return how many threads can work: they share blocks of sequences, or chains."""
        return n_chains

    @property
    def weight_gradient(self) -> int:
        """Size of the gradient of all weights."""
        return self.sizes["rows"] * self.width

    @property
    def fade_gradient(self) -> int:
        """Size of the gradient of the weights of elapsed times."""
        return round_up(self.hidden, ROWS) * self.fade_width

    @cached_property
    def packed(self) -> Buffers:
        """Buffers of the weights, packed for each of the products."""
        rows, states_end = self.sizes["rows"], self.sizes["states_end"]
        fades = round_up(self.hidden, ROWS) * (1 + self.n_elapsed)
        return self._buffers(
            dense=max(rows * self.depth, fades),
            weights=rows * self.depth,
            weights_of_states=round_up(self.hidden, ROWS) * self.sizes["all_end"],
            weights_of_channels=round_up(self.channels, ROWS) * (rows - states_end),
            fade_weights=fades if self.n_elapsed else 0,
        )

    @property
    def wide(self) -> int:
        """Units, rounded up to whole vectors."""
        return round_up(self.hidden, VECTOR_BYTES // self.itemsize)

    @cached_property
    def few_values(self) -> int:
        """Size of the values of one sequence, in whole vectors."""
        return self.sizes["rows"] // round_up(self.hidden, ROWS) * self.wide

    @property
    def few_weights(self) -> int:
        """Size of the weights of one step of one sequence."""
        return self.depth * self.few_values

    @cached_property
    def few(self) -> Buffers:
        """Weights and working memory of the forward pass of few sequences."""
        return self._buffers(
            matrix=self.few_weights,
            state=self.wide,
            memory=self.wide,
            column=1 + self.channels,
            values=self.few_values,
        )

    @cached_property
    def forward_scratch(self) -> Buffers:
        """Working memory of a forward pass."""
        column = self._lanes(self.hidden + 1) + self._lanes(self.inputs)
        return self._buffers(
            column=column,
            new_column=column,
            masked=column,
            elapsed_lanes=LANES + self._lanes(self.n_elapsed),
            faded_memory=self._faded,
            **self._staging,
        )

    @cached_property
    def backward_scratch(self) -> Buffers:
        """Working memory of a backward pass."""
        states = self._lanes(self.hidden)
        return self._buffers(
            gradient=SPAN * self.sizes["rows"],
            grad_state=states,
            grad_memory=states,
            state=self._lanes(max(self.hidden, self.inputs)),
            start_memory_lanes=states,
            new_state=states,
            masked=states,
            row=SPAN * self.width,
            fade_gradient=SPAN * round_up(self.hidden, ROWS) if self.n_elapsed else 0,
            fade_row=SPAN * self.fade_width,
            undecayed=self._faded,
            faded_memory=self._faded,
            **self._staging,
        )

    @property
    def _staging(self) -> dict[str, int]:
        return {
            "staged": self._lanes(max(self.hidden, self.inputs, self.n_elapsed)),
            "mask_lanes": self._lanes(self.hidden),
            "places": LANES * 8 // self.itemsize,
        }

    @property
    def _faded(self) -> int:
        """Size of states before or after they decay."""
        return self._lanes(self.hidden) if self.n_elapsed else 0

    @staticmethod
    def _lanes(rows: int) -> int:
        return LANES * round_up(rows, 8)

    def _buffers(self, **sizes: int) -> Buffers:
        return arrange(self.itemsize, sizes)


@dataclass(frozen=True)
class ScanLayout:
    """The same of a layer that is a scan over time, as in :mod:`.scan`.

    Parameters
    ----------
    cell : type
        Recurrent cell whose gates read only the input.
    channels, hidden, itemsize
        As in :class:`Layout`.

    Examples
    --------
    >>> from sksequence._cells import find_cell
    >>> layout = ScanLayout(find_cell("mingru"), 3, 20, 4)
    >>> {name: layout.sizes[name] for name in ("wide", "width", "deep")}
    {'wide': 32, 'width': 64, 'deep': 4}
    """

    cell: type[Cell]
    channels: int
    hidden: int
    itemsize: int

    slot = 0  # a pass that keeps nothing needs no memory for it
    fade_gradient = 0  # its states do not decay

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Sizes passed to every kernel."""
        vector = VECTOR_BYTES // self.itemsize
        wide = round_up(self.hidden, vector)
        return {
            "hidden": self.hidden,
            "channels": self.channels,
            "wide": wide,
            "width": len(self.cell.gates) * wide,
            "deep": round_up(1 + self.channels, ROWS),
            "wide_in": round_up(self.channels, vector),
        }

    @cached_property
    def gates(self) -> ctypes.Array:
        """None is apart from the others."""
        return (ctypes.c_int64 * 0)()

    def kept(self, n: int, n_steps: int) -> Kept:
        """Return what is kept of a forward pass.

        The values of all steps, if sequences are many and steps are not, else the cell
        states before spans of steps.
        """
        n_blocks, n_memories = round_up(n, LANES) // LANES, self.cell.n_states - 1
        n_spans = -(-n_steps // (SPAN // min(n, LANES)))
        wide, width = self.sizes["wide"], self.sizes["width"]
        step = SPAN * (width + n_memories * wide)
        if n >= LANES // 2 and step * n_spans * n_blocks <= _MOST_KEPT:
            return Kept(n_blocks, step * n_spans, step, True)
        step = LANES * wide * n_memories
        return Kept(n_blocks, step * n_spans, step)

    def most_workers(self, n_chains: int, *, wants_x: bool = False) -> int:
        """Return how many threads can work: they share chains and their units.

        Gradients of inputs are sums over all units.
        """
        n_vectors = self.sizes["wide"] * self.itemsize // VECTOR_BYTES
        return n_chains if wants_x else n_chains * n_vectors

    @property
    def weight_gradient(self) -> int:
        """Size of the gradient of all weights."""
        return self.sizes["deep"] * self.sizes["width"]

    @cached_property
    def packed(self) -> Buffers:
        """Buffers of the weights, packed for each of the products."""
        sizes = self.sizes
        return self._buffers(
            weights=sizes["width"] * (1 + self.channels),
            weights_of_channels=sizes["width"] * sizes["wide_in"],
        )

    @cached_property
    def forward_scratch(self) -> Buffers:
        """Working memory of a forward pass."""
        return self._buffers(**self._spans)

    @cached_property
    def backward_scratch(self) -> Buffers:
        """Working memory of a backward pass."""
        wide = self.sizes["wide"]
        return self._buffers(
            **self._spans,
            before=wide,
            memory_before=wide,
            grad_state=LANES * wide,
            grad_memory=LANES * wide,
            grad_inputs=SPAN * self.sizes["wide_in"],
            strip=SPAN * VECTOR_BYTES // self.itemsize,
        )

    @property
    def _spans(self) -> dict[str, int]:
        wide = self.sizes["wide"]
        return {
            "inputs": SPAN * self.sizes["deep"],
            "values": SPAN * self.sizes["width"],
            "hidden_states": SPAN * wide,
            "memories": SPAN * wide,
            "state": LANES * wide,
            "memory": LANES * wide,
            "places": SPAN * 8 // self.itemsize,
        }

    def _buffers(self, **sizes: int) -> Buffers:
        return arrange(self.itemsize, sizes)


class Kept(NamedTuple):
    """Sizes of what is kept of a forward pass, for the backward pass.

    Parameters
    ----------
    n_blocks : int
        Number of blocks of sequences.
    block : int
        Size for a block.
    step : int
        Size for a step of a block, or a span of steps.
    values : bool
        Whether a scan keeps the values of all steps.
    """

    n_blocks: int
    block: int
    step: int
    values: bool = False

    @property
    def size(self) -> int:
        """Size for all blocks."""
        return self.n_blocks * self.block


def arrange(itemsize: int, sizes: Mapping[str, int]) -> Buffers:
    """Arrange buffers one after the other, each aligned to a vector."""
    offsets, end = {}, 0
    for name, size in sizes.items():
        offsets[name] = end
        end += round_up(size * itemsize, VECTOR_BYTES)
    return Buffers(offsets, end)


@dataclass(frozen=True)
class Buffers:
    """Buffers in one piece of memory.

    Parameters
    ----------
    offsets : dict
        First byte of each buffer.
    n_bytes : int
        Total size.
    """

    offsets: dict[str, int]
    n_bytes: int

    def at(self, address: int, n: int = 0) -> dict[str, int]:
        """Return the addresses of all buffers, in the n-th piece from an address on."""
        start = address + n * self.n_bytes
        return {name: start + offset for name, offset in self.offsets.items()}
