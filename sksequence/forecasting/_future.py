"""Which rows after the end of a table are to be forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._inputs import (
    Entities,
    Times,
    check_order,
    column_at,
    count_within,
    find_column,
    find_times,
    one_entity,
    read_entities,
)
from ._calendar import Calendar
from ._past import Past


@dataclass(frozen=True)
class Future:
    """The rows to forecast.

    Attributes
    ----------
    which : list of int
        The entities to forecast, as positions in the past.
    n_steps : int
        The largest number of steps of one of them.
    entity, step : ndarray of shape (n_rows,)
        The entity of each row, as a position in ``which``, and its step, from 0.
    stamps : Index
        The time stamp of each row.
    known : ndarray of shape (n_entities, n_steps, n_known)
        What is known ahead; NaN after the last row of an entity.
    """

    which: list[int]
    n_steps: int
    entity: np.ndarray
    step: np.ndarray
    stamps: Any
    known: np.ndarray


def next_rows(past: Past, calendar: Calendar, n_steps: int) -> Future:
    """Return the next rows of every entity, of which nothing is known.

    Raises
    ------
    ValueError
        If the step of time cannot be told.
    """
    n = len(past.keys)
    every = []
    for key, stamps in zip(past.keys, past.stamps, strict=True):
        after = calendar.after(stamps, n_steps)
        if after is None:
            whose = "" if key is None else f" of {key!r}"
            raise ValueError(
                f"The time stamps after {calendar.labels(stamps)[-1]}{whose} cannot be "
                "told, as those before are irregular. Pass the future rows to predict, "
                "or give freq."
            )
        every.append(after)
    stamps = every[0].append(every[1:]) if n > 1 else every[0]
    entity = np.repeat(np.arange(n), n_steps)
    step = np.tile(np.arange(n_steps), n)
    return Future([*range(n)], n_steps, entity, step, stamps, np.empty((n, n_steps, 0)))


def read_future(
    X: Any, known: list, past: Past, calendar: Calendar, by: Any, time: Any
) -> Future:
    """Read the rows to forecast from a table; ``known`` are the labels of its columns.

    Raises
    ------
    ValueError
        If there is no row, an entity has no past, time stamps do not follow it, or a
        column that is known ahead is missing, or has no value.
    """
    if not len(X):
        raise ValueError("X must have at least one future row, got none.")
    entities = one_entity(len(X)) if by is None else read_entities(X, by)[0]
    places = {key: i for i, key in enumerate(past.keys)}
    if new := [key for key in entities.keys if key not in places]:
        raise ValueError(
            f"The entity {new[0]!r} of the future rows has no past ({len(new)} have "
            "none): it was not in the table that was fitted. Give its rows as history."
        )
    which = [places[key] for key in entities.keys]
    step = np.empty(len(X), dtype=np.int64)
    step[entities.order] = count_within(entities.counts)
    stamps = _read_stamps(X, entities, step, which, past, calendar, by, time)
    n_steps = int(step.max()) + 1
    values = np.full((len(which), n_steps, len(known)), np.nan)
    for j, label in enumerate(known):
        place = find_column(X, label, "known")
        column = np.asarray(column_at(X, place)).astype(np.float64)
        values[entities.codes, step, j] = column
        if (lacking := np.isnan(column)).any():
            row = int(lacking.argmax())
            raise ValueError(
                f"The column {label!r} must be known ahead, got no value in future row "
                f"{row} (step {int(step[row]) + 1})."
            )
    return Future(which, n_steps, entities.codes, step, stamps, values)


def _read_stamps(
    X: Any,
    entities: Entities,
    step: np.ndarray,
    which: list[int],
    past: Past,
    calendar: Calendar,
    by: Any,
    time: Any,
) -> Any:
    """Return the time stamps of rows, after checking that they follow the past."""
    import pandas as pd

    times = None if calendar.kind == "positions" else find_times(X, by, time)[0]
    if times is None:
        if calendar.kind != "positions":
            raise ValueError(
                f"X must have the time stamps of the future rows, which are "
                f"{calendar.kind} in fit, got none."
            )
        first = [past.stamps[i][-1] + 1 for i in which]
        return pd.Index(np.array(first)[entities.codes] + step)
    if times.kind != calendar.kind:
        raise ValueError(
            f"The time stamps of X must be {calendar.kind} as in fit, got {times.kind}."
        )
    check_order(times, entities, by, X)
    ends = entities.starts + entities.counts
    for i, key, start, end in zip(
        which, entities.keys, entities.starts, ends, strict=True
    ):
        rows = entities.order[start:end]
        _check_follows(times, rows, past.stamps[i], calendar, key)
    return calendar.labels(times.values)


def _check_follows(
    times: Times, rows: np.ndarray, before: np.ndarray, calendar: Calendar, key: Any
) -> None:
    whose = "" if key is None else f" of {key!r}"
    values, last = times.values[rows], calendar.labels(before)[-1]
    if not values[0] > before[-1]:
        raise ValueError(
            f"The future rows{whose} must begin after {last}, the last one known, got "
            f"{times.label(rows[0])}."
        )
    expected = calendar.after(before, len(rows), may_skip=False)
    if expected is None:
        return
    found = calendar.labels(values)
    if values.dtype.kind == "f":  # such as tenths, which are not exact
        wrong = np.flatnonzero(~np.isclose(expected, found, rtol=1e-9))
    else:
        wrong = np.flatnonzero(np.asarray(expected != found))
    if len(wrong):
        k = wrong[0]
        raise ValueError(
            f"The future rows{whose} must go on after {last} without a hole: expected "
            f"{expected[k]} at step {k + 1}, got {found[k]}. Give freq if the step of "
            "time is another one, or the rows before as history."
        )
