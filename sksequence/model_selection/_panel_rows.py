"""Read the times of rows, and which rows are of one entity."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._inputs import (
    check_order,
    column_at,
    count_within,
    find_times,
    first_rows_of,
    index_of,
    listed,
    one_entity,
    read_entities,
    read_times,
    time_ranks,
)
from .._inputs.borrowed import count_samples


@dataclass(frozen=True)
class PanelRows:
    """Times of rows, and their places in the series of their entity.

    Attributes
    ----------
    times : ndarray of shape (n_rows,), int64
        Rank of the row's time stamp among the distinct ones.
    codes : ndarray of shape (n_rows,), int64, or None
        The entity of each row; None if it is not known, as if every entity had a row
        at every time stamp.
    places : ndarray of shape (n_rows,), int64, or None
        Position of the row among those of its entity, which increases with time.
    """

    times: np.ndarray
    codes: np.ndarray | None = None
    places: np.ndarray | None = None


def read_rows(X: Any, groups: Any, by: Any, time: Any, reach: int) -> PanelRows:
    """Read times and entities from groups, or else from the table X.

    Parameters
    ----------
    X : object
        The samples: a table, windows, or anything of this length.
    groups : array-like, DataFrame, MultiIndex or None
        Time stamps, or a table of entities and time stamps.
    by, time : label, int, list or None
        Columns or index levels of ``groups``, if it is a table, or of X.
    reach : int
        The largest number of steps between two rows that overlap.
    """
    if groups is None and by is None and time is None:
        times, _ = find_times(X, None, None)
        if times is not None:
            check_order(times, one_entity(count_samples(X)), None, X)
        return PanelRows(np.arange(count_samples(X)))
    if groups is None:
        found, _ = find_times(X, by, time)
        if found is None:
            raise ValueError(
                "X must have time stamps, in its index or in a column named with time, "
                f"got none with by={by!r} and time={time!r}. Or pass them as groups."
            )
        ranks = time_ranks(found.labels, "time" if time is None else f"time={time!r}")
        return _with_entities(ranks, X, by)
    if getattr(groups, "nlevels", 1) > 1:
        groups = groups.to_frame(index=False)
    if hasattr(groups, "columns") or (time is not None and np.ndim(groups) == 2):
        return _read_groups(groups, by, time)
    ranks = time_ranks(groups, "groups")
    if by is not None:
        return _with_entities(ranks, X, by)
    rows = _of_windows(ranks, X, reach)
    if rows.codes is None and reach:
        _warn_of_unknown_entities(ranks)
    return rows


def _read_groups(groups: Any, by: Any, time: Any) -> PanelRows:
    """Read groups that are a table; without ``by`` all but the time is the entity."""
    names = list(getattr(groups, "columns", range(np.shape(groups)[1])))
    if time is None:
        stamps, time_column = _guess_time(groups, by)
    else:
        times, time_column = find_times(groups, by, time)
        stamps = times.labels if times is not None else None
    ranks = time_ranks(stamps, "groups")
    if by is None:
        by = [name for j, name in enumerate(names) if j != time_column]
    return _with_entities(ranks, groups, by or None)


def _guess_time(groups: Any, by: Any) -> tuple[Any, int | None]:
    """Return the time stamps in a table of entities and times, and their column.

    They are dates in its index or a column, or else numbers in an index that was set, or
    in a column.
    """
    index = index_of(groups)
    in_index = None if index is None else find_times(groups, by, None)[0]
    known = listed(by, groups)
    columns = {
        j: times
        for j, name in enumerate(groups.columns)
        if name not in known
        and (times := read_times(column_at(groups, j), "groups")) is not None
    }
    dated = {j: times for j, times in columns.items() if times.kind != "numbers"}
    is_numbered = hasattr(index, "start") and index.name is None  # rows in their order
    if in_index is not None and in_index.kind != "numbers":
        return in_index.labels, None
    if not dated and in_index is not None and not is_numbered:
        return in_index.labels, None
    candidates = dated or columns
    if len(candidates) != 1:
        raise ValueError(
            f"groups must have one column of time, got {len(candidates)} among "
            f"{list(groups.columns)}. Say with time which it is, and with by which tell "
            "entities apart."
        )
    ((column, times),) = candidates.items()
    return times.labels, column


def _with_entities(ranks: np.ndarray, table: Any, by: Any) -> PanelRows:
    """Number the rows of each entity in the order of time."""
    if by is None:
        entities = one_entity(len(ranks))
    else:
        if not hasattr(table, "shape"):
            table = np.array(table, dtype=object)
        entities, _ = read_entities(table, by)
    order = np.lexsort((ranks, entities.codes))
    same = (np.diff(ranks[order]) == 0) & entities.follows
    if same.any() and by is not None:
        row, other = order[int(same.argmax()) :][:2]
        raise ValueError(
            "Every entity must have one row at each time, got two of "
            f"{entities.keys[entities.codes[row]]!r}, rows {row} and {other}. Add to by "
            "what tells them apart."
        )
    if by is None:
        return PanelRows(ranks)
    places = np.empty(len(ranks), dtype=np.int64)
    places[order] = count_within(entities.counts)
    return PanelRows(ranks, entities.codes, places)


def _of_windows(ranks: np.ndarray, X: Any, reach: int) -> PanelRows:
    """Number rows as windows that are views of one table, as make_windows returns."""
    ends = _last_rows(X)
    if ends is None:
        return PanelRows(ranks)
    order = np.lexsort((ranks, ends))
    steps = np.diff(ends[order])
    goes_on = (np.diff(ranks[order]) > 0) & (steps > 0)
    step = int(steps[goes_on].min(initial=len(ends) + int(ends.max())))
    is_new = ~goes_on | (steps > reach * step)
    codes = np.empty(len(ends), dtype=np.int64)
    codes[order] = np.concatenate([[0], np.cumsum(is_new)])
    return PanelRows(ranks, codes, ends // step)


def _last_rows(X: Any) -> np.ndarray | None:
    """Return the last row of each window in their common table; None for others.

    Views in a list are windows, one array is only if they overlap.
    """
    is_array = isinstance(X, np.ndarray)
    if is_array:
        if X.ndim < 2 or X.dtype == object or not X.size:
            return None
        lengths = np.full(len(X), X.shape[1])
    elif (
        isinstance(X, list)
        and len(X) > 1
        and all(isinstance(x, np.ndarray) and x.ndim > 0 for x in X)
    ):
        lengths = np.array([len(x) for x in X])
    else:
        return None
    begins = first_rows_of(X)
    if begins is None:
        return None
    ends = begins + lengths
    return None if is_array and ends.max() >= lengths.sum() else ends


def _warn_of_unknown_entities(ranks: np.ndarray) -> None:
    counts = np.bincount(ranks)
    if counts.min() == counts.max():
        return
    warnings.warn(
        "groups are time stamps alone, and some have more rows than others: length and "
        "horizon are counted in time stamps of the whole panel, which purges too little "
        "of an entity that lacks some of them. Pass the entities too: as groups the "
        "index that make_windows returns, or a DataFrame of entities and times; or name "
        "the columns of X with by.",
        UserWarning,
        stacklevel=4,
    )
