"""Validation split for early stopping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


def validation_split(
    n: int,
    fraction: float,
    rng: np.random.RandomState,
    *,
    classes: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    windows: Windows | None = None,
    how: Any = "auto",
    targets: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Split into training and validation set.

    A random split is stratified by class or by whole groups, and its training set keeps
    at least one sequence of every class.

    Parameters
    ----------
    n : int
        Number of sequences.
    fraction : float
        Proportion to hold out, in (0, 1).
    rng : RandomState
        Random generator.
    classes : ndarray of shape (n,) or None
        Class of each sequence.
    groups : ndarray of shape (n,) or None
        Sequences of one group stay together.
    windows : Windows or None
        Where the sequences lie in a table, if they overlap.
    how : {"auto", "random", "last"} or splitter, default="auto"
        "auto" is "last" for windows without groups, and otherwise "random". Of a
        splitter of scikit-learn, its last split.
    targets : ndarray of shape (n, ...) or None
        The y of a splitter.

    Returns
    -------
    train, valid : ndarray of int
        Sorted indices; both sets have at least one sequence. Windows that overlap with
        the validation set of "last" are in neither.

    Raises
    ------
    ValueError
        If nothing can be held out.

    Examples
    --------
    >>> classes = np.repeat([0, 1, 2], [8, 4, 1])
    >>> train, valid = validation_split(
    ...     13, 0.25, np.random.RandomState(0), classes=classes
    ... )
    >>> classes[valid]
    array([0, 0, 1])
    """
    if not isinstance(how, str):
        return _split_by(how, n, targets, groups)
    if how == "last" or (how == "auto" and windows is not None and groups is None):
        if groups is not None:
            raise ValueError(
                'validation_split="last" holds out no whole groups; expected no groups, '
                'or validation_split="random" or a splitter that uses them.'
            )
        return _last(n, fraction) if windows is None else windows.split(fraction)
    classes = np.zeros(n, dtype=int) if classes is None else classes
    held_out = (
        _rows_per_class(classes, fraction, rng)
        if groups is None
        else _whole_groups(classes, groups, fraction, rng)
    )
    if not held_out.any():
        raise ValueError(
            f"Early stopping needs a validation part, but none can be held out of "
            f"n_samples = {n}"
            + ("" if groups is None else f" in {len(np.unique(groups))} group(s)")
            + ": training must keep at least one sequence of every class. Pass more "
            "sequences, or set early_stopping=False."
        )
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


@dataclass(frozen=True)
class Windows:
    """Where overlapping sequences lie in their common table.

    Attributes
    ----------
    begins : ndarray of shape (n,)
        First row of each.
    ends : ndarray of shape (n,)
        The row after its last one.
    steps_ahead : int
        How many rows after its last one a target may cover.
    """

    begins: np.ndarray
    ends: np.ndarray
    steps_ahead: int

    def split(self, fraction: float) -> tuple[np.ndarray, np.ndarray]:
        """Hold out the last windows, and drop those that overlap with them.

        Windows of several entities, or on both sides of a hole in the table, do not
        overlap: the last ones of each such part are held out.

        Examples
        --------
        >>> begins = np.arange(10)
        >>> Windows(begins, begins + 3, steps_ahead=1).split(0.2)
        (array([0, 1, 2, 3, 4]), array([8, 9]))
        """
        order = self.begins.argsort(kind="stable")
        reach = np.maximum.accumulate(self.ends[order])
        is_first = self.begins[order][1:] >= reach[:-1]
        parts = np.split(order, np.flatnonzero(is_first) + 1)
        train: list[np.ndarray] = []
        valid: list[np.ndarray] = []
        for part in parts:
            n_valid = round(fraction * len(part))
            if len(parts) == 1:
                n_valid = min(max(n_valid, 1), len(part) - 1)
            last = part[len(part) - n_valid :]
            before = self._before(part, last)
            # A part that is too short to be cut is trained on.
            train.append(before if len(before) else part)
            valid.append(last if len(before) else part[:0])
        if not sum(map(len, valid)) and len(parts) > 1:
            n_valid = min(max(round(fraction * len(parts)), 1), len(parts) - 1)
            train, valid = parts[:-n_valid], parts[-n_valid:]
        if not sum(map(len, valid)):
            raise ValueError(
                f"Early stopping needs a validation part, but the {len(order)} windows "
                "overlap so far that none of them can be held out without showing some "
                "of it to the training. Pass more windows, or X_val and y_val; or set "
                'validation_split="random" to ignore this, or early_stopping=False.'
            )
        return np.sort(np.concatenate(train)), np.sort(np.concatenate(valid))

    def _before(self, part: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return the windows that end, with their targets, before the last ones begin."""
        if not len(last):
            return part
        return part[self.ends[part] + self.steps_ahead <= self.begins[last].min()]


def _last(n: int, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Hold out the last sequences."""
    if n < 2:
        raise ValueError(
            f"Early stopping needs a validation part, but n_samples = {n}. Pass more "
            "sequences, or set early_stopping=False."
        )
    n_valid = min(max(round(fraction * n), 1), n - 1)
    return np.split(np.arange(n), [n - n_valid])  # type: ignore[return-value]


def _split_by(
    splitter: Any, n: int, targets: np.ndarray | None, groups: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the last split of a splitter, which for time series has the most data."""
    splits = list(splitter.split(np.zeros((n, 1)), targets, groups))
    if not splits:
        raise ValueError(f"validation_split={splitter!r} made no split of {n} sequences.")
    train, valid = (np.unique(np.arange(n)[part]) for part in splits[-1])
    if not len(train) or not len(valid) or np.isin(valid, train).any():
        raise ValueError(
            f"validation_split={splitter!r} must give a training and a validation part "
            f"without common sequences, got {len(train)} and {len(valid)} of {n}."
        )
    return train, valid


def _rows_per_class(
    classes: np.ndarray, fraction: float, rng: np.random.RandomState
) -> np.ndarray:
    held_out = np.zeros(len(classes), dtype=bool)
    for one in np.unique(classes):
        rows = rng.permutation(np.flatnonzero(classes == one))
        share = min(max(round(fraction * len(rows)), 1), len(rows) - 1)
        held_out[rows[:share]] = True
    return held_out


def _whole_groups(
    classes: np.ndarray,
    groups: np.ndarray,
    fraction: float,
    rng: np.random.RandomState,
) -> np.ndarray:
    names, member = np.unique(groups, return_inverse=True)
    _, code = np.unique(classes, return_inverse=True)
    left = np.bincount(code)
    held_out = np.zeros(len(classes), dtype=bool)
    for group in rng.permutation(len(names)):
        inside = member == group
        without = left - np.bincount(code[inside], minlength=len(left))
        if (without == 0).any():
            continue
        held_out |= inside
        left = without
        if held_out.sum() >= fraction * len(classes):
            break
    return held_out
