"""Conversion of the raw outputs of a network to predictions and probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from onnx import TensorProto, ValueInfoProto, helper

from .chain import tags_head
from .graph import Graph
from .labels import Shape, labels_head


def transcripts_head(
    graph: Graph,
    scores: str,
    axes: Shape,
    *,
    classes: np.ndarray,
    is_text: bool,
    n_frames: str,
) -> list[ValueInfoProto]:
    """Predict the labels of the best path, in front of each row, and probabilities.

    scores (batch, frames, 1 + n_classes), n_frames (batch,)
    """
    codes = graph("ArgMax", scores, axis=-1, keepdims=0)
    one = graph("Mul", graph("Gather", codes, [0], axis=1), 0)
    before = graph("Concat", one, graph("Slice", codes, [0], [-1], [1]), axis=1)
    count = graph("Gather", graph("Shape", codes), 1)
    is_valid = graph(
        "Less", graph("Range", 0, count, 1), graph("Unsqueeze", n_frames, [1])
    )
    is_new = graph("And", graph("Greater", codes, 0), is_valid)
    is_new = graph("And", is_new, graph("Not", graph("Equal", codes, before)))
    so_far = graph("CumSum", graph("Cast", is_new, to=TensorProto.INT64), 1)
    # All others go to one column more, which is cut off.
    place = graph("Where", is_new, graph("Sub", so_far, 1), count)
    labels = graph("Where", is_new, graph("Sub", codes, 1), -1)
    empty = graph("Sub", graph("Mul", graph("Concat", codes, one, axis=1), 0), 1)
    filled = graph("ScatterElements", empty, place, labels, axis=1)
    graph("Slice", filled, [0], [-1], [1], result="label")
    graph("Softmax", scores, axis=-1, result="probabilities")
    every: Shape = [*axes, 1 + len(classes)]
    return [
        helper.make_tensor_value_info("label", TensorProto.INT64, axes),
        helper.make_tensor_value_info("probabilities", graph.float_type, every),
    ]


def translations_head(
    graph: Graph,
    codes: str,
    axes: Shape,
    *,
    classes: np.ndarray,
    is_text: bool,
    max_length: int,
) -> list[ValueInfoProto]:
    """Predict labels, of which codes (batch, max_length) are given."""
    graph("Sub", codes, 1, result="label")
    return [
        helper.make_tensor_value_info("label", TensorProto.INT64, [*axes, max_length])
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
    place: Callable[..., str] | None = None,
) -> list[ValueInfoProto]:
    """Predict numbers on the scale of the targets."""
    units = Units(graph, axes, mean, scale, are_many, in_double, n_steps, place)
    outputs = units.cast(outputs)
    if are_rates:
        outputs = graph("Exp", outputs)
    return [units.declare(outputs, "values")]


class Units:
    """The scale of the targets and of sequences, and the form of predictions."""

    def __init__(
        self,
        graph: Graph,
        axes: Shape,
        mean: np.ndarray,
        scale: np.ndarray,
        are_many: bool,
        in_double: bool,
        n_steps: int,
        place: Callable[..., str] | None,
    ) -> None:
        self.graph, self.axes, self.in_double = graph, axes, in_double
        self.place = place
        # float32 may be too coarse for the targets.
        self.dtype = np.dtype(np.float64) if in_double else graph.dtype
        self.kind = TensorProto.DOUBLE if in_double else graph.float_type
        self.mean, self.scale = mean.astype(self.dtype), scale.astype(self.dtype)
        self.own = [len(mean)] if are_many else []
        if n_steps:
            self.own = [n_steps, len(mean) // n_steps]

    def cast(self, outputs: str) -> str:
        """Return raw outputs in the precision that the targets need."""
        return self.graph("Cast", outputs, to=self.kind) if self.in_double else outputs

    def constant(self, value: float | np.ndarray) -> np.ndarray:
        """Return a constant in this precision."""
        return np.asarray(value, self.dtype)

    def declare(
        self,
        values: str,
        name: str,
        n_answers: int | None = None,
        *,
        is_spread: bool = False,
    ) -> ValueInfoProto:
        """Scale values (..., n_values) or (..., n_values, n_answers), as an output."""
        mean, scale, own = self.mean, self.scale, self.own
        if n_answers is not None:
            mean, scale, own = mean[:, None], scale[:, None], [*own, n_answers]
        values = self.graph("Mul", values, scale)
        if not is_spread:
            values = self.graph("Add", values, mean)
        if self.place is not None:
            has_axis = n_answers is not None
            values = self.place(values, has_axis=has_axis, is_level=not is_spread)
        self.graph("Reshape", values, [0] * len(self.axes) + own, result=name)
        return helper.make_tensor_value_info(name, self.kind, [*self.axes, *own])


class Parameters:
    """The outputs for each number: the location, and those by a positive link."""

    def __init__(
        self,
        graph: Graph,
        outputs: str,
        axes: Shape,
        *,
        floors: np.ndarray,
        factors: np.ndarray,
        n_steps: int = 0,
        place: Callable[..., str] | None = None,
        **scale: Any,
    ) -> None:
        self.graph = graph
        self.units = units = Units(graph, axes, n_steps=n_steps, place=place, **scale)
        n_values, n_parameters = len(units.mean), 1 + len(floors)
        form = [0] * len(axes) + [n_values, n_parameters]
        parts = graph("Reshape", units.cast(outputs), form)
        self.location = self._take(parts, 0)
        self.others = []
        for i, (floor, factor) in enumerate(zip(floors, factors, strict=True), 1):
            positive = self._softplus(self._take(parts, i))
            scaled = graph("Mul", positive, units.constant(factor))
            self.others.append(graph("Add", scaled, units.constant(floor)))

    def _softplus(self, x: str) -> str:
        """Return log(1 + exp(x))."""
        graph, one = self.graph, self.units.constant(1)
        if self.units.dtype == np.float32:
            return graph("Softplus", x)
        # onnxruntime has no operator for float64.
        tail = graph("Exp", graph("Neg", graph("Abs", x)))
        return graph("Add", graph("Relu", x), graph("Log", graph("Add", tail, one)))

    def _take(self, parts: str, i: int) -> str:
        return self.graph("Gather", parts, i, axis=-1)


def quantiles_head(
    graph: Graph, outputs: str, axes: Shape, *, middle: int, **described: Any
) -> list[ValueInfoProto]:
    """Predict quantiles that do not cross, along the last axis."""
    given = Parameters(graph, outputs, axes, **described)
    values = [given.location]
    for op, gaps in (
        ("Add", given.others[middle:]),
        ("Sub", given.others[:middle][::-1]),
    ):
        distance = None
        for gap in gaps:
            distance = gap if distance is None else graph("Add", distance, gap)
            value = graph(op, given.location, distance)
            values = [*values, value] if op == "Add" else [value, *values]
    each = [graph("Unsqueeze", value, [-1]) for value in values]
    whole = graph("Concat", *each, axis=-1)
    return [given.units.declare(whole, "values", len(values))]


def gaussian_head(
    graph: Graph, outputs: str, axes: Shape, **described: Any
) -> list[ValueInfoProto]:
    """Predict mean and standard deviation."""
    given = Parameters(graph, outputs, axes, **described)
    return _moments(given, given.location, given.others[0])


def student_t_head(
    graph: Graph, outputs: str, axes: Shape, **described: Any
) -> list[ValueInfoProto]:
    """Predict location and standard deviation of Student's t distribution."""
    given = Parameters(graph, outputs, axes, **described)
    spread, freedom = given.others
    less = graph("Sub", freedom, given.units.constant(2))
    wider = graph("Sqrt", graph("Div", freedom, less))
    return _moments(given, given.location, graph("Mul", spread, wider))


def negative_binomial_head(
    graph: Graph, outputs: str, axes: Shape, *, largest_log_rate: float, **described: Any
) -> list[ValueInfoProto]:
    """Predict rate and standard deviation of counts."""
    given = Parameters(graph, outputs, axes, **described)
    limits = (given.units.constant(x) for x in (-largest_log_rate, largest_log_rate))
    rate = graph("Exp", graph("Clip", given.location, *limits))
    of_rates = graph("Mul", given.others[0], graph("Mul", rate, rate))
    variance = graph("Add", graph("Div", rate, given.units.scale), of_rates)
    return _moments(given, rate, graph("Sqrt", variance))


def _moments(given: Parameters, mean: str, std: str) -> list[ValueInfoProto]:
    declare = given.units.declare
    return [declare(mean, "values"), declare(std, "std", is_spread=True)]


Heads = Mapping[str, Callable[..., list[ValueInfoProto]]]
HEADS: Heads = {
    "labels": labels_head,
    "transcripts": transcripts_head,
    "translations": translations_head,
    "tags": tags_head,
    "values": values_head,
    "quantiles": quantiles_head,
    "gaussian": gaussian_head,
    "student_t": student_t_head,
    "negative_binomial": negative_binomial_head,
}
