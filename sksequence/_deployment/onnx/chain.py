"""Tags that depend on one another: the most likely ones, and their probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto, ValueInfoProto

from .graph import Graph
from .labels import declare_labels
from .steps import Steps

# The logarithm of zero: an infinite one, less another, would be undefined.
_NEVER = -1e30
_DOUBLE = TensorProto.DOUBLE


def tags_head(
    graph: Graph,
    scores: str,
    axes: Sequence[str | int],
    *,
    classes: np.ndarray,
    is_multilabel: bool,
    transitions: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    steps: Steps,
) -> list[ValueInfoProto]:
    """Predict labels and probabilities by scans over the steps, in double precision."""
    double = Graph("float64", graph)
    wide = double("Cast", double("Transpose", scores, perm=[1, 0, 2]), to=_DOUBLE)
    chain = _Chain(
        double, Steps(double, wide, steps.lengths), wide, transitions, start, end
    )
    codes, marginals = chain.decode(), chain.marginals()
    codes = double("Transpose", double("Squeeze", codes, [2]), perm=[1, 0])
    proba = double("Transpose", marginals, perm=[1, 0, 2])
    graph.nodes.extend(double.nodes)
    graph("Cast", proba, to=graph.float_type, result="probabilities")
    return declare_labels(graph, codes, axes, classes)


class _Chain:
    """The scans of a chain.

    A further tag, the last, stands before the first step of a sequence, and nowhere else:
    so the first step is like all others.
    """

    def __init__(
        self,
        graph: Graph,
        steps: Steps,
        scores: str,
        transitions: np.ndarray,
        start: np.ndarray,
        end: np.ndarray,
    ) -> None:
        self.graph, self.steps, n = graph, steps, len(start)
        pairs = np.full((n + 1, n + 1), _NEVER)
        pairs[:-1, :-1], pairs[-1, :-1] = transitions, start
        self.pairs = pairs = np.maximum(pairs, _NEVER)
        self.end = np.append(np.maximum(end, _NEVER), _NEVER)[None]
        before = steps.for_each_sequence(np.append(np.full(n, _NEVER), 0.0)[None])
        widths = np.array([0, 0, 0, 0, 0, 1])
        self.scores = graph("Pad", scores, widths, 0.0)
        read = [self.scores]
        self.best, self.came, self.ahead = graph.scan(self._step, [before] * 2, read)

    def _step(
        self, graph: Graph, states: list[str], now: list[str]
    ) -> tuple[list[str], list[str]]:
        """Go one step ahead, with the most likely way and with the sum of all."""
        best, ahead = (
            graph("Add", graph("Unsqueeze", state, [1]), self.pairs.T) for state in states
        )
        came = graph("ArgMax", best, axis=2, keepdims=0)
        likely = graph("ReduceMax", best, axes=[2], keepdims=0)
        total = graph("ReduceLogSumExp", ahead, axes=[2], keepdims=0)
        after = [graph("Add", part, now[0]) for part in (likely, total)]
        return after, [after[0], graph("Cast", came, to=_DOUBLE), after[1]]

    def decode(self) -> str:
        """Return indices of the most likely tags: int64 (steps, batch, 1)."""
        graph, steps = self.graph, self.steps
        at_end = graph("Add", steps.last(self.best), self.end)
        last = graph("Cast", graph("ArgMax", at_end, axis=1, keepdims=1), to=_DOUBLE)

        def step(
            graph: Graph, states: list[str], now: list[str]
        ) -> tuple[list[str], list[str]]:
            index = graph("Cast", states[0], to=TensorProto.INT64)
            return [graph("GatherElements", now[0], index, axis=1)], states

        tags = graph.scan(step, [last], [steps.reverse(self.came)])[0]
        return graph("Cast", steps.fill(steps.reverse(tags), 0.0), to=TensorProto.INT64)

    def marginals(self) -> str:
        """Return the probability of each tag (steps, batch, n_tags)."""
        graph, steps = self.graph, self.steps

        def step(
            graph: Graph, states: list[str], now: list[str]
        ) -> tuple[list[str], list[str]]:
            behind = graph("Unsqueeze", graph("Add", states[0], now[0]), [1])
            ways = graph("Add", behind, self.pairs)
            return [graph("ReduceLogSumExp", ways, axes=[2], keepdims=0)], states

        end = steps.for_each_sequence(self.end)
        back = graph.scan(step, [end], [steps.reverse(self.scores)])[0]
        both = graph("Add", self.ahead, steps.reverse(back))
        without = graph("Slice", both, [0], [len(self.pairs) - 1], [2])
        return graph("Softmax", without, axis=-1)
