"""Which columns of a table are forecast, known ahead, or constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._inputs import column_at, find_column, listed
from ..preprocessing._polars import is_polars, to_pandas
from ..preprocessing._tables import Table, read_table


def as_table(X: Any, name: str = "X") -> Any:
    """Return a table as a pandas DataFrame, or as an array (n_rows, n_columns)."""
    if is_polars(X):
        return to_pandas(X)
    if hasattr(X, "to_frame") and np.ndim(X) == 1:
        return X.to_frame()
    if not hasattr(X, "columns"):
        X = np.asarray(X)
        if X.ndim == 1:
            X = X[:, None]
    if len(np.shape(X)) != 2:
        raise ValueError(
            f"{name} must be a table of shape (n_rows, n_columns), got {np.shape(X)}."
        )
    return X


def with_targets(X: Any, y: Any, target: Any) -> tuple[Any, Any]:
    """Return the table with the targets that are given as y, and their labels.

    Raises
    ------
    ValueError
        If y has another length, or other values than the columns that ``target`` names.
    """
    if y is None:
        return X, target
    values = as_table(y, "y")
    if len(values) != len(X):
        raise ValueError(f"y must have {len(X)} rows, as X has, got {len(values)}.")
    if target is None:
        names = _names_of(y, values, X)
    else:
        names = listed(target, X)
        if len(names) != values.shape[1]:
            raise ValueError(
                f"y must have the {len(names)} column(s) of target={target!r}, got "
                f"{values.shape[1]}."
            )
    for j, name in enumerate(names):
        X = _with_column(X, name, np.asarray(column_at(values, j)))
    return X, names[0] if len(names) == 1 and target is None else (target or names)


def _names_of(y: Any, values: Any, X: Any) -> list:
    if not hasattr(X, "columns"):
        n = X.shape[1]
        return list(range(n, n + values.shape[1]))
    if hasattr(y, "columns"):
        return list(y.columns)
    if getattr(y, "name", None) is not None:
        return [y.name]
    return ["y"] if values.shape[1] == 1 else [f"y{j}" for j in range(values.shape[1])]


def _with_column(X: Any, name: Any, values: np.ndarray) -> Any:
    """Return the table with a column, which it may have already."""
    if not hasattr(X, "columns"):
        if isinstance(name, int) and name < X.shape[1]:
            _check_same(X[:, name], values, name)
            return X
        return np.column_stack([X, values])
    if name in X.columns:
        _check_same(np.asarray(X[name]), values, name)
        return X
    return X.assign(**{name: values}) if isinstance(name, str) else X.join(values)


def _check_same(own: np.ndarray, values: np.ndarray, name: Any) -> None:
    if not np.array_equal(own.astype(float), values.astype(float), equal_nan=True):
        raise ValueError(
            f"y must hold the values of column {name!r} of X, which is forecast, got "
            "others. Leave out one of them."
        )


@dataclass(frozen=True)
class Columns:
    """The channels of a table by what they are for.

    Attributes
    ----------
    labels : list
        Labels of the channels.
    targets, known : list of int
        Positions among the channels.
    static : list of int
        Positions of static columns in the table.
    """

    labels: list
    targets: list[int]
    known: list[int]
    static: list[int]

    @property
    def others(self) -> list[int]:
        """Channels that are neither forecast nor known ahead."""
        taken = {*self.targets, *self.known}
        return [j for j in range(len(self.labels)) if j not in taken]


def read_columns(
    X: Any, target: Any, known: Any, static: Any, by: Any, time: Any
) -> tuple[Columns, Table]:
    """Read a table, and which of its columns are for what.

    Raises
    ------
    ValueError, TypeError
        If a column is missing, not numeric, or named for two purposes.
    """
    beside = [find_column(X, key, "static") for key in listed(static, X)]
    left = [j for j in range(X.shape[1]) if j not in beside]
    dynamic = X.iloc[:, left] if hasattr(X, "iloc") else X[:, left]
    if hasattr(X, "columns"):
        table = read_table(dynamic, by, time)
        places = [left[j] for j in table.channels]
        labels = [X.columns[j] for j in places]
    else:
        # Positions are those of the whole table.
        inside = {j: k for k, j in enumerate(left)}
        table = read_table(dynamic, _moved(by, inside), _moved(time, inside))
        labels = places = [left[j] for j in table.channels]
    goals = _positions(X, target, places, "target", by, time)
    ahead = sorted(_positions(X, known, places, "known", by, time))
    if both := set(goals) & set(ahead):
        raise ValueError(
            f"known must be other columns than target={target!r}, which are forecast, "
            f"got {[labels[j] for j in sorted(both)]} in both."
        )
    if target is None:
        goals = [j for j in range(len(places)) if j not in ahead]
    if not goals:
        raise ValueError(f"target must name at least one column, got {target!r}.")
    return Columns(labels, goals, ahead, beside), table


def _moved(key: Any, inside: dict[int, int]) -> Any:
    if isinstance(key, list | tuple):
        return [_moved(one, inside) for one in key]
    return inside.get(key, key)


def _positions(
    X: Any, wanted: Any, places: list[int], name: str, by: Any, time: Any
) -> list[int]:
    """Return the channels that a parameter names, as positions among them."""
    found = [find_column(X, key, name) for key in listed(wanted, X)]
    for key, place in zip(listed(wanted, X), found, strict=True):
        if place not in places:
            raise ValueError(
                f"{name} must name columns that are not in by={by!r}, time={time!r} or "
                f"static, got {key!r}."
            )
    if len(set(found)) < len(found):
        raise ValueError(f"{name} must name every column once, got {wanted!r}.")
    return [places.index(place) for place in found]
