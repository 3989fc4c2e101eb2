"""The network: input, convolution, recurrence, pooling and a linear head."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .convolution import convolve
from .decoder import translate
from .graph import Graph, Weights, below, linear
from .missing import Decay, mask
from .pooling import POOLINGS, mean_pooling, pool_segments
from .random import describe_by_random
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
    max_length: int = 0,
) -> str:
    """Map sequences to raw outputs, or to codes of at most ``max_length`` labels.

    x (steps, batch, input_size), scaled or vectors of tokens, static (batch, n_static)
    -> (batch, output_size), or (batch, steps, output_size), or (batch, frames,
    output_size), or (batch, decoder_steps * output_size); or codes (batch, max_length)
    """
    n_decoded = network.get("decoder_steps", 0)
    answers_often = network["per_step"] or network.get("per_frame") or n_decoded
    layers = _run(graph, x, steps, network, weights)
    represented = _represent(graph, layers, steps, network, weights)
    if static is not None:
        static = _embed_static(graph, static, network, weights)
        if answers_often:
            static = Steps(graph, represented, steps.lengths).for_each_step(static)
        represented = _join(graph, represented, static, below(weights, "join"))
    output = linear(graph, represented, below(weights, "head"))
    if network.get("decoder_layers"):
        memory, own = _frames(graph, layers, steps, network), below(weights, "decoder")
        start = graph("Tanh", output)
        return translate(graph, start, memory, layers.left, network, own, max_length)
    if not answers_often:
        return output
    output = graph("Transpose", output, perm=[1, 0, 2])
    return graph("Reshape", output, [0, -1]) if n_decoded else output


class _Layers(NamedTuple):
    """What the layers make of sequences.

    Attributes
    ----------
    every : str
        Steps of the recurrence, (steps, batch, size).
    left : Steps
        Which of them strides leave.
    final : str
        The final state, (batch, size).
    beside : str or None
        Steps of the convolutional branch, if there is one.
    left_beside : Steps
        Which of these its strides leave.
    features : str or None
        Features of random convolutions, if there are any.
    """

    every: str
    left: Steps
    final: str
    beside: str | None
    left_beside: Steps
    features: str | None = None


def _run(
    graph: Graph, x: str, steps: Steps, network: dict[str, Any], weights: Weights
) -> _Layers:
    """Run convolution, recurrence and branch."""
    causal = not network["bidirectional"]
    x, elapsed = _read(graph, x, steps, network, weights)
    strides = _each(network, "conv", "stride")
    encoder = below(weights, "encoder")
    encoded, left = convolve(graph, x, steps, encoder, strides, causal=causal)
    recurrence = below(weights, "recurrence")
    every, final = recur(graph, encoded, left, network, recurrence, elapsed)
    features = None
    if network.get("random_convolutions"):
        own, dilations = below(weights, "random"), network["random_dilations"]
        features = describe_by_random(graph, x, steps, own, dilations, causal=causal)
    if not network["parallel_channels"]:
        return _Layers(every, left, final, None, steps, features)
    beside, left_beside = convolve(
        graph,
        x,
        steps,
        below(weights, "branch.encoder"),
        _each(network, "parallel", "stride"),
        causal=causal,
        dilations=_each(network, "parallel", "dilation"),
        residual=network["parallel_residual"],
    )
    return _Layers(every, left, final, beside, left_beside, features)


def _represent(
    graph: Graph,
    layers: _Layers,
    steps: Steps,
    network: dict[str, Any],
    weights: Weights,
) -> str:
    """Represent sequences: (batch, representation_size), or (steps, batch, ...)."""
    n_decoded = network.get("decoder_steps", 0)
    if network.get("per_frame"):
        return _frames(graph, layers, steps, network)
    if not network["per_step"] and not n_decoded:
        return _pool(graph, layers, network, below(weights, "pool"))
    every = _spread(graph, layers.every, steps, network, "conv")
    if layers.beside is not None:
        beside = _spread(graph, layers.beside, steps, network, "parallel")
        every = graph("Concat", every, beside, axis=-1)
    return steps.last_n(every, n_decoded) if n_decoded else every


def _pool(
    graph: Graph, layers: _Layers, network: dict[str, Any], weights: Weights
) -> str:
    """Pool the recurrence, and join what is beside it: (batch, ...)."""
    every, left, final, beside, left_beside, features = layers
    n_segments, pool = network["pooling_segments"], POOLINGS[network["pooling"]]
    n_own = 1 if network["pooling"] == "last" else n_segments
    parts = [pool_segments(pool, n_own, graph, every, left, final, weights)]
    if beside is not None:
        parts.append(pool_segments(mean_pooling, n_segments, graph, beside, left_beside))
    if features is not None:
        parts.append(features)
    return parts[0] if len(parts) == 1 else graph("Concat", *parts, axis=-1)


def _frames(graph: Graph, layers: _Layers, steps: Steps, network: dict[str, Any]) -> str:
    """Return the frames that strides leave, with the branch: (frames, batch, ...)."""
    if layers.beside is None:
        return layers.every
    beside = _spread(graph, layers.beside, steps, network, "parallel")
    stride = math.prod(_each(network, "conv", "stride"))
    beside = steps.ends_of_blocks(beside, stride)
    return graph("Concat", layers.every, beside, axis=-1)


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


def _spread(
    graph: Graph, every: str, steps: Steps, network: dict[str, Any], kind: str
) -> str:
    """Repeat strided states, so that there is one for each step of the input.

    In a causal network a step gets the last complete state; the first steps, which have
    none, get zeros.
    """
    stride = math.prod(_each(network, kind, "stride"))
    if stride == 1:
        return every
    late = 0 if network["bidirectional"] else stride - 1
    since = graph("Sub", steps.numbers, late)
    covering = graph("Squeeze", graph("Div", since, stride), [1, 2])
    covered = graph("Gather", every, covering, axis=0)
    return graph("Where", graph("Less", since, 0), 0.0, covered)


def _join(graph: Graph, represented: str, static: str, weights: Weights) -> str:
    """Join static covariates to a representation, with a hidden layer on both."""
    both = graph("Concat", represented, static, axis=-1)
    hidden = graph("Relu", linear(graph, both, below(weights, "linear")))
    return graph("Concat", both, hidden, axis=-1)
