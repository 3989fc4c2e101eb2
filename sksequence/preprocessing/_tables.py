"""Read tables in time order: numbers, entities, and time stamps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from reprlib import repr as shortened
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_array, validate_data


@dataclass(frozen=True)
class Entities:
    """The entity of each row; the rows of each entity are in time order.

    Attributes
    ----------
    keys : list
        The entities, in order of appearance.
    codes : ndarray of shape (n_rows,), int64
        Position in ``keys`` of the entity of each row.
    """

    keys: list
    codes: np.ndarray

    @cached_property
    def counts(self) -> np.ndarray:
        """Number of rows of each entity."""
        return np.bincount(self.codes, minlength=len(self.keys))

    @cached_property
    def starts(self) -> np.ndarray:
        """First position of each entity among the rows sorted by ``order``."""
        return np.cumsum(self.counts) - self.counts

    @cached_property
    def order(self) -> np.ndarray:
        """Indices that sort the rows by entity, stably."""
        return np.argsort(self.codes, kind="stable")

    @cached_property
    def is_in_order(self) -> bool:
        """Whether the rows of each entity are contiguous."""
        return bool((np.diff(self.codes) >= 0).all())


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
    labels : Index or None
        Times from the index of a DataFrame: time stamps or integers.
    """

    values: np.ndarray
    channels: list[int]
    entities: Entities
    labels: Any


def read_table(
    X: Any, by: str | int | None, estimator: Any = None, *, reset: bool = True
) -> Table:
    """Read and validate the numbers, entities and time stamps of a table.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_columns)
        A table whose rows are in time order.
    by : str, int or None
        The column, by name or position, or the index level that identifies entities.
    estimator : estimator or None, default=None
        Estimator on which the number and names of columns are set or checked.
    reset : bool, default=True
        Whether to set them rather than check them.
    """
    if by is not None and not hasattr(X, "shape"):
        # Without a dtype numpy would convert all columns to text if one is text.
        X = np.array(X, dtype=object)
    if by is None or issparse(X) or len(X.shape) != 2:
        values = _check_numbers(X, estimator, reset=reset)
        channels = list(range(values.shape[1]))
        entities, column = one_entity(len(values)), None
    else:
        if estimator is not None:
            validate_data(estimator, X, reset=reset, skip_check_array=True)
        entities, column = read_entities(X, by)
        channels = [j for j in range(X.shape[1]) if j != column]
        if not channels:
            raise ValueError(f"X must have a numeric column beside by={by!r}, got none.")
        if column is not None:
            X = X.iloc[:, channels] if hasattr(X, "iloc") else X[:, channels]
        values = _check_numbers(X)
    labels = _labels_of(X, None if column is not None else by)
    _check_order(labels, entities, by)
    return Table(values, channels, entities, labels)


def one_entity(n_rows: int) -> Entities:
    """Return entities where all rows belong to one."""
    return Entities([None], np.zeros(n_rows, dtype=np.int64))


def read_entities(X: Any, by: str | int) -> tuple[Entities, int | None]:
    """Return the entity of each row, and the position of the column naming it, if any.

    Examples
    --------
    >>> entities, column = read_entities(np.array([[2, 0.5], [1, 0.5], [2, 0.5]]), by=0)
    >>> entities.keys, entities.codes, column
    ([2.0, 1.0], array([0, 1, 0]), 0)
    """
    column = None if _names_level(X, by) else find_column(X, by, "by")
    names = X.index.get_level_values(by) if column is None else column_at(X, column)
    if hasattr(names, "factorize"):  # of pandas
        codes, keys = names.factorize()
        missing = codes < 0
    else:
        keys, codes, missing = _factorized(np.asarray(names), by)
    if missing.any():
        raise ValueError(
            f"by={by!r} must have an entity in every row, got none in row "
            f"{missing.argmax()}. Leave such rows out, or name their entity."
        )
    return Entities(list(keys), codes.astype(np.int64)), column


