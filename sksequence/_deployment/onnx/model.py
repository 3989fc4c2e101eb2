"""The model in a file: inputs, graph, outputs and metadata."""

from __future__ import annotations

from typing import Any

from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from .graph import Graph, Weights
from .heads import HEADS, Heads
from .local import LocalScale
from .network import count_frames, run_network
from .reading import look_up, standardise
from .steps import Steps

# Old enough for onnxruntime 1.17, and for most other runtimes.
_OPSET, _IR_VERSION = 17, 8


def make_model(
    *,
    network: dict[str, Any],
    weights: Weights,
    reading: dict[str, Any],
    answer: dict[str, Any],
    metadata: dict[str, str],
    version: str,
) -> ModelProto:
    """Write a fitted network as an ONNX model.

    Parameters
    ----------
    network : dict
        Keywords of :class:`sksequence.nn.SequenceNetwork`.
    weights : dict of ndarray
        Its state dict.
    reading : dict
        ``known``, which tokens were seen in training; or ``mean`` and ``scale`` of the
        channels. ``static_mean`` and ``static_scale``, empty without static covariates.
        ``local``, ``usual_level`` and ``usual_spread`` of the scale of each sequence.
    answer : dict
        ``kind``, a name of ``HEADS``, and keywords of that function.
    metadata : dict of str
        Texts stored beside the graph.
    version : str
        Of sksequence.
    """
    graph = Graph(network["dtype"])
    inputs, outputs = add_network(
        graph, network=network, weights=weights, reading=reading, answer=answer
    )
    return finish_model(graph, inputs, outputs, metadata, version)


def add_network(
    graph: Graph,
    *,
    network: dict[str, Any],
    weights: Weights,
    reading: dict[str, Any],
    answer: dict[str, Any],
    heads: Heads = HEADS,
) -> tuple[list[ValueInfoProto], list[ValueInfoProto]]:
    """Add a fitted network, and return its inputs and outputs."""
    weights = {
        name: weight.astype(graph.dtype) if weight.dtype.kind == "f" else weight
        for name, weight in weights.items()
    }
    x, steps, local = _read(graph, network, weights, reading)
    static = None
    if network["static_size"]:
        mean, scale = reading["static_mean"], reading["static_scale"]
        static = standardise(graph, "static", mean, scale)
    longest = answer.get("max_length", 0)
    raw = run_network(graph, x, steps, static, network, weights, longest)
    axes = ["batch", "steps"] if network["per_step"] else ["batch"]
    keywords = {name: value for name, value in answer.items() if name != "kind"}
    if network.get("per_frame"):
        axes = ["batch", "frames"]
        keywords["n_frames"] = count_frames(graph, steps, network)
    if local is not None:
        keywords["place"] = local.place
    if answer["kind"] == "tags":
        keywords["steps"] = steps
    outputs = heads[answer["kind"]](graph, raw, axes, **keywords)
    return _inputs(graph, network, in_double=local is not None), outputs


def finish_model(
    graph: Graph,
    inputs: list[ValueInfoProto],
    outputs: list[ValueInfoProto],
    metadata: dict[str, str],
    version: str,
) -> ModelProto:
    """Return the model of a complete graph."""
    model = helper.make_model(
        helper.make_graph(graph.nodes, "sksequence", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="sksequence",
        producer_version=version,
    )
    helper.set_model_props(model, metadata)
    return model


def _inputs(
    graph: Graph, network: dict[str, Any], *, in_double: bool
) -> list[ValueInfoProto]:
    """Declare the inputs: sequences, their lengths and static covariates."""
    kind = TensorProto.DOUBLE if in_double else graph.float_type
    declare = helper.make_tensor_value_info
    steps, n_static = ["batch", "steps"], network["static_size"]
    return [
        declare("X", kind, [*steps, network["input_size"]])
        if network["embedding_dim"] is None
        else declare("X", TensorProto.INT64, steps),
        declare("lengths", TensorProto.INT64, ["batch"]),
        *(
            [declare("static", TensorProto.DOUBLE, ["batch", n_static])]
            if n_static
            else []
        ),
    ]


def _read(
    graph: Graph,
    network: dict[str, Any],
    weights: Weights,
    reading: dict[str, Any],
) -> tuple[str, Steps, LocalScale | None]:
    """Return what the network reads, (steps, batch, input_size), and its steps.

    Also the scale of each sequence, if sequences are normalised.
    """
    if network["embedding_dim"] is not None:
        ids = graph("Transpose", "X", perm=[1, 0])
        steps = Steps(graph, ids, "lengths")
        vectors = weights["embedding.weight"]
        return look_up(graph, ids, steps, vectors, reading["known"]), steps, None
    x = graph("Transpose", "X", perm=[1, 0, 2])
    steps, local = Steps(graph, x, "lengths"), None
    if (described := reading.get("local")) is not None:
        usual = {name: reading[name] for name in ("usual_level", "usual_spread")}
        n_channels = network["input_size"]
        local = LocalScale(graph, x, steps, n_channels, **described, **usual)
        x = local.normalised
    mean, scale, time = reading["mean"], reading["scale"], network["time_channel"]
    # Padding may hold NaN: it is replaced before anything else is computed.
    x = steps.fill(standardise(graph, x, mean, scale, time_channel=time), 0.0)
    return x, steps, local
