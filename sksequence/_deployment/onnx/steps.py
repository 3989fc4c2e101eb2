"""Helpers for the time axis: valid steps, reversal, the last step."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .graph import Graph, Value


class Steps:
    """The steps of a padded batch, and which of them are valid.

    Parameters
    ----------
    graph : Graph
        The graph to add nodes to, when they are first needed.
    x : str
        Any tensor with as many steps, (steps, ...).
    lengths : str
        Number of steps of each sequence, int64 (batch,).
    """

    def __init__(self, graph: Graph, x: str, lengths: str) -> None:
        self._graph, self._x, self.lengths = graph, x, lengths

    @cached_property
    def _count(self) -> str:
        return self._graph("Gather", self._graph("Shape", self._x), 0)

    @cached_property
    def numbers(self) -> str:
        """The index of each step: int64 (steps, 1, 1)."""
        numbers = self._graph("Range", 0, self._count, 1)
        return self._graph("Unsqueeze", numbers, [1, 2])

    @cached_property
    def _valid(self) -> str:
        """True where a step belongs to the sequence: (steps, batch, 1)."""
        lengths = self._graph("Unsqueeze", self.lengths, [1])
        return self._graph("Less", self.numbers, lengths)

    def after(self, x: str, stride: int) -> Steps:
        """Return the steps that a stride leaves, of which ``x`` has as many."""
        if stride == 1:
            return self
        rounded_up = self._graph("Add", self.lengths, stride - 1)
        return Steps(self._graph, x, self._graph("Div", rounded_up, stride))

    def fill(self, x: str, value: int | float | np.ndarray) -> str:
        """Replace padding by a value; a product would let NaN or infinity through.

        x (steps, batch, channels) -> the same
        """
        return self._graph("Where", self._valid, x, value)

    def reverse(self, x: str) -> str:
        """Reverse each sequence within its own length; padding stays where it is.

        x (steps, batch, channels) -> the same
        """
        return self._graph("ReverseSequence", x, self.lengths, time_axis=0, batch_axis=1)

    def last(self, x: str) -> str:
        """Take each sequence's last step.

        x (steps, batch, channels) -> (batch, channels)
        """
        return self._graph("Gather", self.reverse(x), 0, axis=0)

    def last_n(self, x: str, n: int) -> str:
        """Take each sequence's last n steps.

        x (steps, batch, channels) -> (n, batch, channels)
        """
        backward = np.arange(n - 1, -1, -1)
        return self._graph("Gather", self.reverse(x), backward, axis=0)

    def ends_of_blocks(self, x: str, stride: int) -> str:
        """Take the last step of each block of a stride, of which the last may be cut off.

        x (steps, batch, channels) -> (ceil(steps / stride), batch, channels)
        """
        if stride == 1:
            return x
        graph = self._graph
        last = graph("Div", graph("Add", self._count, stride - 1), stride)
        blocks = graph("Mul", graph("Range", 1, graph("Add", last, 1), 1), stride)
        ends = graph("Unsqueeze", graph("Sub", blocks, 1), [1])
        at = graph("Min", ends, graph("Sub", self.lengths, 1))
        return self._take(x, at)

    def segment(self, x: str, number: int, n_segments: int) -> tuple[str, Steps]:
        """Take one of the equal parts of each sequence, and which of its steps are valid.

        Parts share a step if their number does not divide that of the steps.

        x (steps, batch, channels) -> (steps', batch, channels)
        """
        graph = self._graph
        begin = graph("Div", graph("Mul", self.lengths, number), n_segments)
        above = graph("Mul", self.lengths, number + 1)
        end = graph("Div", graph("Add", above, n_segments - 1), n_segments)
        lengths = graph("Sub", end, begin)
        within = graph("Range", 0, graph("ReduceMax", lengths, keepdims=0), 1)
        at = graph("Add", graph("Unsqueeze", within, [1]), begin)
        part = self._take(x, graph("Min", at, graph("Sub", self._count, 1)))
        return part, Steps(graph, part, lengths)

    def _take(self, x: str, at: str) -> str:
        """Take steps of each sequence by their numbers ``at`` (steps', batch)."""
        graph = self._graph
        width = graph("Slice", graph("Shape", x), [2], [3])
        shape = graph("Concat", [1, 1], width, axis=0)
        index = graph("Expand", graph("Unsqueeze", at, [2]), shape)
        return graph("GatherElements", x, index, axis=0)

    def for_each_step(self, x: Value) -> str:
        """Repeat x: (batch, channels) -> (steps, batch, channels)."""
        count = self._graph("Unsqueeze", self._count, [0])
        return self._graph("Expand", x, self._graph("Concat", count, [1, 1], axis=0))

    def for_each_sequence(self, x: Value) -> str:
        """Repeat x: (..., 1, channels) -> (..., batch, channels)."""
        batch = self._graph("Shape", self.lengths)
        return self._graph("Expand", x, self._graph("Concat", batch, [1], axis=0))
