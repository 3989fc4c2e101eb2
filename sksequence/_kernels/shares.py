"""The source of the kernel of random convolutions: how often they exceed a bias.

Parameters are annotated as in :mod:`.recurrence`. Sequence ``i`` has ``n_steps`` rows of
``n_channels`` numbers, of which the first ``lengths[i]`` are valid. ``planes`` is scratch
memory for one sequence, a channel of ``width`` numbers after the other, and zeros in the
place of no channel. Those around the steps are zero: as many as the widest kernel reaches
on either side, and two vectors behind. ``row``, ``totals`` and ``line`` are one such
channel each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .simd import constant, lanes_of, load, shift, store, sum_of, where_greater

Numbers = Indices = Size = Any


def _share_of_steps(
    x: Numbers, lengths: Indices, n: Size, n_steps: Size, n_channels: Size,
    channels: Indices, n_slots: Size,
    taps: Indices, n_taps: Size, n_kernels: Size,
    dilations: Indices, n_dilations: Size,
    biases: Numbers, n_biases: Size, is_causal: Size,
    planes: Numbers, width: Size, margin: Size,
    row: Numbers, totals: Numbers, line: Numbers, shares: Numbers,
):  # fmt: skip
    vector = lanes_of(x)
    place = 0
    for t in range((n_channels + 1) * width):
        planes[t] = 0.0
    for i in range(n):
        length = lengths[i]
        n_vectors = (length + vector - 1) // vector
        sequence = shift(x, i * n_steps * n_channels)
        for channel in range(n_channels):
            steps = shift(planes, channel * width + margin)
            for t in range(length):
                steps[t] = sequence[t * n_channels + channel]
            for t in range(length, n_steps):
                steps[t] = 0.0
        for level in range(n_dilations):
            dilation = dilations[level]
            reach = (n_taps - 1) * dilation
            before = reach if is_causal else reach // 2
            begin = margin - before
            for k in range(n_kernels):
                kernel = level * n_kernels + k
                own = shift(channels, kernel * n_slots)
                read = shift(planes, own[0] * width + begin)
                if n_slots > 1 and own[1] < n_channels:
                    for v in range((reach + vector - 1) // vector + n_vectors):
                        t = v * vector
                        mixed = load(read, t)
                        for slot in range(1, n_slots):
                            if own[slot] < n_channels:
                                channel = shift(planes, own[slot] * width + begin)
                                mixed = mixed + load(channel, t)
                        store(row, t, mixed)
                    read = shift(row, 0)
                one, two, three = (
                    taps[3 * k] * dilation,
                    taps[3 * k + 1] * dilation,
                    taps[3 * k + 2] * dilation,
                )
                # All kernels read a single channel, and have its sum in common.
                if k == 0 or n_channels > 1:
                    for v in range(n_vectors):
                        t = v * vector
                        total = load(read, t)
                        for tap in range(1, n_taps):
                            total = total + load(read, t + tap * dilation)
                        store(totals, t, total)
                for v in range(n_vectors):
                    t = v * vector
                    chosen = load(read, t + one) + load(read, t + two)
                    chosen = chosen + load(read, t + three)
                    store(line, t, 3.0 * chosen - load(totals, t))
                first, end = 0, length
                if k % 2 == 1 and length > reach:
                    first, end = before, length - (reach - before)
                for t in range(first):
                    line[t] = -np.inf
                for t in range(end, n_vectors * vector):
                    line[t] = -np.inf
                for b in range(n_biases):
                    bias = constant(load(line, 0), biases[kernel * n_biases + b])
                    count = constant(bias, 0.0)
                    for v in range(n_vectors):
                        exceeded = where_greater(
                            load(line, v * vector), bias, constant(bias, 1.0)
                        )
                        count = count + exceeded
                    # Of whole numbers, in any order.
                    shares[place] = sum_of(count) / (end - first)
                    place += 1


def kernels_of(cell: None) -> dict[str, Callable]:
    """Return the kernel of random convolutions by name."""
    return {"forward": _share_of_steps}
