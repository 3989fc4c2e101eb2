"""Windows with multi-step targets, and forecasts merged back onto the time axis."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Literal, overload

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .._inputs import (
    Entities,
    count_within,
    find_column,
    find_times,
    index_of,
    listed,
    one_entity,
    read_entities,
)
from .._inputs.borrowed import validate_params
from .._inputs.intervals import Count
from .._inputs.types import ArrayLike, typed
from ._gaps import MAX_GAP, Span, segments_of, warn_of_gaps
from ._tables import BY, TIME, Key, Table, read_table


@typed(
    validate_params(
        {
            "length": [Count()],
            "horizon": [Count()],
            "step": [Count()],
            "by": BY,
            "time": TIME,
            "target": [str, Integral, tuple, list, None],
            "known": [str, Integral, tuple, list, None],
            "max_gap": MAX_GAP,
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
    by: Key | list[Any] | None = None,
    time: Key | None = None,
    target: Key | list[Any] | None = None,
    known: Key | list[Any] | None = None,
    max_gap: Span | None = None,
) -> tuple[np.ndarray | list[np.ndarray], np.ndarray, Any]:
    """Cut a series into windows, with the rows after each window as its targets.

    Only complete windows with a complete horizon are returned; to forecast beyond the
    end of the series, see :class:`~sksequence.WindowForecaster`. X and y are read-only
    views of the series or of one copy of it; with ``by`` or ``max_gap``, y is a copy, and
    with ``known`` and a horizon above 1, X is.

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
    by : label, int, list of these, or None, default=None
        The columns that identify entities, or levels of a DataFrame's index. An int is
        a column's label if there is such a label, else its position. Windows and targets
        never cross entities; entities with fewer than ``length + horizon`` rows have no
        windows. Windows are ordered by the first row of their entity. The columns are
        not channels.
    time : label, int or None, default=None
        The column or index level of time, which is not a channel either: dates (also as
        ISO text), periods, durations or numbers. They must increase from row to row of
        an entity. None takes them from a DataFrame's index, unless it holds other text;
        arrays and polars DataFrames have none.
    target : label, int, list of these, or None, default=None
        The columns to forecast, by label or position; None for all. They remain
        channels of X, since their past is known.
    known : label, int, list of these, or None, default=None
        Columns that are known ahead, such as the calendar or planned promotions. In the
        windows they are one row ahead of the others: row ``length - 1`` shows their
        values at the first step to be forecast. ``horizon - 1`` rows follow with those at
        the other steps, in which all other columns stay at their last values; so a
        regressor with ``decoder=True`` forecasts each step from the row that shows what
        is known of it. An empty list appends these rows without known columns.
    max_gap : timedelta, str, number or None, default=None
        The longest step of time within a window and its targets; a text such as "2D" is
        a duration. None cuts nowhere, and warns of windows that cross a gap where time
        is regular otherwise.

    Returns
    -------
    X : ndarray of shape (n_windows, length, n_channels), or list of ndarray
        The windows; of ``length + horizon - 1`` rows with ``known``. With ``by`` or
        ``max_gap``, a list of arrays (length, n_channels), since a single array could not
        be a view; ``np.stack`` makes one.
    y : ndarray of shape (n_windows, horizon) or (n_windows, horizon, n_targets)
        The rows after each window; 3-D if several columns, or a list of columns, are
        forecast.
    index : ndarray, Index or DataFrame of length n_windows
        The last row of each window: its position for an array or polars DataFrame, its
        label for a DataFrame or Series. If ``by`` or ``time`` are columns of a
        DataFrame, these columns at these rows. It is what splitters of
        :mod:`sksequence.model_selection` take as ``groups``.

    Raises
    ------
    ValueError, TypeError
        If a parameter is invalid, a column is missing or not numeric, no entity has
        ``length + horizon`` rows, or time stamps do not increase from row to row.

    Warns
    -----
    UserWarning
        If windows with their targets cross a gap in time.

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

    A promotion in the second column, known ahead:

    >>> sales = np.array([[5, 0], [6, 1], [5, 0], [7, 1], [5, 0]])
    >>> X, y, _ = make_windows(sales, length=2, horizon=3, target=0, known=1)
    >>> X, y
    (array([[[5, 1],
            [6, 0],
            [6, 1],
            [6, 0]]]), array([[5, 7, 5]]))
    """
    is_flat = np.ndim(series) == 1
    X = series
    if is_flat:
        to_frame = getattr(series, "to_frame", None)
        X = np.asarray(series)[:, None] if to_frame is None else to_frame()
    table = read_table(X, by, time)
    columns = find_channels(X, target, table.channels, "target", by, time)
    ahead = None
    if known is not None:
        ahead = find_channels(X, known, table.channels, "known", by, time)
        if set(ahead) & set(columns):
            raise ValueError(
                f"known must be other columns than target={target!r}, which are to be "
                f"forecast, got {known!r}."
            )
    windows, y, last = cut_windows(
        table, length, horizon, columns, ahead, step=step, by=by, max_gap=max_gap
    )
    is_single = len(columns) == 1 and (target is None or listed(target, X) == [target])
    y = y[:, 0] if is_single else y.swapaxes(1, 2)
    return windows, y, _labels_at(series, last, by, time)


def cut_windows(
    table: Table,
    length: int,
    horizon: int,
    targets: list[int],
    known: list[int] | None = None,
    *,
    step: int = 1,
    by: Any = None,
    max_gap: Any = None,
) -> tuple[np.ndarray | list[np.ndarray], np.ndarray, np.ndarray]:
    """Implement :func:`make_windows` for the channels of a table.

    Parameters
    ----------
    table : Table
        The series.
    targets, known : list of int
        Positions among the channels; ``known`` None for windows of ``length`` rows.

    Returns
    -------
    windows : ndarray or list of ndarray
        As :func:`make_windows` returns them.
    y : ndarray of shape (n_windows, n_targets, horizon)
        The rows after each window.
    last : ndarray of shape (n_windows,)
        The last row of each window in the table.
    """
    entities = segments_of(table, max_gap)
    first = _first_rows(entities, length, horizon, step)
    if not len(first):
        most = entities.counts.max()
        where = "series has" if by is None else f"the longest entity of by={by!r} has"
        between = "" if max_gap is None else f" between steps above max_gap={max_gap!r}"
        raise ValueError(
            f"length={length} and horizon={horizon} leave no window: {where} {most} "
            f"row(s){between}, expected at least {length + horizon}. Shorten one of them."
        )
    if max_gap is None:
        warn_of_gaps(table, lambda: (first, first + length + horizon - 1))
    values = table.values
    if not entities.is_in_order:
        values = values[entities.order]
    # A slice of adjacent columns is a view.
    begin, end = targets[0], targets[-1] + 1
    is_slice = targets == list(range(begin, end))
    chosen = values[:, begin:end] if is_slice else values[:, targets]
    after = sliding_window_view(chosen[length:], horizon, axis=0)
    if known:
        values = values.copy()
        # What this moves across entities is in the last row of one: in no window.
        values[:-1, known] = values[1:, known]
    last = entities.order[first + length - 1]
    is_one = by is None and max_gap is None
    if known is not None and horizon > 1:
        block = values[first[:, None] + np.arange(length + horizon - 1)]
        hold_from(block, length, known)
        block.flags.writeable = False
        return block if is_one else list(block), after[first], last
    if is_one:
        windows = sliding_window_view(values[:-horizon], length, axis=0)[::step]
        return windows.swapaxes(1, 2), after[::step], last
    rows = values.view()
    rows.flags.writeable = False
    return [rows[i : i + length] for i in first.tolist()], after[first], last


def hold_from(windows: np.ndarray, length: int, known: list[int]) -> None:
    """Let all but the known channels stay, from row ``length``, at their last values."""
    others = [j for j in range(windows.shape[2]) if j not in known]
    windows[:, length:, others] = windows[:, length - 1 : length, others]


def _first_rows(entities: Entities, length: int, horizon: int, step: int) -> np.ndarray:
    """Return the first row of each window, among the rows sorted by entity."""
    n_windows = np.maximum((entities.counts - length - horizon) // step + 1, 0)
    first = np.repeat(entities.starts, n_windows)
    return first + step * count_within(n_windows)


@overload
def merge_forecasts(
    y_pred: ArrayLike,
    index: Any,
    series: ArrayLike,
    *,
    by: Key | list[Any] | None = None,
    average: bool = True,
    as_frame: Literal[False] = False,
) -> np.ndarray: ...


@overload
def merge_forecasts(
    y_pred: ArrayLike,
    index: Any,
    series: ArrayLike,
    *,
    by: Key | list[Any] | None = None,
    average: bool = True,
    as_frame: Literal[True],
) -> Any: ...


@typed(
    validate_params(
        {"by": BY, "average": ["boolean"], "as_frame": ["boolean"]},
        prefer_skip_nested_validation=True,
    )
)
def merge_forecasts(
    y_pred: ArrayLike,
    index: Any,
    series: ArrayLike,
    *,
    by: Key | list[Any] | None = None,
    average: bool = True,
    as_frame: bool = False,
) -> Any:
    """Merge multi-step forecasts back onto the time axis of the series.

    The inverse of what :func:`make_windows` does to targets: all forecasts of a row,
    made from different windows, are collected in that row.

    Parameters
    ----------
    y_pred : array-like of shape (n_windows, horizon) or (n_windows, horizon, n_targets)
        Forecasts of the rows after each window; (n_windows,) if it is one row. There may
        be a last axis of quantiles.
    index : ndarray, Index or DataFrame of length n_windows
        The last row of each window, as returned by :func:`make_windows`, or a subset
        of it that matches ``y_pred``.
    series : array-like of shape (n_rows,) or (n_rows, n_columns)
        The series that was cut into windows. For forecasts beyond its end, append rows
        for these times; only the number of rows, the index, and the columns of ``by``
        and ``index`` are used.
    by : label, int, list of these, or None, default=None
        As in :func:`make_windows`.
    average : bool, default=True
        Whether to average all forecasts of a row. If False, they are kept apart by lead
        time: one step ahead, two steps ahead, and so on.
    as_frame : bool, default=False
        Whether to return a DataFrame with the time stamps of the series.

    Returns
    -------
    ndarray of shape (n_rows,) or (n_rows, n_targets), or with ``average=False`` \
            (n_rows, horizon) or (n_rows, horizon, n_targets), float64
        NaN where there is no forecast. With ``as_frame``, a pandas DataFrame with the
        index of ``series`` (and, if these are columns, its entities as another level),
        and the other axes as columns.

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

    With time stamps:

    >>> import pandas as pd
    >>> sales = pd.Series(series, pd.period_range("2024-01", periods=5, freq="M"))
    >>> X, y, index = make_windows(sales, length=2, horizon=2)
    >>> merge_forecasts(y_pred, index, sales, as_frame=True).tail(3)
             forecast
    2024-03       4.0
    2024-04       7.0
    2024-05      12.0
    """
    forecasts = np.asarray(y_pred, dtype=np.float64)
    if forecasts.ndim == 1:
        forecasts = forecasts[:, None]
    n_rows = len(series)
    if forecasts.ndim not in (2, 3, 4) or len(forecasts) != len(index):
        raise ValueError(
            "y_pred must have shape (n_windows, horizon) or (n_windows, horizon, "
            f"n_targets), or (n_windows,) for horizon 1, got {np.shape(y_pred)} for "
            f"{len(index)} windows."
        )
    entities = one_entity(n_rows) if by is None else read_entities(series, by)[0]
    last = _positions_of(index, series)
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
    rows = entities.order[places[last][:, None] + 1 + np.arange(horizon)]
    merged = (_averaged if average else _by_lead)(forecasts, rows, n_rows)
    return _as_frame(merged, series, by, average=average) if as_frame else merged


def _averaged(forecasts: np.ndarray, rows: np.ndarray, n_rows: int) -> np.ndarray:
    """Average the forecasts of each row."""
    total = np.zeros((n_rows, *forecasts.shape[2:]))
    count = np.zeros((n_rows, *[1] * (total.ndim - 1)))
    for lead in range(rows.shape[1]):
        total[rows[:, lead]] += forecasts[:, lead]
        count[rows[:, lead]] += 1
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _by_lead(forecasts: np.ndarray, rows: np.ndarray, n_rows: int) -> np.ndarray:
    """Put the forecasts of each row side by side."""
    merged = np.full((n_rows, *forecasts.shape[1:]), np.nan)
    for lead in range(rows.shape[1]):
        merged[rows[:, lead], lead] = forecasts[:, lead]
    return merged


def _as_frame(merged: np.ndarray, series: Any, by: Any, *, average: bool) -> Any:
    """Return merged forecasts as a DataFrame with the index of the series."""
    import pandas as pd

    index = index_of(series)
    if index is None:
        index = pd.RangeIndex(len(merged))
    columns = [] if by is None else read_entities(series, by)[1]
    if columns and hasattr(series, "iloc"):
        table = series.iloc[:, columns].set_index(index, append=False)
        index = table.set_index([*table.columns], append=True).index
        index = index.reorder_levels([*range(1, index.nlevels), 0])
    if merged.ndim == 1:
        return pd.DataFrame({"forecast": merged}, index=index)
    axes = [range(1, n + 1) for n in merged.shape[1:]]
    names = ([] if average else ["lead"]) + ["target", "quantile"]
    if merged.ndim == 2:
        labels = pd.Index(axes[0], name=names[0])
    else:
        labels = pd.MultiIndex.from_product(axes, names=names[: len(axes)])
    return pd.DataFrame(merged.reshape(len(merged), -1), index=index, columns=labels)


def find_channels(
    X: Any, wanted: Any, channels: list[int], name: str, by: Any, time: Any
) -> list[int]:
    """Return the channels that a parameter names; all if it is None."""
    if wanted is None:
        return list(range(len(channels)))
    columns = [find_column(X, column, name) for column in listed(wanted, X)]
    if not columns and name == "known":
        return []
    if not columns or not set(columns) <= set(channels):
        raise ValueError(
            f"{name} must name at least one column other than by={by!r} and "
            f"time={time!r}, got {wanted!r}."
        )
    return [channels.index(column) for column in columns]


def _labels_at(series: Any, rows: np.ndarray, by: Any, time: Any) -> Any:
    """Return the labels of rows of the series."""
    index = index_of(series)
    if index is None:
        return rows
    columns = _key_columns(series, by, time)
    return series.iloc[rows, columns] if columns else index[rows]


def _key_columns(series: Any, by: Any, time: Any) -> list[int]:
    """Return the columns that name entities and times, not those in the index."""
    columns = [] if by is None else read_entities(series, by)[1]
    column = None if time is None else find_times(series, by, time)[1]
    return columns if column is None else [*columns, column]


def _positions_of(index: Any, series: Any) -> np.ndarray:
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
