"""Find the time stamps of a table's rows, and check that they increase."""

from __future__ import annotations

from typing import Any

import numpy as np

from .entities import Entities
from .lookup import index_of, listed, lookup
from .times import Times, read_times


def find_times(X: Any, by: Any, time: Any) -> tuple[Times | None, int | None]:
    """Return the time stamps of the rows, and the position of their column, if any.

    Without ``time`` they are those in the index of a DataFrame or Series: its level of
    dates, periods, durations or ISO text, or else of numbers. Levels named by ``by`` and
    levels of other text are no times.

    Parameters
    ----------
    X : DataFrame, Series or array of shape (n_rows, n_columns)
        The table.
    by : label, int, list of these, or None
        What tells entities apart.
    time : label, int or None
        The column or index level of time.

    Raises
    ------
    ValueError, TypeError
        If there is no such column, it holds no times, or several levels could be.
    """
    if time is not None:
        if time in listed(by, X):
            raise ValueError(f"time must not be a column in by={by!r}, got {time!r}.")
        column, stamps = lookup(X, time, "time")
        times = read_times(stamps, f"time={time!r}")
        if times is None:
            raise TypeError(
                f"time={time!r} must hold dates, periods, durations or numbers, got for "
                f"example {next(iter(stamps), None)!r}. Convert text with "
                "pandas.to_datetime."
            )
        return times, column
    index = index_of(X)
    if index is None:
        return None, None
    entities = listed(by, X)
    levels = [
        read_times(index.get_level_values(k), "The index of X")
        for k, name in enumerate(index.names)
        if name is None or name not in entities
    ]
    times_found = [level for level in levels if level is not None]
    dates = [level for level in times_found if level.kind != "numbers"]
    candidates = dates or times_found
    if len(candidates) > 1:
        raise ValueError(
            f"The index of X must have one level of time, got {len(candidates)} levels "
            f"of {candidates[0].kind} among {list(index.names)}. Say with time which it "
            "is, and with by which tell entities apart."
        )
    return (candidates[0] if candidates else None), None


def check_order(times: Times | None, entities: Entities, by: Any, X: Any) -> None:
    """Raise ValueError if time stamps do not increase within an entity.

    Parameters
    ----------
    times, entities
        Of the rows of X.
    by : label, int, list of these, or None
        What tells entities apart.
    X : object
        The table, of which messages name further index levels.
    """
    if times is None:
        return
    if times.is_missing.any():
        raise ValueError(
            f"Row {int(times.is_missing.argmax())} of X has no time stamp (NaT); "
            "expected one in every row. Leave such rows out, along with their targets."
        )
    in_order = times.values[entities.order]
    wrong = (in_order[1:] <= in_order[:-1]) & entities.follows
    if not wrong.any():
        return
    i = int(wrong.argmax())
    before, row = (int(k) for k in entities.order[i : i + 2])
    whose = "" if by is None else f" of {by}={entities.keys[entities.codes[row]]!r}"
    if in_order[i] == in_order[i + 1]:
        raise ValueError(
            f"Rows {before} and {row} of X{whose} have the same time stamp, "
            f"{times.label(row)}; expected one row for each. Aggregate or drop the "
            "duplicates; if they are of different entities, tell them apart with "
            f"{_more_keys(times, by, X)}."
        )
    numbered = (
        " If the index does not tell time, name the column that does with time, or drop "
        "the index: X.reset_index(drop=True)."
    )
    raise ValueError(
        f"Row {row} of X{whose} is of {times.label(row)}, but row {before} before it of "
        f"{times.label(before)}; expected rows in time order. Sort them, and y alike, as "
        "by X.sort_index(); if they are of different entities, tell them apart with "
        f"{_more_keys(times, by, X)}.{numbered if times.kind == 'numbers' else ''}"
    )


def _more_keys(times: Times, by: Any, X: Any) -> str:
    """Return how to name entities by the index levels that are not named yet."""
    index, keys = index_of(X), listed(by, X)
    if index is None or len(index.names) < 2:
        return "by"
    stamps = np.asarray(times.labels)
    others = [
        name
        for name in index.names
        if name is not None
        and name not in keys
        and not np.array_equal(np.asarray(index.get_level_values(name)), stamps)
    ]
    return f"by={[*keys, *others]!r}" if others else "by"


def steps_of(times: Times, entities: Entities) -> np.ndarray:
    """Return the time from each row to the next, with the rows sorted by entity.

    Returns
    -------
    ndarray of shape (n_rows - 1,)
        timedelta64 for dates and durations, else numbers; meaningless from one entity to
        the next.
    """
    return np.diff(times.values[entities.order])
