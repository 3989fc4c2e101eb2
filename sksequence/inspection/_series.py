"""Series with their times, from arrays and from tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Curves:
    """A forecast at each of several levels.

    Attributes
    ----------
    times : ndarray of shape (n_steps,)
        Times of the steps.
    values : ndarray of shape (n_steps, n_levels)
        Forecasts.
    levels : list of float or None
        The quantiles; None for a single forecast.
    """

    times: np.ndarray
    values: np.ndarray
    levels: list[float] | None


def points_of(
    values: Any, times: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return times and values of a Series, or of an array.

    Examples
    --------
    >>> points_of([0.5, 2.0])
    (array([0, 1]), array([0.5, 2. ]))
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or not len(array):
        raise ValueError(
            f"history and truth must be of one series, (n_rows,), got {array.shape}."
        )
    if (index := _index_of(values)) is not None:
        return index, array
    if times is None:
        times = np.arange(len(array))
    if len(times) != len(array):
        raise ValueError(
            f"truth must have the {len(times)} steps of the forecast, or an index, got "
            f"{len(array)} values."
        )
    return times, array


def curves_of(
    forecast: Any,
    quantiles: Sequence[float] | None,
    history: tuple[np.ndarray, np.ndarray],
) -> Curves:
    """Return a forecast of one target, in any form, as curves."""
    values = np.asarray(forecast, dtype=np.float64)
    if values.ndim not in (1, 2) or not values.size:
        raise ValueError(
            f"forecast must be (n_steps,) or (n_steps, n_quantiles), got {values.shape}."
        )
    columns = getattr(forecast, "columns", None)
    values = values.reshape(len(values), -1)
    if quantiles is None and columns is not None and values.shape[1] > 1:
        quantiles = _levels_of(columns)
    if quantiles is None and values.shape[1] > 1:
        raise ValueError(
            f"quantiles must say of which levels the {values.shape[1]} columns of "
            "forecast are, got None."
        )
    levels = None if quantiles is None else [float(level) for level in quantiles]
    if levels is not None and (
        len(levels) != values.shape[1] or not all(0 < level < 1 for level in levels)
    ):
        raise ValueError(
            f"quantiles must be {values.shape[1]} numbers between 0 and 1, one for each "
            f"column of forecast, got {quantiles!r}."
        )
    times = _index_of(forecast)
    if times is None:
        last = history[0][-1]
        if not np.issubdtype(history[0].dtype, np.number):
            raise ValueError(
                "forecast must have an index of time, as history has: pass a Series or "
                "DataFrame."
            )
        times = last + 1 + np.arange(len(values))
    return Curves(times, values, levels)


def rows_of_target(
    table: Any, forecaster: Any, target: Any, entity: Any, *, is_forecast: bool = False
) -> Any:
    """Return the rows of one target and one entity, with time as their index."""
    names = forecaster._entity_names
    if names:
        table = _rows_of_entity(table, names, entity)
    elif entity is not None:
        raise ValueError(f"entity must be None, as there is one series, got {entity!r}.")
    if target not in table.columns:
        raise ValueError(f"The table must have the column {target!r} of the target.")
    rows = table[target]
    if not is_forecast and forecaster.time is not None:
        rows = rows.set_axis(table[forecaster.time])
    return rows


def _rows_of_entity(table: Any, names: list, entity: Any) -> Any:
    """Return the rows of one entity, the only one if none is given."""
    levels = [
        table[name].to_numpy()
        if name in table.columns
        else table.index.get_level_values(name).to_numpy()
        for name in names
    ]
    keys = [*zip(*levels, strict=True)]
    there = [*dict.fromkeys(keys)]
    wanted = entity if isinstance(entity, tuple) else (entity,)
    if entity is None and len(there) == 1:
        wanted = there[0]
    if wanted not in there:
        shown = [key[0] if len(key) == 1 else key for key in there[:10]]
        raise ValueError(f"entity must be one of {shown}, got {entity!r}.")
    rows = table[np.array([key == wanted for key in keys])]
    inside = [name for name in names if name in rows.index.names]
    return rows.droplevel(inside) if inside else rows


def _levels_of(columns: Any) -> Any:
    """Return the quantiles that the columns of a DataFrame are named by."""
    last = [name[-1] if isinstance(name, tuple) else name for name in columns]
    if all(isinstance(level, float | np.floating) for level in last):
        return last
    raise ValueError(
        "The columns of forecast must be quantiles of one target, got "
        f"{[*columns]}. Pick one target, as in forecast['sales']."
    )


def _index_of(values: Any) -> np.ndarray | None:
    """Return the index of a Series or DataFrame, periods as their begin."""
    index = getattr(values, "index", None)
    if index is None or callable(index):
        return None  # a list has a method of this name
    if hasattr(index, "to_timestamp"):
        index = index.to_timestamp()
    return index.to_numpy()
