"""Conversion of inputs to the input of the first layer: embedding, scaling."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from .graph import Graph
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
