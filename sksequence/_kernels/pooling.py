"""The source of the kernels of max pooling, forward and backward.

Parameters are annotated as in :mod:`.recurrence`. Sequence ``i`` has ``n_steps`` rows of
``size`` numbers (at least one vector), of which the first ``lengths[i]`` are valid. A
worker has the same blocks of sequences as in the recurrence, whose steps are still in the
cache of its core.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from .layout import LANES
from .simd import constant, lanes_of, largest_of, load, shift, store, where_equal

Numbers = Indices = Size = Any

_function = njit(error_model="numpy")


@_function
def _place(q, size, vector):
    """Return the start of the q-th vector; the last one may overlap the one before."""
    return min(q * vector, size - vector)


@_function
def _count(first, end, step):
    return (end - first + step - 1) // step


@_function
def _find_in_block(rows_of, active, steps, lengths, n_steps, size, largest):
    vector = lanes_of(steps)
    for k in range(active):
        i = rows_of[k]
        of_sequence, found = shift(steps, i * n_steps * size), shift(largest, i * size)
        for q in range((size + vector - 1) // vector):
            j = _place(q, size, vector)
            x = constant(load(of_sequence, j), -np.inf)
            for t in range(min(lengths[i], n_steps)):
                x = largest_of(x, load(of_sequence, t * size + j))
            store(found, j, x)


@_function
def _share_in_block(
    rows_of, active, steps, lengths, n_steps, size, largest, grad_largest, grad_steps
):
    vector = lanes_of(steps)
    for k in range(active):
        i = rows_of[k]
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


def _find_largest(
    steps: Numbers, order: Indices, lengths: Indices, n: Size, n_steps: Size, size: Size,
    largest: Numbers, n_chains: Size, worker: Size, n_workers: Size,
):  # fmt: skip
    n_blocks = (n + LANES - 1) // LANES
    for turn in range(_count(worker, n_chains, n_workers)):
        chain = worker + turn * n_workers
        for share in range(_count(chain, n_blocks, n_chains)):
            first = (chain + share * n_chains) * LANES
            _find_in_block(
                shift(order, first), min(LANES, n - first), steps, lengths, n_steps,
                size, largest,
            )  # fmt: skip


def _share_gradient(
    steps: Numbers, order: Indices, lengths: Indices, n: Size, n_steps: Size, size: Size,
    largest: Numbers, grad_largest: Numbers, grad_steps: Numbers,
    n_chains: Size, worker: Size, n_workers: Size,
):  # fmt: skip
    """Divide the gradient among the steps that have the maximum."""
    n_blocks = (n + LANES - 1) // LANES
    for turn in range(_count(worker, n_chains, n_workers)):
        chain = worker + turn * n_workers
        for share in range(_count(chain, n_blocks, n_chains)):
            first = (chain + share * n_chains) * LANES
            _share_in_block(
                shift(order, first), min(LANES, n - first), steps, lengths, n_steps,
                size, largest, grad_largest, grad_steps,
            )  # fmt: skip


def kernels_of(cell: None) -> dict[str, Callable]:
    """Return the kernels of max pooling by name."""
    return {"forward": _find_largest, "backward": _share_gradient}
