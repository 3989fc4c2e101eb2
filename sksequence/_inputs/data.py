"""The validated arguments of fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_consistent_length

from .checks import check_groups, check_weights
from .sequences import AnySequences, Sequences


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
        Encoded targets, one per sequence or one per step.
    weight : ndarray of shape (n_sequences,) or None
        Sample weights, relative to the largest one.
    groups : ndarray of shape (n_sequences,) or None
        Integer codes of groups.
    largest_weight : float, default=1.0
        The largest sample weight, for comparison with those of other calls.
    """

    sequences: AnySequences
    static: np.ndarray | None
    target: Sequences
    weight: np.ndarray | None
    groups: np.ndarray | None
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
            self.largest_weight,
        )

    @property
    def rows(self) -> np.ndarray:
        """Indices of the sequences whose weight is not zero."""
        if self.weight is None:
            return np.arange(len(self.sequences))
        return np.flatnonzero(self.weight)

    @property
    def target_weight(self) -> np.ndarray | None:
        """The weight of each target, which is that of its sequence."""
        if self.weight is None:
            return None
        return np.repeat(self.weight, self.target.lengths)


def check_fit_data(
    sequences: AnySequences,
    static: np.ndarray | None,
    target: Sequences,
    sample_weight: Any,
    groups: Any,
) -> FitData:
    """Check that all arguments have consistent lengths, and combine them."""
    check_consistent_length(sequences.lengths, target.lengths)
    n = len(sequences)
    weight, groups = check_weights(sample_weight, n), check_groups(groups, n)
    largest = 1.0 if sample_weight is None else float(np.max(sample_weight))
    return FitData(sequences, static, target, weight, groups, largest)


def at_rows(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    """Select rows of an array, or return None."""
    return None if values is None else values[rows]
