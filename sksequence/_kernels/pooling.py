"""The source of the kernels of max pooling, forward and backward.

Parameters are annotated as in :mod:`.recurrence`. Sequence ``i`` has ``n_steps`` rows of
``size`` numbers (at least one vector), of which the first ``lengths[i]`` are valid.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from .simd import constant, lanes_of, largest_of, load, shift, store, where_equal

Numbers = Indices = Size = Any

_function = njit(error_model="numpy")


@_function
def _place(q, size, vector):
    """Return the start of the q-th vector; the last one may overlap the one before."""
    return min(q * vector, size - vector)


def _find_largest(
    steps: Numbers, lengths: Indices, n: Size, n_steps: Size, size: Size,
    largest: Numbers,
):  # fmt: skip
    vector = lanes_of(steps)
    for i in range(n):
        of_sequence, found = shift(steps, i * n_steps * size), shift(largest, i * size)
        for q in range((size + vector - 1) // vector):
            j = _place(q, size, vector)
            x = constant(load(of_sequence, j), -np.inf)
            for t in range(min(lengths[i], n_steps)):
                x = largest_of(x, load(of_sequence, t * size + j))
            store(found, j, x)


def _share_gradient(
    steps: Numbers, lengths: Indices, n: Size, n_steps: Size, size: Size,
    largest: Numbers, grad_largest: Numbers, grad_steps: Numbers,
):  # fmt: skip
    """Divide the gradient among the steps that have the maximum."""
    vector = lanes_of(steps)
    for i in range(n):
        of_sequence, target = (
            shift(steps, i * n_steps * size),
            shift(grad_steps, i * n_steps * size),
        )
        length = max(min(lengths[i], n_steps), 0)
        for q in range((size + vector - 1) // vector):
            j = _place(q, size, vector)
            found = load(largest, i * size + j)
            zero, one = constant(found, 0.0), constant(found, 1.0)
            number = zero
            for t in range(length):
                number = number + where_equal(load(of_sequence, t * size + j), found, one)
            share = load(grad_largest, i * size + j) / number
            for t in range(length):
                place = t * size + j
                store(target, place, where_equal(load(of_sequence, place), found, share))
            for t in range(length, n_steps):
                store(target, t * size + j, zero)


def kernels_of(cell: None) -> dict[str, Callable]:
    """Return the kernels of max pooling by name."""
    return {"forward": _find_largest, "backward": _share_gradient}
