"""Which steps of padded sequences are valid, and their order."""

from __future__ import annotations

import numpy as np


def valid_steps(lengths: np.ndarray, n_steps: int) -> np.ndarray:
    """Return a mask (n, n_steps, 1), true where a step belongs to the sequence."""
    return (np.arange(n_steps) < lengths[:, None])[..., None]


def last_n_steps(x: np.ndarray, lengths: np.ndarray, n: int) -> np.ndarray:
    """Return the last n valid steps of each padded sequence, (n_sequences, n, size)."""
    if lengths.min() < n:
        raise ValueError(
            f"sequences must have at least {n} steps, one for each step of y, got "
            f"{lengths.min()}"
        )
    index = lengths[:, None] - n + np.arange(n)
    return np.take_along_axis(x, index[..., None], axis=1)


def cut_segments(
    x: np.ndarray, lengths: np.ndarray, n_segments: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cut padded sequences into equal parts: (n * n_segments, steps, size), and lengths.

    Parts share a step if their number does not divide that of the steps.
    """
    number = np.arange(n_segments)
    begins = lengths[:, None] * number // n_segments
    ends = -(-lengths[:, None] * (number + 1) // n_segments)
    within = np.arange((ends - begins).max())
    index = np.minimum(begins[..., None] + within, x.shape[1] - 1)
    rows = np.arange(len(x))[:, None, None]
    segments = x[rows, index].reshape(-1, len(within), x.shape[2])
    return segments, (ends - begins).ravel()


def reverse_steps(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Reverse each padded sequence within its own length."""
    steps = np.arange(x.shape[1])
    mirrored = lengths[:, None] - 1 - steps
    index = np.where(mirrored < 0, steps, mirrored)
    return np.take_along_axis(x, index[..., None], axis=1)
