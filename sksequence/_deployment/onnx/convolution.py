"""Convolution along time for batches of sequences of unequal length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .graph import Graph, Weights, below, parts
from .steps import Steps

_EPSILON = 1e-5  # what torch's batch normalisation adds to a variance


def convolve(
    graph: Graph,
    x: str,
    steps: Steps,
    weights: Weights,
    strides: Sequence[int],
    *,
    causal: bool,
) -> tuple[str, Steps]:
    """Apply a stack of convolutional layers with normalisation and ReLU.

    x (steps, batch, channels) -> (steps', batch, channels')
    """
    for layer, stride in zip(parts(weights, "layers"), strides, strict=True):
        x, steps = _convolve(graph, x, steps, layer, stride, causal=causal)
    return x, steps


def _convolve(
    graph: Graph,
    x: str,
    steps: Steps,
    weights: Weights,
    stride: int,
    *,
    causal: bool,
) -> tuple[str, Steps]:
    weight, norm = weights["convolution.weight"], below(weights, "norm")
    # In evaluation the normalisation is linear, so it is folded into the convolution.
    factor = norm["weight"] / np.sqrt(norm["running_var"].astype(float) + _EPSILON)
    bias = norm["bias"] - norm["running_mean"] * factor
    kernel = weight.shape[2]
    beyond = max(kernel - stride, 0)
    before = beyond if causal else beyond // 2
    rows = graph("Transpose", steps.fill(x, 0.0), perm=[1, 2, 0])
    convolved = graph(
        "Conv",
        rows,
        (weight * factor[:, None, None]).astype(np.float32),
        bias.astype(np.float32),
        strides=[stride],
        # Padding at the end so that the last step is read, but no window begins after it.
        pads=[before, kernel - 1 - before],
    )
    y = graph("Transpose", graph("Relu", convolved), perm=[2, 0, 1])
    return y, steps.after(y, stride)
