"""A decoder of labels, one after another, with attention, as a scan over the labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from onnx import TensorProto

from ..._cells import find_cell
from .graph import Graph, Weights, below, linear, parts
from .scan import step_cell
from .steps import Steps


def translate(
    graph: Graph,
    start: str,
    memory: str,
    left: Steps,
    network: dict[str, Any],
    weights: Weights,
    max_length: int,
) -> str:
    """Return the codes of the most probable next labels, until the end.

    start (batch, n_states * size), the initial states of all layers, memory (frames,
    batch, memory_size) with ``left`` valid frames -> (batch, max_length), zeros after the
    last label
    """
    cell = find_cell(network["cell"], network.get("nonlinearity", "tanh"))
    n_states = cell.n_states
    n_parts = network["decoder_layers"] * n_states
    states = graph.several(n_parts, "Split", start, axis=1)
    memory = left.fill(memory, 0.0)
    nothing = graph("Mul", graph("Slice", memory, [0], [1], [2]), 0.0)
    mask = graph("Transpose", left.fill(nothing, -np.inf), perm=[1, 0, 2])
    memory = graph("Transpose", memory, perm=[1, 0, 2])
    vectors = weights["embedding"]
    layers = parts(weights, "layers")
    query = weights.get("attention.query.weight")

    def attend(graph: Graph, query: np.ndarray, hidden: str) -> str:
        asked = graph("Unsqueeze", graph("MatMul", hidden, query.T), [2])
        scale = 1 / math.sqrt(query.shape[0])
        scores = graph("Mul", graph("MatMul", memory, asked), scale)
        shares = graph("Softmax", graph("Add", scores, mask), axis=1)
        read = graph("MatMul", graph("Transpose", shares, perm=[0, 2, 1]), memory)
        return graph("Squeeze", read, [1])

    def step(graph: Graph, states: list[str], _: list[str]) -> Any:
        *states, last, goes_on = states
        ids = graph("Squeeze", graph("Cast", last, to=TensorProto.INT64), [1])
        x = graph("Mul", graph("Gather", vectors, ids), math.sqrt(vectors.shape[1]))
        context: list[str] = []
        after: list[str] = []
        for i, layer in enumerate(layers):
            below_layer = x
            own = states[i * n_states : (i + 1) * n_states]
            read = graph("Concat", x, *context, axis=1)
            own = step_cell(graph, cell, read, own, below(layer, "ahead"))
            x = own[0]
            if i and network.get("residual", False):
                x = graph("Add", x, below_layer)
            if not i and query is not None:
                context = [attend(graph, query, x)]
            after += own
        said = graph("Concat", x, *context, axis=1)
        said = linear(graph, said, below(weights, "readout"))
        logits = graph("Add", graph("MatMul", said, vectors.T), weights["bias"])
        code = graph("ArgMax", logits, axis=1, keepdims=1)
        code = graph("Mul", graph("Cast", code, to=graph.float_type), goes_on)
        goes_on = graph("Min", code, 1.0)
        return [*after, code, goes_on], [code]

    zeros = left.for_each_sequence(np.zeros((1, 1), graph.dtype))
    ones = left.for_each_sequence(np.ones((1, 1), graph.dtype))
    turns = np.zeros((max_length, 1), graph.dtype)
    codes = graph.scan(step, [*states, zeros, ones], [turns])[0]
    codes = graph("Transpose", graph("Squeeze", codes, [2]), perm=[1, 0])
    return graph("Cast", codes, to=TensorProto.INT64)
