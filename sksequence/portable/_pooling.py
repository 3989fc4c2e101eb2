"""Pooling of the steps of a sequence."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from ._parts import Part
from ._time import cut_segments


class Pool(Part):
    """Pools the steps so far of a batch of sequences.

    Parameters
    ----------
    n, size : int
        Number of sequences, and of channels per step.
    dtype : dtype
        Dtype of the pooled vectors.
    **weights : ndarray
        Weights of attention pooling.
    """

    def __init__(self, n: int, size: int, dtype: Any, **weights: np.ndarray) -> None:
        self.shape, self.dtype, self.weights = (n, size), dtype, weights

    @abstractmethod
    def add(self, steps: np.ndarray) -> None:
        """Read a step (n, size)."""

    @abstractmethod
    def result(self) -> np.ndarray:
        """Return the pooled vectors (n, size)."""


class LastPooling(Pool):
    """Returns the last step."""

    kept = ("value",)

    def __init__(self, n: int, size: int, dtype: Any, **weights: np.ndarray) -> None:
        super().__init__(n, size, dtype)
        self.value = np.zeros((n, size), dtype)

    def add(self, steps: np.ndarray) -> None:
        self.value[...] = steps

    def result(self) -> np.ndarray:
        return self.value


class MaxPooling(Pool):
    """Returns the maximum of each unit."""

    kept = ("largest",)

    def __init__(self, n: int, size: int, dtype: Any, **weights: np.ndarray) -> None:
        super().__init__(n, size, dtype)
        self.largest = np.full((n, size), -np.inf, dtype)

    def add(self, steps: np.ndarray) -> None:
        np.maximum(self.largest, steps, out=self.largest)

    def result(self) -> np.ndarray:
        return self.largest

    def reset(self, rows: Any = slice(None)) -> None:
        self.largest[rows] = -np.inf


class MeanPooling(Pool):
    """Averages the steps; the sum is in double precision."""

    kept = ("total", "count")

    def __init__(self, n: int, size: int, dtype: Any, **weights: np.ndarray) -> None:
        super().__init__(n, size, dtype)
        self.total, self.count = np.zeros((n, size)), np.zeros((n, 1))

    def add(self, steps: np.ndarray) -> None:
        self.total += steps
        self.count += 1

    def result(self) -> np.ndarray:
        return (self.total / self.count).astype(self.dtype)


class AttentionPooling(Pool):
    """Averages the steps with attention weights, relative to the largest so far."""

    kept = ("total", "count", "largest")

    def __init__(self, n: int, size: int, dtype: Any, **weights: np.ndarray) -> None:
        super().__init__(n, size, dtype, **weights)
        self.total, self.count = np.zeros((n, size)), np.zeros((n, 1))
        self.largest = np.full((n, 1), -np.inf)

    def add(self, steps: np.ndarray) -> None:
        hidden = steps @ self.weights["hidden.weight"].T + self.weights["hidden.bias"]
        score = np.tanh(hidden) @ self.weights["context.weight"].T
        largest = np.maximum(self.largest, score)
        decay, share = np.exp(self.largest - largest), np.exp(score - largest)
        self.total *= decay
        self.total += share * steps
        self.count *= decay
        self.count += share
        self.largest[...] = largest

    def result(self) -> np.ndarray:
        return (self.total / self.count).astype(self.dtype)

    def reset(self, rows: Any = slice(None)) -> None:
        super().reset(rows)
        self.largest[rows] = -np.inf


POOLINGS: dict[str, type[Pool]] = {
    "last": LastPooling,
    "mean": MeanPooling,
    "max": MaxPooling,
    "attention": AttentionPooling,
}


def pool_segments(
    pool: Pool, steps: np.ndarray, lengths: np.ndarray, n_segments: int
) -> np.ndarray:
    """Pool each of the segments of padded sequences: (n, n_segments * size).

    The pool is of as many sequences as there are segments.
    """
    if n_segments == 1:
        return pool_whole(pool, steps, lengths)
    pooled = pool_whole(pool, *cut_segments(steps, lengths, n_segments))
    return pooled.reshape(len(steps), -1)


def pool_whole(pool: Pool, steps: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Pool padded sequences, each over its valid steps."""
    pooled = np.empty_like(steps[:, 0])
    for t in range(steps.shape[1]):
        pool.add(steps[:, t])
        ends = lengths == t + 1
        if ends.any():
            pooled[ends] = pool.result()[ends]
    return pooled
