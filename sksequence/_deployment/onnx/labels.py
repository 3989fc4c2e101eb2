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
    probabilities_head(graph, scores, axes, classes=classes, is_multilabel=is_multilabel)
    if is_multilabel:
        return declare_several(graph, graph("Greater", scores, 0.0), axes, len(classes))
    index = graph("ArgMax", scores, axis=-1, keepdims=0)
    return declare_labels(graph, index, axes, classes)


def probabilities_head(
    graph: Graph,
    scores: str,
    axes: Shape,
    *,
    classes: np.ndarray,
    is_multilabel: bool,
) -> list[ValueInfoProto]:
    """Predict probabilities alone."""
    if is_multilabel:
        graph("Sigmoid", scores, result="probabilities")
    else:
        graph("Softmax", scores, axis=-1, result="probabilities")
    return [_declare_probabilities(graph, axes, len(classes))]


def declare_several(
    graph: Graph, is_there: str, axes: Shape, n_labels: int
) -> list[ValueInfoProto]:
    """Return the outputs: zeros and ones for each label, and probabilities."""
    kind = TensorProto.INT64
    graph("Cast", is_there, to=kind, result="label")
    return [
        helper.make_tensor_value_info("label", kind, [*axes, n_labels]),
        _declare_probabilities(graph, axes, n_labels),
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
    return [
        helper.make_tensor_value_info("label", kind, axes),
        _declare_probabilities(graph, axes, len(classes)),
    ]


def _declare_probabilities(graph: Graph, axes: Shape, n_classes: int) -> ValueInfoProto:
    every = [*axes, n_classes]
    return helper.make_tensor_value_info("probabilities", graph.float_type, every)


def _is_unicode(text: str) -> bool:
    """Return whether a text is one to ONNX: lone surrogates have no UTF-8."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
