"""Targets and predictions per step, concatenated over sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .checks import check_weights
from .containers import opened, plain_targets


def flatten_steps(y: Any, lengths: np.ndarray | None = None) -> np.ndarray:
    """Concatenate the targets of all steps.

    Parameters
    ----------
    y : array-like of shape (n_sequences, n_steps, ...), or list of array-like
        A target for each step of each sequence.
    lengths : ndarray of shape (n_sequences,) or None
        Expected number of targets of each sequence.

    Returns
    -------
    ndarray of shape (n_steps_in_all, ...)

    Raises
    ------
    ValueError
        If the targets of a sequence do not match its steps; the message names the first
        such sequence.

    Examples
    --------
    >>> flatten_steps([["a", "b"], ["c"]])
    array(['a', 'b', 'c'], dtype='<U1')
    """
    if y is None:
        raise ValueError("Targets are required, but the target y is None.")
    items = [_targets_of(item, i) for i, item in enumerate(_items(y))]
    if not items:
        raise ValueError("y holds no sequence's targets.")
    for i, item in enumerate(items):
        if item.ndim not in (1, 2) or item.ndim != items[0].ndim:
            raise ValueError(
                f"y has targets of shape {item.shape} for sequence {i} and "
                f"{items[0].shape} for sequence 0; expected (n_steps,) or (n_steps, "
                "n_outputs) for each. For one target per sequence use a classifier or "
                "regressor such as RecurrentClassifier."
            )
        if item.shape[1:] != items[0].shape[1:]:
            raise ValueError(
                f"y has {item.shape[1]} outputs per step for sequence {i}, but "
                f"{items[0].shape[1]} for sequence 0."
            )
    if len({item.dtype.kind in "US" for item in items if item.dtype.kind != "O"}) > 1:
        raise ValueError("y mixes text with numbers: expected labels of one type.")
    if lengths is not None:
        _check_lengths([len(item) for item in items], lengths)
    return np.concatenate(items)


def arrange_steps(rows: np.ndarray, counts: np.ndarray, *, is_block: bool) -> np.ndarray:
    """Split rows by sequence, the inverse of ``flatten_steps``.

    Parameters
    ----------
    rows : ndarray of shape (n_steps_in_all, ...)
        Predictions for all steps.
    counts : ndarray of shape (n_sequences,)
        Number of rows of each sequence; all equal if ``is_block``.
    is_block : bool
        Whether to return one array.

    Returns
    -------
    ndarray of shape (n_sequences, n_steps, ...) or (n_sequences,)
        Without ``is_block``, an object array of arrays (n_steps_i, ...).

    Examples
    --------
    >>> arrange_steps(np.array(["a", "b", "c"]), np.array([2, 1]), is_block=False)
    array([array(['a', 'b'], dtype='<U1'), array(['c'], dtype='<U1')], dtype=object)
    """
    if is_block:
        return rows.reshape(len(counts), -1, *rows.shape[1:])
    arranged = np.empty(len(counts), dtype=object)
    for i, end in enumerate(np.cumsum(counts)):
        arranged[i] = rows[end - counts[i] : end]
    return arranged


def _targets_of(item: Any, i: int) -> np.ndarray:
    """Return the targets of one sequence; refuse masks and text mixed with numbers."""
    if isinstance(item, np.ma.MaskedArray):
        raise TypeError(
            f"y of sequence {i} is a masked array: its mask would be ignored."
        )
    item = plain_targets(item)
    if isinstance(item, list | tuple) and len({isinstance(x, str) for x in item}) > 1:
        raise ValueError(
            f"y mixes text with other types in sequence {i}: expected labels of one type."
        )
    return np.asarray(item)


def score_steps(
    metric: Callable, y_true: Any, y_pred: Any, sample_weight: Any = None, **more: Any
) -> float:
    """Apply a scikit-learn metric to the steps of all sequences.

    Parameters
    ----------
    metric : callable
        ``metric(y_true, y_pred, sample_weight=..., **more)``.
    y_true, y_pred : list of array-like, or array-like
        A value for each step of each sequence.
    sample_weight : array-like of shape (n_sequences,) or None
        Weight of the steps of each sequence.
    """
    lengths = np.array([len(item) for item in _items(y_pred)])
    rows = flatten_steps(y_true, lengths), flatten_steps(y_pred)
    weight = check_weights(sample_weight, len(lengths))
    if weight is not None:
        more["sample_weight"] = np.repeat(weight, lengths)
    return metric(*rows, **more)


def _items(y: Any) -> Iterator[Any]:
    if isinstance(y, np.ma.MaskedArray):
        raise TypeError("y is a masked array, whose mask would be ignored.")
    y = opened(y, "y")
    if np.ndim(y) == 0 if hasattr(y, "ndim") else not hasattr(y, "__iter__"):
        raise ValueError(f"y must hold the targets of each sequence, got {y!r}")
    return iter(getattr(y, "values", y) if hasattr(y, "iloc") else y)


def _check_lengths(got: list[int], lengths: np.ndarray) -> None:
    if len(got) != len(lengths):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: "
            f"[{len(lengths)}, {len(got)}] sequences in X and y."
        )
    wrong = np.flatnonzero(np.array(got) != lengths)
    if len(wrong):
        i = wrong[0]
        raise ValueError(
            f"y has {got[i]} target(s) for sequence {i}, which has {lengths[i]} step(s): "
            "expected one for each step."
        )
