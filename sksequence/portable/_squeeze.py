"""Gates of channels by the mean of what a sequence holds, or of the steps so far."""

from __future__ import annotations

import numpy as np

from ._parts import Part
from ._time import valid_steps


class Squeeze:
    """Scale channels by gates.

    Parameters
    ----------
    weights : dict of ndarray
        Of the two products, by torch's names.
    causal : bool
        Whether a gate reads the mean of the steps so far.
    """

    stride = 1

    def __init__(self, weights: dict[str, np.ndarray], causal: bool) -> None:
        self.weights, self.causal = weights, causal
        self.size = len(weights["expand.bias"])

    def __call__(
        self, x: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scale padded sequences (n, steps, channels)."""
        valid = np.where(valid_steps(lengths, x.shape[1]), x, 0)
        if self.causal:
            total = valid.cumsum(axis=1, dtype=np.float64)
            mean = total / np.arange(1, x.shape[1] + 1)[:, None]
        else:
            mean = valid.sum(axis=1, dtype=np.float64) / lengths[:, None]
            mean = mean[:, None]
        return self.scale(x, mean), lengths

    def scale(self, x: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Scale x by the gates that belong to a mean."""
        weights = self.weights
        hidden = mean.astype(x.dtype) @ weights["reduce.weight"].T
        hidden = np.maximum(hidden + weights["reduce.bias"], 0)
        score = hidden @ weights["expand.weight"].T + weights["expand.bias"]
        return x * ((1 + np.tanh(score / 2)) / 2).astype(x.dtype)

    def start(self, n: int) -> RunningSqueeze:
        """Return the layer for n streams."""
        return RunningSqueeze(self, n)


class RunningSqueeze(Part):
    """Gates that read the mean of the steps so far."""

    kept = ("total", "count")

    def __init__(self, squeeze: Squeeze, n: int) -> None:
        self.squeeze = squeeze
        self.total, self.count = np.zeros((n, squeeze.size)), np.zeros((n, 1))

    def step(self, x: np.ndarray) -> np.ndarray:
        """Read a step, and scale it."""
        self.total += x
        self.count += 1
        return self.squeeze.scale(x, self.total / self.count)
