"""Several networks in one model: the mean of their answers, and their spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, ValueInfoProto, helper

from .graph import Graph
from .heads import HEADS, Heads
from .labels import declare_labels, declare_several, probabilities_head
from .model import add_network, finish_model

# The mean of probabilities decides, not the members.
HEADS_OF_MEMBERS: Heads = {**HEADS, "labels": probabilities_head}


def make_ensemble(
    members: Sequence[dict[str, Any]], *, metadata: dict[str, str], version: str
) -> ModelProto:
    """Write fitted networks of one kind as one ONNX model.

    Parameters
    ----------
    members : sequence of dict
        ``network``, ``weights``, ``reading`` and ``answer`` of each, as in
        :func:`make_model`.
    metadata : dict of str
        Texts stored beside the graph.
    version : str
        Of sksequence.

    Raises
    ------
    ValueError
        If the networks read or answer differently.
    """
    answer = members[0]["answer"]
    graph = Graph(members[0]["network"]["dtype"])
    inputs, outputs, names = _add_members(graph, members)
    kept = {info.name: info for info in outputs}
    if "probabilities" in kept:
        proba, std = _moments(graph, names["probabilities"], None, kept["probabilities"])
        outputs = [*_decide(graph, proba, answer), std]
    else:
        _, std = _moments(graph, names["values"], names.get("std"), kept["values"])
        outputs = [kept["values"], std]
    return finish_model(graph, inputs, outputs, metadata, version)


def _add_members(
    graph: Graph, members: Sequence[dict[str, Any]]
) -> tuple[list[ValueInfoProto], list[ValueInfoProto], dict[str, list[str]]]:
    """Add all networks; return inputs, outputs of each, and the names of the latter."""
    names: dict[str, list[str]] = {}
    first: tuple[list[ValueInfoProto], list[ValueInfoProto]] | None = None
    for i, member in enumerate(members):
        graph.prefix = f"member_{i}/"
        found = add_network(graph, **member, heads=HEADS_OF_MEMBERS)
        first = found if first is None else first
        if found != first or member["network"]["dtype"] != graph.dtype:
            raise ValueError(
                f"Member {i} of the ensemble has other inputs, outputs or another dtype "
                "than member 0; expected networks with the same hyperparameters."
            )
        for info in found[1]:
            names.setdefault(info.name, []).append(graph.prefix + info.name)
    graph.prefix = ""
    assert first is not None
    return (*first, names)


def _moments(
    graph: Graph, means: Sequence[str], stds: Sequence[str] | None, info: ValueInfoProto
) -> tuple[str, ValueInfoProto]:
    """Compute the mean, and the standard deviation of an equal mixture, as outputs."""
    kind = info.type.tensor_type.elem_type
    # The operator Mean is for float32 alone in onnxruntime.
    share = np.asarray(1 / len(means), helper.tensor_dtype_to_np_dtype(kind))
    mean = graph("Mul", graph("Sum", *means), share, result=info.name)
    apart = [graph("Sub", each, mean) for each in means]
    squares = [graph("Mul", each, each) for each in (*apart, *(stds or ()))]
    graph("Sqrt", graph("Mul", graph("Sum", *squares), share), result="std")
    std = ValueInfoProto()
    std.CopyFrom(info)
    std.name = "std"
    return mean, std


def _decide(graph: Graph, proba: str, answer: dict[str, Any]) -> list[ValueInfoProto]:
    """Predict labels from mean probabilities."""
    classes = answer["classes"]
    if answer["is_multilabel"]:
        is_there = graph("Greater", proba, 0.5)
        return declare_several(graph, is_there, ["batch"], len(classes))
    index = graph("ArgMax", proba, axis=-1, keepdims=0)
    return declare_labels(graph, index, ["batch"], classes)
