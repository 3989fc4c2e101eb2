"""Arithmetic that adds nodes to a graph, for the equations of cells."""

from __future__ import annotations

from ..._cells import Operations
from .graph import Graph


class Node:
    """The result of a node, with the operators that a cell's equations use.

    Examples
    --------
    >>> graph = Graph()
    >>> x = Node(graph, "x")
    >>> (1.0 - x * OPERATIONS.tanh(x)).name
    'Sub_3'
    >>> [node.op_type for node in graph.nodes]
    ['Tanh', 'Mul', 'Sub']
    """

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph, self.name = graph, name

    def __add__(self, other: Node | float) -> Node:
        return _combine("Add", self, other)

    def __radd__(self, other: float) -> Node:
        return _combine("Add", other, self)

    def __sub__(self, other: Node | float) -> Node:
        return _combine("Sub", self, other)

    def __rsub__(self, other: float) -> Node:
        return _combine("Sub", other, self)

    def __mul__(self, other: Node | float) -> Node:
        return _combine("Mul", self, other)

    def __rmul__(self, other: float) -> Node:
        return _combine("Mul", other, self)

    def __truediv__(self, other: Node | float) -> Node:
        return _combine("Div", self, other)

    def __rtruediv__(self, other: float) -> Node:
        return _combine("Div", other, self)

    def __neg__(self) -> Node:
        return _combine("Neg", self)


def _combine(op: str, *operands: Node | float) -> Node:
    """Add a node to the graph of the operands; numbers among them are floats."""
    graph = next(x.graph for x in operands if isinstance(x, Node))
    names = [x.name if isinstance(x, Node) else float(x) for x in operands]
    return Node(graph, graph(op, *names))


def _where_positive(x: Node, y: Node) -> Node:
    graph = x.graph
    is_not = graph("LessOrEqual", x.name, 0.0)
    return Node(graph, graph("Where", is_not, 0.0, y.name))


OPERATIONS = Operations(
    sigmoid=lambda x: _combine("Sigmoid", x),
    tanh=lambda x: _combine("Tanh", x),
    relu=lambda x: _combine("Relu", x),
    exp=lambda x: _combine("Exp", x),
    maximum=lambda x, y: _combine("Max", x, y),
    where_positive=_where_positive,
)
