"""Windows with multi-step targets, and forecasts merged back onto the time axis."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .._inputs import count_within
from .._inputs.borrowed import Interval, validate_params
from .._inputs.types import ArrayLike, typed
from ._tables import find_column, index_of, one_entity, read_entities, read_table

_AT_LEAST_ONE = [Interval(Integral, 1, None, closed="left")]


@typed(
    validate_params(
        {
            "length": _AT_LEAST_ONE,
            "horizon": _AT_LEAST_ONE,
            "step": _AT_LEAST_ONE,
            "by": [str, Integral, None],
            "target": [str, Integral, list, None],
        },
        prefer_skip_nested_validation=True,
    )
)
def make_windows(
    series: ArrayLike,
    length: int,
    horizon: int,
    *,
    step: int = 1,
    by: str | int | None = None,
    target: str | int | list[Any] | None = None,
) -> tuple[np.ndarray | list[np.ndarray], np.ndarray, Any]:
    """Cut a series into windows, with the rows after each window as its targets.

    Only complete windows with a complete horizon are returned; to forecast beyond the
    end of the series, take the last window of :class:`SlidingWindow`. X and y are
    read-only views of the series or of one copy of it; with ``by``, y is a copy.

    Parameters
    ----------
    series : array-like of shape (n_rows,) or (n_rows, n_columns)
        Numbers in time order: an array, Series or DataFrame.
    length : int
        Rows per window.
    horizon : int
        Number of rows to forecast, starting with the row after the window.
    step : int, default=1
        Number of rows from one window to the next.
    by : str, int or None, default=None
        The column that identifies entities, by name or position, or a level of a
        DataFrame's index, by name. Windows and targets never cross entities; entities
        with fewer than ``length + horizon`` rows have no windows. Windows are ordered
        by the first row of their entity. The column is not one of the channels.
    target : str, int, list of these, or None, default=None
        The columns to forecast, by name or position; None for all. They remain
        channels of X, since their past is known.

    Returns
    -------
    X : ndarray of shape (n_windows, length, n_channels), or list of ndarray
        The windows. With ``by``, a list of arrays (length, n_channels), since a single
        array could not be a view; ``np.stack`` makes one.
    y : ndarray of shape (n_windows, horizon) or (n_windows, horizon, n_targets)
        The rows after each window; 3-D if several columns, or a list of columns, are
        forecast.
    index : ndarray, Index or DataFrame of length n_windows
        The last row of each window: its position for an array, its label for a
        DataFrame or Series. If ``by`` is a column of a DataFrame, that column at these
        rows.

    Raises
    ------
    ValueError, TypeError
        If a parameter is invalid, a column is missing or not numeric, no entity has
        ``length + horizon`` rows, or time stamps do not increase from row to row.

    See Also
    --------
    merge_forecasts : Merge forecasts back onto the time axis.
    SlidingWindow : Transformer that makes a window for each row.

    Examples
    --------
    >>> from sksequence.preprocessing import make_windows
    >>> X, y, index = make_windows([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], length=3, horizon=2)
    >>> X[:, :, 0]
    array([[0., 1., 2.], [1., 2., 3.]])
    >>> y
    array([[3., 4.], [4., 5.]])
    >>> index
    array([2, 3])
    """
    is_flat = np.ndim(series) == 1
    X = series
    if is_flat:
        to_frame = getattr(series, "to_frame", None)
        X = np.asarray(series)[:, None] if to_frame is None else to_frame()
    table = read_table(X, by)
    columns = _columns_of(X, target, table.channels, by)
    entities, values = table.entities, table.values
    n_windows = np.maximum((entities.counts - length - horizon) // step + 1, 0)
    if not n_windows.any():
        most = entities.counts.max()
        where = "series has" if by is None else f"the longest entity of by={by!r} has"
        raise ValueError(
            f"length={length} and horizon={horizon} leave no window: {where} {most} "
            f"row(s), expected at least {length + horizon}. Shorten one of them."
        )
    if not entities.is_in_order:
        values = values[entities.order]
    last = np.repeat(entities.starts, n_windows) + length - 1
    last += step * count_within(n_windows)
    # A slice of adjacent columns is a view.
    first, end = columns[0], columns[-1] + 1
    is_slice = columns == list(range(first, end))
    chosen = values[:, first:end] if is_slice else values[:, columns]
    targets = sliding_window_view(chosen[length:], horizon, axis=0)
    windows: np.ndarray | list[np.ndarray]
    if by is None:
        windows = sliding_window_view(values[:-horizon], length, axis=0)[::step]
        windows, y = windows.swapaxes(1, 2), targets[::step]
    else:
        rows = values.view()
        rows.flags.writeable = False
        windows = [rows[i + 1 - length : i + 1] for i in last.tolist()]
        y = targets[last + 1 - length]
    y = (
        y[:, 0]
        if len(columns) == 1 and not isinstance(target, list)
        else y.swapaxes(1, 2)
    )
    return windows, y, _labels_at(series, entities.order[last], by)


@typed(
    validate_params(
        {"by": [str, Integral, None], "average": ["boolean"]},
        prefer_skip_nested_validation=True,
    )
)
def merge_forecasts(
    y_pred: ArrayLike,
    index: Any,
    series: ArrayLike,
    *,
    by: str | int | None = None,
    average: bool = True,
) -> np.ndarray:
    """Merge multi-step forecasts back onto the time axis of the series.

    The inverse of what :func:`make_windows` does to targets: all forecasts of a row,
    made from different windows, are collected in that row.

    Parameters
    ----------
    y_pred : array-like of shape (n_windows, horizon) or (n_windows, horizon, n_targets)
        Forecasts of the rows after each window.
    index : ndarray, Index or DataFrame of length n_windows
        The last row of each window, as returned by :func:`make_windows`, or a subset
        of it that matches ``y_pred``.
    series : array-like of shape (n_rows,) or (n_rows, n_columns)
        The series that was cut into windows. For forecasts beyond its end, append rows
        for these times; only the number of rows, the index, and ``by`` are used.
    by : str, int or None, default=None
        As in :func:`make_windows`.
    average : bool, default=True
        Whether to average all forecasts of a row. If False, they are kept apart by lead
        time: one step ahead, two steps ahead, and so on.

    Returns
    -------
    ndarray of shape (n_rows,) or (n_rows, n_targets), or with ``average=False`` \
            (n_rows, horizon) or (n_rows, horizon, n_targets), float64
        NaN where there is no forecast.

    Raises
    ------
    ValueError, TypeError
        If shapes do not match, a row of ``index`` is missing from the series or occurs
        twice, or forecasts reach beyond the end of the series or of their entity.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence.preprocessing import make_windows, merge_forecasts
    >>> series = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    >>> X, y, index = make_windows(series, length=2, horizon=2)
    >>> y_pred = X[:, -1] * [2, 3]  # one step ahead, and two
    >>> merge_forecasts(y_pred, index, series)
    array([nan, nan,  4.,  7., 12.])
    >>> merge_forecasts(y_pred, index, series, average=False)
    array([[nan, nan], [nan, nan], [ 4., nan], [ 8.,  6.], [nan, 12.]])
    """
    forecasts = np.asarray(y_pred, dtype=np.float64)
    n_rows = len(series)
    if forecasts.ndim not in (2, 3) or len(forecasts) != len(index):
        raise ValueError(
            "y_pred must have shape (n_windows, horizon) or (n_windows, horizon, "
            f"n_targets), got {forecasts.shape} for {len(index)} windows."
        )
    entities = one_entity(n_rows) if by is None else read_entities(series, by)[0]
    last = _positions_of(index, series, by)
    places = np.empty(n_rows, dtype=np.int64)
    places[entities.order] = np.arange(n_rows)
    horizon = forecasts.shape[1]
    ends = (entities.starts + entities.counts)[entities.codes[last]]
    lacking = places[last] + horizon - (ends - 1)
    if len(last) and lacking.max() > 0:
        i = int(lacking.argmax())
        raise ValueError(
            f"The forecasts from row {last[i]} reach {lacking[i]} row(s) beyond the end "
            f"of {'the series' if by is None else f'its entity of by={by!r}'}; expected "
            "a row for each. Append rows for these times to the series."
        )
    merged = np.full((n_rows, *forecasts.shape[1:]), np.nan)
    if not average:
        for lead in range(horizon):
            merged[entities.order[places[last] + 1 + lead], lead] = forecasts[:, lead]
        return merged
    total = np.zeros((n_rows, *forecasts.shape[2:]))
    count = np.zeros((n_rows, *[1] * (total.ndim - 1)))
    for lead in range(horizon):
        rows = entities.order[places[last] + 1 + lead]
        total[rows] += forecasts[:, lead]
        count[rows] += 1
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _columns_of(
    X: Any, target: Any, channels: list[int], by: str | int | None
) -> list[int]:
    """Return the channels to forecast."""
    if target is None:
        return list(range(len(channels)))
    wanted = target if isinstance(target, list) else [target]
    columns = [find_column(X, column, "target") for column in wanted]
    if not columns or not set(columns) <= set(channels):
        raise ValueError(
            f"target must name at least one column other than by={by!r}, got {target!r}."
        )
    return [channels.index(column) for column in columns]


def _labels_at(series: Any, rows: np.ndarray, by: str | int | None) -> Any:
    """Return the labels of rows of the series."""
    index = index_of(series)
    if index is None:
        return rows
    if by is None or by in index.names:
        return index[rows]
    return series.iloc[rows, [find_column(series, by, "by")]]


def _positions_of(index: Any, series: Any, by: str | int | None) -> np.ndarray:
    """Return the rows with the labels that ``_labels_at`` returned."""
    axis: Any = getattr(series, "index", None)
    n_rows = len(series)
    if hasattr(index, "columns"):  # entities in a column, and labels in the index
        axis = series.set_index(list(index.columns), append=True).index
        index = index.set_index(list(index.columns), append=True).index
    if hasattr(index, "get_indexer"):
        if not hasattr(axis, "get_indexer"):
            raise ValueError(
                "series must be the DataFrame or Series from which make_windows made "
                f"index, got {type(series).__name__}."
            )
        if not axis.is_unique:
            raise ValueError(
                "The index of series must be unique, got repeated labels. Pass the "
                "series with a new index to make_windows and merge_forecasts, as from "
                "series.reset_index(drop=True)."
            )
        rows = axis.get_indexer(index)
        missing = rows < 0
    else:
        rows = np.asarray(index)
        if rows.ndim != 1 or rows.dtype.kind not in "iu":
            raise TypeError(
                "index must be as returned by make_windows (positions, an Index or a "
                f"DataFrame), got {type(index).__name__} of {rows.dtype}."
            )
        missing = (rows < 0) | (rows >= n_rows)
    if missing.any():
        raise ValueError(
            "index must hold rows of the series passed to make_windows, got "
            f"{index[int(missing.argmax())]!r}, which is not among {n_rows} rows."
        )
    if len(np.unique(rows)) < len(rows):
        raise ValueError("index must hold every row once, got a row twice.")
    return rows
