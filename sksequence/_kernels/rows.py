"""Copying of rows whose length is no multiple of a vector's, for kernels."""

from __future__ import annotations

from numba import njit

from .layout import ROWS
from .simd import lanes_of, load, store

_function = njit(error_model="numpy")


@_function
def clear(target, n):
    """Set n numbers to zero."""
    for i in range(n):
        target[i] = 0


@_function
def whole_tiles(n):
    """Return a number of rows, rounded up to those of whole tiles."""
    return (n + ROWS - 1) // ROWS * ROWS


@_function
def load_part(x, offset, first, size, tail):
    """Return the vector at ``first`` of a row of ``size`` numbers, zero behind them.

    The row begins at ``offset``; ``tail`` is scratch memory for a vector.
    """
    vector = lanes_of(x)
    if first + vector <= size:
        return load(x, offset + first)
    for j in range(vector):
        tail[j] = x[offset + first + j] if first + j < size else 0
    return load(tail, 0)


@_function
def store_part(x, target, offset, first, size, tail):
    """Write a vector at ``first`` of a row of ``size`` numbers, nothing behind them."""
    vector = lanes_of(target)
    if first + vector <= size:
        store(target, offset + first, x)
        return
    store(tail, 0, x)
    for j in range(size - first):
        target[offset + first + j] = tail[j]
