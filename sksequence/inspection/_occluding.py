"""Predictions for copies of a sequence, of which parts are covered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.base import is_classifier

_OF_A_PIPELINE = (
    "Of a Pipeline pass the last step, and what the others make of X: model[-1], "
    "model[:-1].transform(X)."
)
# Copies that are predicted at once.
_AT_ONCE = 256


def as_sequences(X: Any) -> tuple[list[np.ndarray], bool]:
    """Return the sequences of X as arrays, and whether X is one array.

    Raises
    ------
    TypeError
        If X does not hold arrays of numbers.
    """
    block = isinstance(X, np.ndarray) and X.dtype != object
    items = list(X) if isinstance(X, list | tuple | np.ndarray) else None
    if not items:
        raise TypeError(
            "X must be an array, or a list of arrays, of at least one sequence of "
            f"numbers, got {type(X).__name__}. {_OF_A_PIPELINE}"
        )
    try:
        arrays = [np.asarray(item) for item in items]
        is_numeric = all(array.dtype.kind in "biuf" for array in arrays)
    except ValueError:
        is_numeric = False
    if not is_numeric or any(array.ndim not in (1, 2) for array in arrays):
        raise TypeError(
            "X must hold sequences of numbers, (n_steps,) or (n_steps, n_channels); no "
            f"text, static covariates or frames. {_OF_A_PIPELINE}"
        )
    return arrays, block


def by_steps(x: np.ndarray, *, channels_first: bool) -> np.ndarray:
    """View a sequence as (n_steps, n_channels)."""
    if x.ndim == 1:
        return x[:, None]
    return x.T if channels_first else x


def fills_of(sequences: list[np.ndarray], fill: Any, *, is_tokens: bool) -> np.ndarray:
    """Return what covers each channel (n_channels,)."""
    n_channels = sequences[0].shape[1]
    if isinstance(fill, str):
        if fill not in ("mean", "zero"):
            raise ValueError(
                f'fill must be "mean", "zero" or numbers, one or one a channel, got '
                f"{fill!r}."
            )
        if is_tokens or fill == "zero":
            return np.zeros(n_channels)
        return np.nanmean(np.concatenate(sequences), axis=0)
    values = np.asarray(fill, dtype=np.float64)
    if values.shape not in ((), (n_channels,)):
        raise ValueError(
            f"fill must be one number, or one for each of {n_channels} channels, got "
            f"shape {values.shape}."
        )
    return np.broadcast_to(values, n_channels)


def windows_of(n_steps: int, window: int) -> list[slice]:
    """Return windows, every half of one, that cover all steps.

    Examples
    --------
    >>> [(part.start, part.stop) for part in windows_of(5, 2)]
    [(0, 2), (1, 3), (2, 4), (3, 5)]
    >>> [(part.start, part.stop) for part in windows_of(3, 9)]
    [(0, 3)]
    """
    window = min(window, n_steps)
    step = max(1, window // 2)
    begins = [*range(0, n_steps - window, step), n_steps - window]
    return [slice(begin, begin + window) for begin in begins]


def covered_copies(
    x: np.ndarray, parts: list[slice], fills: np.ndarray, *, channels_first: bool
) -> Iterator[np.ndarray]:
    """Yield copies of a sequence for each part and each channel in turn."""
    # An int cannot hold a mean.
    dtype = x.dtype if np.can_cast(fills, x.dtype) else np.float64
    if x.dtype.kind in "iub" and (fills == fills.astype(x.dtype)).all():
        dtype = x.dtype
    for part in parts:
        for channel, fill in enumerate(fills):
            copy = x.astype(dtype)
            by_steps(copy, channels_first=channels_first)[part, channel] = fill
            yield copy


def answers_of(estimator: Any, X: list[np.ndarray], block: bool) -> np.ndarray:
    """Return the answers (n_sequences, n_answers) that are to change."""
    found = []
    for begin in range(0, len(X), _AT_ONCE):
        some: Any = X[begin : begin + _AT_ONCE]
        some = np.stack(some) if block else some
        rows = np.asarray(_method_of(estimator)(some))
        if rows.dtype == object or len(rows) != len(some) or rows.ndim > 2:
            raise ValueError(
                "estimator must have one answer for each sequence, got "
                f"{type(estimator).__name__}, whose answers have the shape {rows.shape}."
            )
        found.append(rows.reshape(len(rows), -1))
    return np.concatenate(found).astype(np.float64)


def _method_of(estimator: Any) -> Callable[[Any], Any]:
    names = ["score_samples", "predict"]
    if is_classifier(estimator):
        names = ["predict_proba", "decision_function"]
    for name in names:
        if hasattr(estimator, name):
            return getattr(estimator, name)
    raise TypeError(
        f"estimator must have one of the methods {names}, got {type(estimator).__name__}."
    )
