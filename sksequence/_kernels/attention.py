"""The source of the kernels of attention pooling, forward and backward.

Parameters are annotated as in :mod:`.recurrence`. Sequence ``i`` has ``n_steps`` rows of
``size`` numbers, of which the first ``lengths[i]`` are valid; no others are read. In
memory of the kernels a row has ``wide`` numbers, whole vectors, and the rows of a
sequence are whole tiles. A sequence is copied before it is multiplied, in rows ``apart``
numbers from one another: those a power of two apart would be in each other's place in
the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from .layout import LANES, ROWS
from .rows import clear, load_part, store_part, whole_tiles
from .simd import (
    add_tile_of_columns,
    constant,
    exp,
    fma,
    lanes_of,
    load,
    shift,
    store,
    sum_of,
    tanh,
    tile,
)

Numbers = Indices = Size = Any

_function = njit(error_model="numpy")


@_function
def _take(steps, length, size, wide, apart, own, tail):
    """Copy the steps of a sequence to whole tiles; the rest of them is zero."""
    vector = lanes_of(steps)
    for t in range(length):
        for q in range(wide // vector):
            j = q * vector
            store(own, t * apart + j, load_part(steps, t * size, j, size, tail))
    clear(shift(own, length * apart), (whole_tiles(length) - length) * apart)


@_function
def _multiply(rows, n, apart, depth, weights, wide, to):
    """Multiply rows with packed weights (wide vectors, depth)."""
    vector = lanes_of(rows)
    for q in range(wide // vector):
        column = shift(weights, q * depth * vector)
        for r in range(n // ROWS):
            tile(
                depth, shift(rows, r * ROWS * apart), apart, column, vector,
                shift(to, r * ROWS * wide + q * vector), wide,
            )  # fmt: skip


def _pack(
    weight: Numbers, bias: Numbers, context: Numbers, size: Size, wide: Size,
    weights: Numbers, turned: Numbers, biases: Numbers, contexts: Numbers,
):  # fmt: skip
    """Copy the weights to the order in which products read them, forward and backward."""
    vector = lanes_of(weight)
    for q in range(wide // vector):
        for k in range(size):
            at = (q * size + k) * vector
            for lane in range(vector):
                j = q * vector + lane
                weights[at + lane] = weight[j * size + k] if j < size else 0
                turned[at + lane] = weight[k * size + j] if j < size else 0
    for j in range(wide):
        biases[j] = bias[j] if j < size else 0
        contexts[j] = context[j] if j < size else 0


def _attend(
    steps: Numbers, lengths: Indices, n: Size, n_steps: Size, size: Size, wide: Size,
    apart: Size, n_rows: Size, weights: Numbers, biases: Numbers, contexts: Numbers,
    hidden: Numbers, shares: Numbers, own: Numbers, tail: Numbers, pooled: Numbers,
    worker: Size, n_workers: Size,
):  # fmt: skip
    """Average the steps; keep the hidden values and the share of each."""
    vector = lanes_of(steps)
    for turn in range((n - worker + n_workers - 1) // n_workers):
        i = worker + turn * n_workers
        length = lengths[i]
        _take(shift(steps, i * n_steps * size), length, size, wide, apart, own, tail)
        values = shift(hidden, i * n_rows * wide)
        share = shift(shares, i * n_rows)
        _multiply(own, whole_tiles(length), apart, size, weights, wide, values)
        largest = -1e300
        for t in range(length):
            score = constant(load(biases, 0), 0.0)
            for q in range(wide // vector):
                j = q * vector
                value = tanh(load(values, t * wide + j) + load(biases, j))
                store(values, t * wide + j, value)
                score = fma(value, load(contexts, j), score)
            share[t] = sum_of(score)
            # A comparison with NaN is false: it then is the largest.
            largest = largest if share[t] <= largest else share[t]
        total = 0.0  # in double precision, as there may be many
        for q in range((length + vector - 1) // vector):
            t = q * vector
            for lane in range(vector):
                tail[lane] = share[t + lane] - largest if t + lane < length else 0
            store(tail, 0, exp(load(tail, 0)))
            for lane in range(min(vector, length - t)):
                share[t + lane] = tail[lane]
                total += tail[lane]
        for t in range(length):
            share[t] = share[t] / total
        for q in range(wide // vector):
            j = q * vector
            zero = constant(load(biases, 0), 0.0)
            a, b, c, d = zero, zero, zero, zero
            # Behind the last step there are zeros, which have shares of zero.
            for t in range(length, whole_tiles(length)):
                share[t] = 0
            for r in range(whole_tiles(length) // 4):
                t, at = 4 * r, 4 * r * apart + j
                a = fma(constant(a, share[t]), load(own, at), a)
                b = fma(constant(a, share[t + 1]), load(own, at + apart), b)
                c = fma(constant(a, share[t + 2]), load(own, at + 2 * apart), c)
                d = fma(constant(a, share[t + 3]), load(own, at + 3 * apart), d)
            store_part((a + b) + (c + d), pooled, i * size, j, size, tail)


@_function
def _find_score_slopes(own, grad, length, wide, apart, share, slopes):
    """Find the gradient of the score of each step, given that of their average."""
    vector = lanes_of(own)
    mean = 0.0
    for t in range(length):
        product = constant(load(grad, 0), 0.0)
        for q in range(wide // vector):
            j = q * vector
            product = fma(load(own, t * apart + j), load(grad, j), product)
        slopes[t] = sum_of(product)
        mean += share[t] * slopes[t]
    for t in range(length):
        slopes[t] = share[t] * (slopes[t] - mean)


def _differentiate(
    steps: Numbers, lengths: Indices, n: Size, n_steps: Size, size: Size, wide: Size,
    apart: Size, n_rows: Size, turned: Numbers, contexts: Numbers,
    hidden: Numbers, shares: Numbers, grad: Numbers, grad_steps: Numbers,
    own: Numbers, of_hidden: Numbers, of_steps: Numbers,
    slopes: Numbers, given: Numbers, tail: Numbers,
    sums: Numbers, n_chains: Size, worker: Size, n_workers: Size,
):  # fmt: skip
    """Find the gradients of the steps, and those of the weights for each chain."""
    vector = lanes_of(steps)
    of_all = (whole_tiles(size) + 2) * wide
    n_blocks = (n + LANES - 1) // LANES
    for turn in range((n_chains - worker + n_workers - 1) // n_workers):
        chain = worker + turn * n_workers
        result = shift(sums, chain * of_all)
        clear(result, of_all)
        of_bias = shift(result, whole_tiles(size) * wide)
        of_context = shift(of_bias, wide)
        for block in range((n_blocks - chain + n_chains - 1) // n_chains):
            first = (chain + block * n_chains) * LANES
            for i in range(first, min(first + LANES, n)):
                length = lengths[i]
                _take(
                    shift(steps, i * n_steps * size), length, size, wide, apart, own, tail
                )
                for q in range(wide // vector):
                    j = q * vector
                    store(given, j, load_part(grad, i * size, j, size, tail))
                values = shift(hidden, i * n_rows * wide)
                share = shift(shares, i * n_rows)
                _find_score_slopes(own, given, length, wide, apart, share, slopes)
                for q in range(wide // vector):
                    j = q * vector
                    context = load(contexts, j)
                    one = constant(context, 1.0)
                    bias, total = constant(context, 0.0), constant(context, 0.0)
                    for t in range(length):
                        value = load(values, t * wide + j)
                        slope = constant(value, slopes[t])
                        total = fma(slope, value, total)
                        slope = slope * context * (one - value * value)
                        bias = bias + slope
                        store(of_hidden, t * apart + j, slope)
                    for t in range(length, whole_tiles(length)):
                        store(of_hidden, t * apart + j, constant(context, 0.0))
                    store(of_bias, j, load(of_bias, j) + bias)
                    store(of_context, j, load(of_context, j) + total)
                    for r in range(whole_tiles(size) // ROWS):
                        add_tile_of_columns(
                            length, shift(own, r * ROWS), apart,
                            shift(of_hidden, j), apart,
                            shift(result, r * ROWS * wide + j), wide,
                        )  # fmt: skip
                _multiply(
                    of_hidden, whole_tiles(length), apart, size, turned, wide, of_steps
                )
                target = shift(grad_steps, i * n_steps * size)
                for t in range(length):
                    for q in range(wide // vector):
                        j = q * vector
                        x = load(of_steps, t * wide + j)
                        x = fma(constant(x, share[t]), load(given, j), x)
                        store_part(x, target, t * size, j, size, tail)
                clear(shift(target, length * size), (n_steps - length) * size)


def _unpack(
    sums: Numbers, n_chains: Size, size: Size, wide: Size,
    grad_weight: Numbers, grad_bias: Numbers, grad_context: Numbers,
):  # fmt: skip
    """Sum the gradients of the chains, in order, to those of the weights."""
    high = whole_tiles(size)
    of_all = (high + 2) * wide
    for chain in range(1, n_chains):
        other = shift(sums, chain * of_all)
        for k in range(of_all):
            sums[k] += other[k]
    for j in range(size):
        for k in range(size):
            grad_weight[j * size + k] = sums[k * wide + j]
        grad_bias[j] = sums[high * wide + j]
        grad_context[j] = sums[(high + 1) * wide + j]


def kernels_of(cell: None) -> dict[str, Callable]:
    """Return the kernels of attention pooling by name."""
    return {
        "pack": _pack,
        "forward": _attend,
        "backward": _differentiate,
        "unpack": _unpack,
    }
