"""Labels and their probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto, ValueInfoProto, helper

from .graph import Graph

Shape = Sequence[str | int]


def labels_head(
    graph: Graph,
    scores: str,
    axes: Shape,
    *,
    classes: np.ndarray,
    is_multilabel: bool,
) -> list[ValueInfoProto]:
    """Predict labels and probabilities; labels neither int nor Unicode by their index."""
    if not is_multilabel:
        graph("Softmax", scores, axis=-1, result="probabilities")
        index = graph("ArgMax", scores, axis=-1, keepdims=0)
        return declare_labels(graph, index, axes, classes)
    every: Shape = [*axes, len(classes)]
    kind = TensorProto.INT64
    graph("Cast", graph("Greater", scores, 0.0), to=kind, result="label")
    graph("Sigmoid", scores, result="probabilities")
    return [
        helper.make_tensor_value_info("label", kind, every),
        helper.make_tensor_value_info("probabilities", graph.float_type, every),
    ]


def declare_labels(
    graph: Graph, index: str, axes: Shape, classes: np.ndarray
) -> list[ValueInfoProto]:
    """Return the outputs: labels by their index, and probabilities, which are there."""
    kind, labels = TensorProto.INT64, np.arange(len(classes))
    if np.can_cast(classes.dtype, np.int64) and classes.dtype.kind != "b":
        labels = classes.astype(np.int64)
    elif all(isinstance(label, str) and _is_unicode(label) for label in classes):
        labels, kind = classes.astype(object), TensorProto.STRING
    graph("Gather", labels, index, axis=0, result="label")
    every = [*axes, len(classes)]
    return [
        helper.make_tensor_value_info("label", kind, axes),
        helper.make_tensor_value_info("probabilities", graph.float_type, every),
    ]


def _is_unicode(text: str) -> bool:
    """Return whether a text is one to ONNX: lone surrogates have no UTF-8."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
