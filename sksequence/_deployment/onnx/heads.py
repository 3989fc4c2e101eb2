"""Conversion of the raw outputs of a network to predictions and probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
    every: Shape = [*axes, len(classes)]
    if is_multilabel:
        kind, shape = TensorProto.INT64, every
        graph("Cast", graph("Greater", scores, 0.0), to=kind, result="label")
        graph("Sigmoid", scores, result="probabilities")
    else:
        kind, shape = TensorProto.INT64, axes
        labels = np.arange(len(classes))
        if np.can_cast(classes.dtype, np.int64) and classes.dtype.kind != "b":
            labels = classes.astype(np.int64)
        elif all(isinstance(label, str) and _is_unicode(label) for label in classes):
            labels, kind = classes.astype(object), TensorProto.STRING
        index = graph("ArgMax", scores, axis=-1, keepdims=0)
        graph("Gather", labels, index, axis=0, result="label")
        graph("Softmax", scores, axis=-1, result="probabilities")
    return [
        helper.make_tensor_value_info("label", kind, shape),
        helper.make_tensor_value_info("probabilities", graph.float_type, every),
    ]


def values_head(
    graph: Graph,
    outputs: str,
    axes: Shape,
    *,
    mean: np.ndarray,
    scale: np.ndarray,
    are_rates: bool,
    are_many: bool,
    in_double: bool,
    n_steps: int = 0,
    place: Callable[[str], str] | None = None,
) -> list[ValueInfoProto]:
    """Predict numbers on the scale of the targets; ``place`` adds that of sequences."""
    # float32 may be too coarse for the targets.
    dtype = np.dtype(np.float64) if in_double else graph.dtype
    kind = TensorProto.DOUBLE if in_double else graph.float_type
    if in_double:
        outputs = graph("Cast", outputs, to=kind)
    if are_rates:
        outputs = graph("Exp", outputs)
    scaled = graph("Mul", outputs, scale.astype(dtype))
    values = graph("Add", scaled, mean.astype(dtype))
    if place is not None:
        values = place(values)
    own = [len(mean)] if are_many else []
    if n_steps:
        own = [n_steps, len(mean) // n_steps]
    shape: Shape = [*axes, *own]
    graph("Reshape", values, [0] * len(axes) + own, result="values")
    return [helper.make_tensor_value_info("values", kind, shape)]


def _is_unicode(text: str) -> bool:
    """Return whether a text is one to ONNX: lone surrogates have no UTF-8."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


HEADS: dict[str, Callable[..., list[ValueInfoProto]]] = {
    "labels": labels_head,
    "values": values_head,
}
