"""Random convolutions, which are not trained: how often they exceed a bias."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from onnx import TensorProto

from .graph import Graph, Weights
from .steps import Steps

_N_TAPS = 9
# The places of the three larger weights of each kernel.
_TAPS = tuple(combinations(range(_N_TAPS), 3))


def describe_by_random(
    graph: Graph,
    x: str,
    steps: Steps,
    weights: Weights,
    dilations: Sequence[int],
    *,
    causal: bool,
) -> str:
    """Return standardised shares of the steps at which outputs exceed biases.

    Sums are in the order of the network's, and have the same bits.

    x (steps, batch, channels) -> (batch, features)
    """
    x = graph("Pad", steps.fill(x, 0.0), [0, 0, 0, 0, 0, 1])
    levels = zip(dilations, weights["channels"], weights["biases"], strict=True)
    shares = graph(
        "Concat",
        *(_shares(graph, x, steps, *level, causal=causal) for level in levels),
        axis=-1,
    )
    shares = graph("Flatten", shares, axis=1)
    less = graph("Sub", shares, weights["mean"])
    return graph("Mul", less, weights["scale"])


def _shares(
    graph: Graph,
    x: str,
    steps: Steps,
    dilation: int,
    channels: np.ndarray,
    biases: np.ndarray,
    *,
    causal: bool,
) -> str:
    """Return the shares for the kernels of a dilation: (batch, 1, features)."""
    reach = (_N_TAPS - 1) * dilation
    before = reach if causal else reach // 2
    mixed = graph("Gather", x, channels[:, 0], axis=2)
    for of_kernels in channels.T[1:]:
        mixed = graph("Add", mixed, graph("Gather", x, of_kernels, axis=2))
    mixed = graph("Pad", mixed, [before, 0, 0, reach - before, 0, 0])
    total = chosen = ""
    for i in range(_N_TAPS):
        # As many steps for every tap as x has; counted from the end.
        end = dilation * i - reach or np.iinfo(np.int64).max
        tap = graph("Slice", mixed, [dilation * i], [end], [0])
        own = graph("Mul", tap, np.array([i in taps for taps in _TAPS], graph.dtype))
        total = graph("Add", total, tap) if i else tap
        chosen = graph("Add", chosen, own) if i else own
    outputs = graph("Sub", graph("Mul", chosen, 3.0), total)
    skips = np.arange(len(_TAPS)) % 2
    lengths = graph("Unsqueeze", steps.lengths, [1])
    trims = graph("Cast", graph("Greater", lengths, reach), to=TensorProto.INT64)
    trims = graph("Mul", trims, skips)  # (batch, kernels)
    first = graph("Mul", trims, before)
    behind = graph("Sub", lengths, graph("Mul", trims, reach - before))
    counts = graph(
        "And",
        graph("GreaterOrEqual", steps.numbers, first),
        graph("Less", steps.numbers, behind),
    )
    number = graph("Cast", graph("Sub", behind, first), to=graph.float_type)
    parts = []
    for bias in biases.T:
        exceeds = graph("And", graph("Greater", outputs, bias), counts)
        exceeds = graph("Cast", exceeds, to=graph.float_type)
        share = graph("Div", graph("ReduceSum", exceeds, [0], keepdims=0), number)
        parts.append(graph("Unsqueeze", share, [2]))
    shares = graph("Concat", *parts, axis=2)
    return graph("Unsqueeze", graph("Flatten", shares, axis=1), [1])
