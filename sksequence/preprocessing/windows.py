"""A table in time order becomes windows, one for each of its rows."""

from __future__ import annotations

from hashlib import blake2b
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._inputs import count_within
from .._inputs.borrowed import Interval, StrOptions, fit_context, names_of_features
from .._inputs.types import ArrayLike, typed
from ._output import SequencesOut
from ._tables import Table, numbers_of, read_table


class SlidingWindow(  # type: ignore[call-arg]
    SequencesOut, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Turn each row of a table into the window of rows that ends with it.

    There are as many windows as rows, in their order, so targets stay aligned: behind a
    scaler and before a recurrent estimator, the target of a row is learnt from the row
    and those before it. The table's rows are in time order.

    Windows are views, not to be written to, of the table or of one copy of it, which
    ``first_rows="edge"`` takes, and ``by`` where entities are interleaved. The
    estimators of sksequence read such views without multiplying the table by ``length``.
    Pickling does multiply it, as for another process: send the table, and make the
    windows there, which is what a search over a pipeline does.

    Parameters
    ----------
    length : int
        Rows per window. It may exceed the number of rows, for the first rows of a table
        have too few before them in any case.

    first_rows : {"edge", "shorter"}, default="edge"
        What to do for these: repeat the first row before it, so that all windows are
        equally long, or leave their windows shorter.

    by : str, int or None, default=None
        The column that tells entities apart, by its name or position, or a level of a
        DataFrame's index, by its name. No window holds rows of two entities, and the
        column is not among the channels. The rows of several entities may be
        interleaved; each entity's are in time order.

    context : bool, default=False
        Whether rows that follow the training rows have these in their windows: the last
        ``length - 1`` rows, of the same entity, that fit saw. The training rows
        themselves never have. Time stamps in a DataFrame's index, or else its whole
        numbers, tell which rows follow: those of an entity whose first is later than
        all that fit saw of it, whether or not there is a gap between them. Where there
        is no such index, as in an array, any table follows the training rows but
        their table itself; do not transform a part of it.

    Attributes
    ----------
    n_features_in_ : int
        Columns of the table, ``by`` included.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.

    See Also
    --------
    make_windows : Windows, and the rows after each of them as targets.

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

    A forecast of each row's successor; the window's length can be searched:

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
        "length": [Interval(Integral, 1, None, closed="left")],
        "first_rows": [StrOptions({"edge", "shorter"})],
        "by": [str, Integral, None],
        "context": ["boolean"],
    }

    def __init__(
        self,
        length: int,
        *,
        first_rows: str = "edge",
        by: str | int | None = None,
        context: bool = False,
    ) -> None:
        self.length = length
        self.first_rows = first_rows
        self.by = by
        self.context = context

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn the columns, and with ``context`` the last rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            A table of numbers: an array, or a DataFrame of pandas or polars. NaN is
            left to the estimator behind.
        y : None
            Ignored.

        Returns
        -------
        self : SlidingWindow
            The fitted transformer.

        Raises
        ------
        ValueError, TypeError
            If a hyperparameter is of no use, there is no row, a column is not of
            numbers, or ``by`` is not in the table; if time stamps in a DataFrame's
            index do not increase from row to row of an entity.
        """
        self._fit(X)
        return self

    def fit_transform(self, X: ArrayLike, y: Any = None) -> np.ndarray | list[np.ndarray]:
        """Learn the columns, and return the windows of the same rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            A table, as in fit.
        y : None
            Ignored.

        Returns
        -------
        windows : ndarray or list of ndarray
            As of transform.

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
            A table with the columns of the one in fit. Entities may be others.

        Returns
        -------
        windows : ndarray of shape (n_rows, length, n_channels), or list of ndarray
            An array if ``first_rows="edge"`` and ``by`` is None. Else a list of one
            array (n_steps_i, n_channels) per row, since one array of windows that are
            unequal, or skip from entity to entity, could be no view.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError, TypeError
            As :meth:`fit` does; if the columns are not those of fit, or time stamps have
            a time zone and those of fit have none, or the other way round.
        """
        check_is_fitted(self)
        table = read_table(X, self.by, self, reset=False)
        return self._windows(table, self._history_of(table) if self.context else {})

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the names of the channels.

        Parameters
        ----------
        input_features : array-like of shape (n_features_in_,) or None, default=None
            Names of the columns; None for those of fit, or else ``x0``, ``x1``, ...

        Returns
        -------
        names : ndarray of shape (n_channels,), object
            Those of the columns, without ``by``.
        """
        check_is_fitted(self)
        return names_of_features(self, input_features)[self._channels]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    @typed(fit_context(prefer_skip_nested_validation=True))
    def _fit(self, X: ArrayLike) -> Table:
        before = dict(vars(self))
        try:
            table = read_table(X, self.by, self, reset=True)
        except BaseException:
            # The columns are learnt first; not to look fitted, forget them again.
            self.__dict__ = before
            raise
        self._channels = table.channels
        if self.context:
            self._digest = _digest(table)
            self._tails = _tails(table, self.length - 1)
            self._latest = _extremes(table, latest=True)
        return table

    def _history_of(self, table: Table) -> dict[Any, np.ndarray]:
        """Return the training rows that come before the first row of each entity."""
        earliest = _extremes(table, latest=False)
        if not earliest or not self._latest:
            return {} if _digest(table) == self._digest else self._tails
        known = [key for key in earliest if key in self._latest]
        try:
            following = [key for key in known if earliest[key] > self._latest[key]]
        except TypeError as error:
            raise ValueError(
                f"Rows of X begin at {earliest[known[0]]}, those of fit end at "
                f"{self._latest[known[0]]}: which comes first? {error}. Expected an "
                "index of the type in fit, with a time zone in both or in none."
            ) from error
        return {key: self._tails[key] for key in following}

    def _windows(
        self, table: Table, history: dict[Any, np.ndarray]
    ) -> np.ndarray | list[np.ndarray]:
        """Lay the rows entity by entity, with what comes before them; view windows."""
        entities, length = table.entities, self.length
        n_history = np.array([len(history.get(key, ())) for key in entities.keys])
        n_padding = length - 1 - n_history if self.first_rows == "edge" else 0 * n_history
        n_before = n_history + n_padding
        begins = entities.starts + np.cumsum(n_before) - n_before
        if n_before.any() or not entities.is_in_order:
            ends = np.empty(len(table.values), dtype=np.int64)
            ends[entities.order] = np.arange(1, len(ends) + 1) + np.repeat(
                np.cumsum(n_before), entities.counts
            )
            rows = _laid_out(table, history, ends - 1, begins, n_padding)
        else:
            ends = np.arange(1, len(table.values) + 1)
            rows = table.values
        if self.first_rows == "edge" and self.by is None:
            windows = np.lib.stride_tricks.sliding_window_view(rows, length, axis=0)
            return windows.swapaxes(1, 2)
        rows = rows.view()
        rows.flags.writeable = False
        first = np.maximum(ends - length, begins[entities.codes])
        return [rows[i:j] for i, j in zip(first.tolist(), ends.tolist(), strict=True)]


