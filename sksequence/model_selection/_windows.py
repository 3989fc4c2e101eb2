"""Base class of splitters for rows that are overlapping windows."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils.validation import check_consistent_length

from .._inputs.types import ArrayLike
from ._overlaps import Overlaps
from ._panel_rows import read_rows


class WindowSplitter(BaseCrossValidator):
    """Split rows that are windows along their distinct time stamps.

    A row covers the times from that of the row ``length - 1`` before it to that of the
    row ``horizon`` after it, of the same entity. So two rows of an entity overlap if they
    are less than ``length + horizon`` rows apart.
    """

    # scikit-learn's declaration of a splitter that takes groups.
    __metadata_request__split = {"groups": True}

    def __init__(
        self, n_splits: int, length: int, horizon: int, by: Any, time: Any
    ) -> None:
        self.by = by
        self.time = time
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
        rows = read_rows(X, groups, self.by, self.time, self._reach)
        times, overlaps = rows.times, None
        if rows.codes is not None and rows.places is not None and self._reach:
            overlaps = Overlaps(times, rows.codes, rows.places, self.length, self.horizon)
        n_times = int(times.max()) + 1
        for fold, (is_train, is_test) in enumerate(self._times(n_times)):
            is_trained, is_tested = is_train[times], is_test[times]
            if overlaps is not None:
                is_trained &= ~overlaps.purged(
                    is_tested, np.flatnonzero(is_test), *self._margins(n_times)
                )
            if not is_trained.any():
                raise ValueError(
                    f"Fold {fold} of {type(self).__name__} has nothing left to train "
                    f"on: what is not tested of the {n_times} distinct time steps is "
                    "purged. Lower length, horizon, what is left out besides, or "
                    "the number of folds."
                )
            yield np.flatnonzero(is_trained), np.flatnonzero(is_tested)

    def _margins(self, n_times: int) -> tuple[int, int]:
        """Return the numbers of further times left out before and after a test set."""
        raise NotImplementedError

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
