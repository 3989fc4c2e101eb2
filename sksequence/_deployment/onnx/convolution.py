"""Convolution along time for batches of sequences of unequal length."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from .graph import Graph, Weights, below, linear, parts
from .pooling import mean_pooling
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
    dilations: Sequence[int] | None = None,
    residual: int | None = None,
) -> tuple[str, Steps]:
    """Apply a stack of convolutional layers with normalisation and ReLU.

    x (steps, batch, channels) -> (steps', batch, channels')
    """
    n = len(strides)
    dilations = dilations or [1] * n
    for begin in range(0, n, residual or max(n, 1)):
        end = min(begin + (residual or n), n)
        around, at_begin = x, steps
        for i in range(begin, end):
            layer = below(weights, f"layers.{i}")
            x, steps = _convolve(
                graph, x, steps, layer, strides[i], dilations[i], causal=causal
            )
            if residual is None or i + 1 < end:
                x = graph("Relu", x)
            if gates := below(layer, "squeeze"):
                x = _squeeze(graph, x, steps, gates, causal=causal)
        if residual is not None:
            # None where what skips the layers has no weights.
            if shortcut := below(weights, f"shortcuts.{begin // residual}"):
                stride = math.prod(strides[begin:end])
                around, _ = _convolve(
                    graph, around, at_begin, shortcut, stride, causal=causal
                )
            x = graph("Relu", graph("Add", x, around))
    return x, steps


def _convolve(
    graph: Graph,
    x: str,
    steps: Steps,
    weights: Weights,
    stride: int,
    dilation: int = 1,
    *,
    causal: bool,
) -> tuple[str, Steps]:
    """Convolve and normalise."""
    several = [part["weight"] for part in parts(weights, "convolution")]
    kernels, norm = several or [weights["convolution.weight"]], below(weights, "norm")
    # In evaluation the normalisation is linear, so it is folded into the convolution.
    factor = norm["weight"] / np.sqrt(norm["running_var"].astype(float) + _EPSILON)
    bias = norm["bias"] - norm["running_mean"] * factor
    x = steps.fill(x, 0.0)
    if "bottleneck.weight" in weights:
        x = graph("MatMul", x, weights["bottleneck.weight"].T)
    apply = _operate if graph.dtype == np.float32 else _multiply
    convolved, first = [], 0
    for kernel in kernels:
        own = slice(first, first := first + len(kernel))
        extent = dilation * (kernel.shape[2] - 1) + 1
        beyond = max(extent - stride, 0)
        before = beyond if causal else beyond // 2
        # Padding at the end so that the last step is read, but no window begins after it.
        pads = before, extent - 1 - before
        folded = (kernel * factor[own, None, None]).astype(graph.dtype)
        own_bias = bias[own].astype(graph.dtype)
        convolved.append(apply(graph, x, folded, own_bias, stride, dilation, pads))
    y = convolved[0] if len(kernels) == 1 else graph("Concat", *convolved, axis=-1)
    return y, steps.after(y, stride)


def _squeeze(
    graph: Graph, x: str, steps: Steps, weights: Weights, *, causal: bool
) -> str:
    """Scale channels by gates that read the mean, of the steps so far if causal."""
    if causal:
        # In double precision, as sums over thousands of steps.
        wide = graph("Cast", x, to=TensorProto.DOUBLE)
        count = graph("Cast", graph("Add", steps.numbers, 1), to=TensorProto.DOUBLE)
        mean = graph("Div", graph("CumSum", wide, 0), count)
        mean = graph("Cast", mean, to=graph.float_type)
    else:
        mean = graph("Unsqueeze", mean_pooling(graph, x, steps), [0])
    hidden = graph("Relu", linear(graph, mean, below(weights, "reduce")))
    gates = graph("Sigmoid", linear(graph, hidden, below(weights, "expand")))
    return graph("Mul", x, gates)


def _operate(
    graph: Graph,
    x: str,
    weight: np.ndarray,
    bias: np.ndarray,
    stride: int,
    dilation: int,
    pads: tuple[int, int],
) -> str:
    """Convolve with ONNX's operator."""
    rows = graph("Transpose", x, perm=[1, 2, 0])
    convolved = graph(
        "Conv", rows, weight, bias, strides=[stride], dilations=[dilation], pads=pads
    )
    return graph("Transpose", convolved, perm=[2, 0, 1])


def _multiply(
    graph: Graph,
    x: str,
    weight: np.ndarray,
    bias: np.ndarray,
    stride: int,
    dilation: int,
    pads: tuple[int, int],
) -> str:
    """Convolve as a sum of products, which runtimes also have in double precision."""
    n_taps = weight.shape[2]
    around = [pads[0], 0, 0, pads[1], 0, 0]
    padded = graph("Pad", x, around)
    products = []
    for i in range(n_taps):
        # As many steps for every tap as x has unpadded; counted from the end.
        end = dilation * (i - (n_taps - 1)) or np.iinfo(np.int64).max
        read = graph("Slice", padded, [dilation * i], [end], [0], [stride])
        products.append(graph("MatMul", read, weight[..., i].T))
    return graph("Add", graph("Sum", *products), bias)
