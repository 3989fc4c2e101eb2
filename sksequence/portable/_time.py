"""Which steps of padded sequences are valid, and their order."""

from __future__ import annotations

import numpy as np


def valid_steps(lengths: np.ndarray, n_steps: int) -> np.ndarray:
    """Return a mask (n, n_steps, 1), true where a step belongs to the sequence."""
    return (np.arange(n_steps) < lengths[:, None])[..., None]


def reverse_steps(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Reverse each padded sequence within its own length."""
    steps = np.arange(x.shape[1])
    mirrored = lengths[:, None] - 1 - steps
    index = np.where(mirrored < 0, steps, mirrored)
    return np.take_along_axis(x, index[..., None], axis=1)
