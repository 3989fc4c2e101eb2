"""The source of the kernels of streams: one step of a cell, for one or many sequences.

Unlike :mod:`.recurrence`, it vectorises over units rather than sequences, and uses the
memory layout of :mod:`sksequence.portable`: a ``column`` is the state, a one for the
biases and the input, ``depth`` numbers in all, and the ``matrix`` (depth, values * wide)
has the weights of the cell's values in order; an ``APART`` gate has two values, first
that of the state.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from numba import njit

from .._cells import APART, Cell
from .equations import OPERATIONS, compiled, reading, states_in_memory
from .layout import ROWS
from .simd import constant, fma, lanes_of, load, shift, store, tile

Numbers = Doubles = Size = Any

_function = njit(error_model="numpy")


@_function
def _multiply(matrix, column, depth, rows, gates):
    """Multiply a column with the matrix, row by row, with the sums in the cache."""
    vector = lanes_of(gates)
    for r in range(rows // vector):
        first = load(matrix, r * vector)
        store(gates, r * vector, first * constant(first, column[0]))
    for k in range(1, depth):
        of_row = shift(matrix, k * rows)
        for r in range(rows // vector):
            weight = load(of_row, r * vector)
            sum_ = load(gates, r * vector)
            store(gates, r * vector, fma(weight, constant(weight, column[k]), sum_))


@_function
def _multiply_some(matrix, columns, depth, rows, gates):
    """Do the same for several columns, in the same order of sums: bitwise identical."""
    vector = lanes_of(gates)
    for r in range(rows // vector):
        place = r * vector
        tile(depth, columns, depth, shift(matrix, place), rows, shift(gates, place), rows)


def _places(cell: type[Cell]) -> tuple:
    """Return the block of each of a cell's values among the gates."""
    block = count()
    return tuple(
        (next(block), next(block)) if reads == APART else next(block)
        for reads in cell.gates
    )


def kernels_of(cell: type[Cell]) -> dict[str, Callable]:
    """Return the kernel of a cell by name."""
    equations = compiled(cell.step)
    read_values = reading(_places(cell))
    read_states, write_states = states_in_memory(cell.n_states)

    def step(
        x: Doubles, mean: Doubles, scale: Doubles, has_x: Size,
        columns: Numbers, memory: Numbers, gates: Numbers, matrix: Numbers,
        n: Size, depth: Size, rows: Size, wide: Size,
    ):  # fmt: skip
        vector, whole = lanes_of(gates), n // ROWS * ROWS
        if has_x:
            # Channels are standardised here if no layer precedes the cell.
            channels = depth - wide - 1
            for i in range(n):
                inputs = shift(columns, i * depth + wide + 1)
                for j in range(channels):
                    inputs[j] = (x[i * channels + j] - mean[j]) / scale[j]
        for i in range(n):
            column, own = shift(columns, i * depth), shift(gates, i * rows)
            cell_state = shift(memory, i * wide)
            if i >= whole:
                _multiply(matrix, column, depth, rows, own)
            elif i % ROWS == 0:
                _multiply_some(matrix, column, depth, rows, own)
            for p in range(wide // vector):
                u = p * vector
                before = read_states(column, cell_state, u)
                after, _ = equations(OPERATIONS, read_values(own, u, wide), before)
                write_states(column, cell_state, after, u)

    return {"step": step}
