"""Scores of each output, by the targets that it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._inputs import (
    as_numbers,
    check_step_weights,
    check_weights,
    flatten_answers,
    flatten_steps,
    lengths_of,
)

# The score of one output: its targets (n,), answers (n, ...), and weights (n,) or None.
Column = Callable[..., float]


def score_outputs(
    of_column: Column,
    y_true: Any,
    answers: list[Any],
    sample_weight: Any,
    multioutput: Any,
) -> Any:
    """Score each output by the targets that it has, and average the scores."""
    truth, columns, weight = _by_output(y_true, answers, sample_weight)
    scores = []
    for j in range(truth.shape[1]):
        given = ~np.isnan(truth[:, j])
        if not given.any():
            raise ValueError(f"y_true has no target for output {j}: all are missing.")
        own = None if weight is None else weight[given]
        each = (column[given, j] for column in columns)
        scores.append(of_column(truth[given, j], *each, own))
    if isinstance(multioutput, str) and multioutput == "raw_values":
        return np.array(scores)
    if isinstance(multioutput, str) and multioutput != "uniform_average":
        raise ValueError(
            'multioutput must be "uniform_average", "raw_values" or weights of the '
            f"outputs, got {multioutput!r}."
        )
    weights = None if isinstance(multioutput, str) else multioutput
    return float(np.average(scores, weights=weights))


def _by_output(
    y_true: Any, answers: list[Any], sample_weight: Any
) -> tuple[np.ndarray, list[np.ndarray], np.ndarray | None]:
    """Return targets (n, n_outputs), answers (n, n_outputs, ...), and weights (n,)."""
    if _is_listed(answers[0]):
        # Predictions of steps: those of all sequences, one after the other.
        lengths = lengths_of(answers[0])
        truth = as_numbers(flatten_steps(y_true, lengths), "y_true", allow_nan=True)
        weight, of_steps = check_step_weights(sample_weight, lengths)
        weight = of_steps if weight is None else np.repeat(weight, lengths)
        found = [flatten_answers(answer) for answer in answers]
    else:
        truth = as_numbers(y_true, "y_true", allow_nan=True)
        weight = check_weights(sample_weight, len(truth))
        found = [as_numbers(answer, "y_pred") for answer in answers]
    for answer in found:
        if answer.shape[: truth.ndim] != truth.shape or answer.ndim > truth.ndim + 1:
            raise ValueError(
                f"y_pred must have the shape of y_true, {truth.shape}, for quantiles and "
                f"samples with one more axis, got {answer.shape}."
            )
    n, more = len(truth), truth.ndim
    columns = [a.reshape(n, -1, *a.shape[more:]) for a in found]
    return truth.reshape(n, -1), columns, weight


def _is_listed(answers: Any) -> bool:
    """Return whether there is an array for each sequence, of unequal lengths."""
    if isinstance(answers, np.ndarray):
        return answers.dtype == object
    return isinstance(answers, list) and len({np.shape(item) for item in answers}) > 1
