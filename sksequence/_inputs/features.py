"""Warn of a table whose columns are features rather than time steps."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .containers import is_frame, names_of

# Fewer rows may sum to one by chance.
_FEWEST_ROWS = 10
_SOME_ROWS = 256


def warn_of_features(X: Any, values: np.ndarray) -> None:
    """Warn if a 2-D X is visibly no table of univariate sequences, one per row.

    Parameters
    ----------
    X : DataFrame or ndarray of shape (n_rows, n_columns)
        As passed to fit.
    values : ndarray of shape (n_rows, n_columns)
        Its numbers.

    Warns
    -----
    UserWarning
        If adjacent columns are a one-hot code, or a DataFrame has columns of flags beside
        columns of numbers.
    """
    where = _flags_in(X) if is_frame(X) else None
    if where is None and (code := find_one_hot(values)) is not None:
        names = names_of(X) if is_frame(X) else range(values.shape[1])
        first, last = names[code[0]], names[code[-1]]
        where = f"columns {first!r} to {last!r} are the one-hot code of a category"
    if where is not None:
        warnings.warn(
            f"X looks like a table of features: {where}. But each row of a 2-D X is read "
            "as one univariate sequence, a column for each time step. Pass sequences as "
            "a 3-D array or a list, and features beside them as columns of a table with "
            "one column of sequences.",
            stacklevel=2,
        )


def find_one_hot(values: np.ndarray) -> range | None:
    """Return the first adjacent columns that are a one-hot code, beside others.

    Each of their rows has a single one, each column both values; some other column has
    other values.

    Examples
    --------
    >>> table = np.column_stack([np.arange(12), np.eye(3)[np.arange(12) % 3]])
    >>> find_one_hot(table)
    range(1, 4)
    """
    if len(values) < _FEWEST_ROWS:
        return None
    some = values[:_SOME_ROWS]
    is_binary = ((some == 0) | (some == 1)).all(axis=0)
    if is_binary.all():
        return None
    begin, total = 0, np.zeros(len(some))
    for j in range(values.shape[1]):
        if not is_binary[j] or not 0 < some[:, j].sum() < len(some):
            begin, total = j + 1, np.zeros(len(some))
            continue
        total = total + some[:, j]
        if (total > 1).any():
            begin, total = j, some[:, j]
        elif (total == 1).all() and _is_one_hot(values[:, begin : j + 1]):
            return range(begin, j + 1)
    return None


def _is_one_hot(columns: np.ndarray) -> bool:
    is_binary = ((columns == 0) | (columns == 1)).all()
    return bool(is_binary and (columns.sum(axis=1) == 1).all())


def _flags_in(frame: Any) -> str | None:
    """Say which column holds flags, beside columns of numbers."""
    kinds = {str(dtype).lower() for dtype in frame.dtypes}
    flags = {"bool", "boolean"} & kinds
    if not flags or kinds == flags:
        return None
    flag_at = next(j for j, d in enumerate(frame.dtypes) if str(d).lower() in flags)
    name = names_of(frame)[flag_at]
    return f"column {name!r} holds flags, others numbers"
