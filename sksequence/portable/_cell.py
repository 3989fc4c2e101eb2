"""Recurrent cells with their weights, a step at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._cells.cell import APART, INPUT, Cell, Operations
from ._parts import Part

# Bytes of a vector register at most: states are as wide as whole vectors.
_VECTOR_BYTES = 64
_EPSILON = 1e-5  # what torch's layer normalisation adds to a variance
_Linear = tuple[np.ndarray, np.ndarray]  # the weights and biases of one gate


def _sigmoid(x: np.ndarray) -> np.ndarray:
    y = np.multiply(x, 0.5)
    # In place: at the size of one step it is the allocations that cost.
    np.tanh(y, out=y)
    y *= 0.5
    y += 0.5
    return y


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def _where_positive(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.where(x <= 0, 0, y)


NUMPY = Operations(_sigmoid, np.tanh, _relu, np.exp, np.maximum, _where_positive)


class FittedCell:
    """A cell with the weights of one layer and direction, as one matrix.

    A step is one product of that matrix with a *column*: the hidden state (with zeros, as
    wide as whole vectors), a one for the biases, the input. The product has a block of
    ``wide`` for each value that the cell reads, in its order; a gate that reads state and
    input apart has two, the state's first.

    Parameters
    ----------
    cell : type of Cell
        The equations.
    weights : dict of ndarray
        ``weight_ih_l0`` and ``bias_ih_l0`` of all gates, ``weight_hh_l0`` and
        ``bias_hh_l0`` of those that read the state, one gate below the other; with layer
        normalisation also ``norm.weight`` and ``norm.bias``.
    decay : dict of ndarray or None, default=None
        ``weight`` and ``bias`` of the state's decay, which multiplies the states before
        each step.
    """

    def __init__(
        self,
        cell: type[Cell],
        weights: dict[str, np.ndarray],
        decay: dict[str, np.ndarray] | None = None,
    ) -> None:
        from_x, bias_x = weights["weight_ih_l0"], weights["bias_ih_l0"]
        self.cell, self.decay, self.projection = cell, decay or None, None
        if "norm.weight" in weights:
            # The column then holds the standardised products instead of the input.
            self.projection = from_x.T.copy()
            from_x = np.diag(weights["norm.weight"])
            bias_x = bias_x + weights["norm.bias"]
        n_gates = len(cell.gates)
        self.hidden = len(bias_x) // n_gates
        lanes = _VECTOR_BYTES // from_x.dtype.itemsize
        self.wide = -(-self.hidden // lanes) * lanes
        depth = self.wide + 1 + from_x.shape[1]
        rows = (n_gates + cell.gates.count(APART)) * self.wide
        self.matrix = np.zeros((depth, rows), from_x.dtype)
        from_inputs = zip(
            np.split(from_x, n_gates), np.split(bias_x, n_gates), strict=True
        )
        self._fill(from_inputs, iter(self._split_recurrent(weights)))

    def _fill(
        self, from_inputs: Iterator[_Linear], from_states: Iterator[_Linear]
    ) -> None:
        """Write each gate's weights into its block of the matrix, or into its two."""
        block = 0
        for reads, from_input in zip(self.cell.gates, from_inputs, strict=True):
            if reads != INPUT:
                self._add(block, slice(self.hidden), *next(from_states))
                block += reads == APART
            self._add(block, slice(self.wide + 1, None), *from_input)
            block += 1

    def _split_recurrent(self, weights: dict[str, np.ndarray]) -> list[_Linear]:
        """Return matrix and bias of each gate that reads the state."""
        n_gates = len(self.cell.gates) - self.cell.gates.count(INPUT)
        if not n_gates:
            return []
        matrices = np.split(weights["weight_hh_l0"], n_gates)
        if self.cell.is_diagonal:
            matrices = [np.diag(own.ravel()) for own in matrices]
        biases = np.split(weights["bias_hh_l0"], n_gates)
        return list(zip(matrices, biases, strict=True))

    def _add(self, block: int, rows: slice, matrix: np.ndarray, bias: np.ndarray) -> None:
        """Add the weights from some rows of a column to a block, and a bias."""
        columns = slice(block * self.wide, block * self.wide + self.hidden)
        self.matrix[rows, columns] = matrix.T
        self.matrix[self.wide, columns] += bias

    def project(self, x: np.ndarray) -> np.ndarray:
        """Return the part of a column that an input (n, channels) fills."""
        if self.projection is None:
            return x
        products = x @ self.projection
        products -= products.mean(1, keepdims=True)
        variance = np.square(products).mean(1, keepdims=True)
        return products / np.sqrt(variance + _EPSILON)


class RunningCell(Part):
    """The states of a cell in a batch of sequences, updated step by step."""

    def __init__(self, cell: FittedCell, n: int) -> None:
        depth, rows = cell.matrix.shape
        self.cell = cell
        self.kept = ("hidden_state", "cell_state")[: cell.cell.n_states]
        self.columns = np.zeros((n, depth), cell.matrix.dtype)
        self.columns[:, cell.wide] = 1
        self.gates = np.empty((n, rows), cell.matrix.dtype)
        self.cell_state = np.zeros((n, cell.wide), cell.matrix.dtype)
        # Views: what is written here is in the columns.
        self.hidden_state = self.columns[:, : cell.wide]
        self.inputs = self.columns[:, cell.wide + 1 :]
        # The same without the padding to whole vectors.
        self.states: tuple[np.ndarray, ...] = tuple(
            state[:, : cell.hidden]
            for state in (self.hidden_state, self.cell_state)[: cell.cell.n_states]
        )
        self.values = self._split_gates()

    def _split_gates(self) -> tuple[Any, ...]:
        """Return the values that the cell reads, as views of the gates."""
        n_blocks = self.gates.shape[1] // self.cell.wide
        blocks = iter(np.split(self.gates, n_blocks, axis=1))
        units = (block[:, : self.cell.hidden] for block in blocks)
        return tuple(
            (next(units), next(units)) if reads == APART else next(units)
            for reads in self.cell.cell.gates
        )

    def step(self, x: np.ndarray, elapsed: np.ndarray | None = None) -> np.ndarray:
        """Read a step (n, channels) and return the hidden states (n, hidden_size)."""
        if x is not self.inputs:
            self.inputs[...] = self.cell.project(x)
        if self.cell.decay is not None:
            rate = elapsed @ self.cell.decay["weight"].T + self.cell.decay["bias"]
            factor = np.exp(-np.maximum(rate, 0))
            for state in self.states:
                state *= factor
        self.compute()
        return self.states[0]

    def compute(self) -> None:
        """Update the states from the column."""
        np.matmul(self.columns, self.cell.matrix, out=self.gates)
        after, _ = self.cell.cell.step(NUMPY, self.values, self.states)
        for state, new in zip(self.states, after, strict=True):
            state[...] = new

    def set_state(self, state: dict[str, Any]) -> None:
        """Set the state, also one with the names of earlier versions."""
        earlier = {"state": "hidden_state", "memory": "cell_state"}
        super().set_state({earlier.get(name, name): own for name, own in state.items()})
