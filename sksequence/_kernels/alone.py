"""The source of the forward pass of few sequences, whose vectors are units.

:mod:`.recurrence` computes 32 sequences in the time of one. Here a vector has units of
one sequence, so that one takes a small part of that time. Every product is summed in the
same order, and everything else is elementwise: answers are bitwise those of a batch.

The ``matrix`` has a row for each state, for a one and for each channel, and in ``wide``
columns the units of each block of :func:`.layout.blocks_of`. It is stored in columns of
one vector, all rows of the first, then those of the second, so that each is read as it
lies in memory. Parameters are annotated as in :mod:`.recurrence`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from .._cells import Cell
from .equations import OPERATIONS, compiled, reading, states_in_memory
from .layout import ROWS, blocks_of
from .simd import (
    add_strip,
    add_vector,
    lanes_of,
    shift,
    strip,
    transpose,
    vector_product,
)

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


@_function
def _copy_turned(source, stride, rows, columns, depth, target):
    """Copy the transpose of (rows, columns) to columns of the matrix."""
    vector, half = lanes_of(source), lanes_of(source) // 2
    whole, high = columns // half * half, rows // half * half
    for j in range(0, high, half):
        to = shift(target, j // vector * depth * vector + j % vector)
        for k in range(0, whole, half):
            place = shift(source, j * stride + k)
            transpose(place, stride, shift(to, k * vector), vector)
    for j in range(rows):
        to = shift(target, j // vector * depth * vector + j % vector)
        for k in range(whole if j < high else 0, columns):
            to[k * vector] = source[j * stride + k]


@_function
def _add_column(source, n, depth, target):
    """Add numbers to a row of the matrix."""
    vector = lanes_of(source)
    for j in range(n):
        target[j // vector * depth * vector + j % vector] += source[j]


def _pack(
    weight_ih: Numbers, weight_hh: Numbers, bias_ih: Numbers, bias_hh: Numbers,
    gates: Indices, n_gates: Size, hidden: Size, channels: Size, rows: Size,
    matrix: Numbers, wide: Size,
):  # fmt: skip
    """Copy the weights of a layer to the matrix."""
    high, vector = (hidden + ROWS - 1) // ROWS * ROWS, lanes_of(matrix)
    depth = hidden + 1 + channels
    _fill(matrix, depth * (rows // high * wide), 0)
    state_unit = 0  # among the gates that read states
    for g in range(n_gates):
        if gates[2 * g] >= 0:
            to = shift(matrix, gates[2 * g] // high * wide * depth)
            of_gate = shift(weight_hh, state_unit * hidden)
            _copy_turned(of_gate, hidden, hidden, hidden, depth, to)
            bias = shift(bias_hh, state_unit)
            _add_column(bias, hidden, depth, shift(to, hidden * vector))
            state_unit += hidden
        to = shift(matrix, gates[2 * g + 1] // high * wide * depth + hidden * vector)
        _add_column(shift(bias_ih, g * hidden), hidden, depth, to)
        of_gate = shift(weight_ih, g * hidden * channels)
        _copy_turned(of_gate, channels, hidden, channels, depth, shift(to, vector))


def _multiplying(strip: Callable, vector_product: Callable) -> Callable:
    """Return the product of a column with columns ``first`` to ``end`` of a matrix."""

    @_function
    def multiply(column, depth, matrix, apart, first, end, result, is_back):
        vector = lanes_of(matrix)
        size = ROWS * vector
        n, behind = (end - first) // size, first + (end - first) // size * size
        for i in range(n):
            r = first + (n - 1 - i if is_back else i) * size
            strip(
                depth, column, shift(matrix, r * apart), apart * vector, shift(result, r)
            )
        for r in range(behind, end, vector):
            vector_product(depth, column, shift(matrix, r * apart), 0, shift(result, r))

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
        width, depth = rows // high * wide, hidden + 1 + channels
        of_inputs = shift(matrix, hidden * vector)
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
                # In the order of a batch: states, a one, channels. To and fro, what was
                # read last is still in the cache.
                back = s % 2
                _multiply(state, hidden, matrix, depth, 0, of_all, values, back)
                _multiply_add(column, 1, of_inputs, depth, 0, of_states, values, back)
                _multiply_add(
                    column, 1 + channels, of_inputs, depth, of_states, of_all, values,
                    back,
                )  # fmt: skip
                _multiply(
                    column, 1 + channels, of_inputs, depth, of_all, width, values, back
                )
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
