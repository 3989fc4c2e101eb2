"""Find columns and index levels of a table by one rule for all that take them.

A text, or any other label, is the name of a column or of an index level. An int is the
label of a column if there is one, else its position; arrays have positions only.
"""

from __future__ import annotations

from numbers import Integral
from reprlib import repr as shortened
from typing import Any

import numpy as np


def listed(keys: Any, X: Any) -> list:
    """Return one or several keys as a list; None stands for no key.

    A tuple is a list of keys, unless the table has a column or level of this name.

    Examples
    --------
    >>> listed(("shop", "item"), None), listed("shop", None), listed(None, None)
    (['shop', 'item'], ['shop'], [])
    """
    if isinstance(keys, tuple) and not _is_name(X, keys):
        return list(keys)
    if isinstance(keys, list):
        return keys
    return [] if keys is None else [keys]


def lookup(X: Any, key: Any, name: str, table: str = "X") -> tuple[int | None, Any]:
    """Return the position of a column, None for an index level, and its values.

    Parameters
    ----------
    X : DataFrame or array of shape (n_rows, n_columns)
        The table.
    key : label or int
        A column or a level of the index.
    name : str
        Name of the parameter, for error messages.
    table : str, default="X"
        Name of the parameter with the table.

    Raises
    ------
    ValueError
        If there is no such column or level, or several.
    """
    if not _names_level(X, key):
        column = find_column(X, key, name, table)
        return column, column_at(X, column)
    level = index_of(X).get_level_values(key)
    if not _names_column(X, key):
        return None, level
    column = find_column(X, key, name)
    if not np.array_equal(np.asarray(level), np.asarray(column_at(X, column))):
        raise ValueError(
            f"{name} must be a column or an index level of {table}, got {key!r}, which "
            "is both a column and an index level, with other values. Rename one of them."
        )
    return column, column_at(X, column)


def find_column(X: Any, column: Any, name: str, table: str = "X") -> int:
    """Return the position of a column given by label or position."""
    shape = np.shape(X)
    if len(shape) != 2:
        raise ValueError(
            f"{table} must have shape (n_rows, n_columns) for {name}={column!r}, got "
            f"{shape}."
        )
    is_position = isinstance(column, Integral) and not isinstance(column, bool)
    found = _positions_named(X, column)
    if is_position and not found:
        if not -shape[1] <= column < shape[1]:
            raise ValueError(
                f"{name} must be the position of a column of {table}, from 0 to "
                f"{shape[1] - 1}, got {column}."
            )
        return int(column) % shape[1]
    if not hasattr(X, "columns"):
        raise ValueError(
            f"{table} must be a DataFrame for {name}={column!r}, got "
            f"{type(X).__name__}. Give the position of the column instead, or keep names "
            "with set_output(transform='pandas')."
        )
    if len(found) != 1:
        levels = [level for level in getattr(index_of(X), "names", ()) if level]
        raise ValueError(
            f"{name} must be the name of one column of {table}, got {column!r}, the name "
            f"of {len(found)}. Its columns are {shortened(list(X.columns))}, the levels "
            f"of its index {shortened(levels)}."
        )
    if is_position and 0 <= column < shape[1] and column != found[0]:
        raise ValueError(
            f"{name} must be the label or the position of one column of {table}, got "
            f"{column}, the label of column {found[0]} and the position of another. Give "
            "the columns names of text."
        )
    return found[0]


def column_at(X: Any, j: int) -> Any:
    """Return one column of a DataFrame or array."""
    return X.iloc[:, j] if hasattr(X, "iloc") else X[:, j]


def index_of(X: Any) -> Any:
    """Return the index of a DataFrame or Series, else None; lists have a method index."""
    index = getattr(X, "index", None)
    return index if hasattr(index, "get_level_values") else None


def _is_name(X: Any, key: Any) -> bool:
    return _names_column(X, key) or _names_level(X, key)


def _names_column(X: Any, key: Any) -> bool:
    return bool(_positions_named(X, key))


def _positions_named(X: Any, key: Any) -> list[int]:
    columns = getattr(X, "columns", ())
    return [j for j, label in enumerate(columns) if _is_same(label, key)]


def _names_level(X: Any, key: Any) -> bool:
    index = index_of(X)
    if index is None or isinstance(key, Integral):
        return False
    return any(_is_same(level, key) for level in index.names if level is not None)


def _is_same(label: Any, key: Any) -> bool:
    """Return whether two labels are equal; False does not equal 0."""
    if isinstance(label, bool) is not isinstance(key, bool):
        return False
    same = label == key
    return bool(same) if isinstance(same, bool | np.bool_) else False
