"""Order of time stamps of any type."""

from __future__ import annotations

from typing import Any

import numpy as np


def time_ranks(stamps: Any, name: str) -> np.ndarray:
    """Return the rank of each time stamp: 0 for the earliest, equal for equal ones.

    Parameters
    ----------
    stamps : Series, Index or array-like of shape (n,)
        Dates (with or without time zone), periods, durations or numbers.
    name : str
        Name used in error messages.

    Returns
    -------
    ndarray of shape (n,), int64

    Raises
    ------
    ValueError, TypeError
        If a time stamp is missing or text, or they cannot be compared with each other.

    Examples
    --------
    >>> time_ranks([2010, 1990, 2010, 1995], "time")
    array([2, 0, 2, 1])
    """
    if not hasattr(stamps, "factorize"):
        stamps = np.asarray(stamps)
        if stamps.ndim != 1:
            raise ValueError(
                f"{name} must have shape (n,), one time stamp per row, got "
                f"{stamps.shape}."
            )
        _check_no_gap(stamps != stamps, name)
    try:
        if hasattr(stamps, "factorize"):
            ranks, distinct = stamps.factorize(sort=True)
        else:
            distinct, ranks = np.unique(stamps, return_inverse=True)
    except TypeError as error:
        raise TypeError(
            f"{name} must hold time stamps that compare with each other, all with a time "
            f"zone or all without, and none missing: {error}."
        ) from error
    _check_no_gap(ranks < 0, name)
    if len(distinct) and any(isinstance(end, str) for end in (distinct[0], distinct[-1])):
        raise TypeError(
            f"{name} must hold dates or numbers, got text such as {str(distinct[0])!r}, "
            "whose order may not be that of time. Convert it with pandas.to_datetime."
        )
    return ranks.astype(np.int64, copy=False)


def time_positions(stamps: Any, name: str, limit: int) -> np.ndarray:
    """Return sortable integers for time stamps: like :func:`time_ranks`, but with gaps.

    For dates and integers that span less than ``limit`` units this needs no sorting, and
    takes a tenth of the time.

    Parameters
    ----------
    stamps, name
        As in :func:`time_ranks`.
    limit : int
        The positions are below this number, or else they are ranks.

    Examples
    --------
    >>> time_positions(np.array(["2010", "1990", "1995"], dtype="M8[Y]"), "time", 100)
    array([20, 0, 5])
    """
    values = _whole_numbers(stamps)
    if values is None or not len(values):
        return time_ranks(stamps, name)
    first, last = int(values.min()), int(values.max())
    if last - first >= 2**63:
        return time_ranks(stamps, name)
    offsets = values - first
    if last - first < limit:
        return offsets
    unit = int(np.gcd.reduce(offsets))  # such as a day in nanoseconds
    return offsets // unit if (last - first) // unit < limit else time_ranks(stamps, name)


def _whole_numbers(stamps: Any) -> np.ndarray | None:
    """Return dates, durations or integers as int64; None for other or missing ones."""
    dtype = getattr(stamps, "dtype", None)
    if getattr(dtype, "tz", None) is not None:
        stamps = np.asarray(stamps, dtype=f"M8[{getattr(dtype, 'unit', 'ns')}]")
    elif not isinstance(dtype, np.dtype):
        return None
    values = np.asarray(stamps)
    if values.dtype.kind in "mM" and not np.isnat(values).any():
        return values.astype(np.int64)
    return values.astype(np.int64, copy=False) if values.dtype.kind == "i" else None


def _check_no_gap(is_missing: np.ndarray, name: str) -> None:
    if is_missing.any():
        raise ValueError(
            f"{name} must have a time stamp in every row, got {is_missing.sum()} missing "
            f"(NaT, NaN or None), first in row {is_missing.argmax()}. Fill them in, or "
            "leave those rows out."
        )
