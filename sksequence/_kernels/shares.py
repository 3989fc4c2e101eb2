"""The source of the kernel of random convolutions: how often they exceed a bias.

Parameters are annotated as in :mod:`.recurrence`. Sequence ``i`` has ``n_steps`` rows of
``n_channels`` numbers, of which the first ``lengths[i]`` are valid. ``row`` and ``line``
are scratch memory for one sequence, with the zeros around it and a vector behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .simd import constant, lanes_of, load, shift, store, where_greater

Numbers = Indices = Size = Any


def _share_of_steps(
    x: Numbers, lengths: Indices, n: Size, n_steps: Size, n_channels: Size,
    channels: Indices, n_slots: Size,
    taps: Indices, n_taps: Size, n_kernels: Size,
    dilations: Indices, n_dilations: Size,
    biases: Numbers, n_biases: Size, is_causal: Size,
    row: Numbers, line: Numbers, shares: Numbers,
):  # fmt: skip
    vector = lanes_of(x)
    place = 0
    for i in range(n):
        length = lengths[i]
        n_vectors = (length + vector - 1) // vector
        sequence = shift(x, i * n_steps * n_channels)
        for level in range(n_dilations):
            dilation = dilations[level]
            reach = (n_taps - 1) * dilation
            before = reach if is_causal else reach // 2
            for k in range(n_kernels):
                kernel = level * n_kernels + k
                if k == 0 or n_channels > 1:
                    for t in range(before):
                        row[t] = 0.0
                    for t in range(before + length, reach + (n_vectors + 1) * vector):
                        row[t] = 0.0
                    for t in range(length):
                        row[before + t] = 0.0
                        for slot in range(n_slots):
                            channel = channels[kernel * n_slots + slot]
                            if channel < n_channels:
                                row[before + t] += sequence[t * n_channels + channel]
                one, two, three = (
                    taps[3 * k] * dilation,
                    taps[3 * k + 1] * dilation,
                    taps[3 * k + 2] * dilation,
                )
                for v in range(n_vectors):
                    t = v * vector
                    total = load(row, t)
                    for tap in range(1, n_taps):
                        total = total + load(row, t + tap * dilation)
                    chosen = load(row, t + one) + load(row, t + two)
                    chosen = chosen + load(row, t + three)
                    store(line, t, 3.0 * chosen - total)
                first, end = 0, length
                if k % 2 == 1 and length > reach:
                    first, end = before, length - (reach - before)
                for t in range(first):
                    line[t] = -np.inf
                for t in range(end, n_vectors * vector):
                    line[t] = -np.inf
                for b in range(n_biases):
                    bias = biases[kernel * n_biases + b]
                    count = constant(load(line, 0), 0.0)
                    for v in range(n_vectors):
                        output = load(line, v * vector)
                        exceeded = where_greater(
                            output, constant(output, bias), constant(output, 1.0)
                        )
                        count = count + exceeded
                    store(row, reach + n_vectors * vector, count)
                    number = 0.0
                    for lane in range(vector):
                        number += row[reach + n_vectors * vector + lane]
                    shares[place] = number / (end - first)
                    place += 1


def kernels_of(cell: None) -> dict[str, Callable]:
    """Return the kernel of random convolutions by name."""
    return {"forward": _share_of_steps}
