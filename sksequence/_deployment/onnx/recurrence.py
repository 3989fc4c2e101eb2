"""Recurrent layers for batches of sequences of unequal length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from onnx import TensorProto

from ..._cells import GRU, LSTM, RNN, Cell, RectifiedRNN, find_cell
from .graph import Graph, Weights, below, parts
from .missing import state_decay
from .scan import scan_cell
from .steps import Steps


class Operator(NamedTuple):
    """The operator that ONNX has for a cell."""

    name: str
    order: tuple[int, ...]  # of torch's gates, by which they are ONNX's
    activations: tuple[str, ...] = ()  # of one direction, if not ONNX's default
    options: dict[str, Any] = {}


OPERATORS: dict[type[Cell], Operator] = {
    RNN: Operator("RNN", (0,)),
    RectifiedRNN: Operator("RNN", (0,), activations=("Relu",)),
    GRU: Operator("GRU", (1, 0, 2), options={"linear_before_reset": 1}),
    LSTM: Operator("LSTM", (0, 3, 1, 2)),
}
MERGES: dict[str, Callable[[Graph, str, str], str]] = {
    "concat": lambda graph, ahead, back: graph("Concat", ahead, back, axis=-1),
    "sum": lambda graph, ahead, back: graph("Add", ahead, back),
    "mean": lambda graph, ahead, back: graph("Mul", graph("Add", ahead, back), 0.5),
    "mul": lambda graph, ahead, back: graph("Mul", ahead, back),
}
_Read = tuple[list[str], list[str]]


def recur(
    graph: Graph,
    x: str,
    steps: Steps,
    network: dict[str, Any],
    weights: Weights,
    elapsed: list[str],
) -> tuple[str, str]:
    """Apply a stack of recurrent layers, each reading the output of the one below.

    x (steps, batch, channels) -> every step (steps, batch, size), padding undefined, and
    the final state (batch, size)
    """
    merge = MERGES[network["merge_mode"]]
    cell = find_cell(network["cell"], network.get("nonlinearity", "tanh"))
    final = ""
    for level, layer in enumerate(parts(weights, "layers")):
        below_layer = x
        directions = [part for name in ("ahead", "back") if (part := below(layer, name))]
        (x, *back), (final, *first) = _read_layer(
            graph, x, steps, cell, directions, parts(layer, "fades"), elapsed
        )
        if back:
            x = merge(graph, x, *back)
            final = merge(graph, final, *first)
        if level and network.get("residual", False):
            x = graph("Add", x, below_layer)
            final = graph("Add", final, steps.last(below_layer))
    return x, final


def _read_layer(
    graph: Graph,
    x: str,
    steps: Steps,
    cell: type[Cell],
    directions: list[Weights],
    decays: list[Weights],
    elapsed: list[str],
) -> _Read:
    """Run a layer; return steps and final state of each direction."""
    has_norm = "norm.weight" in directions[0]
    # Runtimes have the operators in float32 only.
    is_plain = graph.dtype == np.float32 and not decays and not has_norm
    if cell in OPERATORS and is_plain:
        return _operate(graph, x, steps, OPERATORS[cell], directions)
    every, final = [], []
    for i, weights in enumerate(directions):
        decay = state_decay(graph, elapsed[i], decays[i]) if decays else None
        read = scan_cell(graph, x, steps, cell, weights, decay, backward=bool(i))
        every.append(read[0])
        final.append(read[1])
    return every, final


def _operate(
    graph: Graph, x: str, steps: Steps, operator: Operator, directions: list[Weights]
) -> _Read:
    """Run a layer with an ONNX operator."""
    n, options = len(directions), dict(operator.options)
    if operator.activations:
        options["activations"] = list(operator.activations) * n

    def stacked(name: str) -> np.ndarray:
        """Weights of all directions, gates in ONNX's order."""
        order = operator.order
        gates = [np.split(part[f"{name}_l0"], len(order)) for part in directions]
        return np.stack([np.concatenate([own[i] for i in order]) for own in gates])

    every, final, *_ = graph.several(
        2,
        operator.name,
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
