"""Predictions of all sequences, from those of chunks."""

from __future__ import annotations

from threading import Lock

import numpy as np
from torch import Tensor


class Answers:
    """Predictions in the order of the sequences, filled by chunks in any order.

    Parameters
    ----------
    n : int
        Number of sequences.
    counts : Tensor of shape (n,) or None
        Number of predictions of each sequence; None for one per sequence.

    Attributes
    ----------
    values : ndarray of shape (n, ...) or (n_predictions, ...)
        The predictions, empty before the first chunk.

    Examples
    --------
    >>> import torch
    >>> answers = Answers(3, counts=torch.tensor([1, 2, 1]))
    >>> answers.put(torch.tensor([1]), np.array([[3.0, 4.0]]))
    >>> answers.put(torch.tensor([0, 2]), np.array([[2.0], [5.0]]))
    >>> answers.values
    array([2., 3., 4., 5.])
    """

    def __init__(self, n: int, counts: Tensor | None) -> None:
        self.counts = None if counts is None else counts.tolist()
        self.ends = None if counts is None else counts.cumsum(0).tolist()
        self.n = n if self.ends is None else self.ends[-1]
        self.values = np.empty(0)
        self._lock = Lock()

    def put(self, index: Tensor, answers: np.ndarray) -> None:
        """Note what a chunk of sequences has been answered, padding included."""
        with self._lock:
            if not len(self.values):
                axes = 1 if self.ends is None else 2
                self.values = np.empty((self.n, *answers.shape[axes:]), answers.dtype)
        if self.counts is None or self.ends is None:
            self.values[index.numpy()] = answers
            return
        for i, answer in zip(index.tolist(), answers, strict=True):
            n_own, end = self.counts[i], self.ends[i]
            self.values[end - n_own : end] = answer[:n_own]
