"""What raw outputs say."""

from __future__ import annotations

from typing import Any

import numpy as np


class Answers:
    """Turn raw outputs into classes and their probabilities, or numbers.

    Parameters
    ----------
    described : dict
        ``kind``: of "labels" ``classes`` and ``is_multilabel``, of "values" the ``mean``
        and ``scale`` of what the network gives standardised, ``are_rates`` (it gives
        logarithms) and ``are_many``.
    """

    def __init__(self, described: dict[str, Any]) -> None:
        self.are_values = described["kind"] == "values"
        if self.are_values:
            self.mean, self.scale = described["mean"], described["scale"]
            self.are_rates, self.are_many = described["are_rates"], described["are_many"]
        else:
            self.classes = described["classes"]
            self.is_multilabel = described["is_multilabel"]

    def predict(self, raw: np.ndarray) -> np.ndarray:
        """Return what predict answers to raw outputs (n, n_outputs)."""
        if not self.are_values:
            return (
                (raw > 0).astype(int)
                if self.is_multilabel
                else self.classes[raw.argmax(1)]
            )
        values = np.exp(raw) if self.are_rates else raw
        values = values * self.scale.astype(raw.dtype) + self.mean.astype(raw.dtype)
        return values if self.are_many else values[:, 0]

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        """Return what predict_proba answers."""
        if self.are_values:
            raise TypeError("Probabilities are of classes, but this predicts numbers.")
        if self.is_multilabel:
            return (1 + np.tanh(raw / 2)) / 2
        # By the ufuncs themselves: what numpy's methods cost counts for a single step.
        likely = np.exp(raw - np.maximum.reduce(raw, 1, keepdims=True))
        likely /= np.add.reduce(likely, 1, keepdims=True)
        return likely
