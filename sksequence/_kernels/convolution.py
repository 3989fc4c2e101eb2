"""The source of the kernels of a convolution over steps, its normalisation and ReLU.

Parameters are annotated as in :mod:`.recurrence`. Rows of numbers stand for steps, and
those of a sequence one behind the other, so that what an output reads is one piece of
memory: a convolution is a product of such windows with the weights. Sequence ``i`` has
``lengths[i]`` valid rows of ``size_in`` channels, and ``left[i]`` of ``size_out``, which
are rounded up to ``wide_out``, whole vectors. No other rows are computed.

The normalised output of a layer is never stored: the next one, and each gradient, finds
it anew from the products, a sequence at a time. Moments and gradients of the
normalisation are summed within spans of ``SPAN`` steps, then in double precision in the
order of the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from .layout import LANES, ROWS, SPAN
from .rows import clear, load_part, store_part, whole_tiles
from .simd import (
    add_tile,
    add_tile_of_columns,
    constant,
    fma,
    lanes_of,
    load,
    relu,
    shift,
    square_root,
    store,
    tile,
    where_positive,
)

Numbers = Doubles = Indices = Size = Any

_function = njit(error_model="numpy")


# ------------------------------------------------------------------------------ helpers


@_function
def _take(
    source, wide, length, size, is_normed, scale, moved, before, window, n_rows, tail
):
    """Copy the rows of a sequence between rows of zeros, if ``is_normed`` normalised."""
    vector = lanes_of(source)
    clear(window, before * size)
    for t in range(length):
        own = (before + t) * size
        if is_normed:
            for q in range((size + vector - 1) // vector):
                j = q * vector
                x = fma(load(source, t * wide + j), load(scale, j), load(moved, j))
                store_part(relu(x), window, own, j, size, tail)
        else:
            for j in range(size):
                window[own + j] = source[t * wide + j]
    # What products read behind the last row has no effect on what is kept.
    end = (before + length) * size
    clear(shift(window, end), max(n_rows * size - end, 0) + vector)


@_function
def _count_rows(left, stride, reach):
    """Return how many rows of the input are read for outputs in whole tiles."""
    return (whole_tiles(left) - 1) * stride + reach


@_function
def _mean_of(y, wide, count):
    """Return the mean of a column of vectors."""
    zero = constant(load(y, 0), 0.0)
    a, b, c, d = zero, zero, zero, zero
    for r in range(count // 4):
        t = 4 * r
        a, b = a + load(y, t * wide), b + load(y, (t + 1) * wide)
        c, d = c + load(y, (t + 2) * wide), d + load(y, (t + 3) * wide)
    total = (a + b) + (c + d)
    for t in range(count // 4 * 4, count):
        total = total + load(y, t * wide)
    return total / (1.0 * count)


@_function
def _squares_of(y, wide, count, mean):
    """Return the sum of the squared differences from the mean."""
    zero = constant(mean, 0.0)
    a, b, c, d = zero, zero, zero, zero
    for r in range(count // 4):
        t = 4 * r
        one, two = load(y, t * wide) - mean, load(y, (t + 1) * wide) - mean
        three, four = load(y, (t + 2) * wide) - mean, load(y, (t + 3) * wide) - mean
        a, b = fma(one, one, a), fma(two, two, b)
        c, d = fma(three, three, c), fma(four, four, d)
    total = (a + b) + (c + d)
    for t in range(count // 4 * 4, count):
        one = load(y, t * wide) - mean
        total = fma(one, one, total)
    return total


# ------------------------------------------------------------------------------ forward


def _pack(
    weight: Numbers, size_in: Size, size_out: Size, wide_in: Size, wide_out: Size,
    taps: Size, weights: Numbers, turned: Numbers,
):  # fmt: skip
    """Copy the weights to the order in which products read them, forward and backward."""
    vector = lanes_of(weight)
    for q in range(wide_out // vector):
        for tap in range(taps):
            for c in range(size_in):
                to = shift(weights, ((q * taps + tap) * size_in + c) * vector)
                for lane in range(vector):
                    o = q * vector + lane
                    to[lane] = (
                        weight[(o * size_in + c) * taps + tap] if o < size_out else 0
                    )
    for q in range(wide_in // vector):
        for tap in range(taps):
            for o in range(size_out):
                place = (q + 1) * taps - 1 - tap  # in reverse
                to = shift(turned, (place * size_out + o) * vector)
                for lane in range(vector):
                    c = q * vector + lane
                    to[lane] = (
                        weight[(o * size_in + c) * taps + tap] if c < size_in else 0
                    )


def _convolve(
    source: Numbers, source_rows: Size, source_wide: Size, is_normed: Size,
    scale_in: Numbers, moved_in: Numbers, lengths: Indices, left: Indices, n: Size,
    size_in: Size, wide_out: Size, taps: Size, stride: Size, dilation: Size, before: Size,
    weights: Numbers, window: Numbers, tail: Numbers,
    products: Numbers, n_rows: Size, n_spans: Size, moments: Numbers,
    worker: Size, n_workers: Size,
):  # fmt: skip
    """Convolve, and find the mean and the sum of squares of each span of steps."""
    vector, reach = lanes_of(source), dilation * (taps - 1) + 1
    parts = 1 if dilation == 1 else taps
    depth = size_in * taps // parts
    for turn in range((n - worker + n_workers - 1) // n_workers):
        i = worker + turn * n_workers
        _take(
            shift(source, i * source_rows * source_wide), source_wide, lengths[i],
            size_in, is_normed, scale_in, moved_in, before, window,
            _count_rows(left[i], stride, reach), tail,
        )  # fmt: skip
        own = shift(products, i * n_rows * wide_out)
        for q in range(wide_out // vector):
            column = shift(own, q * vector)
            of_column = shift(weights, q * taps * size_in * vector)
            for r in range(whole_tiles(left[i]) // ROWS):
                read = shift(window, r * ROWS * stride * size_in)
                to = shift(column, r * ROWS * wide_out)
                tile(depth, read, stride * size_in, of_column, vector, to, wide_out)
                for part in range(1, parts):
                    add_tile(
                        depth, shift(read, part * dilation * size_in), stride * size_in,
                        shift(of_column, part * depth * vector), vector, to, wide_out,
                    )  # fmt: skip
            for span in range((left[i] + SPAN - 1) // SPAN):
                count = min(SPAN, left[i] - span * SPAN)
                part = shift(column, span * SPAN * wide_out)
                to = shift(moments, (i * n_spans + span) * 2 * wide_out + q * vector)
                mean = _mean_of(part, wide_out, count)
                store(to, 0, mean)
                store(to, wide_out, _squares_of(part, wide_out, count, mean))


def _normalise(
    n: Size, left: Indices, size_out: Size, wide_out: Size, n_spans: Size,
    moments: Numbers, totals: Doubles, settings: Doubles,
    weight_norm: Numbers, bias_norm: Numbers, running_mean: Numbers, running_var: Numbers,
    mean: Numbers, inverse: Numbers, scale: Numbers, moved: Numbers,
):  # fmt: skip
    """Find by what products are multiplied and moved, and update the running moments.

    ``settings`` are epsilon and the share of this batch in the running moments.
    """
    squares, number = shift(totals, wide_out), 0
    clear(totals, 2 * wide_out)
    for i in range(n):
        number += left[i]
        for span in range((left[i] + SPAN - 1) // SPAN):
            count = 1.0 * min(SPAN, left[i] - span * SPAN)
            own = shift(moments, (i * n_spans + span) * 2 * wide_out)
            for j in range(size_out):
                totals[j] += count * own[j]
    for j in range(size_out):
        totals[j] /= number
    for i in range(n):
        for span in range((left[i] + SPAN - 1) // SPAN):
            count = 1.0 * min(SPAN, left[i] - span * SPAN)
            own = shift(moments, (i * n_spans + span) * 2 * wide_out)
            for j in range(size_out):
                apart = own[j] - totals[j]
                squares[j] += own[wide_out + j] + count * apart * apart
    for j in range(size_out):
        variance = squares[j] / number
        mean[j] = totals[j]
        inverse[j] = 1.0 / square_root(variance + settings[0])
        scale[j] = weight_norm[j] * inverse[j]
        moved[j] = bias_norm[j] - mean[j] * scale[j]
        running_mean[j] += settings[1] * (totals[j] - running_mean[j])
        unbiased = squares[j] / max(number - 1, 1)
        running_var[j] += settings[1] * (unbiased - running_var[j])
    for j in range(size_out, wide_out):
        mean[j], inverse[j], scale[j], moved[j] = 0, 0, 0, 0


def _finish(
    products: Numbers, left: Indices, n: Size, n_rows: Size, n_outputs: Size,
    size_out: Size, wide_out: Size, scale: Numbers, moved: Numbers, tail: Numbers,
    pools: Size, output: Numbers, worker: Size, n_workers: Size,
):  # fmt: skip
    """Write the normalised output, zero in padding, or if ``pools`` its mean."""
    vector = lanes_of(products)
    for turn in range((n - worker + n_workers - 1) // n_workers):
        i = worker + turn * n_workers
        own = shift(products, i * n_rows * wide_out)
        if pools:
            for q in range(wide_out // vector):
                j = q * vector
                by, to = load(scale, j), load(moved, j)
                zero = constant(by, 0.0)
                a, b, c, d = zero, zero, zero, zero
                for r in range(left[i] // 4):
                    t = 4 * r * wide_out + j
                    a = a + relu(fma(load(own, t), by, to))
                    b = b + relu(fma(load(own, t + wide_out), by, to))
                    c = c + relu(fma(load(own, t + 2 * wide_out), by, to))
                    d = d + relu(fma(load(own, t + 3 * wide_out), by, to))
                total = (a + b) + (c + d)
                for t in range(left[i] // 4 * 4, left[i]):
                    total = total + relu(fma(load(own, t * wide_out + j), by, to))
                store_part(
                    total / (1.0 * left[i]), output, i * size_out, j, size_out, tail
                )
            continue
        target = shift(output, i * n_outputs * size_out)
        for t in range(left[i]):
            for q in range(wide_out // vector):
                j = q * vector
                x = fma(load(own, t * wide_out + j), load(scale, j), load(moved, j))
                store_part(relu(x), target, t * size_out, j, size_out, tail)
        clear(shift(target, left[i] * size_out), (n_outputs - left[i]) * size_out)


# ----------------------------------------------------------------------------- backward


def _find_slopes(
    products: Numbers, left: Indices, n: Size, n_rows: Size, size_out: Size,
    wide_out: Size, mean: Numbers, inverse: Numbers, scale: Numbers, moved: Numbers,
    tail: Numbers, grad: Numbers, grad_apart: Size, grad_wide: Size,
    n_spans: Size, slopes: Numbers, worker: Size, n_workers: Size,
):  # fmt: skip
    """Sum the gradients of each span of steps, alone and times the normalised products.

    Those of a sequence are ``grad_apart`` numbers from those of the next, those of a
    step ``grad_wide``, which is zero if all steps have the same.
    """
    vector = lanes_of(products)
    for turn in range((n - worker + n_workers - 1) // n_workers):
        i = worker + turn * n_workers
        own = shift(products, i * n_rows * wide_out)
        given = shift(grad, i * grad_apart)
        for span in range((left[i] + SPAN - 1) // SPAN):
            first = span * SPAN
            end = min(first + SPAN, left[i])
            to = shift(slopes, (i * n_spans + span) * 2 * wide_out)
            for q in range(wide_out // vector):
                j = q * vector
                by, add, middle = load(scale, j), load(moved, j), load(mean, j)
                zero = constant(by, 0.0)
                alone, times, alone_2, times_2 = zero, zero, zero, zero
                for r in range((end - first) // 2):
                    t = first + 2 * r
                    y = load(own, t * wide_out + j)
                    g = load_part(given, t * grad_wide, j, size_out, tail)
                    g = where_positive(fma(y, by, add), g)
                    alone, times = alone + g, fma(g, y - middle, times)
                    y = load(own, (t + 1) * wide_out + j)
                    g = load_part(given, (t + 1) * grad_wide, j, size_out, tail)
                    g = where_positive(fma(y, by, add), g)
                    alone_2, times_2 = alone_2 + g, fma(g, y - middle, times_2)
                if (end - first) % 2:
                    y = load(own, (end - 1) * wide_out + j)
                    g = load_part(given, (end - 1) * grad_wide, j, size_out, tail)
                    g = where_positive(fma(y, by, add), g)
                    alone, times = alone + g, fma(g, y - middle, times)
                store(to, j, alone + alone_2)
                store(to, wide_out + j, (times + times_2) * load(inverse, j))


def _sum_slopes(
    n: Size, left: Indices, size_out: Size, wide_out: Size, n_spans: Size,
    slopes: Numbers, totals: Doubles, inverse: Numbers,
    grad_weight_norm: Numbers, grad_bias_norm: Numbers, level: Numbers, tilt: Numbers,
):  # fmt: skip
    """Find the gradients of the normalisation's weights, and what moments contribute.

    From the gradient of a product are to be subtracted ``level``, and ``tilt`` times its
    distance from the mean, before it is scaled.
    """
    number = 0
    clear(totals, 2 * wide_out)
    for i in range(n):
        number += left[i]
        for span in range((left[i] + SPAN - 1) // SPAN):
            own = shift(slopes, (i * n_spans + span) * 2 * wide_out)
            for j in range(2 * wide_out):
                totals[j] += own[j]
    for j in range(wide_out):
        level[j], tilt[j] = 0, 0
    for j in range(size_out):
        grad_bias_norm[j] = totals[j]
        grad_weight_norm[j] = totals[wide_out + j]
        level[j] = totals[j] / number
        tilt[j] = totals[wide_out + j] * inverse[j] / number


@_function
def _scatter_slopes(
    of_products, apart, left, turned, taps, stride, dilation, size_out, wide_in, to
):
    """Add the gradient of each product to those of the rows that it has read."""
    vector = lanes_of(of_products)
    for q in range(wide_in // vector):
        for r in range(whole_tiles(left) // ROWS):
            read = shift(of_products, r * ROWS * apart)
            column = shift(to, r * ROWS * stride * wide_in + q * vector)
            for tap in range(taps):
                add_tile(
                    size_out, read, apart,
                    shift(turned, ((q + 1) * taps - 1 - tap) * size_out * vector), vector,
                    shift(column, tap * dilation * wide_in), stride * wide_in,
                )  # fmt: skip


@_function
def _gather_slopes(
    of_products, apart, left, before, turned, taps, size_out, around, wide_in, to, tail
):
    """Find the gradient of each row in one product, of all that have read it.

    ``around`` is memory for the gradients between rows of zeros, all behind one another.
    Results begin where the rows do, behind ``before`` others.
    """
    vector = lanes_of(of_products)
    clear(around, (taps - 1) * size_out)
    for t in range(left):
        for q in range((size_out + vector - 1) // vector):
            j = q * vector
            x = load(of_products, t * apart + j)
            store_part(x, around, (taps - 1 + t) * size_out, j, size_out, tail)
    end = (taps - 1 + left) * size_out
    clear(shift(around, end), (whole_tiles(left) + before + taps) * size_out - end)
    depth = taps * size_out
    for q in range(wide_in // vector):
        column = shift(turned, q * depth * vector)
        for r in range(whole_tiles(left) // ROWS):
            tile(
                depth, shift(around, (r * ROWS + before) * size_out), size_out,
                column, vector,
                shift(to, (before + r * ROWS) * wide_in + q * vector), wide_in,
            )  # fmt: skip


def _differentiate(
    source: Numbers, source_rows: Size, source_wide: Size, is_normed: Size,
    scale_in: Numbers, moved_in: Numbers, lengths: Indices, left: Indices, n: Size,
    size_in: Size, size_out: Size, wide_in: Size, wide_out: Size,
    taps: Size, stride: Size, dilation: Size, before: Size,
    turned: Numbers, window: Numbers, tail: Numbers,
    products: Numbers, n_rows: Size,
    mean: Numbers, scale: Numbers, moved: Numbers, level: Numbers, tilt: Numbers,
    grad: Numbers, grad_apart: Size, grad_wide: Size,
    of_products: Numbers, apart: Size, around: Numbers, grad_window: Numbers,
    wants_x: Size, grad_source: Numbers, target_rows: Size, target_wide: Size,
    sums: Numbers, n_chains: Size, worker: Size, n_workers: Size,
):  # fmt: skip
    """Find the gradients of the weights, and of what was read.

    ``of_products`` are the gradients of a sequence, in rows ``apart`` numbers from one
    another, ``sums`` those of the weights, of each chain of blocks.
    """
    vector, reach = lanes_of(source), dilation * (taps - 1) + 1
    parts = 1 if dilation == 1 else taps
    depth = size_in * taps // parts
    n_blocks = (n + LANES - 1) // LANES
    for turn in range((n_chains - worker + n_workers - 1) // n_workers):
        chain = worker + turn * n_workers
        result = shift(sums, chain * parts * whole_tiles(depth) * wide_out)
        clear(result, parts * whole_tiles(depth) * wide_out)
        for share in range((n_blocks - chain + n_chains - 1) // n_chains):
            first = (chain + share * n_chains) * LANES
            for i in range(first, min(first + LANES, n)):
                rows = _count_rows(left[i], stride, reach)
                _take(
                    shift(source, i * source_rows * source_wide), source_wide,
                    lengths[i], size_in, is_normed, scale_in, moved_in, before, window,
                    rows, tail,
                )  # fmt: skip
                own = shift(products, i * n_rows * wide_out)
                given = shift(grad, i * grad_apart)
                for q in range(wide_out // vector):
                    j = q * vector
                    by, add, middle = load(scale, j), load(moved, j), load(mean, j)
                    constant_part, slope = load(level, j), load(tilt, j)
                    for t in range(left[i]):
                        y = load(own, t * wide_out + j)
                        g = load_part(given, t * grad_wide, j, size_out, tail)
                        g = where_positive(fma(y, by, add), g) - constant_part
                        g = by * (g - slope * (y - middle))
                        store(of_products, t * apart + j, g)
                    zero = constant(by, 0.0)
                    for t in range(left[i], whole_tiles(left[i])):
                        store(of_products, t * apart + j, zero)
                for q in range(wide_out // vector):
                    column = shift(of_products, q * vector)
                    for part in range(parts):
                        read = shift(window, part * dilation * size_in)
                        for r in range(whole_tiles(depth) // ROWS):
                            at = part * whole_tiles(depth) + r * ROWS
                            add_tile_of_columns(
                                left[i], shift(read, r * ROWS), stride * size_in,
                                column, apart,
                                shift(result, at * wide_out + q * vector), wide_out,
                            )  # fmt: skip
                if not wants_x:
                    continue
                if stride == 1 and dilation == 1:
                    _gather_slopes(
                        of_products, apart, left[i], before, turned, taps, size_out,
                        around, wide_in, grad_window, tail,
                    )  # fmt: skip
                else:
                    clear(grad_window, max(rows, before + lengths[i]) * wide_in)
                    _scatter_slopes(
                        of_products, apart, left[i], turned, taps, stride, dilation,
                        size_out, wide_in, grad_window,
                    )  # fmt: skip
                target = shift(grad_source, i * target_rows * target_wide)
                for t in range(lengths[i]):
                    for q in range(wide_in // vector):
                        j = q * vector
                        x = load(grad_window, (before + t) * wide_in + j)
                        store_part(x, target, t * target_wide, j, target_wide, tail)
                behind = shift(target, lengths[i] * target_wide)
                clear(behind, (target_rows - lengths[i]) * target_wide)


def _unpack(
    sums: Numbers, n_chains: Size, size_in: Size, size_out: Size, wide_out: Size,
    taps: Size, dilation: Size, grad_weight: Numbers,
):  # fmt: skip
    """Sum the gradients of the chains, in order, to that of the weights."""
    parts = 1 if dilation == 1 else taps
    high = whole_tiles(size_in * taps // parts)
    for chain in range(1, n_chains):
        other = shift(sums, chain * parts * high * wide_out)
        for k in range(parts * high * wide_out):
            sums[k] += other[k]
    for tap in range(taps):
        first = tap * size_in if parts == 1 else tap * high
        for c in range(size_in):
            row = shift(sums, (first + c) * wide_out)
            for o in range(size_out):
                grad_weight[(o * size_in + c) * taps + tap] = row[o]


def kernels_of(cell: None) -> dict[str, Callable]:
    """Return the kernels of a convolution by name."""
    return {
        "pack": _pack,
        "forward": _convolve,
        "normalise": _normalise,
        "finish": _finish,
        "slopes": _find_slopes,
        "sum_slopes": _sum_slopes,
        "backward": _differentiate,
        "unpack": _unpack,
    }
