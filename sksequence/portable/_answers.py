"""What raw outputs say."""

from __future__ import annotations

from typing import Any

import numpy as np


class Answers:
    """Turn raw outputs into classes and their probabilities, or numbers.

    Parameters
    ----------
    settings : dict
        ``kind``, one of "classes", "labels" (any number of them) and "numbers"; of
        numbers, ``rates`` and ``many`` too.
    classes : ndarray or None
        Of "classes".
    mean, scale : ndarray of shape (n_outputs,) or None
        Of "numbers", of which the network gives standardised ones, or logarithms of
        rates.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        classes: np.ndarray | None = None,
        mean: np.ndarray | None = None,
        scale: np.ndarray | None = None,
    ) -> None:
        self.kind = settings["kind"]
        self.rates, self.many = settings.get("rates"), settings.get("many")
        self.classes, self.mean, self.scale = classes, mean, scale

    def predict(self, raw: np.ndarray) -> np.ndarray:
        """Return what predict answers to raw outputs (n, n_outputs)."""
        if self.classes is not None:
            return self.classes[raw.argmax(1)]
        if self.kind == "labels":
            return (raw > 0).astype(int)
        assert self.mean is not None, "numbers have a mean"
        assert self.scale is not None, "numbers have a scale"
        values = np.exp(raw) if self.rates else raw
        values = values * self.scale.astype(raw.dtype) + self.mean.astype(raw.dtype)
        return values if self.many else values[:, 0]

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        """Return what predict_proba answers."""
        if self.kind == "numbers":
            raise TypeError("Probabilities are of classes, but this predicts numbers.")
        if self.kind == "labels":
            return (1 + np.tanh(raw / 2)) / 2
        likely = np.exp(raw - raw.max(axis=1, keepdims=True))
        return likely / likely.sum(axis=1, keepdims=True)
