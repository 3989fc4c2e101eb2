"""Scores of steps by how far they are from what a network has said they would be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._heads import HEADS, DistributionHead, Head
from ._parts import Part


class SignalsHead(Head):
    """Errors of predicted or reconstructed steps, in standard deviations.

    Parameters
    ----------
    forecast_kind : str
        The head that converts raw outputs to values of the channels.
    columns : ndarray of shape (n_values,)
        The channels that are scored.
    is_ahead : bool
        Whether outputs at a step are for the step that follows.
    reduction : {"mean", "min"}
        How the score of a sequence follows from those of its steps.
    usual_mean, usual_scale : ndarray of shape (n_values,)
        Mean and deviation of the first step of a sequence, if it has no outputs.
    spread : ndarray of shape (n_values,)
        Root mean squared error in fit, relative to the deviations of ``forecast``.
    offset : float, default=0.0
        Score below which a sequence is an outlier.
    **forecast
        The attributes of that head.
    """

    def __init__(
        self,
        *,
        forecast_kind: str,
        columns: np.ndarray,
        is_ahead: bool,
        reduction: str,
        usual_mean: np.ndarray,
        usual_scale: np.ndarray,
        spread: np.ndarray,
        offset: float = 0.0,
        **forecast: Any,
    ) -> None:
        super().__init__()
        self.columns, self.is_ahead, self.reduction = columns, is_ahead, reduction
        self.forecast = HEADS[forecast_kind](**forecast)
        self.scale = forecast["scale"]
        self.usual_mean, self.usual_scale = usual_mean, usual_scale
        self.spread, self.offset = spread, offset

    def predict(self, raw: np.ndarray) -> np.ndarray:
        raise TypeError("predict of a detector needs the sequences, too.")

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        raise TypeError("predict_proba needs a classifier, but this is a detector.")

    def expect(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and deviation (n, n_values) that raw outputs say, in float64."""
        raw = raw.astype(np.float64)
        mean = self.forecast.predict(raw)
        deviation = np.broadcast_to(self.scale, mean.shape)
        if isinstance(self.forecast, DistributionHead):
            deviation = self.forecast.predict_std(raw)
        return mean, deviation * self.spread

    def expect_steps(
        self, raw: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and deviation of every step, given the outputs at all steps."""
        mean, deviation = self.expect(raw)
        if not self.is_ahead:
            return mean, deviation
        first = np.cumsum(lengths) - lengths
        mean, deviation = np.roll(mean, 1, axis=0), np.roll(deviation, 1, axis=0)
        mean[first], deviation[first] = self.usual_mean, self.usual_scale
        return mean, deviation

    def errors(
        self, values: np.ndarray, mean: np.ndarray, deviation: np.ndarray
    ) -> np.ndarray:
        """Return the errors of steps (n, n_channels), in deviations; NaN if missing."""
        return (values[:, self.columns].astype(np.float64) - mean) / deviation

    def errors_of_steps(
        self, raw: np.ndarray, values: np.ndarray, lengths: np.ndarray
    ) -> np.ndarray:
        """Return the errors of every step, given the outputs at all of them."""
        return self.errors(values, *self.expect_steps(raw, lengths))

    def score_steps(
        self, raw: np.ndarray, values: np.ndarray, lengths: np.ndarray
    ) -> np.ndarray:
        """Return the score of every step, given the outputs at all of them."""
        return self.score(self.errors_of_steps(raw, values, lengths))

    def log_density_of_steps(
        self, raw: np.ndarray, values: np.ndarray, lengths: np.ndarray
    ) -> np.ndarray:
        """Return the mean over channels of the log density of normal distributions."""
        mean, deviation = self.expect_steps(raw, lengths)
        errors = self.errors(values, mean, deviation)
        there = ~np.isnan(errors)
        density = -(errors**2) / 2 - np.log(deviation) - np.log(2 * np.pi) / 2
        total, count = np.where(there, density, 0).sum(axis=1), there.sum(axis=1)
        return np.where(count, total, np.nan) / np.maximum(count, 1)

    def score(self, errors: np.ndarray) -> np.ndarray:
        """Return minus the root mean squared error of each step; NaN without any."""
        squares = np.ascontiguousarray(errors**2)
        there = ~np.isnan(squares)
        total, count = np.where(there, squares, 0).sum(axis=1), there.sum(axis=1)
        return -np.sqrt(np.where(count, total, np.nan) / np.maximum(count, 1))

    def reduce(self, scores: np.ndarray, lengths: np.ndarray | Sequence) -> np.ndarray:
        """Return the score of each sequence; zero if none of its steps has one."""
        starts, there = np.cumsum(lengths) - lengths, ~np.isnan(scores)
        if self.reduction == "min":
            return np.minimum.reduceat(np.where(there, scores, 0), starts)
        total = np.add.reduceat(np.where(there, scores, 0) ** 2, starts)
        count = np.add.reduceat(there, starts, dtype=np.int64)
        return -np.sqrt(total / np.maximum(count, 1))


class Expectation(Part):
    """What the next step of some streams should be.

    Parameters
    ----------
    head : SignalsHead
        Says it.
    n : int
        Number of streams.
    """

    kept = ("mean", "deviation")

    def __init__(self, head: SignalsHead, n: int) -> None:
        self.head = head
        self.mean, self.deviation = np.zeros((2, n, len(head.columns)))
        self.reset()

    def reset(self, rows: Any = slice(None)) -> None:
        """Expect a first step."""
        self.mean[rows] = self.head.usual_mean
        self.deviation[rows] = self.head.usual_scale

    def score(self, values: np.ndarray) -> np.ndarray:
        """Return the score of a step (n, n_channels)."""
        return self.head.score(self.head.errors(values, self.mean, self.deviation))

    def update(self, raw: np.ndarray) -> None:
        """Expect what the outputs at a step say of the next."""
        self.mean[...], self.deviation[...] = self.head.expect(raw)
