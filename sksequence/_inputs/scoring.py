"""Metrics of the targets that are given."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import r2_score

from .checks import as_numbers, check_weights
from .labels import plain_labels
from .steps import check_step_weights, flatten_steps, given_steps, is_missing, lengths_of


def score_steps(
    metric: Callable, y_true: Any, y_pred: Any, sample_weight: Any = None, **more: Any
) -> float:
    """Apply a scikit-learn metric to the steps of all sequences that have a target.

    Parameters
    ----------
    metric : callable
        ``metric(y_true, y_pred, sample_weight=..., **more)``.
    y_true, y_pred : list of array-like, or array-like
        A value for each step of each sequence.
    sample_weight : array-like of shape (n_sequences,), list of array-like, or None
        Weight of each sequence, or of each step of each sequence.
    """
    lengths = lengths_of(y_pred)
    truth, predicted = flatten_steps(y_true, lengths), flatten_steps(y_pred)
    weight, step_weight = check_step_weights(sample_weight, lengths)
    if weight is not None:
        step_weight = np.repeat(weight, lengths)
    return score_given(metric, truth, predicted, step_weight, **more)


def score_given(
    metric: Callable,
    truth: np.ndarray,
    predicted: np.ndarray,
    weight: np.ndarray | None = None,
    **more: Any,
) -> float:
    """Apply a metric to the targets that are given.

    Where only some outputs of a target are, the metric is applied to each output by
    itself, and the mean is returned.
    """
    given = given_steps(truth)
    if not given.all():
        if not given.any():
            raise ValueError("y has no target to score: all are missing.")
        truth, predicted = truth[given], predicted[given]
        weight = None if weight is None else weight[given]
    if truth.dtype.kind in "OT":
        only_some = truth.ndim == 2 and any(map(is_missing, truth.flat))
        convert = partial(as_numbers, allow_nan=True) if only_some else plain_labels
        truth = convert(truth, "y")
    if truth.ndim == 2 and truth.dtype.kind == "f" and np.isnan(truth).any():
        columns = zip(truth.T, predicted.T, strict=True)
        return float(np.mean([score_given(metric, *c, weight, **more) for c in columns]))
    if weight is not None:
        more["sample_weight"] = weight
    return metric(truth, predicted, **more)


def score_numbers(truth: np.ndarray, predicted: np.ndarray, sample_weight: Any) -> float:
    """Return R squared, for several outputs the mean over them; some may be missing."""
    if truth.ndim == 2 and np.isnan(truth).any():
        weight = check_weights(sample_weight, len(truth))
        return score_given(r2_score, truth, predicted, weight)
    return float(r2_score(truth, predicted, sample_weight=sample_weight))
