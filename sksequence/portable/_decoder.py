"""A decoder of labels, one after another, with attention."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._cell import FittedCell, RunningCell
from ._time import valid_steps


class Decoder:
    """Says the most probable label after each of those so far, until the end.

    Parameters
    ----------
    cells : list of FittedCell
        Its layers.
    weights : dict of ndarray
        Of embeddings, attention and readout, by torch's names.
    has_residual : bool
        Whether the output of each layer is added to that of the next one.
    """

    def __init__(
        self, cells: list[FittedCell], weights: dict[str, np.ndarray], has_residual: bool
    ) -> None:
        self.cells, self.weights, self.has_residual = cells, weights, has_residual

    def answer(
        self, start: np.ndarray, memory: np.ndarray, left: np.ndarray, max_length: int
    ) -> np.ndarray:
        """Return the codes of labels (n, max_length), zeros after the last one.

        Parameters
        ----------
        start : ndarray of shape (n, n_layers * n_states * hidden_size)
            Initial states of the layers.
        memory : ndarray of shape (n, n_frames, memory_size)
            What attention reads.
        left : ndarray of shape (n,)
            Number of its valid frames.
        max_length : int
            Maximum number of labels.
        """
        codes = np.zeros((len(start), max_length), dtype=int)
        running = [RunningCell(cell, len(start)) for cell in self.cells]
        states = [state for cell in running for state in cell.states]
        for state, value in zip(states, np.split(start, len(states), 1), strict=True):
            state[...] = value
        is_valid = valid_steps(left, memory.shape[1])[..., 0]
        last, goes_on = codes[:, 0], np.ones(len(start), dtype=bool)
        for t in range(max_length):
            last = np.where(goes_on, self._step(running, last, memory, is_valid), 0)
            codes[:, t] = last
            goes_on = last > 0
            if not goes_on.any():
                break
        return codes

    def _step(
        self,
        running: list[RunningCell],
        last: np.ndarray,
        memory: np.ndarray,
        is_valid: np.ndarray,
    ) -> np.ndarray:
        """Read the last labels, and return the codes of the next ones."""
        vectors, query = (
            self.weights["embedding"],
            self.weights.get("attention.query.weight"),
        )
        x = vectors[last] * vectors.shape[1] ** 0.5
        context = x[:, :0]
        for i, cell in enumerate(running):
            below, x = x, cell.step(np.concatenate([x, context], axis=1)).copy()
            if i and self.has_residual:
                x += below
            if not i and query is not None:
                context = _attend(x @ query.T, memory, is_valid)
        both = np.concatenate([x, context], axis=1)
        said = both @ self.weights["readout.weight"].T + self.weights["readout.bias"]
        return (said @ vectors.T + self.weights["bias"]).argmax(axis=1)


def _attend(query: np.ndarray, memory: np.ndarray, is_valid: np.ndarray) -> np.ndarray:
    """Average the valid frames of the memory by their products with the queries."""
    scores = (memory @ query[:, :, None])[..., 0] / memory.shape[2] ** 0.5
    scores = np.where(is_valid, scores, -np.inf)
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    context: Any = (shares[:, None] @ memory)[:, 0]
    return context
