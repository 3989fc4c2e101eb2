"""Order of time stamps of any type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

# Text of which the order is that of time: ISO 8601, from the month on.
_ISO = re.compile(r"\d{4}-\d{2}(-\d{2}([T ]\d{2}.*)?)?")


@dataclass(frozen=True)
class Times:
    """Time stamps as numbers.

    Attributes
    ----------
    labels : array-like of shape (n,)
        The time stamps as given, for messages.
    values : ndarray of shape (n,)
        Their instants: datetime64 (in UTC if they have a time zone), timedelta64, or
        numbers. Those of missing time stamps mean nothing.
    kind : str
        What they are; times of different kinds do not compare.
    is_missing : ndarray of shape (n,), bool
    """

    labels: Any
    values: np.ndarray
    kind: str
    is_missing: np.ndarray

    def label(self, i: Any) -> Any:
        """Return one time stamp as given."""
        return self.labels.iloc[i] if hasattr(self.labels, "iloc") else self.labels[i]


def read_times(stamps: Any, name: str) -> Times | None:
    """Read time stamps of any type; None if they are none, such as names.

    Dates are those of numpy, pandas, polars, Arrow and Python, and text in the form of
    ISO 8601 (2024-01-31, also with a time of day and a time zone).

    Parameters
    ----------
    stamps : Series, Index or array-like of shape (n,)
        Dates (with or without time zone), periods, durations, numbers, or anything else.
    name : str
        Name used in error messages.

    Raises
    ------
    TypeError
        If they are dates and numbers, or with a time zone and without.

    Examples
    --------
    >>> read_times(["2024-01-31", "2023-12-31"], "time").values
    array(['2024-01-31T00:00:00.000000', '2023-12-31T00:00:00.000000'],
          dtype='datetime64[us]')
    >>> read_times(["north", "south"], "time") is None
    True
    """
    dtype = getattr(stamps, "dtype", None)
    if hasattr(dtype, "categories") or hasattr(dtype, "subtype"):
        return None  # their order is their own
    if hasattr(dtype, "freq"):  # periods
        values = getattr(stamps, "array", stamps).asi8
        return Times(stamps, values, f"periods ({dtype})", np.asarray(stamps.isna()))
    array = _as_array(stamps, dtype)
    if array.ndim != 1:
        return None
    is_zoned = _has_zone(dtype)
    if array.dtype.kind not in "mMiuf":
        if array.dtype.kind not in "OUT":
            return None
        read = _read_objects(array.astype(object), name)
        if read is None:
            return None
        values, kind, is_missing = read
        return Times(stamps, values, kind, is_missing)
    if array.dtype.kind == "u":  # differences of unsigned integers are never negative
        fits = array.max(initial=0) <= np.iinfo(np.int64).max
        array = array.astype(np.int64 if fits else np.float64)
    kinds = {"m": "durations", "M": "dates with a time zone" if is_zoned else "dates"}
    is_missing = np.isnan(array) if array.dtype.kind == "f" else array != array
    return Times(stamps, array, kinds.get(array.dtype.kind, "numbers"), is_missing)


def time_ranks(stamps: Any, name: str) -> np.ndarray:
    """Return the rank of each time stamp: 0 for the earliest, equal for equal ones.

    Parameters
    ----------
    stamps : Series, Index or array-like of shape (n,)
        Dates (with or without time zone, also as ISO text), periods, durations or
        numbers.
    name : str
        Name used in error messages.

    Returns
    -------
    ndarray of shape (n,), int64

    Raises
    ------
    ValueError, TypeError
        If a time stamp is missing or other text, or they cannot be compared with each
        other.

    Examples
    --------
    >>> time_ranks([2010, 1990, 2010, 1995], "time")
    array([2, 0, 2, 1])
    """
    times = read_times(stamps, name)
    if times is not None:
        _check_no_gap(times.is_missing, name)
        return np.unique(times.values, return_inverse=True)[1].astype(np.int64)
    if not hasattr(stamps, "factorize"):
        stamps = np.asarray(stamps)
        if stamps.ndim != 1:
            raise ValueError(
                f"{name} must have shape (n,), one time stamp per row, got "
                f"{stamps.shape}."
            )
        _check_no_gap(np.array([_is_missing(stamp) for stamp in stamps]), name)
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
    times = read_times(stamps, name)
    if times is None or times.is_missing.any() or times.values.dtype.kind not in "mMi":
        return time_ranks(stamps, name)
    values = times.values.astype(np.int64, copy=False)
    if not len(values):
        return time_ranks(stamps, name)
    first, last = int(values.min()), int(values.max())
    if last - first >= 2**63:
        return time_ranks(stamps, name)
    offsets = values - first
    if last - first < limit:
        return offsets
    unit = int(np.gcd.reduce(offsets))  # such as a day in nanoseconds
    return offsets // unit if (last - first) // unit < limit else time_ranks(stamps, name)


# ---------------------------------------------------------------------------- conversion


def _has_zone(dtype: Any) -> bool:
    """Return whether a dtype of pandas, Arrow or polars has a time zone."""
    arrow = getattr(dtype, "pyarrow_dtype", None)
    zones = (
        getattr(dtype, "tz", None),
        getattr(dtype, "time_zone", None),
        getattr(arrow, "tz", None),
    )
    return any(zone is not None for zone in zones)


def _as_array(stamps: Any, dtype: Any) -> np.ndarray:
    """Return time stamps as an array; instants in UTC if they have a time zone."""
    if getattr(dtype, "tz", None) is not None:
        return np.asarray(stamps, dtype=f"M8[{getattr(dtype, 'unit', 'ns')}]")
    plain = getattr(dtype, "numpy_dtype", None)  # of nullable and Arrow types
    if plain is None or plain.kind not in "mMiuf":
        return np.asarray(stamps)
    if plain.kind in "mM":
        if stamps.isna().any():
            return np.asarray(stamps, dtype=object)
        unit, _ = np.datetime_data(plain)
        if _has_zone(dtype):
            stamps = stamps.astype(f"datetime64[{unit}, UTC]")
        return np.asarray(stamps, dtype=f"{plain.kind}8[{unit}]")
    if stamps.isna().any():
        return stamps.to_numpy(dtype=np.float64, na_value=np.nan)
    return stamps.to_numpy(dtype=plain)


def _read_objects(
    items: np.ndarray, name: str
) -> tuple[np.ndarray, str, np.ndarray] | None:
    """Return the values, the kind and the missing ones of Python objects."""
    is_missing = np.array([_is_missing(item) for item in items], dtype=bool)
    present = items[~is_missing].tolist()
    if present and all(isinstance(item, str) for item in present):
        present = _parsed(present)
    examples = {family: item for item in present if (family := _family(item))}
    if not examples or not all(map(_family, present)):
        return None
    if len(examples) > 1:
        (kind, one), (other, two), *_ = examples.items()
        raise TypeError(
            f"{name} must hold time stamps that compare with each other, all with a time "
            f"zone or all without, and none missing: got {kind} such as {one}, and "
            f"{other} such as {two}."
        )
    (kind,) = examples
    known = _CONVERT[kind.partition(" (")[0]](present)
    values = np.zeros(len(items), dtype=known.dtype)
    values[~is_missing] = known
    return values, "dates" if kind == "days" else kind, is_missing


def _is_missing(item: Any) -> bool:
    if item is None or type(item).__name__ in ("NaTType", "NAType"):
        return True
    is_other = item != item
    return bool(is_other) if isinstance(is_other, bool | np.bool_) else False


def _family(item: Any) -> str | None:
    """Return what kind of time stamp an object is; None for other objects."""
    if isinstance(item, datetime):
        return "dates" if item.tzinfo is None else "dates with a time zone"
    if isinstance(item, np.datetime64):
        return "dates"
    if isinstance(item, date):
        return "days"
    if isinstance(item, timedelta | np.timedelta64):
        return "durations"
    if hasattr(item, "freqstr") and hasattr(item, "ordinal"):
        return f"periods (period[{item.freqstr}])"
    is_number = isinstance(item, Real | Decimal) and not isinstance(item, bool | np.bool_)
    return "numbers" if is_number else None


def _parsed(texts: list[str]) -> list:
    """Convert text to dates if all of it is such, else return it."""
    dates: dict[str, datetime] = {}
    for text in texts:
        if text in dates:
            continue
        if not _ISO.fullmatch(text):
            return texts
        try:
            dates[text] = datetime.fromisoformat(f"{text}-01" if len(text) == 7 else text)
        except ValueError:
            return texts
    return [dates[text] for text in texts]


def _instants(dates: list) -> np.ndarray:
    return _moments(
        [
            one.tz_convert(None)
            if hasattr(one, "tz_convert")
            else one.astimezone(UTC).replace(tzinfo=None)
            for one in dates
        ]
    )


def _moments(dates: list) -> np.ndarray:
    """Convert dates of Python, numpy and pandas to their finest unit."""
    return np.array(
        [
            one.to_datetime64() if hasattr(one, "to_datetime64") else np.datetime64(one)
            for one in dates
        ]
    )


def _durations(spans: list) -> np.ndarray:
    return np.array(
        [
            one.to_timedelta64()
            if hasattr(one, "to_timedelta64")
            else np.timedelta64(one)
            for one in spans
        ]
    )


def _numbers(numbers: list) -> np.ndarray:
    array = np.array(numbers)
    return array if array.dtype.kind in "iuf" else array.astype(np.float64)


_CONVERT: dict[Any, Any] = {
    "dates": _moments,
    "dates with a time zone": _instants,
    "days": lambda days: np.array(days, dtype="M8[D]"),
    "durations": _durations,
    "periods": lambda periods: np.array([period.ordinal for period in periods]),
    "numbers": _numbers,
}


def _check_no_gap(is_missing: np.ndarray, name: str) -> None:
    if is_missing.any():
        raise ValueError(
            f"{name} must have a time stamp in every row, got {is_missing.sum()} missing "
            f"(NaT, NaN or None), first in row {is_missing.argmax()}. Fill them in, or "
            "leave those rows out."
        )
