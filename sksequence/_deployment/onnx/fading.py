"""Recurrent layers whose state fades before each step: a scan, as no operator does so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import Graph, Weights, below, linear
from .steps import Steps

_Step = Callable[[Graph, str, str, str, str], tuple[str, str]]


def faded_recurrence(
    graph: Graph,
    x: str,
    steps: Steps,
    cell: str,
    directions: list[Weights],
    fades: list[Weights],
    elapsed: list[str],
) -> tuple[list[str], list[str]]:
    """Run a layer; return steps and final state of each direction.

    The products with the input are one for all steps; those with the state, and all
    else, are a graph of their own, which a scan goes through.

    Parameters
    ----------
    x : str
        (steps, batch, channels).
    cell : str
        A name of ``CELLS``.
    directions, fades : list of dict
        Weights of the recurrence and of its state's decay, of each direction.
    elapsed : list of str
        What each direction's decay goes by: (steps, batch, n_channels).
    """
    every, final = [], []
    ways = zip(directions, fades, elapsed, strict=True)
    for backward, (weights, fade, since) in enumerate(ways):
        rate = linear(graph, since, below(fade, "linear"))
        factor = graph("Exp", graph("Neg", graph("Relu", rate)))
        inputs = linear(graph, x, _linear_of(weights, "ih"))
        if backward:
            inputs, factor = steps.reverse(inputs), steps.reverse(factor)
        states = _scan(graph, steps, inputs, factor, weights, cell)
        # What comes last is, turned round, the first.
        turned = steps.reverse(states)
        every.append(turned if backward else states)
        final.append(graph("Gather", turned, 0, axis=0))
    return every, final


def _scan(
    graph: Graph,
    steps: Steps,
    inputs: str,
    factor: str,
    weights: Weights,
    cell: str,
) -> str:
    """Multiply the state, then take the cell's step, again and again."""

    def step(graph: Graph, state: list[str], now: list[str]) -> Any:
        from_input, fade = now
        hidden, memory = (graph("Mul", fade, part) for part in state)
        from_state = linear(graph, hidden, _linear_of(weights, "hh"))
        after = CELLS[cell](graph, from_input, from_state, hidden, memory)
        return list(after), [after[0]]

    size = weights["weight_hh_l0"].shape[1]
    zeros = steps.for_each_sequence(np.zeros((1, size), np.float32))
    return graph.scan(step, [zeros, zeros], [inputs, factor])[0]


def _linear_of(weights: Weights, kind: str) -> Weights:
    return {name: weights[f"{name}_{kind}_l0"] for name in ("weight", "bias")}


def _rnn(activation: str) -> _Step:
    def step(graph, from_input, from_state, hidden, memory):
        return graph(activation, graph("Add", from_input, from_state)), memory

    return step


def _gru(graph, from_input, from_state, hidden, memory):
    inputs = graph.several(3, "Split", from_input, axis=1)
    states = graph.several(3, "Split", from_state, axis=1)
    reset, update = (
        graph("Sigmoid", graph("Add", *both))
        for both in zip(inputs[:2], states[:2], strict=True)
    )
    new = graph("Tanh", graph("Add", inputs[2], graph("Mul", reset, states[2])))
    kept = graph("Mul", update, graph("Sub", hidden, new))
    return graph("Add", new, kept), memory


def _lstm(graph, from_input, from_state, hidden, memory):
    gates = graph.several(4, "Split", graph("Add", from_input, from_state), axis=1)
    take, keep, out = (graph("Sigmoid", gates[i]) for i in (0, 1, 3))
    new = graph("Mul", take, graph("Tanh", gates[2]))
    memory = graph("Add", graph("Mul", keep, memory), new)
    return graph("Mul", out, graph("Tanh", memory)), memory


CELLS: dict[str, _Step] = {
    "tanh": _rnn("Tanh"),
    "relu": _rnn("Relu"),
    "gru": _gru,
    "lstm": _lstm,
}
