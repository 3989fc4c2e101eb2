"""Targets and predictions per step, concatenated over sequences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .checks import as_numbers, check_weights
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
        Missing targets are NaN, None or the like; see ``given_steps``.

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
    _check_shapes(items)
    if _mixes_text(items):
        items = [item if given_steps(item).any() else _nothing(item) for item in items]
        if _mixes_text(items):
            raise ValueError("y mixes text with numbers: expected labels of one type.")
    if lengths is not None:
        _check_lengths([len(item) for item in items], lengths)
    return np.concatenate(items)


def flatten_answers(answers: Any) -> np.ndarray:
    """Concatenate the predictions for all steps, which may have further axes."""
    items = list(_items(answers))
    if items and np.ndim(items[0]) > 2:
        return np.concatenate([np.asarray(item) for item in items])
    return flatten_steps(answers)


def split_last(answers: np.ndarray, i: int) -> np.ndarray:
    """Return part i of the last axis, also of an array for each sequence.

    Examples
    --------
    >>> split_last(np.array([[1, 2], [3, 4]]), 0)
    array([1, 3])
    """
    if answers.dtype != object:
        return answers[..., i]
    parts = np.empty(len(answers), dtype=object)
    parts[:] = [item[..., i] for item in answers]
    return parts


def lengths_of(y: Any) -> np.ndarray:
    """Return the number of targets of each sequence (n_sequences,)."""
    return np.array([len(item) for item in _items(y)])


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


def given_steps(rows: np.ndarray) -> np.ndarray:
    """Return whether each target is given: not NaN, None or the like in all outputs.

    Examples
    --------
    >>> given_steps(np.array([[1.0, np.nan], [np.nan, np.nan]]))
    array([ True, False])
    >>> given_steps(np.array(["a", None], dtype=object))
    array([ True, False])
    """
    missing = np.zeros(rows.shape, dtype=bool)
    if rows.dtype.kind == "O":
        missing.ravel()[:] = [is_missing(x) for x in rows.flat]
    elif rows.dtype.kind in "fmM":
        missing = np.isnan(rows) if rows.dtype.kind == "f" else np.isnat(rows)
    return np.logical_not(missing.all(axis=tuple(range(1, rows.ndim))))


def is_missing(target: Any) -> bool:
    """Return whether a target is None, NaN, or pandas' NA or NaT."""
    # pandas' own, NA and NaT, are told by name: pandas may not be installed.
    if target is None or type(target).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(target, float | np.floating) and target != target


def _mixes_text(items: list[np.ndarray]) -> bool:
    kinds = {item.dtype.kind in "US" for item in items if item.dtype.kind != "O"}
    return len(kinds) > 1


def _nothing(item: np.ndarray) -> np.ndarray:
    """Return the targets of a sequence without any, which mix with all others."""
    return np.full(item.shape, None, dtype=object)


