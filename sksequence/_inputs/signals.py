"""Sequences that are their own targets: each step is to be predicted or reconstructed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Self, cast

import numpy as np

from .data import FitData
from .fitted import fitted_part
from .sequences import AnySequences
from .targets import Numbers

# Tukey (1977), Exploratory data analysis: how many times the distance of the quartiles
# beyond them a value is far out.
_FENCE = 1.5
# Share of the scores that are taken for outliers in any case.
_LEAST_SHARE = 0.01
# Errors below a ten thousandth of the standard deviation count as rounding.
_LEAST_SPREAD = 1e-4


@fitted_part
@dataclass(frozen=True)
class Signals(Numbers):
    """The channels of X as targets, and how large their errors usually are.

    Attributes
    ----------
    columns : tuple of int
        The channels of X that are targets.
    is_ahead : bool
        Whether the target of a step is the step that follows, or the step itself.
    reduction : {"mean", "min"}
        How the score of a sequence follows from those of its steps.
    usual_mean, usual_scale : ndarray of shape (n_values,)
        Mean and standard deviation, by which a first step is predicted.
    spread : ndarray of shape (n_values,)
        Root mean squared error, relative to the predicted standard deviations.
    longest : int
        Number of steps of the longest sequence in the first fit.
    offset, step_offset : float
        Scores of sequences, and of steps, below which are outliers.
    """

    kind: ClassVar[str] = "signals"

    columns: tuple[int, ...] = field(default=(), kw_only=True)
    is_ahead: bool = field(default=True, kw_only=True)
    reduction: str = field(default="mean", kw_only=True)
    usual_mean: np.ndarray = field(default_factory=partial(np.zeros, 0), kw_only=True)
    usual_scale: np.ndarray = field(default_factory=partial(np.ones, 0), kw_only=True)
    spread: np.ndarray = field(default_factory=partial(np.ones, 0), kw_only=True)
    longest: int = field(default=1, kw_only=True)
    offset: float = field(default=0.0, kw_only=True)
    step_offset: float = field(default=0.0, kw_only=True)

    @classmethod
    def in_channels(cls, columns: tuple[int, ...], loss: str, **options: Any) -> Signals:
        """Return the unfitted targets in these channels; ``options`` are attributes."""
        return cls(loss, len(columns), is_many=True, columns=columns, **options)

    def limit_code(self, size: int) -> int:
        """Return the size of a code that does not hold all values of a sequence."""
        return min(size, max(self.longest * self.n_values // 2, 1))

    def rows_of(self, sequences: AnySequences) -> np.ndarray:
        """Return the target of each step (n_steps_in_all, n_values), NaN without one."""
        loaded = sequences.load(np.arange(len(sequences)))
        rows = loaded.values[:, self.columns].astype(np.float64)
        if self.is_ahead:
            rows[:-1] = rows[1:]
            rows[np.cumsum(loaded.lengths) - 1] = np.nan
        return rows

    def learn(
        self, rows: np.ndarray, weight: np.ndarray | None, *, standardize: bool
    ) -> Self:
        empty = np.isnan(rows).all(axis=0)
        if empty.any():
            raise ValueError(
                f"X has no value in channel {self.columns[empty.argmax()]} that could be "
                "learnt from: all are NaN in the training sequences"
                + (", or in first steps." if self.is_ahead else ".")
                + " Leave the channel out."
            )
        learnt = cast(Self, super().learn(rows, weight, standardize=standardize))
        mean, scale = self._properties.fit_scale(rows, weight)
        return replace(
            learnt, usual_mean=mean, usual_scale=scale, spread=np.ones(self.n_values)
        )

    def follow(self, rows: np.ndarray, weight: np.ndarray | None) -> Self:
        learnt = cast(Self, super().follow(rows, weight))
        if learnt.seen is None:
            return learnt
        return replace(learnt, usual_mean=learnt.mean, usual_scale=learnt.scale)

    def weight_of_steps(self, data: FitData) -> np.ndarray:
        """Return the weight of each step; zero of those without outputs or a value."""
        weight = data.target_weight
        if weight is None:
            return np.ones(len(data.target.values))
        # The last step has no target, so the first gets its weight of zero.
        return np.roll(weight, 1) if self.is_ahead else weight

    def calibrate(self, errors: np.ndarray, weight: np.ndarray) -> Signals:
        """Return a copy with the usual size of errors (n_steps_in_all, n_values).

        ``weight`` (n_steps_in_all,) is that of the steps; errors may be NaN.
        """
        share = weight[:, None] * ~np.isnan(errors)
        total = (share * np.nan_to_num(errors) ** 2).sum(axis=0)
        count = share.sum(axis=0)
        size = np.sqrt(np.divide(total, count, out=np.ones_like(total), where=count > 0))
        return replace(self, spread=np.maximum(size, _LEAST_SPREAD))

    def export(self) -> dict[str, Any]:
        forecast = super().export()
        return {
            **forecast,
            "kind": "signals",
            "forecast_kind": forecast["kind"],
            "columns": np.array(self.columns),
            "is_ahead": self.is_ahead,
            "reduction": self.reduction,
            "usual_mean": self.usual_mean,
            "usual_scale": self.usual_scale,
            "spread": self.spread,
        }

    def check(self) -> None:
        super().check()
        if len(self.columns) != self.n_values:
            raise ValueError("its signals must be as many channels as values")
        if self.reduction not in ("mean", "min"):
            raise ValueError(f"its reduction must be a name, got {self.reduction!r}")
        if not isinstance(self.offset, float) or not isinstance(self.step_offset, float):
            raise ValueError("the offsets of its signals must be float")
        for array in (self.usual_mean, self.usual_scale, self.spread):
            if not isinstance(array, np.ndarray) or array.shape != self._scale_shape:
                raise ValueError("the spread of its signals does not fit the outputs")


def lower_limit(
    scores: np.ndarray, weight: np.ndarray, contamination: float | str
) -> float:
    """Return the score below which are outliers.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Scores; those that are NaN are ignored.
    weight : ndarray of shape (n,)
        Weight of each.
    contamination : float or "auto"
        The share below; or for the lower fence of Tukey, from the quartiles, or the 1 %
        quantile if that is higher.

    Examples
    --------
    >>> scores = np.arange(10.0)
    >>> lower_limit(scores, np.ones(10), 0.2)
    1.5
    >>> lower_limit(np.append(scores, -90), np.ones(11), "auto")
    -6.5
    """
    there = ~np.isnan(scores) & (weight > 0)
    if not there.any():
        return 0.0
    scores, weight = scores[there], weight[there]
    if not isinstance(contamination, str):
        return _quantile(scores, weight, float(contamination))
    least, low, high = (_quantile(scores, weight, q) for q in (_LEAST_SHARE, 0.25, 0.75))
    return max(least, low - _FENCE * (high - low))


def _quantile(values: np.ndarray, weight: np.ndarray, q: float) -> float:
    """Return a weighted quantile; a weight of two is as good as the value twice.

    It is numpy's "averaged_inverted_cdf": halfway to the next value, where a share of
    exactly ``q`` is not above one.
    """
    order = values.argsort(kind="stable")
    values, below = values[order], weight[order].cumsum()
    # The share may be exact but for rounding.
    wanted, rounding = q * below[-1], 1e-9 * below[-1]
    first = below.searchsorted(wanted - rounding)
    last = below.searchsorted(wanted + rounding)
    last = min(last, len(values) - 1)
    return float(values[first] + values[last]) / 2
