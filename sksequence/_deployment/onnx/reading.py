"""Conversion of inputs to the input of the first layer: embedding, scaling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

from .graph import Graph, Weights
from .steps import Steps


def look_up(
    graph: Graph, ids: str, steps: Steps, vectors: np.ndarray, known: np.ndarray
) -> str:
    """Look up each token's vector; tokens not seen in training have the unknown one's.

    ids (steps, batch) -> (steps, batch, embedding_dim)
    """
    # Padding may hold anything, also ids that are no tokens.
    ids = steps.fill(graph("Unsqueeze", ids, [2]), 0)
    vectors = np.where(known[:, None], vectors, vectors[0])
    return graph("Gather", vectors, graph("Squeeze", ids, [2]), axis=0)


def look_up_categories(
    graph: Graph,
    x: str,
    n_columns: int,
    categories: Sequence[tuple[int, int, int]],
    weights: Weights,
) -> tuple[list[int], list[str]]:
    """Return the columns of x that hold numbers, and the vectors of the others.

    x (..., n_columns) -> (..., size) for each of the others, which hold ids
    """
    columns = [column for column, *_ in categories]
    vectors = []
    for i, column in enumerate(columns):
        ids = graph("Cast", graph("Gather", x, column, axis=-1), to=TensorProto.INT64)
        vectors.append(graph("Gather", weights[f"tables.{i}.weight"], ids, axis=0))
    return [j for j in range(n_columns) if j not in columns], vectors


def standardise(
    graph: Graph,
    x: str,
    mean: np.ndarray,
    scale: np.ndarray,
    *,
    time_channel: int | None = None,
) -> str:
    """Centre and scale channels, or static covariates.

    In double precision until the mean is subtracted: in single precision the variation
    of a channel far from zero would be lost. Time counts from a sequence's first step.

    x (steps, batch, channels) or (batch, n_static) -> the same, in the graph's floats
    """
    x = graph("Cast", x, to=TensorProto.DOUBLE)
    origin: Any = mean
    if time_channel is not None:
        is_time = np.arange(len(mean)) == time_channel
        origin = graph("Where", is_time, graph("Gather", x, [0], axis=0), mean)
    centred = graph("Cast", graph("Sub", x, origin), to=graph.float_type)
    return graph("Div", centred, scale.astype(graph.dtype))
