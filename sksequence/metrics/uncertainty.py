"""Metrics of predicted quantiles, intervals and distributions.

Targets are of any shape that regressors take: (n_sequences,), (n_sequences, n_outputs),
(n_sequences, n_steps, n_targets), or for estimators of steps a list of arrays.
Predictions have the same form, quantiles and samples with a last axis of their own.
Missing targets (NaN) do not count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr
from sklearn.metrics import mean_pinball_loss

from .._inputs import check_levels
from .._inputs.types import ArrayLike
from ._outputs import score_outputs

__all__ = [
    "crps_gaussian",
    "crps_quantiles",
    "crps_samples",
    "interval_coverage",
    "interval_width",
    "pinball_loss",
]


def pinball_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    quantiles: Sequence[float],
    sample_weight: ArrayLike | None = None,
    multioutput: Any = "uniform_average",
) -> Any:
    r"""Mean pinball loss over several quantiles.

    .. math:: \frac{1}{nQ} \sum_{i, q} \max(q e_{iq}, (q - 1) e_{iq}),
        \quad e_{iq} = y_i - \hat y_{iq}

    Parameters
    ----------
    y_true : array-like of shape (n_sequences,) or (n_sequences, ...), or list
        True targets.
    y_pred : array-like of shape (n_sequences, n_quantiles) or (..., n_quantiles)
        Predicted quantiles.
    quantiles : sequence of float
        Which they are, increasing, in (0, 1).
    sample_weight : array-like of shape (n_sequences,), default=None
        Weight of each sequence; for targets of steps also of each step.
    multioutput : {"uniform_average", "raw_values"} or array, default="uniform_average"
        How the losses of several outputs are averaged, as in
        :func:`sklearn.metrics.mean_pinball_loss`; steps ahead are outputs.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        The loss, at least 0.

    Raises
    ------
    ValueError
        If the shapes do not fit, or all targets are missing.

    References
    ----------
    Koenker and Bassett (1978), Regression quantiles. Econometrica 46.

    Examples
    --------
    >>> pinball_loss([1.0, 2.0], [[0.0, 1.0], [2.0, 4.0]], quantiles=(0.5, 0.9))
    0.175
    """
    levels = check_levels(quantiles, "quantiles")

    def of_column(truth: np.ndarray, answer: np.ndarray, weight: Any) -> float:
        return float(np.mean(_pinballs(truth, answer, levels, weight)))

    return score_outputs(of_column, y_true, [y_pred], sample_weight, multioutput)


def interval_coverage(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Any = "uniform_average",
) -> Any:
    """Share of the targets within their interval, bounds included.

    Parameters
    ----------
    y_true : array-like of shape (n_sequences,) or (n_sequences, ...), or list
        True targets.
    y_pred : array-like of shape (n_sequences, n_quantiles) or (..., n_quantiles)
        Quantiles, at least two; the interval is from the first to the last.
    sample_weight, multioutput
        As in :func:`pinball_loss`.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        Between 0 and 1.

    Examples
    --------
    >>> interval_coverage([1.0, 2.0], [[0.0, 1.0], [2.5, 4.0]])
    0.5
    """

    def of_column(truth: np.ndarray, answer: np.ndarray, weight: Any) -> float:
        low, high = _bounds(answer)
        return float(np.average((low <= truth) & (truth <= high), weights=weight))

    return score_outputs(of_column, y_true, [y_pred], sample_weight, multioutput)


def interval_width(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Any = "uniform_average",
) -> Any:
    """Mean width of the intervals from the first quantile to the last.

    Parameters
    ----------
    y_true : array-like of shape (n_sequences,) or (n_sequences, ...), or list
        True targets: intervals of missing ones do not count.
    y_pred : array-like of shape (n_sequences, n_quantiles) or (..., n_quantiles)
        Quantiles, at least two.
    sample_weight, multioutput
        As in :func:`pinball_loss`.

    Returns
    -------
    float or ndarray of shape (n_outputs,)

    Examples
    --------
    >>> interval_width([1.0, 2.0], [[0.0, 1.0], [2.5, 4.0]])
    1.25
    """

    def of_column(truth: np.ndarray, answer: np.ndarray, weight: Any) -> float:
        low, high = _bounds(answer)
        return float(np.average(high - low, weights=weight))

    return score_outputs(of_column, y_true, [y_pred], sample_weight, multioutput)


def crps_quantiles(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    quantiles: Sequence[float],
    sample_weight: ArrayLike | None = None,
    multioutput: Any = "uniform_average",
) -> Any:
    r"""Continuous ranked probability score, approximated from quantiles.

    It is twice the integral of the pinball loss over all quantiles, here by the given
    ones, of which each stands for those next to it.

    Parameters
    ----------
    y_true, y_pred, quantiles, sample_weight, multioutput
        As in :func:`pinball_loss`.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        In units of the targets, at least 0. If all quantiles are equal, and lie evenly
        around the median, the absolute error.

    References
    ----------
    Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and
    estimation. JASA 102.

    Examples
    --------
    >>> crps_quantiles([1.0], [[3.0, 3.0]], quantiles=(0.25, 0.75))
    2.0
    """
    levels = check_levels(quantiles, "quantiles")
    middles = np.add(levels[1:], levels[:-1]) / 2
    shares = np.diff([0.0, *middles, 1.0])

    def of_column(truth: np.ndarray, answer: np.ndarray, weight: Any) -> float:
        return float(2 * (shares @ _pinballs(truth, answer, levels, weight)))

    return score_outputs(of_column, y_true, [y_pred], sample_weight, multioutput)


def crps_samples(
    y_true: ArrayLike,
    samples: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Any = "uniform_average",
) -> Any:
    r"""Continuous ranked probability score of the empirical distribution of samples.

    .. math:: E|X - y| - \tfrac{1}{2} E|X - X'|

    Parameters
    ----------
    y_true : array-like of shape (n_sequences,) or (n_sequences, ...), or list
        True targets.
    samples : array-like of shape (n_sequences, n_samples) or (..., n_samples)
        Samples of each target, as of ``sample_y``.
    sample_weight, multioutput
        As in :func:`pinball_loss`.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        In units of the targets, at least 0; the absolute error of a single sample.

    Examples
    --------
    >>> crps_samples([1.0], [[0.0, 2.0]])
    0.5
    """

    def of_column(truth: np.ndarray, answer: np.ndarray, weight: Any) -> float:
        _check_axis(answer)
        n = answer.shape[1]
        ranks = 2 * np.arange(1, n + 1) - n - 1
        apart = np.sort(answer, axis=1) @ ranks / n**2
        error = np.abs(answer - truth[:, None]).mean(axis=1)
        return float(np.average(error - apart, weights=weight))

    return score_outputs(of_column, y_true, [samples], sample_weight, multioutput)


def crps_gaussian(
    y_true: ArrayLike,
    mean: ArrayLike,
    std: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Any = "uniform_average",
) -> Any:
    r"""Continuous ranked probability score of normal distributions.

    .. math:: \sigma \Bigl( z (2 \Phi(z) - 1) + 2 \varphi(z) - \frac{1}{\sqrt \pi} \Bigr),
        \quad z = (y - \mu) / \sigma

    Parameters
    ----------
    y_true : array-like of shape (n_sequences,) or (n_sequences, ...), or list
        True targets.
    mean, std : array-like
        Means and standard deviations in the form of the targets, as of
        ``predict(X, return_std=True)``.
    sample_weight, multioutput
        As in :func:`pinball_loss`.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        In units of the targets, at least 0.

    Examples
    --------
    >>> round(crps_gaussian([0.0], [0.0], [1.0]), 4)
    0.2337
    """

    def of_column(
        truth: np.ndarray, mean: np.ndarray, std: np.ndarray, weight: Any
    ) -> float:
        if (std < 0).any():
            raise ValueError(f"std must be at least 0, got {std.min()}.")
        error = np.abs(truth - mean)
        z = np.divide(error, std, out=np.zeros_like(error), where=std > 0)
        density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        each = std * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / math.sqrt(math.pi))
        return float(np.average(np.where(std > 0, each, error), weights=weight))

    return score_outputs(of_column, y_true, [mean, std], sample_weight, multioutput)


def _pinballs(
    truth: np.ndarray, answer: np.ndarray, levels: Sequence[float], weight: Any
) -> list[float]:
    """Return the mean pinball loss of each quantile of one output."""
    _check_axis(answer)
    if answer.shape[1] != len(levels):
        raise ValueError(
            f"y_pred must have {len(levels)} quantiles along the last axis, as quantiles "
            f"has, got {answer.shape[1]}."
        )
    return [
        mean_pinball_loss(truth, answer[:, i], alpha=q, sample_weight=weight)
        for i, q in enumerate(levels)
    ]


def _check_axis(answer: np.ndarray) -> None:
    if answer.ndim != 2:
        raise ValueError(
            "y_pred must have one axis more than y_true, for quantiles or samples."
        )


def _bounds(answer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    _check_axis(answer)
    if answer.shape[1] < 2:
        raise ValueError(
            "y_pred must have at least two quantiles for an interval, got 1."
        )
    return answer[:, 0], answer[:, -1]
