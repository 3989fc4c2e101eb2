"""Tables, columns and nested lists of other libraries, by duck typing.

pandas, polars and Arrow are not imported: what they share is a shape, names of columns,
and a conversion to numpy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Number
from typing import Any

import numpy as np

_NUMERIC = frozenset("biuf")


def opened(X: Any, name: str) -> Any:
    """Return a container as an array, a table with named columns, or a list of items.

    Parameters
    ----------
    X : object
        What a user passes as X or y.
    name : str
        Name used in error messages.

    Returns
    -------
    object
        A list for torch's nested tensors; an array for a tensor and for a column of
        pandas' own dtypes, polars or Arrow; a DataFrame for a table of Arrow. Anything
        else is returned unchanged.

    Raises
    ------
    TypeError
        If it is a dict, a generator, a set, a query that has not been run or a table of
        Dask.

    Examples
    --------
    >>> opened({"a": [1, 2]}, "X")
    Traceback (most recent call last):
    ...
    TypeError: X must be an array, a table or a list, got a dict. ...
    """
    # Frames of pandas come in thousands, and take long to say what they have not.
    if isinstance(X, np.ndarray | list | tuple):
        return X
    _check_in_memory(X, name)
    if is_frame(X) and hasattr(X, "iloc"):
        return X
    _check_container(X, name)
    if getattr(X, "is_nested", False):  # of torch
        return [item.detach().cpu().numpy() for item in X.unbind()]
    if hasattr(X, "detach"):  # a torch tensor, recognised without importing torch
        return X.detach().cpu().numpy()
    if hasattr(X, "column_names") and hasattr(X, "to_pandas"):  # a table of Arrow
        return X.to_pandas()
    return column_values(X) if is_foreign_column(X) else X


def _check_in_memory(X: Any, name: str) -> None:
    if hasattr(type(X), "map_partitions"):  # of Dask
        raise TypeError(
            f"{name} must be in memory, got a {type(X).__name__} of Dask. Compute it, or "
            f"a part of it: {name}.compute(). Predictions need a part at a time: "
            "X.map_partitions(model.predict)."
        )


def _check_container(X: Any, name: str) -> None:
    is_array = hasattr(X, "__array__") or hasattr(X, "shape")
    if X is None or is_array or isinstance(X, str | bytes | Number):
        return
    if isinstance(X, Mapping):
        hint = "Pass its values as a list, or as columns of a table."
    elif hasattr(X, "collect"):  # a lazy frame of polars
        hint = f"Run the query: {name}.collect()."
    elif isinstance(X, Iterable) and not hasattr(X, "__getitem__"):
        hint = f"Collect the items: list({name})."
    else:
        return
    raise TypeError(
        f"{name} must be an array, a table or a list, got a {type(X).__name__}. {hint}"
    )


# ----------------------------------------------------------------------------- tables


def is_frame(X: Any) -> bool:
    """Return whether X is a table with named columns, of pandas or polars.

    Examples
    --------
    >>> import pandas as pd
    >>> is_frame(pd.DataFrame({"a": [1]})), is_frame(np.zeros((1, 1)))
    (True, False)
    """
    if type(X) is np.ndarray:
        return False
    # The shape first: a lazy frame has none, and takes long to name its columns.
    return len(getattr(X, "shape", ())) == 2 and hasattr(X, "columns")


def names_of(frame: Any) -> list[Any]:
    """Return the names of the columns of a table."""
    names = frame.columns
    return names if isinstance(names, list) else names.tolist()


def columns_of(frame: Any) -> list[Any]:
    """Return the columns of a table."""
    if hasattr(frame, "iloc"):
        return [frame.iloc[:, j] for j in range(frame.shape[1])]
    return frame.get_columns()


def frame_values(frame: Any) -> np.ndarray:
    """Return the values of a table as an array.

    Missing values of numeric columns are NaN, those of other columns None.

    Examples
    --------
    >>> import pandas as pd
    >>> frame_values(pd.DataFrame({"a": [1, None], "b": [2, 3]}).convert_dtypes())
    array([[ 1.,  2.],
           [nan,  3.]])
    """
    dtypes = list(frame.dtypes)
    if len(set(dtypes)) == 1 and isinstance(dtypes[0], np.dtype):
        return frame.to_numpy()  # ten times as fast as np.asarray
    if dtypes and all(getattr(dtype, "kind", "") in _NUMERIC for dtype in dtypes):
        return _numbers_of(frame, dtypes)
    columns = [column_values(column) for column in columns_of(frame)]
    if not columns or all(column.dtype.kind in _NUMERIC for column in columns):
        return np.column_stack(columns) if columns else np.asarray(frame)
    # numpy would convert all columns to text if one is, and dates to integers.
    cells = np.empty(frame.shape, dtype=object)
    for j, column in enumerate(columns):
        cells[:, j] = list(column)
    return cells


# ---------------------------------------------------------------------------- columns


def is_foreign_column(X: Any) -> bool:
    """Return whether X is one column whose dtype is not numpy's."""
    if isinstance(X, np.ndarray) or not hasattr(X, "__array__"):
        return False
    if not hasattr(X, "__len__") or isinstance(getattr(X, "dtype", None), np.dtype):
        return False
    return len(getattr(X, "shape", (0,))) == 1


