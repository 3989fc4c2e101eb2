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
    # Padding at the end so that the last step is read, but no window begins after it.
    pads = before, kernel - 1 - before
    kernels = (weight * factor[:, None, None]).astype(graph.dtype)
    bias = bias.astype(graph.dtype)
    apply = _operate if graph.dtype == np.float32 else _multiply
    y = graph("Relu", apply(graph, steps.fill(x, 0.0), kernels, bias, stride, pads))
    return y, steps.after(y, stride)


def _operate(
    graph: Graph,
    x: str,
    weight: np.ndarray,
    bias: np.ndarray,
    stride: int,
    pads: tuple[int, int],
) -> str:
    """Convolve with ONNX's operator."""
    rows = graph("Transpose", x, perm=[1, 2, 0])
    convolved = graph("Conv", rows, weight, bias, strides=[stride], pads=pads)
    return graph("Transpose", convolved, perm=[2, 0, 1])


def _multiply(
    graph: Graph,
    x: str,
    weight: np.ndarray,
    bias: np.ndarray,
    stride: int,
    pads: tuple[int, int],
) -> str:
    """Convolve as a sum of products, which runtimes also have in double precision."""
    n_taps = weight.shape[2]
    around = [pads[0], 0, 0, pads[1], 0, 0]
    padded = graph("Pad", x, around)
    products = []
    for i in range(n_taps):
        # As many steps for every tap as x has unpadded; counted from the end.
        end = i - (n_taps - 1) or np.iinfo(np.int64).max
        read = graph("Slice", padded, [i], [end], [0], [stride])
        products.append(graph("MatMul", read, weight[..., i].T))
    return graph("Add", graph("Sum", *products), bias)
