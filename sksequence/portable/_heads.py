"""From the raw outputs of a network to what an estimator predicts."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np


class Head:
    """From raw outputs to predictions.

    Parameters
    ----------
    **described
        What the subclass documents; these become its attributes.
    """

    def __init__(self, **described: Any) -> None:
        vars(self).update(described)

    @abstractmethod
    def predict(self, raw: np.ndarray) -> np.ndarray:
        """Return what predict answers to raw outputs (n, n_outputs)."""

    @abstractmethod
    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        """Return what predict_proba answers."""


class LabelsHead(Head):
    """Classes and their probabilities.

    Attributes
    ----------
    classes : ndarray of shape (n_outputs,)
        What the outputs stand for.
    is_multilabel : bool
        Whether each output is a label of its own, that holds or not.
    """

    classes: np.ndarray
    is_multilabel: bool

    def predict(self, raw: np.ndarray) -> np.ndarray:
        if self.is_multilabel:
            return (raw > 0).astype(int)
        return self.classes[raw.argmax(1)]

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        if self.is_multilabel:
            return (1 + np.tanh(raw / 2)) / 2
        # By the ufuncs themselves: what numpy's methods cost counts for a single step.
        likely = np.exp(raw - np.maximum.reduce(raw, 1, keepdims=True))
        likely /= np.add.reduce(likely, 1, keepdims=True)
        return likely


class ValuesHead(Head):
    """Numbers on the scale of the targets.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_outputs,)
        Of the targets, which the network predicts standardised.
    are_rates : bool
        Whether the outputs are logarithms.
    are_many : bool
        Whether a prediction has an axis for several numbers.
    """

    mean: np.ndarray
    scale: np.ndarray
    are_rates: bool
    are_many: bool

    def predict(self, raw: np.ndarray) -> np.ndarray:
        values = np.exp(raw) if self.are_rates else raw
        values = values * self.scale.astype(raw.dtype) + self.mean.astype(raw.dtype)
        return values if self.are_many else values[:, 0]

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        raise TypeError("Probabilities are of classes, but this predicts numbers.")


HEADS: dict[str, type[Head]] = {"labels": LabelsHead, "values": ValuesHead}