def _laid_out(
    table: Table,
    history: dict[Any, np.ndarray],
    places: np.ndarray,
    begins: np.ndarray,
    n_padding: np.ndarray,
) -> np.ndarray:
    """Copy rows to their places, and padding and history before each entity's first."""
    n_history = sum(len(history.get(key, ())) for key in table.entities.keys)
    n_rows = len(table.values) + int(n_padding.sum()) + n_history
    dtype = np.result_type(table.values, *{rows.dtype for rows in history.values()})
    laid = np.empty((n_rows, table.values.shape[1]), dtype=dtype)
    laid[places] = table.values
    for key, begin in zip(table.entities.keys, begins + n_padding, strict=True):
        if key in history:
            laid[begin : begin + len(history[key])] = history[key]
    if n_padding.any():
        first = np.repeat(begins + n_padding, n_padding)
        laid[np.repeat(begins, n_padding) + count_within(n_padding)] = laid[first]
    return laid


# ------------------------------------------------------------- what a context is made of


def _tails(table: Table, length: int) -> dict[Any, np.ndarray]:
    """Return a copy of the last rows of each entity."""
    entities = table.entities
    ends = entities.starts + entities.counts
    firsts = np.maximum(ends - length, entities.starts)
    return {
        key: table.values[entities.order[first:end]]
        for key, first, end in zip(entities.keys, firsts, ends, strict=True)
    }


def _extremes(table: Table, *, latest: bool) -> dict[Any, Any]:
    """Return the first or last label of each entity; nothing without an index."""
    if table.labels is None:
        return {}
    entities = table.entities
    in_time = np.lexsort((numbers_of(table.labels), entities.codes))
    ends = entities.starts + entities.counts
    places = in_time[ends - 1 if latest else entities.starts]
    return dict(zip(entities.keys, table.labels[places], strict=True))


def _digest(table: Table) -> str:
    """Return what only the same numbers of the same entities have in common."""
    digest = blake2b(repr((table.values.shape, table.entities.keys)).encode())
    digest.update(np.ascontiguousarray(table.values).data)
    digest.update(table.entities.codes.data)
    return digest.hexdigest()
