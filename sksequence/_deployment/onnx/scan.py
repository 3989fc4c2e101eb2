"""One direction of a recurrent layer as a scan over its cell's equations.

For cells for which ONNX has no operator, and for what its operators lack: states that
decay before each step, layer normalisation and, in runtimes, double precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._cells import APART, INPUT, Cell
from .graph import Graph, Weights, below, linear
from .operations import OPERATIONS, Node
from .steps import Steps

_EPSILON = 1e-5  # what torch's layer normalisation adds to a variance


def scan_cell(
    graph: Graph,
    x: str,
    steps: Steps,
    cell: type[Cell],
    weights: Weights,
    decay: str | None,
    *,
    backward: bool,
) -> tuple[str, str]:
    """Run a cell over sequences, forward or backward; return steps and final state.

    Products with the input are computed for all steps at once; products with the state
    and all else belong to the graph of one step, which the scan repeats.

    Parameters
    ----------
    x : str
        (steps, batch, channels).
    cell : type of Cell
        Its equations.
    weights : dict
        Of this direction, by torch's names.
    decay : str or None
        What the states are multiplied with before each step: (steps, batch, hidden_size).
    backward : bool
        Whether to read from the end.
    """
    read = [_project(graph, x, weights), *([] if decay is None else [decay])]
    if backward:
        read = [steps.reverse(part) for part in read]

    def step(graph: Graph, states: list[str], now: list[str]) -> Any:
        from_input, *decay = now
        for factor in decay:
            states = [graph("Mul", factor, state) for state in states]
        after = _advance(graph, cell, from_input, states, weights)
        return after, after[:1]

    size = len(weights["bias_ih_l0"]) // len(cell.gates)
    zeros = steps.for_each_sequence(np.zeros((1, size), graph.dtype))
    states = graph.scan(step, [zeros] * cell.n_states, read)[0]
    final = steps.last(states)
    return steps.reverse(states) if backward else states, final


def step_cell(
    graph: Graph, cell: type[Cell], x: str, states: list[str], weights: Weights
) -> list[str]:
    """Run a cell for one step, x (batch, channels), and return its new states."""
    return _advance(graph, cell, _project(graph, x, weights), states, weights)


def _advance(
    graph: Graph, cell: type[Cell], from_input: str, states: list[str], weights: Weights
) -> list[str]:
    """Return the new states, given the products with the input."""
    values = _read_gates(graph, cell, from_input, states[0], weights)
    before = tuple(Node(graph, state) for state in states)
    return [state.name for state in cell.step(OPERATIONS, values, before)[0]]


def _project(graph: Graph, x: str, weights: Weights) -> str:
    """Return the products of all gates with the inputs, normalised if they have to be."""
    products = graph("MatMul", x, weights["weight_ih_l0"].T)
    if norm := below(weights, "norm"):
        gain, bias = norm["weight"], norm["bias"]
        products = graph("LayerNormalization", products, gain, bias, epsilon=_EPSILON)
    return graph("Add", products, weights["bias_ih_l0"])


def _read_gates(
    graph: Graph, cell: type[Cell], from_input: str, hidden: str, weights: Weights
) -> tuple[Any, ...]:
    """Return the value that each gate reads, in the form that the cell expects."""
    from_inputs = iter(_split(graph, from_input, len(cell.gates)))
    n_recurrent = len(cell.gates) - cell.gates.count(INPUT)
    from_states = iter(_read_state(graph, cell, hidden, n_recurrent, weights))
    values: list[Any] = []
    for reads in cell.gates:
        if reads == INPUT:
            values.append(next(from_inputs))
        else:
            both = next(from_states), next(from_inputs)
            values.append(both if reads == APART else both[0] + both[1])
    return tuple(values)


def _read_state(
    graph: Graph, cell: type[Cell], hidden: str, n_gates: int, weights: Weights
) -> list[Node]:
    """Return the products of the hidden state with each of the gates that read it."""
    if not n_gates:
        return []
    weight, bias = weights["weight_hh_l0"], weights["bias_hh_l0"]
    if not cell.is_diagonal:
        product = linear(graph, hidden, {"weight": weight, "bias": bias})
    else:
        repeated = graph("Concat", *[hidden] * n_gates, axis=1)
        product = graph("Add", graph("Mul", repeated, weight.ravel()), bias)
    return _split(graph, product, n_gates)


def _split(graph: Graph, x: str, n: int) -> list[Node]:
    """Split x (batch, n * size) into as many nodes."""
    return [Node(graph, part) for part in graph.several(n, "Split", x, axis=1)]
