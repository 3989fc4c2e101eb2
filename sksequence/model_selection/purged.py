"""K-fold splits along time, without training rows that overlap the test rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._inputs.types import ArrayLike
from ._windows import WindowSplitter, check_enough_times, check_whole


class PurgedKFold(WindowSplitter):
    """K-fold along time, purged of training rows that overlap the test rows.

    Windows overlap: a row covers the ``length - 1`` rows before it and the ``horizon``
    rows after it, most of which it shares with adjacent rows. Shuffled folds train on
    the neighbours of each test row, so a model that memorises them scores well even on
    noise. Here, each fold tests on one block of consecutive times, and trains on all
    other rows except those

    - purged: rows that overlap a test row, which are those less than
      ``length + horizon`` rows of their entity from the block, on either side;
    - under embargo: the next ``embargo`` steps after these, which may be correlated with
      the block although they do not overlap it.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2. Each time is tested once.

    length : int, default=1
        Number of time steps in a window, including the row's own.

    horizon : int, default=0
        Number of time steps that the target looks ahead; 0 for a target at the row's own
        time.

    embargo : int or float, default=0
        Number of time steps (int), or proportion of all time steps (float in [0, 1),
        rounded up), to leave out after the test block, in addition to those purged.

    by : label, int, list of these, or None, default=None
        The columns or index levels that identify entities, in ``groups`` if that is a
        table, else in X. None takes all of such a table but the time.

    time : label, int or None, default=None
        The column or index level of time, in ``groups`` if that is a table, else in X.
        None takes the dates in its index or columns, or else the numbers.

    See Also
    --------
    PanelTimeSeriesSplit : Trains on the past only.
    sklearn.model_selection.GroupKFold : With the entities as groups, tests on entities
        that are not in the training set, at any time.

    Notes
    -----
    The ``groups`` of :meth:`split` are the time stamps of the rows, or better a table of
    entities and time stamps: the index that
    :func:`~sksequence.preprocessing.make_windows` returns, a DataFrame or a MultiIndex.
    If X is a table itself, ``by`` and ``time`` name its columns, and no groups are
    needed. The rows may be in any order.

    Without groups and columns the rows must be in time order, one step apart; an index
    of time that runs backwards is an error.

    With the entities, length and horizon are counted in the rows of each entity, which
    may have gaps, or rows once a week beside others every day. Entities are also known
    of windows that ``make_windows`` returned, without a copy. With time stamps alone
    they are counted in the distinct time stamps of all rows, and a warning tells if some
    have more rows than others. A target after the last row of an entity is taken to lie
    at most the entity's largest step after it. For windows made with a ``step`` above
    one, give length and horizon in such steps, rounded up. Entities may begin and end at
    any time.

    Make the windows before splitting: windows made from the training rows of a fold
    would reach across the gap in their middle.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, chapter 7. Wiley.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence.model_selection import PurgedKFold
    >>> folds = PurgedKFold(3, length=2, horizon=1, embargo=1)
    >>> for train, test in folds.split(np.zeros((12, 1))):
    ...     print(train, test)
    [ 7  8  9 10 11] [0 1 2 3]
    [ 0  1 11] [4 5 6 7]
    [0 1 2 3 4 5] [ 8  9 10 11]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        length: int = 1,
        horizon: int = 0,
        embargo: float = 0,
        by: Any = None,
        time: Any = None,
    ) -> None:
        super().__init__(n_splits, length, horizon, by, time)
        self.embargo = _check_embargo(embargo)

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
            None without ``by`` and ``time`` means that the rows are in time order, one
            step apart.

        Yields
        ------
        train, test : ndarray of int
            Sorted row indices.

        Raises
        ------
        ValueError, TypeError
            If lengths differ, a column is missing, time stamps are missing, cannot be
            sorted or run backwards in the index of X, an entity has two rows at one time,
            there are fewer times than ``n_splits``, or a fold has no training row left.

        Warns
        -----
        UserWarning
            If entities are not known, and some time stamps have more rows than others.
        """
        return self._split(X, y, groups)

    def _margins(self, n_times: int) -> tuple[int, int]:
        if isinstance(self.embargo, int):
            return 0, self.embargo
        return 0, int(np.ceil(self.embargo * n_times))

    def _times(self, n_times: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        check_enough_times(n_times, self.n_splits, self)
        _, embargo = self._margins(n_times)
        steps = np.arange(n_times)
        for block in np.array_split(steps, self.n_splits):
            before = steps < block[0] - self._reach
            after = steps > block[-1] + self._reach + embargo
            yield before | after, (block[0] <= steps) & (steps <= block[-1])


def _check_embargo(embargo: float) -> float:
    if not isinstance(embargo, float | np.floating):
        return check_whole("embargo", embargo, 0)
    if not 0 <= embargo < 1:
        raise ValueError(
            "embargo must be an int of at least 0, in time steps, or a float in [0, 1), "
            f"a proportion of them, got {embargo!r}."
        )
    return float(embargo)