def find_column(X: Any, column: str | int, name: str) -> int:
    """Return the position of a column given by name or position."""
    shape = np.shape(X)
    if len(shape) != 2:
        raise ValueError(
            f"X must have shape (n_rows, n_columns) for {name}={column!r}, got {shape}."
        )
    if not isinstance(column, str):
        if not -shape[1] <= column < shape[1]:
            raise ValueError(
                f"{name} must be the position of a column of X, from 0 to "
                f"{shape[1] - 1}, got {column}."
            )
        return column % shape[1]
    if not hasattr(X, "columns"):
        raise ValueError(
            f"X must be a DataFrame for {name}={column!r}, got {type(X).__name__}. Give "
            "the position of the column instead, or keep names with "
            "set_output(transform='pandas')."
        )
    names = list(X.columns)
    if names.count(column) != 1:
        levels = [level for level in getattr(index_of(X), "names", ()) if level]
        raise ValueError(
            f"{name} must be the name of one column of X, got {column!r}, the name of "
            f"{names.count(column)}. Its columns are {shortened(names)}, the levels of "
            f"its index {shortened(levels)}."
        )
    return names.index(column)


def column_at(X: Any, j: int) -> Any:
    """Return one column of a DataFrame or array."""
    return X.iloc[:, j] if hasattr(X, "iloc") else X[:, j]


def index_of(X: Any) -> Any:
    """Return the index of a DataFrame or Series, else None; lists have a method index."""
    index = getattr(X, "index", None)
    return index if hasattr(index, "get_level_values") else None


def _names_level(X: Any, by: Any) -> bool:
    index = index_of(X)
    if index is None or not isinstance(by, str) or by in getattr(X, "columns", ()):
        return False
    return by in index.names


def _factorized(names: np.ndarray, by: Any) -> tuple[list, np.ndarray, np.ndarray]:
    """Encode an array in order of appearance: return keys, codes, missing mask."""
    missing = (
        np.array([name is None for name in names])
        if names.dtype == object
        else (names != names)
    )
    if missing.any():
        return [], np.zeros(len(names), dtype=np.int64), missing
    try:
        keys, first, codes = np.unique(names, return_index=True, return_inverse=True)
    except TypeError as error:
        raise TypeError(
            f"by={by!r} holds values that do not sort: {error}. Expected names or "
            "numbers of one type."
        ) from error
    rank = np.empty(len(keys), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(keys))
    return keys[np.argsort(first)].tolist(), rank[codes], missing


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
        "out; if it names entities, say so with by."
    )


def _labels_of(X: Any, level: Any) -> Any:
    """Return the times in a DataFrame's index, ignoring the level of entities."""
    index = index_of(X)
    if index is None:
        return None
    levels = [
        index.get_level_values(k)
        for k, name in enumerate(index.names)
        if level is None or name != level
    ]
    stamps = [one for one in levels if _is_time(one)]
    if len(stamps) == 1:
        return stamps[0]
    return levels[0] if len(levels) == 1 and levels[0].dtype.kind in "iu" else None


def _is_time(labels: Any) -> bool:
    return hasattr(labels, "asi8")


def numbers_of(labels: Any) -> np.ndarray:
    """Return labels as sortable numbers; time stamps as instants, in any time zone."""
    return labels.asi8 if _is_time(labels) else labels.to_numpy()


def _check_order(labels: Any, entities: Entities, by: Any) -> None:
    """Raise ValueError if time stamps do not increase within an entity."""
    if not _is_time(labels):
        return
    if labels.hasnans:
        raise ValueError(
            f"Row {int(labels.isna().argmax())} of X has no time stamp (NaT); expected "
            "one in every row. Leave such rows out, along with their targets."
        )
    order = entities.order
    steps = np.diff(numbers_of(labels)[order])
    wrong = (steps <= 0) & (np.diff(entities.codes[order]) == 0)
    if not wrong.any():
        return
    i = int(wrong.argmax())
    before, row = order[i : i + 2]
    whose = "" if by is None else f" of {by}={entities.keys[entities.codes[row]]!r}"
    if steps[i] == 0:
        raise ValueError(
            f"Rows {before} and {row} of X{whose} have the same time stamp, "
            f"{labels[row]}; expected one row for each. Aggregate or drop the "
            "duplicates; if they are of different entities, tell them apart with by."
        )
    raise ValueError(
        f"Row {row} of X{whose} is of {labels[row]}, but row {before} before it of "
        f"{labels[before]}; expected rows in time order. Sort them, and y alike, as by "
        "X.sort_index()."
    )
