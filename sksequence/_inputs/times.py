"""Time stamps: their order, whatever they are."""

from __future__ import annotations

from typing import Any

import numpy as np


def time_ranks(stamps: Any, name: str) -> np.ndarray:
    """Number time stamps in their order: the earliest 0, equal ones alike.

    Parameters
    ----------
    stamps : Series, Index or array-like of shape (n,)
        Dates, with a zone or without, periods, durations or numbers.
    name : str
        What errors call it.

    Returns
    -------
    ndarray of shape (n,), int64

    Raises
    ------
    ValueError, TypeError
        If one is missing, is text, or they do not compare with each other.

    Examples
    --------
    >>> time_ranks([2010, 1990, 2010, 1995], "time")
    array([2, 0, 2, 1])
    """
    if not hasattr(stamps, "factorize"):
        stamps = np.asarray(stamps)
        if stamps.ndim != 1:
            raise ValueError(
                f"{name} has shape {stamps.shape}; expected (n,): one time stamp per row."
            )
        _check_no_gap(stamps != stamps, name)
    try:
        if hasattr(stamps, "factorize"):
            ranks, distinct = stamps.factorize(sort=True)
        else:
            distinct, ranks = np.unique(stamps, return_inverse=True)
    except TypeError as error:
        raise TypeError(
            f"{name} holds time stamps that do not compare with each other: {error}. "
            "Expected all with a time zone or all without, and none missing."
        ) from error
    _check_no_gap(ranks < 0, name)
    if len(distinct) and any(isinstance(end, str) for end in (distinct[0], distinct[-1])):
        raise TypeError(
            f"{name} holds text, such as {str(distinct[0])!r}, whose order need not be "
            "that of time; expected dates or numbers. Convert it with "
            "pandas.to_datetime."
        )
    return ranks.astype(np.int64, copy=False)


def _check_no_gap(is_missing: np.ndarray, name: str) -> None:
    if is_missing.any():
        raise ValueError(
            f"{name} is missing (NaT, NaN or None) in {is_missing.sum()} row(s), "
            f"first in row {is_missing.argmax()}; expected a time stamp in each. Fill "
            "them in, or leave those rows out."
        )
