"""Missing values: masks and decay."""

from __future__ import annotations

from typing import Any

import numpy as np

from .graph import Graph, Weights, below, linear
from .steps import Steps


def mask(graph: Graph, x: str, fill: np.ndarray) -> str:
    """Replace NaN by a constant and append a mask of the observed values.

    x (steps, batch, channels) -> (steps, batch, 2 * channels)
    """
    missing = graph("IsNaN", x)
    return _beside(graph, graph("Where", missing, fill, x), missing)


class Decay:
    """Replaces NaN by the last observation, decayed towards the mean of its channel.

    Parameters
    ----------
    graph : Graph
        The graph to add nodes to.
    x : str
        (steps, batch, channels) with NaN, the time included.
    steps : Steps
        The steps of x.
    fill : ndarray of shape (channels,)
        Mean of each channel.
    time_channel : int or None
        The channel that holds the time; None for equally spaced steps.
    """

    def __init__(
        self,
        graph: Graph,
        x: str,
        steps: Steps,
        fill: np.ndarray,
        time_channel: int | None,
    ) -> None:
        self._graph, self._steps = graph, steps
        if time_channel is None:
            numbers = graph("Cast", steps.numbers, to=graph.float_type)
            self._time = steps.for_each_sequence(numbers)
        else:
            self._time = graph("Gather", x, [time_channel], axis=2)
            others = np.delete(np.arange(len(fill)), time_channel)
            x, fill = graph("Gather", x, others, axis=2), fill[others]
        self._x, self._fill = x, fill
        self._last, self._since = self._look_back(x, self._time)

    def observations(self, weights: Weights) -> str:
        """Return channels without the time, and masks: (steps, batch, 2 * n_channels)."""
        graph, fill = self._graph, self._fill
        rate = graph("Add", graph("Mul", self._since, weights["rate"]), weights["bias"])
        gamma = graph("Exp", graph("Neg", graph("Relu", rate)))
        decayed = graph("Mul", gamma, graph("Sub", self._last, fill))
        missing = graph("IsNaN", self._x)
        x = graph("Where", missing, graph("Add", decayed, fill), self._x)
        return _beside(graph, x, missing)

    def elapsed(self, *, bidirectional: bool) -> list[str]:
        """Return the time since each channel's last observation; until the next one too.

        The second for bidirectional networks alone. Each (steps, batch, n_channels)
        """
        if not bidirectional:
            return [self._since]
        # Reversed, the next observation is the last one, and time runs backward.
        time = self._graph("Neg", self._steps.reverse(self._time))
        _, until = self._look_back(self._steps.reverse(self._x), time)
        return [self._since, self._steps.reverse(until)]

    def _look_back(self, x: str, time: str) -> list[str]:
        """Return each channel's last observation, and the time since the one before it.

        Before the first observation the value is the fill, and time counts from the first
        step.
        """
        graph = self._graph
        first = graph("Gather", time, 0, axis=0)
        when = graph("Expand", first, [1, len(self._fill)])

        def step(graph: Graph, state: list[str], now: list[str]) -> Any:
            (last, when), (x, time) = state, now
            missing = graph("IsNaN", x)
            last = graph("Where", missing, last, x)
            since = graph("Sub", time, when)
            return [last, graph("Where", missing, when, time)], [last, since]

        fill = self._steps.for_each_sequence(self._fill)
        return graph.scan(step, [fill, when], [x, time])


def state_decay(graph: Graph, elapsed: str, weights: Weights) -> str:
    """Return the factor of the states: (..., n_channels) -> (..., hidden_size)."""
    rate = linear(graph, elapsed, below(weights, "linear"))
    return graph("Exp", graph("Neg", graph("Relu", rate)))


def _beside(graph: Graph, x: str, missing: str) -> str:
    """Append a mask of the observed values."""
    observed = graph("Cast", graph("Not", missing), to=graph.float_type)
    return graph("Concat", x, observed, axis=2)
