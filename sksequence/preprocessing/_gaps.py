"""Gaps in the time of a table: cut windows there, or count those that cross one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from numbers import Real
from typing import Any

import numpy as np

from .._inputs import Entities, Times, steps_of
from ._tables import Table

# A step is a gap if it is longer than 1.5 times what is usual for the entity, and if
# steps are regular: 9 of 10 are equal. So weekends are no gaps of business days.
_REGULAR = 0.9
_LONGER = 1.5

Span = timedelta | np.timedelta64 | str | float
MAX_GAP = [timedelta, np.timedelta64, str, Real, None]


@dataclass(frozen=True)
class Part:
    """Key of a part of an entity that follows a gap."""

    entity: Any
    number: int


def segments_of(table: Table, max_gap: Any) -> Entities:
    """Return the parts of entities without a step longer than ``max_gap``.

    The first part of an entity has its key, the others a :class:`Part`.
    """
    entities = table.entities
    if max_gap is None:
        return entities
    if table.times is None:
        raise ValueError(
            f"X must have time stamps for max_gap={max_gap!r}, in its index or in a "
            "column named with time, got none."
        )
    is_cut = steps_of(table.times, entities) > _as_step(max_gap, table.times)
    begins = np.concatenate([[True], is_cut | ~entities.follows])
    codes = np.empty(len(table.values), dtype=np.int64)
    codes[entities.order] = np.cumsum(begins) - 1
    owner = entities.codes[entities.order][begins]
    number = np.arange(len(owner)) - np.searchsorted(owner, owner)
    keys = [
        Part(entities.keys[i], int(k)) if k else entities.keys[i]
        for i, k in zip(owner, number, strict=True)
    ]
    return Entities(keys, codes)


def is_beyond(step: Any, max_gap: Any, times: Times) -> bool:
    """Return whether a step in time is longer than ``max_gap``."""
    return max_gap is not None and bool(step > _as_step(max_gap, times))


def warn_of_gaps(
    table: Table, spans: Callable[[], tuple[np.ndarray, np.ndarray]]
) -> None:
    """Warn of windows that cross a gap in an otherwise regular time.

    Parameters
    ----------
    table : Table
        A table whose windows are not cut at gaps.
    spans : callable
        Returns the positions of the first and last row of each window (with its targets,
        if any) among the rows sorted by entity; called if there is a gap.
    """
    if table.times is None or len(table.values) < 3:
        return
    steps, is_gap = _find_gaps(table.times, table.entities)
    if not is_gap.any():
        return
    first, last = spans()
    before = np.concatenate([[0], np.cumsum(is_gap)])
    n_crossing = int((before[last] > before[first]).sum())
    if not n_crossing:
        return
    i = int(np.flatnonzero(is_gap)[steps[is_gap].argmax()])
    row, after = (int(k) for k in table.entities.order[i : i + 2])
    warnings.warn(
        f"{n_crossing} of {len(first)} windows cross one of {int(is_gap.sum())} gap(s) "
        f"in time, as from {table.times.label(row)} to {table.times.label(after)}, where "
        "other steps are equal. Insert the missing rows, or give max_gap, the longest "
        "step within a window: there windows are cut (float('inf'): nowhere).",
        UserWarning,
        stacklevel=3,
    )


def _find_gaps(times: Times, entities: Entities) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps between rows sorted by entity, and which of them are gaps."""
    steps = steps_of(times, entities)
    if len(entities.keys) == 1 and (steps == steps[0]).all():
        return steps, np.zeros(len(steps), dtype=bool)
    if steps.dtype.kind == "m":
        steps = steps.astype(np.int64)
    inside = entities.follows
    is_gap = np.zeros(len(steps), dtype=bool)
    own = steps[inside]
    if not len(own) or own.min() == own.max():
        return steps, is_gap
    codes = entities.codes[entities.order][1:][inside]
    counts = np.bincount(codes, minlength=len(entities.keys))
    places = np.cumsum(counts) - counts + (counts - 1) // 2
    by_length = own[np.lexsort((own, codes))]
    usual = by_length[np.minimum(places, len(own) - 1)][codes]  # the median
    is_usual = np.isclose(own, usual, rtol=1e-6, atol=0)
    share = np.bincount(codes, is_usual, len(counts))[codes] / counts[codes]
    is_gap[inside] = (own > _LONGER * usual) & (share >= _REGULAR)
    return steps, is_gap


def _as_step(max_gap: Any, times: Times) -> Any:
    """Return ``max_gap`` in the type of the steps between time stamps."""
    is_number = isinstance(max_gap, Real | np.number) and not isinstance(max_gap, bool)
    if is_number and max_gap == float("inf"):
        is_span = times.values.dtype.kind in "mM"
        return np.timedelta64(np.iinfo(np.int64).max, "ns") if is_span else max_gap
    if times.values.dtype.kind not in "mM":
        if is_number and max_gap > 0:
            return max_gap
        raise ValueError(
            f"max_gap must be a number above 0, as time stamps are {times.kind}, got "
            f"{max_gap!r}."
        )
    step = _duration(max_gap)
    if step is None or not step > np.timedelta64(0, "s"):
        raise ValueError(
            f"max_gap must be a duration above 0, as time stamps are {times.kind}, got "
            f"{max_gap!r}. Pass a datetime.timedelta, or a text such as '2D'."
        )
    return step


def _duration(value: Any) -> np.timedelta64 | None:
    if isinstance(value, str):
        import pandas as pd

        try:
            return pd.Timedelta(value).to_timedelta64()
        except ValueError:
            return None
    if hasattr(value, "to_timedelta64"):
        return value.to_timedelta64()
    if isinstance(value, timedelta | np.timedelta64):
        return np.timedelta64(value)
    return None
