"""Metrics of the targets that are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import d2_pinball_score, r2_score

from .checks import as_numbers, check_weights
from .labels import plain_labels
from .steps import (
    check_step_weights,
    flatten_answers,
    flatten_steps,
    given_steps,
    is_missing,
    lengths_of,
)


def pair_steps(y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the true targets that are given, the predictions there, and where they are.

    Examples
    --------
    >>> truth, predicted, given = pair_steps([["a", None], ["b"]], [["a", "b"], ["a"]])
    >>> truth.tolist(), predicted.tolist(), given
    (['a', 'b'], ['a', 'a'], array([ True, False,  True]))
    """
    truth = flatten_steps(y_true, lengths_of(y_pred))
    predicted, given = flatten_steps(y_pred), given_steps(truth)
    return plain_labels(truth[given], "y_true"), predicted[given], given


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
    truth, predicted = flatten_steps(y_true, lengths), flatten_answers(y_pred)
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
        columns = [(truth[:, i], predicted[:, i]) for i in range(truth.shape[1])]
        return float(np.mean([score_given(metric, *c, weight, **more) for c in columns]))
    if weight is not None:
        more["sample_weight"] = weight
    return metric(truth, predicted, **more)


def score_numbers(
    truth: np.ndarray,
    predicted: np.ndarray,
    sample_weight: Any,
    metric: Callable = r2_score,
) -> float:
    """Return a metric, for several outputs the mean over them; some may be missing."""
    if truth.ndim == 2 and np.isnan(truth).any():
        weight = check_weights(sample_weight, len(truth))
        return score_given(metric, truth, predicted, weight)
    return float(metric(truth, predicted, sample_weight=sample_weight))


def d2_of_quantiles(
    truth: np.ndarray,
    predicted: np.ndarray,
    *,
    quantiles: Sequence[float],
    sample_weight: Any = None,
) -> float:
    """Return the mean over quantiles of the share of the pinball loss that is explained.

    Parameters
    ----------
    truth : ndarray of shape (n,) or (n, n_outputs)
    predicted : ndarray of shape (n, n_quantiles) or (n, n_outputs, n_quantiles)
    quantiles : sequence of float
    sample_weight : array-like of shape (n,) or None

    Examples
    --------
    >>> y = np.arange(5.0)
    >>> d2_of_quantiles(y, np.stack([y, y], axis=1), quantiles=(0.1, 0.9))
    1.0
    """
    scores = [
        d2_pinball_score(truth, predicted[..., i], alpha=q, sample_weight=sample_weight)
        for i, q in enumerate(quantiles)
    ]
    return float(np.mean(scores))