def column_values(column: Any) -> np.ndarray:
    """Return a column as an array of one axis: lists in its cells stay in the cells.

    Missing values of a numeric column are NaN, those of any other column None.

    Examples
    --------
    >>> import pandas as pd
    >>> column_values(pd.Series([True, None], dtype="boolean"))
    array([ 1., nan])
    >>> column_values(pd.Series(["a", None], dtype="string"))
    array(['a', None], dtype=object)
    """
    dtype = getattr(column, "dtype", None)
    if isinstance(dtype, np.dtype):
        return np.asarray(column)
    if getattr(dtype, "kind", "") in _NUMERIC:  # of pandas
        return _numbers_of(column, [dtype])
    values = _converted(column)
    if values.ndim > 1:  # lists of one length
        cells = np.empty(len(values), dtype=object)
        cells[:] = list(values)
        return cells
    if values.dtype == object and _is_of_flags(values):
        # polars and Arrow have no NaN for flags.
        return np.array([np.nan if is_missing(x) else x for x in values], dtype=float)
    if values.dtype == object and hasattr(column, "isna"):
        values = np.array(values)  # the column may share its memory
        values[np.asarray(column.isna())] = None
    return values


def _converted(column: Any) -> np.ndarray:
    """Return a column as its own library converts it."""
    if hasattr(column, "type") and hasattr(column, "to_numpy"):  # of Arrow
        try:
            return column.to_numpy(zero_copy_only=False)
        except TypeError:
            return column.to_numpy()
    return np.asarray(column)


def _numbers_of(values: Any, dtypes: list[Any]) -> np.ndarray:
    """Return numeric columns of pandas as an array, with NaN for missing values."""
    plain = [getattr(dtype, "numpy_dtype", None) for dtype in dtypes]
    bases = [
        dtype if isinstance(dtype, np.dtype) else base or np.dtype(np.float64)
        for dtype, base in zip(dtypes, plain, strict=True)
    ]
    common = np.result_type(*bases)
    if common.kind != "f" and any(not isinstance(dtype, np.dtype) for dtype in dtypes):
        has_gap = np.asarray(values.isna()).any()
        common = np.dtype(np.float64) if has_gap else common
    if common.kind != "f":
        return values.to_numpy(dtype=common)
    return values.to_numpy(dtype=common, na_value=np.nan)


def _is_of_flags(values: np.ndarray) -> bool:
    first = next((value for value in values if not is_missing(value)), None)
    return isinstance(first, bool | np.bool_)


# ---------------------------------------------------------------------------- targets


def plain_targets(y: Any) -> Any:
    """Return targets as numpy holds them; what is missing as NaN, NaT or None.

    Examples
    --------
    >>> import pandas as pd
    >>> plain_targets(pd.Series(["a", pd.NA], dtype="string"))
    array(['a', None], dtype=object)
    """
    y = opened(y, "y")
    if is_frame(y):
        return frame_values(y)
    if getattr(getattr(y, "dtype", None), "kind", "") != "O":
        return y
    values = np.array(y)
    for place in np.argwhere(_missing_in(values)):
        values[tuple(place)] = None
    return values


def check_all_given(y: Any) -> None:
    """Raise ValueError if a target is missing.

    Examples
    --------
    >>> check_all_given(np.array(["a", None], dtype=object))
    Traceback (most recent call last):
    ...
    ValueError: Input y contains NaN: it holds None in row 1, expected a label for each...
    """
    labels = np.empty(0)
    if isinstance(y, list | tuple):
        labels = np.fromiter(y, dtype=object)
    elif hasattr(y, "dtype"):
        labels = np.asarray(y)
    gaps = _missing_in(labels)
    if gaps.any():
        row = np.argwhere(gaps)[0, 0]
        held = labels[row] if labels.ndim == 1 else labels[gaps][0]
        raise ValueError(
            f"Input y contains NaN: it holds {held!r} in row {row}, expected a label for "
            "each sequence. Leave out the sequences without one."
        )


def _missing_in(values: np.ndarray) -> np.ndarray:
    """Return a mask of what is missing."""
    if values.dtype.kind in "fmM":
        return values != values
    if values.dtype.kind != "O":
        return np.zeros(values.shape, dtype=bool)
    return np.array(list(map(is_missing, values.flat)), bool).reshape(values.shape)


# ----------------------------------------------------------------------------- values


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT or the NA of pandas.

    Examples
    --------
    >>> import pandas as pd
    >>> [is_missing(x) for x in (None, np.nan, pd.NA, pd.NaT, 0, "", [np.nan])]
    [True, True, True, True, False, False, False]
    """
    if value is None or type(value).__name__ == "NAType":
        return True
    if isinstance(value, str | int | list | tuple):
        return False
    # NaN and NaT differ from themselves.
    return np.ndim(value) == 0 and bool(value != value)


def unnested(array: np.ndarray) -> np.ndarray:
    """Return an object array of equally long arrays as one array.

    Files of parquet and columns of Arrow hold the steps of a sequence like this.

    Examples
    --------
    >>> steps = np.empty(2, dtype=object)
    >>> steps[:] = [np.array([1.0, 2.0]), np.array([3.0, 4.0])]
    >>> unnested(steps)
    array([[1., 2.],
           [3., 4.]])
    """
    while array.dtype == object and array.size and np.ndim(array.flat[0]) > 0:
        items = [np.asarray(item) for item in array.flat]
        array = np.stack(items).reshape(*array.shape, *items[0].shape)
    return array
