"""Folds that train on the past and test what follows, of all entities at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._inputs.types import ArrayLike
from ._windows import WindowSplitter, check_enough_times, check_whole


class PanelTimeSeriesSplit(WindowSplitter):
    """Train on the past, test what follows, with all entities cut at the same times.

    What :class:`~sklearn.model_selection.TimeSeriesSplit` is to one series, this is to
    a panel, whose rows are of many entities: it counts distinct time stamps, not rows.
    By rows, a fold would train on some entities' future to predict the past of others,
    and what moves them all, such as a market or the weather, would leak.

    Rows that are windows overlap: the row at time t was made of the times from
    ``t - length + 1`` to ``t + horizon``. Training rows that have one in common with a
    tested row are purged, so it is the forward-only kin of :class:`PurgedKFold`.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.

    length : int, default=1
        Time steps in a window, the row's own included.

    horizon : int, default=0
        Time steps that the target looks ahead; 0 if it is of the row's own time.

    gap : int, default=0
        Time steps left out between training and test, besides those purged.

    test_size : int or None, default=None
        Time steps in each test; None for ``n_times // (n_splits + 1)``.

    max_train_size : int or None, default=None
        Most time steps to train on, the latest; None for all.

    See Also
    --------
    PurgedKFold : Trains on the future too, and tests every time once.
    sklearn.model_selection.GroupKFold : With the entities as groups, tests entities that
        were not trained on, at any time.

    Notes
    -----
    ``groups`` of :meth:`split` are the time stamps of the rows. A step is one from a
    distinct time stamp to the next; of windows that were made with a ``step`` above one,
    give length and horizon in such steps, rounded up. Entities may begin and end when
    they like.

    To test entities that were not trained on, pass the entities as groups to
    :class:`~sklearn.model_selection.GroupKFold`; for the future of new entities, keep of
    each fold here the rows to train on of some entities, and to test of the others.

    Examples
    --------
    Two entities, each with a row a year:

    >>> import numpy as np
    >>> from sksequence.model_selection import PanelTimeSeriesSplit
    >>> years = np.array([2001, 2002, 2003, 2004, 2001, 2002, 2003, 2004])
    >>> folds = PanelTimeSeriesSplit(n_splits=2, test_size=1)
    >>> for train, test in folds.split(np.zeros((8, 1)), groups=years):
    ...     print(train, test)
    [0 1 4 5] [2 6]
    [0 1 2 4 5 6] [3 7]
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
    ) -> None:
        super().__init__(n_splits, length, horizon)
        self.gap = check_whole("gap", gap, 0)
        self.test_size = _check_size("test_size", test_size)
        self.max_train_size = _check_size("max_train_size", max_train_size)

    def split(
        self, X: ArrayLike, y: Any = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the rows to train on and to test of each fold.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Only its length matters.
        y : object
            Ignored, but for its length.
        groups : array-like of shape (n_samples,)
            Time stamp of each row: dates or numbers.

        Yields
        ------
        train, test : ndarray of int
            Sorted indices of rows.

        Raises
        ------
        ValueError, TypeError
            If there are no groups, lengths differ, time stamps are missing or do not
            sort, there are too few, or a fold has no row left to train on.
        """
        if groups is None:
            raise ValueError(
                f"{type(self).__name__} got groups=None; expected the time stamp of each "
                "row. For a single series in the order of time pass "
                "groups=range(len(X))."
            )
        return self._split(X, y, groups)

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
