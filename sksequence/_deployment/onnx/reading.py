"""From what is passed to what the first layer reads: tokens' vectors, scaled numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from .graph import Graph
from .steps import Steps


def look_up(
    graph: Graph, ids: str, steps: Steps, vectors: np.ndarray, known: np.ndarray
) -> str:
    """Look each token's vector up, and the unknown one's for what training has not met.

    ids (steps, batch) -> (steps, batch, embedding_dim)
    """
    # Behind the end there may be anything, also what is no token.
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

    In double until the mean has gone: in single precision what a channel varies by may
    be lost beside it. A time counts from each sequence's first step.

    x (steps, batch, channels) or (batch, n_static) -> the same, in float32
    """
    x = graph("Cast", x, to=TensorProto.DOUBLE)
    origin: Any = mean
    if time_channel is not None:
        is_time = np.arange(len(mean)) == time_channel
        origin = graph("Where", is_time, graph("Gather", x, [0], axis=0), mean)
    centred = graph("Cast", graph("Sub", x, origin), to=TensorProto.FLOAT)
    return graph("Div", centred, scale.astype(np.float32))
