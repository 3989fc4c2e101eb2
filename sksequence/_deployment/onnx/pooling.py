"""Pooling of the valid steps of each sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import Graph, Weights, below, linear
from .steps import Steps


def last_pooling(graph: Graph, x: str, steps: Steps, final: str, *_: Any) -> str:
    """Return the final state."""
    return final


def mean_pooling(graph: Graph, x: str, steps: Steps, *_: Any) -> str:
    """Average the valid steps: (steps, batch, channels) -> (batch, channels)."""
    total = graph("ReduceSum", steps.fill(x, 0.0), [0], keepdims=0)
    count = graph("Cast", steps.lengths, to=graph.float_type)
    return graph("Div", total, graph("Unsqueeze", count, [1]))


def max_pooling(graph: Graph, x: str, steps: Steps, *_: Any) -> str:
    """Return the maximum of each unit over the valid steps."""
    return graph("ReduceMax", steps.fill(x, -np.inf), axes=[0], keepdims=0)


def attention_pooling(
    graph: Graph, x: str, steps: Steps, final: str, weights: Weights
) -> str:
    """Average the valid steps with attention weights."""
    x = steps.fill(x, 0.0)
    hidden = graph("Tanh", linear(graph, x, below(weights, "hidden")))
    score = steps.fill(linear(graph, hidden, below(weights, "context")), -np.inf)
    shares = graph("Mul", graph("Softmax", score, axis=0), x)
    return graph("ReduceSum", shares, [0], keepdims=0)


def pool_segments(
    pool: Callable[..., str],
    n_segments: int,
    graph: Graph,
    x: str,
    steps: Steps,
    *others: Any,
) -> str:
    """Pool each of the segments of every sequence, and concatenate what they give.

    x (steps, batch, channels) -> (batch, n_segments * channels)
    """
    if n_segments == 1:
        return pool(graph, x, steps, *others)
    parts = [steps.segment(x, j, n_segments) for j in range(n_segments)]
    pooled = [pool(graph, part, valid, *others) for part, valid in parts]
    return graph("Concat", *pooled, axis=1)


POOLINGS: dict[str, Callable[..., str]] = {
    "last": last_pooling,
    "mean": mean_pooling,
    "max": max_pooling,
    "attention": attention_pooling,
}
