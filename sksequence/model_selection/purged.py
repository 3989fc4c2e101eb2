"""K folds along time, without the training rows that overlap what is tested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._inputs.types import ArrayLike
from ._windows import WindowSplitter, check_enough_times, check_whole


class PurgedKFold(WindowSplitter):
    """Cut time into K blocks, and purge the training rows that overlap the tested one.

    Windows overlap: the row at time t was made of the times from ``t - length + 1`` to
    ``t + horizon``, and shares most of them with the rows beside it. Shuffled folds
    train on the neighbours of each tested row, and a model that remembers them scores
    well on noise. Here each fold tests one block of consecutive times, and trains on
    what comes before and after but for two parts:

    - purged are all rows with a time in common with a tested row, that is those less
      than ``length + horizon`` steps from the block, on either side;
    - under embargo are the next ``embargo`` steps after these, for what correlates with
      the block though it does not overlap.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2. Each time is tested once.

    length : int, default=1
        Time steps in a window, the row's own included.

    horizon : int, default=0
        Time steps that the target looks ahead; 0 if it is of the row's own time.

    embargo : int or float, default=0
        Time steps (int), or proportion of them all (float in [0, 1), rounded up), that
        are left out besides, after the tested block.

    See Also
    --------
    PanelTimeSeriesSplit : Trains on the past alone.
    sklearn.model_selection.GroupKFold : With the entities as groups, tests entities that
        were not trained on, at any time.

    Notes
    -----
    ``groups`` of :meth:`split` are the time stamps of the rows, which may then stand in
    any order, several at a time (one for each entity). A step is one from a distinct
    time stamp to the next. Without groups the rows are in the order of time, one each.
    Of windows that were made with a ``step`` above one, give length and horizon in such
    steps, rounded up.

    Make the windows first and split them afterwards: a window that is made of the
    training rows of a fold would reach across the gap in their middle.

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
        """Yield the rows to train on and to test of each fold.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Only its length matters.
        y : object
            Ignored, but for its length.
        groups : array-like of shape (n_samples,), default=None
            Time stamp of each row: dates or numbers. None: the rows are in the order of
            time, one step each.

        Yields
        ------
        train, test : ndarray of int
            Sorted indices of rows.

        Raises
        ------
        ValueError, TypeError
            If lengths differ, time stamps are missing or do not sort, there are fewer
            than ``n_splits``, or a fold has no row left to train on.
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
            f"embargo={embargo!r}; expected an int of at least 0, in time steps, or a "
            "float in [0, 1), a proportion of them."
        )
    return float(embargo)
