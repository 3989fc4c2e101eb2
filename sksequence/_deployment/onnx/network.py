"""The network: input, convolution, recurrence, pooling and a linear head."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .convolution import convolve
from .graph import Graph, Weights, below, linear
from .missing import Decay, mask
from .pooling import POOLINGS, mean_pooling, pool_segments
from .reading import look_up_categories
from .recurrence import recur
from .steps import Steps


def run_network(
    graph: Graph,
    x: str,
    steps: Steps,
    static: str | None,
    network: dict[str, Any],
    weights: Weights,
) -> str:
    """Map sequences to raw outputs.

    x (steps, batch, input_size), scaled or vectors of tokens, static (batch, n_static)
    -> (batch, output_size), or (batch, steps, output_size), or (batch, frames,
    output_size), or (batch, decoder_steps * output_size)
    """
    n_decoded = network.get("decoder_steps", 0)
    answers_often = network["per_step"] or network.get("per_frame") or n_decoded
    represented = _represent(graph, x, steps, network, weights)
    if static is not None:
        static = _embed_static(graph, static, network, weights)
        if answers_often:
            static = Steps(graph, represented, steps.lengths).for_each_step(static)
        represented = _join(graph, represented, static, below(weights, "join"))
    output = linear(graph, represented, below(weights, "head"))
    if not answers_often:
        return output
    output = graph("Transpose", output, perm=[1, 0, 2])
    return graph("Reshape", output, [0, -1]) if n_decoded else output


def _represent(
    graph: Graph, x: str, steps: Steps, network: dict[str, Any], weights: Weights
) -> str:
    """Represent sequences: (batch, representation_size), or (steps, batch, ...)."""
    causal = not network["bidirectional"]
    x, elapsed = _read(graph, x, steps, network, weights)
    strides = _each(network, "conv", "stride")
    encoder = below(weights, "encoder")
    encoded, left = convolve(graph, x, steps, encoder, strides, causal=causal)
    recurrence = below(weights, "recurrence")
    every, final = recur(graph, encoded, left, network, recurrence, elapsed)
    n_decoded = network.get("decoder_steps", 0)
    if network["per_step"]:
        represented = _spread(graph, every, steps, math.prod(strides), causal=causal)
    elif n_decoded:
        represented = steps.last_n(every, n_decoded)
    elif network.get("per_frame"):
        represented = every
    else:
        represented = _pool(graph, every, left, final, network, below(weights, "pool"))
    if not network["parallel_channels"]:
        return represented
    beside = _run_branch(graph, x, steps, network, weights)
    if n_decoded:
        beside = steps.last_n(beside, n_decoded)
    elif network.get("per_frame"):
        beside = steps.ends_of_blocks(beside, math.prod(strides))
    return graph("Concat", represented, beside, axis=-1)


def _pool(
    graph: Graph,
    every: str,
    steps: Steps,
    final: str,
    network: dict[str, Any],
    weights: Weights,
) -> str:
    """Pool the recurrence: (steps, batch, size) -> (batch, pooled size)."""
    pooling = network["pooling"]
    n_segments = 1 if pooling == "last" else network["pooling_segments"]
    read = graph, every, steps, final, weights
    return pool_segments(POOLINGS[pooling], n_segments, *read)


def _run_branch(
    graph: Graph, x: str, steps: Steps, network: dict[str, Any], weights: Weights
) -> str:
    """Run the parallel convolutions: (batch, size), or (steps, batch, size)."""
    causal = not network["bidirectional"]
    strides = _each(network, "parallel", "stride")
    beside, left = convolve(
        graph,
        x,
        steps,
        below(weights, "branch.encoder"),
        strides,
        causal=causal,
        dilations=_each(network, "parallel", "dilation"),
        residual=network["parallel_residual"],
    )
    if network["per_step"] or network.get("per_frame") or network.get("decoder_steps"):
        return _spread(graph, beside, steps, math.prod(strides), causal=causal)
    n_segments = network["pooling_segments"]
    return pool_segments(mean_pooling, n_segments, graph, beside, left)


def _read(
    graph: Graph, x: str, steps: Steps, network: dict[str, Any], weights: Weights
) -> tuple[str, list[str]]:
    """Replace ids of categories by vectors, and NaN as the network does."""
    categories = network.get("categories", ())
    if not categories:
        return _read_numbers(graph, x, steps, network, weights)
    numbers, vectors = look_up_categories(
        graph, x, network["input_size"], categories, below(weights, "categories")
    )
    if not numbers:
        return graph("Concat", *vectors, axis=2), []
    fill, time = network["fill"], network["time_channel"]
    of_numbers = {
        "input_size": len(numbers),
        "fill": None if fill is None else [fill[j] for j in numbers],
        "time_channel": None if time is None else numbers.index(time),
    }
    chosen = graph("Gather", x, numbers, axis=2)
    read, elapsed = _read_numbers(graph, chosen, steps, network | of_numbers, weights)
    return graph("Concat", read, *vectors, axis=2), elapsed


def _embed_static(
    graph: Graph, static: str, network: dict[str, Any], weights: Weights
) -> str:
    """Replace ids of categories by vectors: (batch, n_static) -> (batch, size)."""
    categories = network.get("static_categories", ())
    if not categories:
        return static
    own = below(weights, "static_categories")
    n_static = network["static_size"]
    numbers, vectors = look_up_categories(graph, static, n_static, categories, own)
    chosen = [graph("Gather", static, numbers, axis=1)] if numbers else []
    return graph("Concat", *chosen, *vectors, axis=1)


def _read_numbers(
    graph: Graph, x: str, steps: Steps, network: dict[str, Any], weights: Weights
) -> tuple[str, list[str]]:
    """Replace NaN as the network does; return elapsed times too, if states decay."""
    if network["missing"] == "error":
        return x, []
    fill = np.array(network["fill"] or [0.0] * network["input_size"], graph.dtype)
    if network["missing"] == "mask":
        return mask(graph, x, fill), []
    decay = Decay(graph, x, steps, fill, network["time_channel"])
    read = decay.observations(below(weights, "reader"))
    # Convolutions mix the steps: after them a state has no elapsed time of its own.
    if network["conv_channels"]:
        return read, []
    return read, decay.elapsed(bidirectional=network["bidirectional"])


def count_frames(graph: Graph, steps: Steps, network: dict[str, Any]) -> str:
    """Return the number of frames of each sequence, which strides leave: (batch,)."""
    stride = math.prod(_each(network, "conv", "stride"))
    return graph("Div", graph("Add", steps.lengths, stride - 1), stride)


def _each(network: dict[str, Any], kind: str, name: str) -> list[int]:
    """Return the stride or dilation of each "conv" or "parallel" layer."""
    n = len(network[f"{kind}_channels"])
    return np.broadcast_to(network[f"{kind}_{name}"] if n else 1, n).tolist()


def _spread(graph: Graph, every: str, steps: Steps, stride: int, *, causal: bool) -> str:
    """Repeat strided states, so that there is one for each step of the input.

    In a causal network a step gets the last complete state; the first steps, which have
    none, get zeros.
    """
    if stride == 1:
        return every
    since = graph("Sub", steps.numbers, stride - 1 if causal else 0)
    covering = graph("Squeeze", graph("Div", since, stride), [1, 2])
    covered = graph("Gather", every, covering, axis=0)
    return graph("Where", graph("Less", since, 0), 0.0, covered)


def _join(graph: Graph, represented: str, static: str, weights: Weights) -> str:
    """Join static covariates to a representation, with a hidden layer on both."""
    both = graph("Concat", represented, static, axis=-1)
    hidden = graph("Relu", linear(graph, both, below(weights, "linear")))
    return graph("Concat", both, hidden, axis=-1)
