"""Stacked recurrence over batches of sequences of unequal length."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from .fading import faded_recurrence
from .graph import Graph, Weights, below, parts
from .steps import Steps

# The operator of a cell, and where torch has the gates that stand there in ONNX.
_OPERATORS = {
    "tanh": ("RNN", [0]),
    "relu": ("RNN", [0]),
    "gru": ("GRU", [1, 0, 2]),
    "lstm": ("LSTM", [0, 3, 1, 2]),
}
_MERGES: dict[str, tuple[str, dict[str, Any]]] = {
    "concat": ("Concat", {"axis": -1}),
    "sum": ("Sum", {}),
    "mean": ("Mean", {}),
    "mul": ("Mul", {}),
}


def recur(
    graph: Graph,
    x: str,
    steps: Steps,
    network: dict[str, Any],
    weights: Weights,
    elapsed: list[str],
) -> tuple[str, str]:
    """Chain recurrent layers, each reading the steps of the one below.

    x (steps, batch, channels) -> every step (steps, batch, size), with anything behind
    an end, and the final state (batch, size)
    """
    merge, options = _MERGES[network["merge_mode"]]
    cell = network["cell"]
    if cell == "rnn":
        cell = network.get("nonlinearity", "tanh")
    final = ""
    for layer in parts(weights, "layers"):
        directions = [part for name in ("ahead", "back") if (part := below(layer, name))]
        if fades := parts(layer, "fades"):
            read = faded_recurrence(graph, x, steps, cell, directions, fades, elapsed)
        else:
            read = _recurrence(graph, x, steps, cell, directions)
        (x, *back), (final, *first) = read
        if back:
            x = graph(merge, x, *back, **options)
            final = graph(merge, final, *first, **options)
    return x, final


def _recurrence(
    graph: Graph,
    x: str,
    steps: Steps,
    cell: str,
    directions: list[Weights],
) -> tuple[list[str], list[str]]:
    """Run a layer; return steps and final state of each direction."""
    operator, order = _OPERATORS[cell]
    n = len(directions)
    options: dict[str, Any] = {}
    if operator == "GRU":
        options["linear_before_reset"] = 1  # as torch has it
    if operator == "RNN":
        options["activations"] = [cell.capitalize()] * n

    def stacked(name: str) -> np.ndarray:
        """Weights of all directions, gates in ONNX's order."""
        gates = [np.split(part[f"{name}_l0"], len(order)) for part in directions]
        return np.stack([np.concatenate([own[i] for i in order]) for own in gates])

    every, final, *_ = graph.several(
        2,
        operator,
        x,
        stacked("weight_ih"),
        stacked("weight_hh"),
        np.concatenate([stacked("bias_ih"), stacked("bias_hh")], axis=1),
        graph("Cast", steps.lengths, to=TensorProto.INT32),
        hidden_size=directions[0]["weight_hh_l0"].shape[1],
        direction="bidirectional" if n == 2 else "forward",
        **options,
    )
    return (
        [graph("Gather", every, i, axis=1) for i in range(n)],
        [graph("Gather", final, i, axis=0) for i in range(n)],
    )
