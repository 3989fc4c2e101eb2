"""The source of the forward pass of few sequences, whose vectors are units.

:mod:`.recurrence` computes 32 sequences in the time of one. Here a vector has units of
one sequence, so that one takes a small part of that time. Every product is summed in the
same order, and everything else is elementwise: answers are bitwise those of a batch.

The ``matrix`` has a row for each state, for a one and for each channel, and in ``wide``
columns the units of each block of :func:`.layout.blocks_of`. Parameters are annotated as
in :mod:`.recurrence`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from .._cells import Cell
from .equations import OPERATIONS, compiled, reading, states_in_memory
from .layout import ROWS, blocks_of
from .simd import add_strip, add_vector, lanes_of, shift, strip, vector_product

Numbers = Indices = Size = Any

_function = njit(error_model="numpy")


@_function
def _copy(source, target, n):
    for i in range(n):
        target[i] = source[i]


@_function
def _fill(target, n, value):
    for i in range(n):
        target[i] = value


def _pack(
    weight_ih: Numbers, weight_hh: Numbers, bias_ih: Numbers, bias_hh: Numbers,
    gates: Indices, n_gates: Size, hidden: Size, channels: Size, rows: Size,
    matrix: Numbers, wide: Size,
):  # fmt: skip
    """Copy the weights of a layer to the matrix."""
    high = (hidden + ROWS - 1) // ROWS * ROWS
    width = rows // high * wide
    _fill(matrix, (hidden + 1 + channels) * width, 0)
    ones = shift(matrix, hidden * width)
    state_unit = 0  # among the gates that read states
    for g in range(n_gates):
        if gates[2 * g] >= 0:
            first = gates[2 * g] // high * wide
            for k in range(hidden):
                to = shift(matrix, k * width + first)
                for j in range(hidden):
                    to[j] = weight_hh[(state_unit + j) * hidden + k]
            for j in range(hidden):
                ones[first + j] += bias_hh[state_unit + j]
            state_unit += hidden
        first = gates[2 * g + 1] // high * wide
        for j in range(hidden):
            ones[first + j] += bias_ih[g * hidden + j]
        for c in range(channels):
            to = shift(ones, (1 + c) * width + first)
            for j in range(hidden):
                to[j] = weight_ih[(g * hidden + j) * channels + c]


def _multiplying(strip: Callable, vector_product: Callable) -> Callable:
    """Return the product of a column with columns ``first`` to ``end`` of a matrix."""

    @_function
    def multiply(column, depth, matrix, width, first, end, result):
        vector, r = lanes_of(matrix), first
        while r + ROWS * vector <= end:
            strip(depth, column, shift(matrix, r), width, shift(result, r))
            r += ROWS * vector
        while r < end:
            vector_product(depth, column, shift(matrix, r), width, shift(result, r))
            r += vector

    return multiply


_multiply = _multiplying(strip, vector_product)
_multiply_add = _multiplying(add_strip, add_vector)


def kernels_of(cell: type[Cell]) -> dict[str, Callable]:
    """Return the kernels of a cell by name."""
    equations = compiled(cell.step)
    read_values = reading(blocks_of(cell).places)
    read_states, write_states = states_in_memory(cell.n_states)
    has_memory = cell.n_states > 1

    def forward(
        x: Numbers, lengths: Indices, n: Size, n_steps: Size,
        hidden: Size, channels: Size, states_end: Size, all_end: Size, rows: Size,
        reverse: Size, matrix: Numbers, wide: Size,
        state: Numbers, memory: Numbers, column: Numbers, values: Numbers,
        steps: Numbers, final: Numbers, final_memory: Numbers,
    ):  # fmt: skip
        vector = lanes_of(x)
        high = (hidden + ROWS - 1) // ROWS * ROWS
        of_states, of_all = states_end // high * wide, all_end // high * wide
        width = rows // high * wide
        of_inputs = shift(matrix, hidden * width)
        for i in range(n):
            length = lengths[i]
            own = shift(x, i * n_steps * channels)
            answers = shift(steps, i * n_steps * hidden)
            _fill(state, wide, 0)
            _fill(memory, wide, 0)
            column[0] = 1
            for s in range(length):
                t = length - 1 - s if reverse else s
                _copy(shift(own, t * channels), shift(column, 1), channels)
                # In the order of a batch: states, a one, channels.
                _multiply(state, hidden, matrix, width, 0, of_all, values)
                _multiply_add(column, 1, of_inputs, width, 0, of_states, values)
                _multiply_add(
                    column, 1 + channels, of_inputs, width, of_states, of_all, values
                )
                _multiply(column, 1 + channels, of_inputs, width, of_all, width, values)
                for p in range(wide // vector):
                    u = p * vector
                    before = read_states(state, memory, u)
                    after, _ = equations(OPERATIONS, read_values(values, u, wide), before)
                    write_states(state, memory, after, u)
                _copy(state, shift(answers, t * hidden), hidden)
            _fill(shift(answers, length * hidden), (n_steps - length) * hidden, 0)
            _copy(state, shift(final, i * hidden), hidden)
            if has_memory:
                _copy(memory, shift(final_memory, i * hidden), hidden)

    return {"pack": _pack, "forward": forward}
