"""Which rows of a panel overlap, counted in the rows of each entity."""

from __future__ import annotations

import numpy as np


class Overlaps:
    """Windows and targets of rows, counted in the rows of their entity.

    A row covers the times from that of the row ``length - 1`` places before it to that of
    the row ``horizon`` places after it, of the same entity. Where these rows are not
    among the samples, their times are extrapolated with the entity's largest step.

    Parameters
    ----------
    times, codes, places : ndarray of shape (n_rows,), int64
        Time, entity, and position within the entity of each row.
    length, horizon : int
        Rows of a window, and from its last row to the target.

    Attributes
    ----------
    first, last : ndarray of shape (n_rows,), int64
        The first and last time that a row covers.

    Examples
    --------
    Of two entities one has a row at every second time:

    >>> times, codes = np.array([0, 1, 2, 3, 0, 2]), np.array([0, 0, 0, 0, 1, 1])
    >>> rows = Overlaps(times, codes, np.array([0, 1, 2, 3, 0, 1]), 1, 1)
    >>> rows.last
    array([1, 2, 3, 4, 2, 4])
    """

    def __init__(
        self,
        times: np.ndarray,
        codes: np.ndarray,
        places: np.ndarray,
        length: int,
        horizon: int,
    ) -> None:
        self.times = times
        self.length = length
        before, reach = length - 1, length + horizon - 1
        # One number for entity and place, far enough apart between entities.
        key = codes * (int(places.max()) + 2 * reach + 2) + places
        self._order = np.argsort(key, kind="stable")
        in_order = key[self._order]
        self._from = np.searchsorted(in_order, key - reach, side="left")
        self._to = np.searchsorted(in_order, key + reach, side="right")
        timeline = _Timeline(times[self._order], codes[self._order], in_order)
        ahead = np.searchsorted(in_order, key + horizon, side="left")
        behind = np.searchsorted(in_order, key - before, side="right") - 1
        self.last = timeline.times_at(ahead, key + horizon, codes)
        self.first = timeline.times_at(behind, key - before, codes)

    def purged(
        self, is_tested: np.ndarray, block: np.ndarray, gap: int, embargo: int
    ) -> np.ndarray:
        """Return which rows overlap a tested row, or cover a time of the test block.

        Parameters
        ----------
        is_tested : ndarray of shape (n_rows,), bool
        block : ndarray of shape (n_tested_times,), int64
            The times that are tested, one after the other.
        gap, embargo : int
            Further times to leave out before and after the block.
        """
        counted = np.concatenate([[0], np.cumsum(is_tested[self._order])])
        shares_rows = counted[self._to] > counted[self._from]
        begin, end = block[0], block[-1]
        reaches_in = (self.times < begin) & (self.last + gap > begin - self.length)
        covered = self.last[is_tested].max(initial=end)
        reaches_back = (self.times > end) & (self.first - embargo <= covered)
        return shares_rows | reaches_in | reaches_back


class _Timeline:
    """The times of all entities, sorted by entity and place.

    Parameters
    ----------
    times, codes, key : ndarray of shape (n_rows,), int64
        Time, entity, and number of entity and place; ``key`` is sorted.
    """

    def __init__(self, times: np.ndarray, codes: np.ndarray, key: np.ndarray) -> None:
        self.times, self.codes, self.key = times, codes, key
        rates = np.ones(len(times))
        follows = codes[1:] == codes[:-1]
        rates[1:][follows] = (np.diff(times) / np.maximum(np.diff(key), 1))[follows]
        begins = np.flatnonzero(np.diff(codes, prepend=-1))
        largest = np.maximum.reduceat(rates, begins)
        # Largest step of the entity, at each of its rows.
        self.step = np.repeat(largest, np.diff([*begins, len(times)]))

    def times_at(
        self, rows: np.ndarray, wanted: np.ndarray, codes: np.ndarray
    ) -> np.ndarray:
        """Return times at rows, or beyond an entity's ends where the rows are not its.

        Parameters
        ----------
        rows : ndarray of shape (n,), int64
            Places in ``key`` of the wanted keys or those next to them.
        wanted : ndarray of shape (n,), int64
            The wanted keys.
        codes : ndarray of shape (n,), int64
            The entities to which they belong.
        """
        at = np.clip(rows, 0, len(self.key) - 1)
        is_known = (rows == at) & (self.codes[at] == codes)
        begins = np.searchsorted(self.codes, codes, side="left")
        ends = np.searchsorted(self.codes, codes, side="right") - 1
        end = np.where(wanted > self.key[ends], ends, begins)
        distance = (wanted - self.key[end]) * self.step[end]
        away = np.sign(distance) * np.ceil(np.abs(distance))
        beyond = self.times[end] + away.astype(np.int64)
        return np.where(is_known, self.times[at], beyond)
