"""Recurrent cells with their weights, a step at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._cells.cell import APART, INPUT, Cell, Operations
from ._parts import Part

# Bytes of a vector register at most: states are as wide as whole vectors.
_VECTOR_BYTES = 64
_EPSILON = 1e-5  # what torch's layer normalisation adds to a variance


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
        ``weight`` and ``bias`` of what the states are multiplied with before a step.
    """

    def __init__(
        self,
        cell: type[Cell],
        weights: dict[str, np.ndarray],
        decay: dict[str, np.ndarray] | None = None,
    ) -> None:
        from_x, bias_x = weights["weight_ih_l0"], weights["bias_ih_l0"]
        self.cell, self.fade, self.projection = cell, decay or None, None
        if "norm.weight" in weights:
            # The column then holds the standardised products instead of the input.
            self.projection = from_x.T.copy()
            from_x = np.diag(weights["norm.weight"])
            bias_x = bias_x + weights["norm.bias"]
        self.hidden = len(bias_x) // len(cell.gates)
        lanes = _VECTOR_BYTES // from_x.dtype.itemsize
        self.wide = -(-self.hidden // lanes) * lanes
        channels = from_x.shape[1]
        n_blocks = len(cell.gates) + cell.gates.count(APART)
        self.matrix = np.zeros(
            (self.wide + 1 + channels, n_blocks * self.wide), from_x.dtype
        )
        from_inputs = zip(
            np.split(from_x, len(cell.gates)),
            np.split(bias_x, len(cell.gates)),
            strict=True,
        )
        from_states, block = iter(self._split_recurrent(weights)), 0
        for reads, (matrix, bias) in zip(cell.gates, from_inputs, strict=True):
            if reads != INPUT:
                self._add(block, slice(self.hidden), *next(from_states))
                block += reads == APART
            self._add(block, slice(self.wide + 1, None), matrix, bias)
            block += 1

    def _split_recurrent(
        self, weights: dict[str, np.ndarray]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
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
        """Let a block of the product read these rows of a column, and the bias."""
        columns = slice(block * self.wide, block * self.wide + self.hidden)
        self.matrix[rows, columns] = matrix.T
        self.matrix[self.wide, columns] += bias

    def project(self, x: np.ndarray) -> np.ndarray:
        """Return what stands in a column for an input (n, channels)."""
        if self.projection is None:
            return x
        products = x @ self.projection
        products -= products.mean(1, keepdims=True)
        variance = np.square(products).mean(1, keepdims=True)
        return products / np.sqrt(variance + _EPSILON)


class RunningCell(Part):
    """A cell at work on some sequences at once, one step after the other."""

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
        # The same without the zeros behind: what a cell's equations read.
        self.states: tuple[np.ndarray, ...] = tuple(
            state[:, : cell.hidden]
            for state in (self.hidden_state, self.cell_state)[: cell.cell.n_states]
        )
        self.values = self._split_gates()

    def _split_gates(self) -> tuple[Any, ...]:
        """Return what each gate has read, as views of the gates."""
        n_blocks = self.gates.shape[1] // self.cell.wide
        blocks = iter(np.split(self.gates, n_blocks, axis=1))
        units = (block[:, : self.cell.hidden] for block in blocks)
        return tuple(
            (next(units), next(units)) if reads == APART else next(units)
            for reads in self.cell.cell.gates
        )

    def step(self, x: np.ndarray, since: np.ndarray | None = None) -> np.ndarray:
        """Read a step (n, channels), and return the states (n, hidden_size) behind it."""
        if x is not self.inputs:
            self.inputs[...] = self.cell.project(x)
        if self.cell.fade is not None:
            rate = since @ self.cell.fade["weight"].T + self.cell.fade["bias"]
            factor = np.exp(-np.maximum(rate, 0))
            for state in self.states:
                state *= factor
        self.compute()
        return self.states[0]

    def compute(self) -> None:
        """Bring the states from one step to the next."""
        np.matmul(self.columns, self.cell.matrix, out=self.gates)
        after, _ = self.cell.cell.step(NUMPY, self.values, self.states)
        for state, new in zip(self.states, after, strict=True):
            state[...] = new

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a state, also from one with the names of earlier versions."""
        earlier = {"state": "hidden_state", "memory": "cell_state"}
        super().set_state({earlier.get(name, name): own for name, own in state.items()})
