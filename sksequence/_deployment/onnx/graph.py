"""Builder of ONNX graphs that names the nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

# The name of a node's result, or a constant. Python's ints are int64 and its floats those
# of the graph; arrays keep their dtype.
Value = str | int | float | Sequence[int] | np.ndarray
Weights = dict[str, np.ndarray]
Step = Callable[["Graph", list[str], list[str]], tuple[list[str], list[str]]]


class Graph:
    """Nodes in the order of computation, and the constants that they read.

    Parameters
    ----------
    dtype : dtype
        The floats that the nodes compute with: float32 or float64.
    outer : Graph or None
        The graph that this one is a part of, if it is the body of a scan.

    Attributes
    ----------
    prefix : str
        In front of the names of outputs, where several networks share a graph.

    Examples
    --------
    >>> graph = Graph()
    >>> graph("Add", graph("Relu", "x"), 1.0)
    'Add_2'
    >>> [node.op_type for node in graph.nodes], len(graph.constants)
    (['Relu', 'Add'], 1)
    """

    def __init__(self, dtype: Any = "float32", outer: Graph | None = None) -> None:
        self.dtype = np.dtype(dtype)
        self.prefix = ""
        self.nodes: list[NodeProto] = []
        # A graph within a graph shares the outer one's constants and names.
        self.constants: list[TensorProto] = [] if outer is None else outer.constants
        self._numbers: Iterator[int] = count(1) if outer is None else outer._numbers

    def __call__(
        self, op: str, *inputs: Value, result: str | None = None, **attributes: Any
    ) -> str:
        """Add a node with one result and return the name of the result."""
        named = [self._new(op) if result is None else self.prefix + result]
        return self._add(op, inputs, named, attributes)[0]

    def several(self, n: int, op: str, *inputs: Value, **attributes: Any) -> list[str]:
        """Add a node with n results and return their names."""
        return self._add(op, inputs, [self._new(op) for _ in range(n)], attributes)

    @property
    def float_type(self) -> int:
        """ONNX's number for the floats of this graph."""
        return helper.np_dtype_to_tensor_dtype(self.dtype)

    def scan(
        self, step: Step, states: Sequence[Value], sequences: Sequence[Value]
    ) -> list[str]:
        """Scan the first axis of ``sequences`` step by step, all floats.

        Parameters
        ----------
        step : callable
            Builds the graph of one step: maps a graph, the states and the slices of the
            sequences to the new states and the results of the step.
        states : sequence
            The initial states.
        sequences : sequence
            The sequences to scan.

        Returns
        -------
        list of str
            The results of all steps, stacked along a first axis.
        """
        inner = Graph(self.dtype, self)
        before = [inner._new("state") for _ in states]
        read = [inner._new("step") for _ in sequences]
        after, results = step(inner, before, read)
        # No output may appear twice, as a hidden state would that is also a result.
        copies = [inner("Identity", result) for result in results]
        body = helper.make_graph(
            inner.nodes,
            self._new("Body"),
            self._declare(before + read),
            self._declare(after + copies),
        )
        states_and_results = self.several(
            len(after) + len(copies),
            "Scan",
            *states,
            *sequences,
            body=body,
            num_scan_inputs=len(read),
        )
        return states_and_results[len(after) :]

    def _add(
        self,
        op: str,
        inputs: Sequence[Value],
        results: list[str],
        attributes: dict[str, Any],
    ) -> list[str]:
        named = [
            value if isinstance(value, str) else self._hold(value) for value in inputs
        ]
        self.nodes.append(helper.make_node(op, named, results, results[0], **attributes))
        return results

    def _declare(self, names: Sequence[str]) -> list[Any]:
        """Declare tensors of floats, of any shape."""
        return [helper.make_tensor_value_info(x, self.float_type, None) for x in names]

    def _hold(self, value: Any) -> str:
        """Add a constant and return its name."""
        array = np.asarray(value)
        if not isinstance(value, np.ndarray):
            array = array.astype(self.dtype if array.dtype.kind == "f" else np.int64)
        elif array.dtype.kind == "U":
            array = array.astype(object)  # as onnx takes text
        name = self._new("constant")
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def _new(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"


def below(weights: Weights, prefix: str) -> Weights:
    """Return the weights of a part, by their names within it.

    Examples
    --------
    >>> sorted(below({"head.bias": 1, "head.weight": 2, "join.linear.bias": 3}, "head"))
    ['bias', 'weight']
    """
    start = f"{prefix}."
    return {
        name.removeprefix(start): weight
        for name, weight in weights.items()
        if name.startswith(start)
    }


def parts(weights: Weights, prefix: str) -> list[Weights]:
    """Return the weights of each numbered part.

    Examples
    --------
    >>> parts({"layers.0.bias": 1, "layers.1.bias": 2}, "layers")
    [{'bias': 1}, {'bias': 2}]
    """
    found: list[Weights] = []
    while part := below(weights, f"{prefix}.{len(found)}"):
        found.append(part)
    return found


def linear(graph: Graph, x: Value, weights: Weights) -> str:
    """Apply a linear layer to ``x`` (..., in_features)."""
    product = graph("MatMul", x, weights["weight"].T)
    return graph("Add", product, weights["bias"]) if "bias" in weights else product
