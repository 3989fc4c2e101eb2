"""Turn a table in time order into windows, one for each row."""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._inputs import Entities, count_within, read_times
from .._inputs.borrowed import StrOptions, fit_context, names_of_features
from .._inputs.documented import Documented
from .._inputs.intervals import Count
from .._inputs.other_names import KnowsOtherNames, knows_other_names
from .._inputs.types import ArrayLike, typed
from ._gaps import MAX_GAP, Part, Span, is_beyond, segments_of, warn_of_gaps
from ._output import SequencesOut
from ._tables import BY, TIME, Key, Table, read_table


class SlidingWindow(  # type: ignore[call-arg]
    Documented,
    KnowsOtherNames,
    SequencesOut,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    """Turn each row of a table into the window of rows that ends with it.

    The table's rows must be in time order. There is one window per row, in the same
    order, so targets stay aligned: between a scaler and a recurrent estimator, the
    target of a row is learnt from this row and the rows before it.

    Windows are read-only views of the table, or of one copy of it; ``first_rows="edge"``
    needs a copy, and so does ``by`` if entities are interleaved. The estimators of
    sksequence read such views without multiplying the table by ``length``. Pickling does
    multiply it, for example to send windows to another process: send the table instead
    and make the windows there, as a search over a pipeline does.

    Parameters
    ----------
    length : int
        Number of rows per window. It may exceed the number of rows in the table, whose
        first rows have too few rows before them in any case.

    first_rows : {"edge", "shorter"}, default="edge"
        How to treat these first rows: "edge" repeats the first row, so that all windows
        have the same length; "shorter" returns shorter windows.

    by : label, int, list of these, or None, default=None
        The columns that identify entities, or levels of a DataFrame's index. An int is
        a column's label if there is such a label, else its position. No window holds
        rows of two entities, and the columns are not channels. Rows of several entities
        may be interleaved, as long as each entity is in time order.

    time : label, int or None, default=None
        The column or index level of time, which is not a channel either: dates (also as
        ISO text), periods, durations or numbers. They must increase from row to row of
        an entity. None takes them from a DataFrame's index, unless it holds other text;
        arrays and polars DataFrames have none.

    context : bool, default=False
        Whether windows of rows that follow the training rows reach back into them, that
        is into the last ``length - 1`` rows of the same entity seen in fit. Windows of
        the training rows themselves never do. An entity follows if its first time stamp
        is later than all of its time stamps in fit, with or without a gap. Without time
        stamps, as in an array, every table follows the training table except the
        training table itself; do not transform a part of it.

    max_gap : timedelta, str, number or None, default=None
        The longest step of time within a window; a text such as "2D" is a duration. After
        a longer step windows begin anew, as those of a first row. None cuts nowhere, and
        warns of windows that cross a gap where time is regular otherwise.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the table, including ``by`` and ``time``.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.

    See Also
    --------
    make_windows : Windows with the rows after each of them as targets.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence.preprocessing import SlidingWindow
    >>> table = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    >>> windows = SlidingWindow(2).fit_transform(table)
    >>> windows.shape, windows[:, :, 0]
    ((3, 2, 2), array([[1., 1.], [1., 2.], [2., 3.]]))
    >>> [w[:, 0] for w in SlidingWindow(2, first_rows="shorter").fit_transform(table)]
    [array([1.]), array([1., 2.]), array([2., 3.])]

    Two entities, told apart by the first column:

    >>> table = np.array([[7, 1.0], [8, 5.0], [7, 2.0], [8, 6.0]])
    >>> [window.ravel() for window in SlidingWindow(2, by=0).fit_transform(table)]
    [array([1., 1.]), array([5., 5.]), array([1., 2.]), array([5., 6.])]

    Forecast the row after each row; the window length can be searched:

    >>> from sklearn.model_selection import TimeSeriesSplit, cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sksequence import GRURegressor
    >>> series = np.sin(np.arange(200) / 3)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     SlidingWindow(8, context=True),
    ...     GRURegressor(hidden_size=8, max_epochs=15, lr=0.03, random_state=0),
    ... )
    >>> X, y = series[:-1, None], series[1:]
    >>> cross_val_score(model, X, y, cv=TimeSeriesSplit(2)) > 0.9
    array([ True,  True])
    """

    _parameter_constraints: dict = {
        "length": [Count()],
        "first_rows": [StrOptions({"edge", "shorter"})],
        "by": BY,
        "time": TIME,
        "context": ["boolean"],
        "max_gap": MAX_GAP,
    }

    @knows_other_names
    def __init__(
        self,
        length: int,
        *,
        first_rows: str = "edge",
        by: Key | list[Any] | None = None,
        time: Key | None = None,
        context: bool = False,
        max_gap: Span | None = None,
    ) -> None:
        self.length = length
        self.first_rows = first_rows
        self.by = by
        self.time = time
        self.context = context
        self.max_gap = max_gap

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn the columns and, with ``context``, the last rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            A table of numbers: an array, or a pandas or polars DataFrame. NaN is passed
            through to the next step.
        y : None
            Ignored.

        Returns
        -------
        self : SlidingWindow
            The fitted transformer.

        Raises
        ------
        ValueError, TypeError
            If a parameter is invalid, there is no row, a column is not numeric, ``by``
            or ``time`` is not in the table, or time stamps do not increase within an
            entity.

        Warns
        -----
        UserWarning
            If windows cross a gap in time.
        """
        self._fit(X)
        return self

    def fit_transform(self, X: ArrayLike, y: Any = None) -> np.ndarray | list[np.ndarray]:
        """Fit to the table and return the windows of its rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            A table, as in fit.
        y : None
            Ignored.

        Returns
        -------
        windows : ndarray or list of ndarray
            As returned by :meth:`transform`.

        Raises
        ------
        ValueError, TypeError
            As :meth:`fit` does.
        """
        return self._windows(self._fit(X), {})

    def transform(self, X: ArrayLike) -> np.ndarray | list[np.ndarray]:
        """Return the window that ends with each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            A table with the same columns as in fit. It may have new entities.

        Returns
        -------
        windows : ndarray of shape (n_rows, length, n_channels), or list of ndarray
            An array if ``first_rows="edge"`` and ``by`` and ``max_gap`` are None. Else a
            list with an array (n_steps_i, n_channels) per row, since windows of unequal
            lengths or of several entities cannot be a view as one array.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError, TypeError
            As :meth:`fit` does; also if the columns differ from those in fit, or only
            one of the two tables has time stamps with a time zone.
        """
        check_is_fitted(self)
        table = read_table(X, self.by, self.time, self, reset=False)
        return self._windows(table, self._history_of(table) if self.context else {})

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the names of the output channels.

        Parameters
        ----------
        input_features : array-like of shape (n_features_in_,) or None, default=None
            Names of the columns; None for those seen in fit, or else ``x0``, ``x1``, ...

        Returns
        -------
        names : ndarray of shape (n_channels,), object
            The column names without ``by`` and ``time``.
        """
        check_is_fitted(self)
        return names_of_features(self, input_features)[self._channels]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a state of this version, or of one without ``time`` and ``max_gap``."""
        super().__setstate__({"time": None, "max_gap": None, **state})
        if "_latest" in state and "_kind" not in state:
            self._latest, self._kind = _read_latest(state["_latest"])

    @typed(fit_context(prefer_skip_nested_validation=True))
    def _fit(self, X: ArrayLike) -> Table:
        before = dict(vars(self))
        try:
            table = read_table(X, self.by, self.time, self, reset=True)
            segments = segments_of(table, self.max_gap)
        except BaseException:
            # Column names are set before the table is read: undo it, so that a failed
            # fit leaves no fitted attributes.
            self.__dict__ = before
            raise
        self._channels = table.channels
        if self.context:
            self._digest = _digest(table)
            self._tails = _tails(table, segments, self.length - 1)
            self._latest = _extremes(table, latest=True)
            self._kind = None if table.times is None else table.times.kind
        return table

    def _history_of(self, table: Table) -> dict[Any, np.ndarray]:
        """Return, for each entity, the training rows that precede its first row."""
        earliest = _extremes(table, latest=False)
        times = table.times
        if times is None or self._kind is None:
            return {} if _digest(table) == self._digest else self._tails
        known = [key for key in earliest if key in self._latest]
        if known and times.kind != self._kind:
            raise ValueError(
                f"Rows of X begin at {earliest[known[0]]}, those of fit end at "
                f"{self._latest[known[0]]}: which comes first? They are {times.kind}, "
                f"but {self._kind} in fit. Expected times of the type in fit, with a "
                "time zone in both or in none."
            )
        steps = {key: earliest[key] - self._latest[key] for key in known}
        return {
            key: self._tails[key]
            for key, step in steps.items()
            if step > 0 * step and not is_beyond(step, self.max_gap, times)
        }

    def _windows(
        self, table: Table, history: dict[Any, np.ndarray]
    ) -> np.ndarray | list[np.ndarray]:
        """Arrange rows by entity, after padding and history, and view the windows."""
        entities, length = segments_of(table, self.max_gap), self.length
        n_history = np.array([len(history.get(key, ())) for key in entities.keys])
        n_padding = length - 1 - n_history if self.first_rows == "edge" else 0 * n_history
        n_before = n_history + n_padding
        begins = entities.starts + np.cumsum(n_before) - n_before
        if n_before.any() or not entities.is_in_order:
            ends = np.empty(len(table.values), dtype=np.int64)
            ends[entities.order] = np.arange(1, len(ends) + 1) + np.repeat(
                np.cumsum(n_before), entities.counts
            )
            rows = _laid_out(table.values, entities, history, ends - 1, begins, n_padding)
        else:
            ends = np.arange(1, len(table.values) + 1)
            rows = table.values
        if self.max_gap is None:
            warn_of_gaps(table, partial(_spans, table, length))
        if self.first_rows == "edge" and self.by is None and self.max_gap is None:
            windows = np.lib.stride_tricks.sliding_window_view(rows, length, axis=0)
            return windows.swapaxes(1, 2)
        rows = rows.view()
        rows.flags.writeable = False
        first = np.maximum(ends - length, begins[entities.codes])
        return [rows[i:j] for i, j in zip(first.tolist(), ends.tolist(), strict=True)]


def _spans(table: Table, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and last row of each window, among the rows sorted by entity."""
    entities = table.entities
    last = np.arange(len(table.values))
    begin = entities.starts[entities.codes[entities.order]]
    return np.maximum(last + 1 - length, begin), last


def _laid_out(
    values: np.ndarray,
    entities: Entities,
    history: dict[Any, np.ndarray],
    places: np.ndarray,
    begins: np.ndarray,
    n_padding: np.ndarray,
) -> np.ndarray:
    """Copy rows by entity, each entity after its padding and history."""
    n_history = sum(len(history.get(key, ())) for key in entities.keys)
    n_rows = len(values) + int(n_padding.sum()) + n_history
    dtype = np.result_type(values, *{rows.dtype for rows in history.values()})
    laid = np.empty((n_rows, values.shape[1]), dtype=dtype)
    laid[places] = values
    for key, begin in zip(entities.keys, begins + n_padding, strict=True):
        if key in history:
            laid[begin : begin + len(history[key])] = history[key]
    if n_padding.any():
        first = np.repeat(begins + n_padding, n_padding)
        laid[np.repeat(begins, n_padding) + count_within(n_padding)] = laid[first]
    return laid


# ------------------------------------------------------------------------------- context


def _tails(table: Table, segments: Entities, length: int) -> dict[Any, np.ndarray]:
    """Return a copy of the last rows of each entity, none of them before a gap."""
    ends = segments.starts + segments.counts
    firsts = np.maximum(ends - length, segments.starts)
    # Later parts of an entity replace the earlier ones.
    return {
        (key.entity if isinstance(key, Part) else key): (
            table.values[segments.order[first:end]]
        )
        for key, first, end in zip(segments.keys, firsts, ends, strict=True)
    }


def _extremes(table: Table, *, latest: bool) -> dict[Any, Any]:
    """Return the first or last time of each entity; an empty dict without times."""
    if table.times is None:
        return {}
    entities = table.entities
    ends = entities.starts + entities.counts
    rows = entities.order[ends - 1 if latest else entities.starts]
    return dict(zip(entities.keys, table.times.values[rows], strict=True))


def _read_latest(stamps: dict[Any, Any]) -> tuple[dict[Any, Any], str | None]:
    """Return last times, given as time stamps of pandas, as numbers with their kind."""
    if not stamps:
        return {}, None
    import pandas as pd

    times = read_times(pd.Index([*stamps.values()]), "time")
    if times is None:
        return {}, None
    return dict(zip(stamps, times.values, strict=True)), times.kind


def _digest(table: Table) -> str:
    """Return a hash of the table's numbers and entities."""
    digest = blake2b(repr((table.values.shape, table.entities.keys)).encode())
    digest.update(np.ascontiguousarray(table.values).data)
    digest.update(table.entities.codes.data)
    return digest.hexdigest()
