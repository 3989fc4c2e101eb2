"""The source of the kernels of streams: one step of a cell, for one sequence or many.

As in :mod:`.recurrence`, which has a batch of them. Here each sequence is computed by
itself, along its units: what :class:`sksequence.portable` keeps of a cell is read and
written as it lies. There a ``column`` is the state, a one for the biases and the input,
``depth`` numbers in all, and the ``matrix`` (depth, gates * wide) has the gates' weights,
halved for those gates that a logistic function squashes: s(2 a) = (1 + tanh a) / 2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from .layout import ROWS
from .simd import (
    constant,
    fma,
    lanes_of,
    load,
    shift,
    store,
    tanh,
    tile,
    where_positive,
)

Numbers = Doubles = Size = Any

_function = njit(error_model="numpy")


@_function
def _half(x):
    """Return the logistic function of a vector that is halved already."""
    half = constant(x, 0.5)
    return fma(tanh(x), half, half)


@_function
def _multiply(matrix, column, depth, rows, gates):
    """Multiply a column with the matrix, row by row: the sums are in the cache."""
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
    """Do the same for some columns, adding in the same order: to the same bits."""
    vector = lanes_of(gates)
    for r in range(rows // vector):
        place = r * vector
        tile(depth, columns, depth, shift(matrix, place), rows, shift(gates, place), rows)


@_function
def _rnn(gates, state, memory, i, wide, rectifies):
    x = load(gates, i)
    store(state, i, where_positive(x, x) if rectifies else tanh(x))


@_function
def _lstm(gates, state, memory, i, wide, rectifies):
    enter, keep = _half(load(gates, i)), _half(load(gates, wide + i))
    out, new = _half(load(gates, 2 * wide + i)), tanh(load(gates, 3 * wide + i))
    c = keep * load(memory, i) + enter * new
    store(memory, i, c)
    store(state, i, out * tanh(c))


@_function
def _gru(gates, state, memory, i, wide, rectifies):
    reset, update = _half(load(gates, i)), _half(load(gates, wide + i))
    new = tanh(load(gates, 2 * wide + i) + reset * load(gates, 3 * wide + i))
    store(state, i, new + update * (load(state, i) - new))


_CELLS = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}


def kernels_of(cell: str) -> dict[str, Callable]:
    """Return a cell's kernel by its name."""
    activate = _CELLS[cell]

    def step(
        x: Doubles, mean: Doubles, scale: Doubles, has_x: Size,
        columns: Numbers, memory: Numbers, gates: Numbers, matrix: Numbers,
        n: Size, depth: Size, rows: Size, wide: Size, rectifies: Size,
    ):  # fmt: skip
        vector, whole = lanes_of(gates), n // ROWS * ROWS
        if has_x:
            # Where nothing stands before the cell, channels are standardised here.
            channels = depth - wide - 1
            for i in range(n):
                inputs = shift(columns, i * depth + wide + 1)
                for j in range(channels):
                    inputs[j] = (x[i * channels + j] - mean[j]) / scale[j]
        for i in range(n):
            column, own = shift(columns, i * depth), shift(gates, i * rows)
            if i >= whole:
                _multiply(matrix, column, depth, rows, own)
            elif i % ROWS == 0:
                _multiply_some(matrix, column, depth, rows, own)
            for p in range(wide // vector):
                activate(
                    own, column, shift(memory, i * wide), p * vector, wide, rectifies
                )

    return {"step": step}
