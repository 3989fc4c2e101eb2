"""Base class of splitters for rows that are overlapping windows."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils.validation import check_consistent_length

from .._inputs import time_ranks
from .._inputs.borrowed import count_samples
from .._inputs.types import ArrayLike


class WindowSplitter(BaseCrossValidator):
    """Split rows that are windows along their distinct time stamps.

    A row at time t covers the times from ``t - length + 1`` to ``t + horizon``. So two
    rows overlap if they are less than ``length + horizon`` steps apart.
    """

    # scikit-learn's declaration of a splitter that takes groups.
    __metadata_request__split = {"groups": True}

    def __init__(self, n_splits: int, length: int, horizon: int) -> None:
        self.n_splits = check_whole("n_splits", n_splits, 2)
        self.length = check_whole("length", length, 1)
        self.horizon = check_whole("horizon", horizon, 0)

    @property
    def _reach(self) -> int:
        """The largest number of steps between two rows that overlap."""
        return self.length + self.horizon - 1

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored, as in scikit-learn.

        Returns
        -------
        int
        """
        return self.n_splits

    def _split(
        self, X: ArrayLike, y: Any, groups: ArrayLike | None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        check_consistent_length(X, y, groups)
        if groups is None:
            times = np.arange(count_samples(X))
        else:
            times = time_ranks(groups, "groups")
        n_times = int(times.max()) + 1
        for fold, (is_train, is_test) in enumerate(self._times(n_times)):
            train = np.flatnonzero(is_train[times])
            if not len(train):
                raise ValueError(
                    f"Fold {fold} of {type(self).__name__} has nothing left to train "
                    f"on: what is not tested of the {n_times} distinct time steps is "
                    "purged. Lower length, horizon, what is left out besides, or "
                    "the number of folds."
                )
            yield train, np.flatnonzero(is_test[times])

    def _times(self, n_times: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield, for each fold, the masks of training and test time steps."""
        raise NotImplementedError


def check_whole(name: str, value: Any, least: int) -> int:
    """Return the value as an int; raise ValueError if it is not one or too small."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be an int of at least {least}, got {value!r}.")
    return int(value)


def check_enough_times(n_times: int, least: int, splitter: WindowSplitter) -> None:
    """Raise ValueError if there are too few time steps to split."""
    if n_times < least:
        raise ValueError(
            f"{type(splitter).__name__} needs at least {least} distinct time steps, but "
            f"there are {n_times}. Lower the number of folds or what each takes up."
        )
