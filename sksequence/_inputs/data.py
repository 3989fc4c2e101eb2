"""The validated arguments of fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.utils.validation import check_consistent_length

from .checks import check_groups, check_weights
from .sequences import AnySequences, Sequences
from .steps import check_step_weights, given_steps


@dataclass(frozen=True)
class FitData:
    """The arguments of fit, validated and encoded.

    Attributes
    ----------
    sequences : Sequences or StoredSequences
        X.
    static : ndarray of shape (n_sequences, n_static) or None
        Static covariates.
    target : Sequences
        Encoded targets, one per sequence or one per step; -1 or NaN if missing.
    weight : ndarray of shape (n_sequences,) or None
        Sample weights, relative to the largest one.
    groups : ndarray of shape (n_sequences,) or None
        Integer codes of groups.
    step_weight : ndarray of shape (n_targets,) or None, default=None
        Sample weights of steps.
    largest_weight : float, default=1.0
        The largest sample weight, for comparison with those of other calls.
    """

    sequences: AnySequences
    static: np.ndarray | None
    target: Sequences
    weight: np.ndarray | None
    groups: np.ndarray | None
    step_weight: np.ndarray | None = None
    largest_weight: float = 1.0

    def take(self, rows: np.ndarray) -> FitData:
        """Return the sequences at ``rows`` with their targets, weights and so on."""
        # Do not copy the data if all rows are selected.
        every = len(rows) == len(self.sequences)
        return FitData(
            self.sequences if every else self.sequences.take(rows),
            at_rows(self.static, rows),
            self.target.take(rows),
            at_rows(self.weight, rows),
            at_rows(self.groups, rows),
            self.of_targets(self.step_weight, rows),
            self.largest_weight,
        )

    def of_targets(
        self, values: np.ndarray | None, rows: np.ndarray
    ) -> np.ndarray | None:
        """Select values of targets (n_targets, ...) by sequence, or return None."""
        if values is None:
            return None
        return Sequences(values, self.target.lengths).take(rows).values

    @property
    def rows(self) -> np.ndarray:
        """Indices of the sequences with a target whose weight is not zero."""
        if self.target_weight is None:
            return np.arange(len(self.sequences))
        return np.flatnonzero(np.add.reduceat(self.target_weight, self.target.starts))

    @cached_property
    def target_weight(self) -> np.ndarray | None:
        """The weight of each target, or of its sequence; zero if it is missing."""
        weight = self.step_weight
        if self.weight is not None:
            weight = np.repeat(self.weight, self.target.lengths)
        given = _given(self.target.values)
        if given is None:
            return weight
        return given.astype(np.float64) if weight is None else given * weight

    @property
    def given(self) -> np.ndarray | None:
        """Whether each target is given in all outputs; None if all are."""
        values = self.target.values
        missing = values < 0 if values.dtype.kind == "i" else np.isnan(values)
        if not missing.any():
            return None
        return np.logical_not(missing.reshape(len(values), -1).any(axis=1))

    @property
    def identity(self) -> dict[str, np.ndarray | None]:
        """All that is learnt from, apart from the sequences, by name."""
        weight = self.weight if self.step_weight is None else self.step_weight
        return {
            "y": self.target.values,
            "sample_weight": weight,
            "groups": self.groups,
            "static": self.static,
        }


def check_fit_data(
    sequences: AnySequences,
    static: np.ndarray | None,
    target: Sequences,
    sample_weight: Any,
    groups: Any,
    *,
    per_step: bool = False,
    weighs_steps: bool = True,
) -> FitData:
    """Check that all arguments have consistent lengths, and combine them.

    Without ``weighs_steps`` the loss is that of whole sequences, though ``per_step``.
    """
    check_consistent_length(sequences.lengths, target.lengths)
    n = len(sequences)
    groups, step_weight = check_groups(groups, n), None
    if per_step:
        weight, step_weight = check_step_weights(sample_weight, sequences.lengths)
    else:
        weight = check_weights(sample_weight, n)
    if step_weight is not None and not weighs_steps:
        raise ValueError(
            "sample_weight must have one weight for each sequence with crf=True, whose "
            "loss is that of all tags together, got weights of steps. For steps without "
            "a label pass None in y."
        )
    largest = _largest(sample_weight, per_step=per_step)
    data = FitData(sequences, static, target, weight, groups, step_weight, largest)
    if not len(data.rows):
        raise ValueError("sample_weight is zero wherever y is given: nothing to fit.")
    return data


def _largest(sample_weight: Any, *, per_step: bool) -> float:
    """Return the largest of valid sample weights."""
    if sample_weight is None:
        return 1.0
    of_each = per_step and hasattr(sample_weight, "__iter__")
    items = sample_weight if of_each else [sample_weight]
    return float(max(np.asarray(item).max() for item in items))


def fill_missing(
    values: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Replace missing targets by zeros, whose weight is zero.

    Parameters
    ----------
    values : ndarray of shape (n_targets,) or (n_targets, ...)
        Encoded targets.
    weight : ndarray of shape (n_targets,) or None
        Weight of each target, zero for those that are missing in all outputs.

    Returns
    -------
    values : ndarray
        The values themselves if none is missing.
    weight : ndarray of shape (n_targets,) or (n_targets, n_outputs), or None
        A weight for each output if some outputs of a target are missing.

    Examples
    --------
    >>> fill_missing(np.array([[1.0, np.nan], [2.0, 3.0]]), None)
    (array([[1., 0.],
           [2., 3.]]), array([[1., 0.],
           [1., 1.]]))
    """
    missing = values < 0 if values.dtype.kind == "i" else np.isnan(values)
    if not missing.any():
        return values, weight
    if missing.ndim == 2 and (missing.any(axis=1) != missing.all(axis=1)).any():
        weight = ~missing * (1.0 if weight is None else weight[:, None])
    return np.where(missing, np.zeros(1, values.dtype), values), weight


def _given(values: np.ndarray) -> np.ndarray | None:
    """Return whether each encoded target is given; None if all are."""
    if values.ndim > 2:  # frames
        return None
    given = values >= 0 if values.dtype.kind == "i" else given_steps(values)
    return None if given.all() else given


def at_rows(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    """Select rows of an array, or return None."""
    return None if values is None else values[rows]
