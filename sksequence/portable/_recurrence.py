"""Recurrent layers over padded sequences."""

from __future__ import annotations

import numpy as np

from ._cell import FittedCell, RunningCell
from ._time import reverse_steps, valid_steps


def run_whole(
    cell: FittedCell,
    x: np.ndarray,
    lengths: np.ndarray,
    elapsed: np.ndarray | None = None,
    *,
    reverse: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Run a cell over padded sequences, forward or backward.

    ``elapsed`` is in the order in which the cell reads. Steps of padding are zero.

    Returns
    -------
    steps : ndarray of shape (n, n_steps, hidden_size)
    final : ndarray of shape (n, hidden_size)
        The hidden state when all has been read.
    """
    if reverse:
        x = reverse_steps(x, lengths)
    running = RunningCell(cell, len(x))
    steps = np.empty((*x.shape[:2], cell.hidden), x.dtype)
    for t in range(x.shape[1]):
        steps[:, t] = running.step(x[:, t], None if elapsed is None else elapsed[:, t])
    final = last_steps(steps, lengths)
    steps = np.where(valid_steps(lengths, x.shape[1]), steps, 0)
    return reverse_steps(steps, lengths) if reverse else steps, final


def last_steps(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return each padded sequence's last step (n, channels)."""
    return x[np.arange(len(x)), lengths - 1]
