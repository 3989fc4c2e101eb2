"""The scale of each sequence: subtracted and divided out, and undone in predictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from .graph import Graph, Value
from .steps import Steps

# Arrays, since plain floats would be of the dtype of the network.
_ZERO, _ONE = np.zeros(()), np.ones(())


class LocalScale:
    """Normalisation of each sequence by its own level and spread, in double precision.

    Parameters
    ----------
    graph : Graph
        The graph to add nodes to.
    x : str
        (steps, batch, channels), double, with NaN.
    steps : Steps
        The steps of x.
    n_channels : int
        Number of channels of x.
    how, season, channels, n_ahead, n_beyond, usual_level, usual_spread
        As in ``sksequence.portable``.

    Attributes
    ----------
    normalised : str
        x with normalised channels.
    """

    def __init__(
        self,
        graph: Graph,
        x: str,
        steps: Steps,
        n_channels: int,
        *,
        how: str,
        season: int | None,
        channels: Sequence[int],
        n_ahead: int,
        n_beyond: int,
        usual_level: np.ndarray,
        usual_spread: np.ndarray,
    ) -> None:
        own = graph("Sub", steps.lengths, n_beyond)
        self._graph, self._n_ahead = graph, n_ahead
        self._steps = Steps(graph, x, own)
        chosen = graph("Gather", x, list(channels), axis=2)
        self._missing = graph("IsNaN", self._steps.fill(chosen, np.array(np.nan)))
        level = self._last_observed(chosen, usual_level)
        normal = graph("Sub", chosen, level)
        spread: Value = np.ones((1, 1, len(channels)))
        if how == "window":
            shift = self._mean(normal)
            level, normal = graph("Add", level, shift), graph("Sub", normal, shift)
            deviation = graph("Sqrt", self._mean(graph("Mul", normal, normal)))
            varies = graph("Greater", deviation, _ZERO)
            spread = graph("Where", varies, deviation, usual_spread)
            normal = graph("Div", normal, spread)
        ahead = self._for_each_step_ahead(level)
        if season is not None:
            before = self._one_season_before(chosen, season)
            ahead = graph("Where", graph("IsNaN", before), ahead, before)
        self._level = self._flat(ahead)
        self._spread = self._flat(self._for_each_step_ahead(spread))
        places = np.arange(n_channels)
        places[list(channels)] = n_channels + np.arange(len(channels))
        both = graph("Concat", x, normal, axis=2)
        self.normalised = graph("Gather", both, places, axis=2)

    def place(self, values: str, *, has_axis: bool, is_level: bool) -> str:
        """Return predictions, or deviations, on the scale of each sequence, in double.

        (batch, n_values), or with a further axis -> the same
        """
        level, spread = self._level, self._spread
        if has_axis:
            level, spread = (self._graph("Unsqueeze", x, [2]) for x in (level, spread))
        scaled = self._graph("Mul", values, spread)
        return self._graph("Add", scaled, level) if is_level else scaled

    def _last_observed(self, x: str, usual: np.ndarray) -> str:
        """Return each channel's last value: (steps, batch, k) -> (1, batch, k)."""
        graph, numbers = self._graph, self._steps.numbers
        observed = graph("Where", self._missing, -1, numbers)
        last = graph("ReduceMax", observed, axes=[0], keepdims=1)
        alone = graph("Where", graph("Equal", numbers, last), x, _ZERO)
        value = graph("ReduceSum", alone, [0], keepdims=1)
        return graph("Where", graph("Less", last, 0), usual, value)

    def _mean(self, x: str) -> str:
        """Average the values that are observed: (steps, batch, k) -> (1, batch, k)."""
        graph = self._graph
        observed = graph("Cast", graph("Not", self._missing), to=TensorProto.DOUBLE)
        count = graph("ReduceSum", observed, [0], keepdims=1)
        given = graph("Where", self._missing, _ZERO, x)
        total = graph("ReduceSum", given, [0], keepdims=1)
        return graph("Div", total, graph("Max", count, _ONE))

    def _one_season_before(self, x: str, season: int) -> str:
        """Return x[T - season + (k - 1) % season] for step k: (batch, n_ahead, k)."""
        graph = self._graph
        by_sequence = graph("Transpose", x, perm=[1, 0, 2])
        phases = np.arange(self._n_ahead) % season - season
        lengths = graph("Unsqueeze", self._steps.lengths, [1])
        rows = graph("Unsqueeze", graph("Add", lengths, phases), [2])
        return graph("GatherND", by_sequence, rows, batch_dims=1)

    def _for_each_step_ahead(self, x: Value) -> str:
        """Repeat x: (1, batch, k) -> (batch, n_ahead, k)."""
        by_sequence = self._graph("Transpose", x, perm=[1, 0, 2])
        return self._graph("Add", by_sequence, np.zeros((self._n_ahead, 1)))

    def _flat(self, x: str) -> str:
        """Return one axis of values: (batch, n_ahead, k) -> (batch, n_values)."""
        return self._graph("Flatten", x, axis=1)
