"""The source of the kernels of missing values, which decay towards a mean.

Parameters are annotated as in :mod:`.recurrence`. Sequence ``i`` has ``n_steps`` rows of
``n_channels`` numbers, of which the first ``lengths[i]`` are valid. The ``size`` channels
in ``columns`` are read, and ``clock`` is the channel of the time of a step, or negative
if a step takes one. Results have ``size`` numbers for each step; ``read`` has twice as
many, as the masks of the channels stand behind them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from .simd import exp, lanes_of, load, relu, shift, store, where_positive

Numbers = Indices = Size = Any

_function = njit(error_model="numpy")


@_function
def _time_of(sequence, n_channels, clock, t):
    """Return the time of step t; differences of two are rounded as those of floats."""
    return 1.0 * t if clock < 0 else 1.0 * sequence[t * n_channels + clock]


@_function
def _is_missing(x):
    return x != x


def _find_elapsed(
    x: Numbers, lengths: Indices, n: Size, n_steps: Size, n_channels: Size,
    columns: Indices, size: Size, clock: Size, reverse: Size, elapsed: Numbers,
):  # fmt: skip
    """Find the time since the last observation before a step, or until the next."""
    for i in range(n):
        sequence = shift(x, i * n_steps * n_channels)
        own, length = shift(elapsed, i * n_steps * size), lengths[i]
        for k in range(length * size, n_steps * size):
            own[k] = 0
        for j in range(size):
            first = length - 1 if reverse else 0
            latest = _time_of(sequence, n_channels, clock, first)
            for s in range(length):
                t = length - 1 - s if reverse else s
                time = _time_of(sequence, n_channels, clock, t)
                own[t * size + j] = latest - time if reverse else time - latest
                if not _is_missing(sequence[t * n_channels + columns[j]]):
                    latest = time


def _fill(
    x: Numbers, lengths: Indices, n: Size, n_steps: Size, n_channels: Size,
    columns: Indices, size: Size, mean: Numbers, rate: Numbers, bias: Numbers,
    elapsed: Numbers, factors: Numbers, apart: Numbers, read: Numbers,
):  # fmt: skip
    """Replace missing values by means, and add what is left of the last observation.

    ``elapsed`` is given, ``factors`` and ``apart`` are kept for the gradient: what is
    left, and how far the last observation was from the mean. Factors below one get a
    minus, as they alone have a slope. The memory of factors is in whole vectors.
    """
    for i in range(n):
        sequence, first = shift(x, i * n_steps * n_channels), i * n_steps * size
        length = lengths[i]
        for k in range(first + length * size, first + n_steps * size):
            factors[k] = 0
            apart[k] = 0
        for j in range(size):
            latest = mean[j]
            for t in range(length):
                k = first + t * size + j
                value = sequence[t * n_channels + columns[j]]
                missing = _is_missing(value)
                if not missing:
                    latest = value
                factors[k] = rate[j] * elapsed[k] + bias[j]
                apart[k] = latest - mean[j] if missing else 0
                read[2 * k - j] = value
                read[2 * k - j + size] = 0 if missing else 1
    vector, total = lanes_of(factors), n * n_steps * size
    for q in range((total + vector - 1) // vector):
        product = load(factors, q * vector)
        factor = exp(-relu(product))
        store(factors, q * vector, factor - where_positive(product, 2.0 * factor))
    for i in range(n):
        for t in range(n_steps):
            first = (i * n_steps + t) * size
            row = shift(read, 2 * first)
            for j in range(size):
                if t >= lengths[i]:
                    row[j] = 0
                    row[size + j] = 1
                elif row[size + j] == 0:
                    row[j] = mean[j] + abs(factors[first + j]) * apart[first + j]


def _find_slopes(
    n: Size, n_steps: Size, size: Size,
    elapsed: Numbers, factors: Numbers, apart: Numbers, grad_read: Numbers,
    grad_rate: Numbers, grad_bias: Numbers,
):  # fmt: skip
    """Find the gradients of rates and biases."""
    for j in range(size):
        of_rate, of_bias = 0.0, 0.0  # in double precision, as there are many
        for row in range(n * n_steps):
            k = row * size + j
            if factors[k] < 0:
                slope = factors[k] * apart[k] * grad_read[2 * k - j]
                of_bias += slope
                of_rate += slope * elapsed[k]
        grad_rate[j] = of_rate
        grad_bias[j] = of_bias


def kernels_of(cell: None) -> dict[str, Callable]:
    """Return the kernels of missing values by name."""
    return {"elapsed": _find_elapsed, "forward": _fill, "backward": _find_slopes}