def spread_targets(encoded: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Insert -1 or NaN for missing targets between encoded ones.

    Examples
    --------
    >>> spread_targets(np.array([2, 0]), np.array([True, False, True]))
    array([ 2, -1,  0])
    """
    missing = -1 if encoded.dtype.kind == "i" else np.nan
    rows = np.full((len(given), *encoded.shape[1:]), missing, encoded.dtype)
    rows[given] = encoded
    return rows


def check_step_weights(
    sample_weight: Any, lengths: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Validate sample weights of sequences, or of their steps.

    Parameters
    ----------
    sample_weight : array-like of shape (n_sequences,), list of array-like, or None
        A weight for each sequence, or for each step of each sequence.
    lengths : ndarray of shape (n_sequences,)
        Number of steps of each sequence.

    Returns
    -------
    weight : ndarray of shape (n_sequences,) or None
    step_weight : ndarray of shape (n_steps_in_all,) or None
        At least one of the two is None. Both are scaled to a maximum of one.

    Examples
    --------
    >>> check_step_weights([[1, 2], [0]], np.array([2, 1]))
    (None, array([0.5, 1. , 0. ]))
    """
    if not _weighs_steps(sample_weight):
        return check_weights(sample_weight, len(lengths)), None
    items = getattr(sample_weight, "values", sample_weight)  # of a DataFrame, its rows
    arrays = [
        as_numbers(item, f"sample_weight of sequence {i}") for i, item in enumerate(items)
    ]
    if len(arrays) != len(lengths):
        raise ValueError(
            f"sample_weight has weights for {len(arrays)} sequences, expected them for "
            f"{len(lengths)}."
        )
    for i, array in enumerate(arrays):
        if array.shape != (lengths[i],):
            raise ValueError(
                f"sample_weight has shape {array.shape} for sequence {i}, expected "
                f"({lengths[i]},): one weight for each step, or one for each sequence."
            )
    return None, check_weights(np.concatenate(arrays), int(lengths.sum()))


def weights_ahead(sample_weight: Any) -> Any:
    """Move weights of steps to the steps before, at which they are predicted.

    Weights of whole sequences are returned as they are.

    Examples
    --------
    >>> weights_ahead([[1, 2, 3], [4]])
    [array([2., 3., 0.]), array([0.])]
    """
    if not _weighs_steps(sample_weight):
        return sample_weight
    items = getattr(sample_weight, "values", sample_weight)
    return [np.append(np.asarray(item)[1:], 0.0) for item in items]


def _weighs_steps(sample_weight: Any) -> bool:
    holds_objects = str(getattr(sample_weight, "dtype", "")) == "object"
    if hasattr(sample_weight, "ndim") and not holds_objects:
        return bool(sample_weight.ndim == 2)
    if not hasattr(sample_weight, "__iter__") or isinstance(sample_weight, str):
        return False
    return any(np.ndim(item) > 0 for item in sample_weight)


def _targets_of(item: Any, i: int) -> np.ndarray:
    """Return the targets of one sequence; refuse masks and text mixed with numbers."""
    if isinstance(item, np.ma.MaskedArray):
        raise TypeError(
            f"y of sequence {i} is a masked array: its mask would be ignored."
        )
    item = plain_targets(item)
    if isinstance(item, list | tuple):
        given = [x for x in item if not is_missing(x)]
        kinds = {isinstance(x, str) for x in given}
        if len(kinds) > 1:
            raise ValueError(
                f"y mixes text with other types in sequence {i}: expected labels of one "
                "type."
            )
        if True in kinds and len(given) < len(item):
            # numpy would convert NaN to text.
            return np.array([x if isinstance(x, str) else None for x in item], object)
    try:
        return np.asarray(item)
    except ValueError as error:
        raise ValueError(
            f"y of sequence {i} is no array: {error} Expected a target for each step "
            "(n_steps,), or (n_steps, n_outputs). sklearn.preprocessing."
            "MultiLabelBinarizer makes zeros and ones of lists of labels."
        ) from error


def _items(y: Any) -> Iterator[Any]:
    if isinstance(y, np.ma.MaskedArray):
        raise TypeError("y is a masked array, whose mask would be ignored.")
    y = opened(y, "y")
    if np.ndim(y) == 0 if hasattr(y, "ndim") else not hasattr(y, "__iter__"):
        raise ValueError(f"y must hold the targets of each sequence, got {y!r}")
    return iter(getattr(y, "values", y) if hasattr(y, "iloc") else y)


def _check_shapes(items: list[np.ndarray]) -> None:
    """Raise ValueError unless all sequences have the same number of outputs per step."""
    for i, item in enumerate(items):
        if item.ndim not in (1, 2) or item.ndim != items[0].ndim:
            others = f" and {items[0].shape} for sequence 0" if i else ""
            raise ValueError(
                f"y has targets of shape {item.shape} for sequence {i}{others}; "
                "expected (n_steps,) or (n_steps, n_outputs) for each. For one target "
                "per sequence use a classifier or "
                "regressor such as RecurrentClassifier."
            )
        if item.shape[1:] != items[0].shape[1:]:
            raise ValueError(
                f"y has {item.shape[1]} outputs per step for sequence {i}, but "
                f"{items[0].shape[1]} for sequence 0."
            )


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
