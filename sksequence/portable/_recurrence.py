"""Recurrent cells, a step at a time."""

from __future__ import annotations

import numpy as np

from ._parts import Part
from ._time import reverse_steps, valid_steps

# Bytes of a vector register at most: states are as wide as whole vectors.
_VECTOR_BYTES = 64


# Which gates a cell has, in the order in which they are computed here: where torch has
# them, what they read, and by how much their weights are multiplied. The halves make a
# logistic function of a hyperbolic tangent: s(2 a) = (1 + tanh a) / 2.

_ALL, _INPUT, _STATE = range(3)
_GATES = {
    "rnn": [(0, _ALL, 1.0)],
    "lstm": [(0, _ALL, 0.5), (1, _ALL, 0.5), (3, _ALL, 0.5), (2, _ALL, 1.0)],
    "gru": [(0, _ALL, 0.5), (1, _ALL, 0.5), (2, _INPUT, 1.0), (2, _STATE, 1.0)],
}


class Cell:
    """A recurrent layer of one direction, with its weights as one matrix.

    A step is one product of that matrix with a *column*: the state (with zeros, as wide
    as whole vectors), a one for the biases, the input.

    Parameters
    ----------
    kind : {"rnn", "lstm", "gru"}
        Recurrent cell.
    weights : dict of ndarray
        ``weight_ih_l0``, ``weight_hh_l0``, ``bias_ih_l0`` and ``bias_hh_l0``, as torch
        has them.
    rectifies : bool, default=False
        Whether a plain cell has a rectifier in the place of its hyperbolic tangent.
    fade : dict of ndarray or None, default=None
        ``weight`` and ``bias`` of what the state is multiplied with before a step.
    """

    def __init__(
        self,
        kind: str,
        weights: dict[str, np.ndarray],
        rectifies: bool = False,
        fade: dict[str, np.ndarray] | None = None,
    ) -> None:
        from_x, from_h, bias_x, bias_h = (
            weights[f"{name}_l0"]
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        hidden, channels, dtype = from_h.shape[1], from_x.shape[1], from_h.dtype
        lanes = _VECTOR_BYTES // dtype.itemsize
        wide = -(-hidden // lanes) * lanes
        gates = _GATES[kind]
        matrix = np.zeros((wide + 1 + channels, len(gates) * wide), dtype)
        for i, (gate, reads, factor) in enumerate(gates):
            units = slice(gate * hidden, (gate + 1) * hidden)
            columns = slice(i * wide, i * wide + hidden)
            if reads != _INPUT:
                matrix[:hidden, columns] = factor * from_h[units].T
                matrix[wide, columns] += factor * bias_h[units]
            if reads != _STATE:
                matrix[wide + 1 :, columns] = factor * from_x[units].T
                matrix[wide, columns] += factor * bias_x[units]
        self.kind, self.rectifies, self.fade = kind, rectifies, fade or None
        self.matrix, self.hidden, self.wide = matrix, hidden, wide


class RunningCell(Part):
    """A cell at work on some sequences at once, one step after the other."""

    kept = ("state", "memory")

    def __init__(self, cell: Cell, n: int) -> None:
        depth, rows = cell.matrix.shape
        self.cell = cell
        self.columns = np.zeros((n, depth), cell.matrix.dtype)
        self.columns[:, cell.wide] = 1
        self.gates = np.empty((n, rows), cell.matrix.dtype)
        self.memory = np.zeros((n, cell.wide), cell.matrix.dtype)
        # Views: what is written here is in the columns.
        self.state = self.columns[:, : cell.wide]
        self.hidden = self.columns[:, : cell.hidden]
        self.inputs = self.columns[:, cell.wide + 1 :]

    def step(self, x: np.ndarray, since: np.ndarray | None = None) -> np.ndarray:
        """Read a step (n, channels), and return the states (n, hidden_size) behind it."""
        if x is not self.inputs:
            self.inputs[...] = x
        if self.cell.fade is not None:
            fade = since @ self.cell.fade["weight"].T + self.cell.fade["bias"]
            factor = np.exp(-np.maximum(fade, 0))
            self.hidden *= factor
            self.memory[:, : self.cell.hidden] *= factor
        self.compute()
        return self.hidden

    def compute(self) -> None:
        """Bring the states from one step to the next."""
        np.matmul(self.columns, self.cell.matrix, out=self.gates)
        getattr(self, f"_{self.cell.kind}")(self.cell.wide)

    def _rnn(self, wide: int) -> None:
        if self.cell.rectifies:
            np.maximum(self.gates, 0, out=self.state)
        else:
            np.tanh(self.gates, out=self.state)

    def _lstm(self, wide: int) -> None:
        np.tanh(self.gates, out=self.gates)
        squashed = self.gates[:, : 3 * wide]
        squashed *= 0.5
        squashed += 0.5
        enter, keep, out, new = np.split(self.gates, 4, axis=1)
        self.memory *= keep
        new *= enter
        self.memory += new
        np.tanh(self.memory, out=self.state)
        self.state *= out

    def _gru(self, wide: int) -> None:
        squashed, new, from_state = np.split(self.gates, [2 * wide, 3 * wide], axis=1)
        np.tanh(squashed, out=squashed)
        squashed *= 0.5
        squashed += 0.5
        from_state *= squashed[:, :wide]
        new += from_state
        np.tanh(new, out=new)
        self.state -= new
        self.state *= squashed[:, wide:]
        self.state += new


def run_whole(
    cell: Cell,
    x: np.ndarray,
    lengths: np.ndarray,
    since: np.ndarray | None = None,
    *,
    reverse: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Run a cell over padded sequences, from either end.

    ``since`` stands in the order in which the cell reads. Steps behind an end are zero.

    Returns
    -------
    steps : ndarray of shape (n, n_steps, hidden_size)
    final : ndarray of shape (n, hidden_size)
        The states where it has read all.
    """
    if reverse:
        x = reverse_steps(x, lengths)
    running = RunningCell(cell, len(x))
    steps = np.empty((*x.shape[:2], cell.hidden), x.dtype)
    for t in range(x.shape[1]):
        steps[:, t] = running.step(x[:, t], None if since is None else since[:, t])
    final = steps[np.arange(len(x)), lengths - 1]
    steps = np.where(valid_steps(lengths, x.shape[1]), steps, 0)
    return reverse_steps(steps, lengths) if reverse else steps, final
