"""Time series split for panels: all entities are cut at the same times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._inputs.types import ArrayLike
from ._windows import WindowSplitter, check_enough_times, check_whole


class PanelTimeSeriesSplit(WindowSplitter):
    """Time series split for panels, with all entities cut at the same times.

    Like :class:`~sklearn.model_selection.TimeSeriesSplit`, but for a panel, whose rows
    belong to many entities: it counts distinct time stamps, not rows. If it counted rows,
    a fold would train on the future of some entities to predict the past of others, and
    anything that affects them all, such as a market or the weather, would leak.

    Rows that are windows overlap: a row covers the times of the ``length - 1`` rows
    before it to that of the row ``horizon`` after it, of its entity. Training rows that
    overlap a test row, or whose target lies in the test period, are purged, as in
    :class:`PurgedKFold`, which also trains on the future.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.

    length : int, default=1
        Number of time steps in a window, including the row's own.

    horizon : int, default=0
        Number of time steps that the target looks ahead; 0 for a target at the row's own
        time.

    gap : int, default=0
        Number of time steps to leave out between training and test set, in addition to
        those purged.

    test_size : int or None, default=None
        Number of time steps in each test set; None for ``n_times // (n_splits + 1)``.

    max_train_size : int or None, default=None
        Maximum number of time steps to train on, the latest; None for all.

    by : label, int, list of these, or None, default=None
        The columns or index levels that identify entities, in ``groups`` if that is a
        table, else in X. None takes all of such a table but the time.

    time : label, int or None, default=None
        The column or index level of time, in ``groups`` if that is a table, else in X.
        None takes the dates in its index or columns, or else the numbers.

    See Also
    --------
    PurgedKFold : Also trains on the future, and tests every time once.
    sklearn.model_selection.GroupKFold : With the entities as groups, tests on entities
        that are not in the training set, at any time.

    Notes
    -----
    The ``groups`` of :meth:`split` are the time stamps of the rows, or better a table of
    entities and time stamps: the index that
    :func:`~sksequence.preprocessing.make_windows` returns, a DataFrame or a MultiIndex.
    If X is a table itself, ``by`` and ``time`` name its columns, and no groups are
    needed. The rows may be in any order.

    With the entities, length and horizon are counted in the rows of each entity, which
    may have gaps, or rows once a week beside others every day. Entities are also known
    of windows that ``make_windows`` returned, without a copy. With time stamps alone
    they are counted in the distinct time stamps of all rows, and a warning tells if some
    have more rows than others. A target after the last row of an entity is taken to lie
    at most the entity's largest step after it. For windows made with a ``step`` above
    one, give length and horizon in such steps, rounded up. Entities may begin and end at
    any time.

    To test on entities that are not in the training set, pass the entities as groups to
    :class:`~sklearn.model_selection.GroupKFold`. To test on the future of new entities,
    restrict each fold's training rows to some entities and its test rows to the others.

    Examples
    --------
    Two entities with one row per year:

    >>> import numpy as np
    >>> from sksequence.model_selection import PanelTimeSeriesSplit
    >>> years = np.array([2001, 2002, 2003, 2004, 2001, 2002, 2003, 2004])
    >>> folds = PanelTimeSeriesSplit(n_splits=2, test_size=1)
    >>> for train, test in folds.split(np.zeros((8, 1)), groups=years):
    ...     print(train, test)
    [0 1 4 5] [2 6]
    [0 1 2 4 5 6] [3 7]

    The columns of a table, whose second entity has a row every second year; its target of
    2001 is the row of 2003, so that it must not be trained on:

    >>> import pandas as pd
    >>> table = pd.DataFrame({"shop": [*"aaaabb"], "year": [2001, 2002, 2003, 2004] * 1
    ...                       + [2001, 2003]})
    >>> folds = PanelTimeSeriesSplit(2, horizon=1, test_size=1, by="shop", time="year")
    >>> for train, test in folds.split(table):
    ...     print(train, test)
    [0] [2 5]
    [0 1 4] [3]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        length: int = 1,
        horizon: int = 0,
        gap: int = 0,
        test_size: int | None = None,
        max_train_size: int | None = None,
        by: Any = None,
        time: Any = None,
    ) -> None:
        super().__init__(n_splits, length, horizon, by, time)
        self.gap = check_whole("gap", gap, 0)
        self.test_size = _check_size("test_size", test_size)
        self.max_train_size = _check_size("max_train_size", max_train_size)

    def split(
        self, X: ArrayLike, y: Any = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the indices of the training and test rows of each fold.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            A table with the columns ``by`` and ``time``, or windows, or anything else, of
            which only the length is used.
        y : object
            Ignored, except for its length.
        groups : array-like of shape (n_samples,), DataFrame or MultiIndex, default=None
            Time stamp of each row, dates or numbers; or a table of entities and times.
            None if X is a table with ``by`` or ``time``.

        Yields
        ------
        train, test : ndarray of int
            Sorted row indices.

        Raises
        ------
        ValueError, TypeError
            If ``groups`` is None without ``by`` and ``time``, lengths differ, a column is
            missing, time stamps are missing or cannot be sorted, an entity has two rows
            at one time, there are too few, or a fold has no training row left.

        Warns
        -----
        UserWarning
            If entities are not known, and some time stamps have more rows than others.
        """
        if groups is None and self.by is None and self.time is None:
            raise ValueError(
                "groups must hold the time stamp of each row, got None. For a single "
                "series in time order pass groups=range(len(X)); for the columns of a "
                "table name them with by and time."
            )
        return self._split(X, y, groups)

    def _margins(self, n_times: int) -> tuple[int, int]:
        return self.gap, 0

    def _times(self, n_times: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        check_enough_times(n_times, self.n_splits + 1, self)
        size = self.test_size or n_times // (self.n_splits + 1)
        first = n_times - self.n_splits * size
        check_enough_times(n_times, self.n_splits * size + 1, self)
        steps = np.arange(n_times)
        for begin in range(first, n_times, size):
            end = begin - self._reach - self.gap
            start = max(0, end - (self.max_train_size or n_times))
            is_train = (start <= steps) & (steps < end)
            yield is_train, (begin <= steps) & (steps < begin + size)


def _check_size(name: str, value: int | None) -> int | None:
    return None if value is None else check_whole(name, value, 1)
