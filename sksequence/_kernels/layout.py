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

LANES = 32  # sequences of a block
SPAN = 128  # lanes of several steps, whose gradients of weights are one product
ROWS = 4  # rows of a product that are held in registers
VECTOR_BYTES = 64
MOST_CHAINS = 16  # parts in which the gradients of weights are summed

_STATES, _ALL, _CHANNELS = range(3)

# For each gate, in torch's order, the part of the rows, and the place in it, that its
# product with the states takes, and the same for its product with the channels.
_GATES = {
    "rnn": [((_ALL, 0), (_ALL, 0))],
    "lstm": [((_ALL, i), (_ALL, i)) for i in range(4)],
    "gru": [
        ((_ALL, 0), (_ALL, 0)),
        ((_ALL, 1), (_ALL, 1)),
        ((_STATES, 0), (_CHANNELS, 0)),
    ],
}


def round_up(size: int, multiple: int) -> int:
    """Return the next multiple."""
    return -(-size // multiple) * multiple


@dataclass(frozen=True)
class Layout:
    """Sizes of a layer's memory, in numbers unless it says otherwise.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Recurrent cell.
    channels, hidden : int
        What it reads at a step, and its units.
    itemsize : {4, 8}
        Bytes of a number.

    Examples
    --------
    >>> Layout("gru", 3, 32, 4).sizes
    {'hidden': 32, 'channels': 3, 'states_end': 32, 'all_end': 96, 'rows': 128}
    """

    cell: str
    channels: int
    hidden: int
    itemsize: int

    @cached_property
    def sizes(self) -> dict[str, int]:
        """What every kernel is told: the ends of the three parts among them."""
        ends = [0]
        for part in (_STATES, _ALL, _CHANNELS):
            taken = {place for gate in _GATES[self.cell] for place in gate}
            gates = sum(place[0] == part for place in taken)
            ends.append(ends[-1] + gates * round_up(self.hidden, ROWS))
        return {
            "hidden": self.hidden,
            "channels": self.channels,
            "states_end": ends[1],
            "all_end": ends[2],
            "rows": ends[3],
        }

    @cached_property
    def gates(self) -> ctypes.Array:
        """For each gate its row of the product with states, and of that with channels."""
        begins = (0, self.sizes["states_end"], self.sizes["all_end"])
        rows = [
            begins[part] + place * round_up(self.hidden, ROWS)
            for gate in _GATES[self.cell]
            for part, place in gate
        ]
        return (ctypes.c_int64 * len(rows))(*rows)

    @property
    def depth(self) -> int:
        """What a product reads: states, a one, channels."""
        return self.hidden + 1 + self.channels

    @property
    def width(self) -> int:
        """The same, in whole vectors."""
        return round_up(self.depth, VECTOR_BYTES // self.itemsize)

    @property
    def states(self) -> int:
        """How many states a unit has: the LSTM has its memory too."""
        return 2 if self.cell == "lstm" else 1

    @cached_property
    def slot(self) -> int:
        """What is kept of a step of a block: its gates, and the LSTM's memory."""
        memory = self._lanes(self.hidden) if self.states > 1 else 0
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
        column = self._lanes(self.hidden + 1) + self._lanes(self.channels)
        return self._buffers(
            column=column,
            new_column=column,
            **self._staging,
        )

    @cached_property
    def backward_scratch(self) -> Buffers:
        """What a backward pass works with."""
        return self._buffers(
            gradient=SPAN * self.sizes["rows"],
            of_state=self._lanes(self.hidden),
            of_memory=self._lanes(self.hidden),
            state=self._lanes(max(self.hidden, self.channels)),
            row=SPAN * self.width,
            **self._staging,
        )

    @property
    def _staging(self) -> dict[str, int]:
        return {
            "staged": self._lanes(max(self.hidden, self.channels)),
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
