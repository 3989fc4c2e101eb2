"""K-fold splits along time, without training rows that overlap the test rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._inputs.types import ArrayLike
from ._windows import WindowSplitter, check_enough_times, check_whole


class PurgedKFold(WindowSplitter):
    """K-fold along time, purged of training rows that overlap the test rows.

    Windows overlap: the row at time t covers the times from ``t - length + 1`` to
    ``t + horizon``, most of which it shares with adjacent rows. Shuffled folds train on
    the neighbours of each test row, so a model that memorises them scores well even on
    noise. Here, each fold tests on one block of consecutive times, and trains on all
    other rows except those

    - purged: rows that overlap a test row, which are those less than
      ``length + horizon`` steps from the block, on either side;
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

    See Also
    --------
    PanelTimeSeriesSplit : Trains on the past only.
    sklearn.model_selection.GroupKFold : With the entities as groups, tests on entities
        that are not in the training set, at any time.

    Notes
    -----
    The ``groups`` of :meth:`split` are the time stamps of the rows. The rows may then be
    in any order, with several rows per time stamp (one for each entity). A time step
    leads from one distinct time stamp to the next. Without groups the rows must be in
    time order, one step apart. For windows made with a ``step`` above one, give length
    and horizon in such steps, rounded up.

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
    ) -> None:
        super().__init__(n_splits, length, horizon)
        self.embargo = _check_embargo(embargo)

    def split(
        self, X: ArrayLike, y: Any = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the indices of the training and test rows of each fold.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Only its length is used.
        y : object
            Ignored, except for its length.
        groups : array-like of shape (n_samples,), default=None
            Time stamp of each row: dates or numbers. None means that the rows are in
            time order, one step apart.

        Yields
        ------
        train, test : ndarray of int
            Sorted row indices.

        Raises
        ------
        ValueError, TypeError
            If lengths differ, time stamps are missing or cannot be sorted, there are
            fewer than ``n_splits``, or a fold has no training row left.
        """
        return self._split(X, y, groups)

    def _times(self, n_times: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        check_enough_times(n_times, self.n_splits, self)
        embargo = self.embargo
        if not isinstance(embargo, int):
            embargo = int(np.ceil(embargo * n_times))
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
