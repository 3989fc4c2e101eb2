"""Conversion of the raw outputs of a network to predictions."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np


class Head:
    """Base of heads, which convert raw outputs to predictions.

    Parameters
    ----------
    **described
        The attributes that the subclass documents.
    """

    def __init__(self, **described: Any) -> None:
        vars(self).update(described)

    @abstractmethod
    def predict(self, raw: np.ndarray) -> np.ndarray:
        """Return the result of predict for raw outputs (n, n_outputs)."""

    @abstractmethod
    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        """Return the result of predict_proba."""


class LabelsHead(Head):
    """Classes and their probabilities.

    Attributes
    ----------
    classes : ndarray of shape (n_outputs,)
        The class of each output.
    is_multilabel : bool
        Whether targets are multilabel.
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
        # Call the ufuncs directly: the overhead of methods matters for a single step.
        likely = np.exp(raw - np.maximum.reduce(raw, 1, keepdims=True))
        likely /= np.add.reduce(likely, 1, keepdims=True)
        return likely


class ValuesHead(Head):
    """Numbers on the scale of the targets.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_outputs,)
        Mean and scale of the targets, which were standardised in fit.
    are_rates : bool
        Whether the outputs are logarithms.
    are_many : bool
        Whether a prediction has an axis for several numbers.
    in_double : bool
        Whether float32 is too coarse for the targets.
    n_steps : int
        Number of steps ahead, if a prediction has an axis for them, else 0.
    """

    mean: np.ndarray
    scale: np.ndarray
    are_rates: bool
    are_many: bool
    in_double: bool = False  # predictors of older versions lack it
    n_steps: int = 0  # also of those stored by earlier versions

    def predict(self, raw: np.ndarray) -> np.ndarray:
        raw = raw.astype(np.float64) if self.in_double else raw
        values = np.exp(raw) if self.are_rates else raw
        values = values * self.scale.astype(raw.dtype) + self.mean.astype(raw.dtype)
        if self.n_steps:
            return values.reshape(len(values), self.n_steps, -1)
        return values if self.are_many else values[:, 0]

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        raise TypeError("predict_proba needs a classifier, but this predicts numbers.")


HEADS: dict[str, type[Head]] = {"labels": LabelsHead, "values": ValuesHead}
