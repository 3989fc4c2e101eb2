"""Validation split for early stopping."""

from __future__ import annotations

import numpy as np


def validation_split(
    n: int,
    fraction: float,
    rng: np.random.RandomState,
    *,
    classes: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Split into training and validation set, stratified by class or by whole groups.

    The training set keeps at least one sequence of every class.

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

    Returns
    -------
    train, valid : ndarray of int
        Sorted indices; both sets have at least one sequence.

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
