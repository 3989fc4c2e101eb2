"""The source of the kernel of the gradient of embeddings.

Parameters are annotated as in :mod:`.recurrence`. Of ``n`` tokens, each has ``size``
numbers of a gradient, which are added to the row of its id in the order of the tokens.
Workers share the columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from .simd import constant, lanes_of, load, shift, store

Numbers = Indices = Size = Any

_function = njit(error_model="numpy")


@_function
def _clear_rows(ids, n, size, first, end, target):
    vector = lanes_of(target)
    n_vectors = (end - first) // vector
    for i in range(n):
        row = shift(target, ids[i] * size + first)
        for q in range(n_vectors):
            store(row, q * vector, constant(load(row, q * vector), 0.0))
        for j in range(n_vectors * vector, end - first):
            row[j] = 0


def _add_rows(
    ids: Indices, n: Size, earlier: Indices, n_earlier: Size, size: Size,
    gradient: Numbers, grad_weight: Numbers, worker: Size, n_workers: Size,
):  # fmt: skip
    """Add the gradients of tokens to zero rows; those of earlier ids are cleared."""
    vector = lanes_of(gradient)
    share = ((size + vector - 1) // vector + n_workers - 1) // n_workers * vector
    first, end = min(worker * share, size), min((worker + 1) * share, size)
    _clear_rows(earlier, n_earlier, size, first, end, grad_weight)
    n_vectors = (end - first) // vector
    for i in range(n):
        row = shift(grad_weight, ids[i] * size + first)
        own = shift(gradient, i * size + first)
        for q in range(n_vectors):
            store(row, q * vector, load(row, q * vector) + load(own, q * vector))
        for j in range(n_vectors * vector, end - first):
            row[j] += own[j]


def kernels_of(cell: None) -> dict[str, Callable]:
    """Return the kernel of the gradient of embeddings by name."""
    return {"backward": _add_rows}
