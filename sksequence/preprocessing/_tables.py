"""Read tables in time order: numbers, entities, and time stamps."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_array, validate_data

from .._inputs import (
    Entities,
    Times,
    check_order,
    column_at,
    find_times,
    one_entity,
    read_entities,
)

# One label or position; the constraints of parameters that take one or several.
Key = str | int | tuple[Any, ...]
BY = [str, Integral, tuple, list, None]
TIME = [str, Integral, tuple, None]


@dataclass(frozen=True)
class Table:
    """The content of a table.

    Attributes
    ----------
    values : ndarray of shape (n_rows, n_channels)
        The numeric columns; may be the user's own array.
    channels : list of int
        Positions of these columns in the table.
    entities : Entities
        The entity of each row; without ``by`` there is only one.
    times : Times or None
        Time stamps of the rows, from the column of time or the index of a DataFrame.
    """

    values: np.ndarray
    channels: list[int]
    entities: Entities
    times: Times | None


def read_table(
    X: Any,
    by: Any = None,
    time: Any = None,
    estimator: Any = None,
    *,
    reset: bool = True,
) -> Table:
    """Read and validate the numbers, entities and time stamps of a table.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_columns)
        A table whose rows are in time order.
    by : label, int, list of these, or None
        The columns, by name or position, or the index levels that identify entities.
    time : label, int or None
        The column or index level of time; None for the index.
    estimator : estimator or None, default=None
        Estimator on which the number and names of columns are set or checked.
    reset : bool, default=True
        Whether to set them rather than check them.
    """
    has_keys = by is not None or time is not None
    if has_keys and not hasattr(X, "shape"):
        # Without a dtype numpy would convert all columns to text if one is text.
        X = np.array(X, dtype=object)
    if not has_keys or issparse(X) or len(X.shape) != 2:
        values = _check_numbers(X, estimator, reset=reset)
        channels = list(range(values.shape[1]))
        entities = one_entity(len(values))
        times, _ = find_times(X, None, None)
    else:
        if estimator is not None:
            validate_data(estimator, X, reset=reset, skip_check_array=True)
        entities, taken = (one_entity(len(X)), []) if by is None else read_entities(X, by)
        times, column = find_times(X, by, time)
        if column is not None:
            taken = [*taken, column]
        channels = [j for j in range(X.shape[1]) if j not in taken]
        if not channels:
            raise ValueError(
                f"X must have a numeric column beside by={by!r}"
                f"{'' if time is None else f' and time={time!r}'}, got none."
            )
        if taken:
            X = X.iloc[:, channels] if hasattr(X, "iloc") else X[:, channels]
        values = _check_numbers(X)
    check_order(times, entities, by, X)
    return Table(values, channels, entities, times)


def _check_numbers(X: Any, estimator: Any = None, *, reset: bool = True) -> np.ndarray:
    _refuse_text(X)
    options: dict[str, Any] = {"dtype": "numeric", "ensure_all_finite": "allow-nan"}
    if estimator is None:
        return check_array(X, input_name="X", **options)
    return validate_data(estimator, X, reset=reset, **options)


def _refuse_text(X: Any) -> None:
    """Raise an error that names the first column which is not numeric."""
    if not hasattr(X, "columns"):
        if isinstance(X, np.ndarray) and X.dtype.kind == "O" and X.ndim == 2:
            for j in range(X.shape[1]):
                _refuse_column(X[:, j], j)
        return
    for j, name in enumerate(X.columns):
        _refuse_column(column_at(X, j), name)


def _refuse_column(column: Any, name: Any) -> None:
    kind = getattr(column.dtype, "kind", None) or np.asarray(column[:0]).dtype.kind
    if kind in "biufc":  # complex numbers are refused later
        return
    if kind == "O" and not any(isinstance(value, str | bytes) for value in column):
        return
    raise ValueError(
        f"Column {name!r} of X is of {column.dtype}, no numbers. Encode it before the "
        "windows, for example with OneHotEncoder in a ColumnTransformer, or leave it "
        "out; if it names entities or tells time, say so with by or time."
    )
