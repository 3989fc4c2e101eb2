"""Containers of sequences of unequal length, in memory or in mapped files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sklearn.preprocessing import StandardScaler

# Values per chunk of a pass over all data: some megabytes.
_CHUNK_VALUES = 2**20


@dataclass(frozen=True)
class Sequences:
    """Sequences in memory, concatenated or overlapping.

    Attributes
    ----------
    values : ndarray of shape (n_rows, n_channels, ...)
        The steps of the first sequence, then those of the second, and so on; height and
        width of frames come last. It may be a view of the user's array, so it must not
        be modified.
    lengths : ndarray of shape (n_sequences,), int64
        Number of steps of each sequence, at least one.
    is_block : bool, default=False
        Whether X was one array, so that all sequences have the same length.
    begins : ndarray of shape (n_sequences,), int64, or None, default=None
        First row of each sequence in ``values`` if they overlap, such as windows of one
        table; None if they are concatenated. Every row belongs to some sequence.
    """

    values: np.ndarray
    lengths: np.ndarray
    is_block: bool = False
    begins: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def step_shape(self) -> tuple[int, ...]:
        """Shape of one step: ``(n_channels,)`` or ``(n_channels, height, width)``."""
        return self.values.shape[1:]

    @property
    def n_channels(self) -> int:
        return self.step_shape[0]

    @property
    def dtype(self) -> np.dtype:
        """The dtype of predictions: float32 for float32 values, else float64."""
        return np.dtype(np.float32 if self.values.dtype == np.float32 else np.float64)

    @property
    def starts(self) -> np.ndarray:
        """First row of each sequence in ``values``."""
        if self.begins is not None:
            return self.begins
        return np.cumsum(self.lengths) - self.lengths

    def take(self, index: np.ndarray) -> Sequences:
        """Return the sequences at ``index``, in its order.

        Examples
        --------
        >>> three = Sequences(np.arange(6.0)[:, None], np.array([1, 2, 3]))
        >>> three.take(np.array([2, 0])).values.ravel()
        array([3., 4., 5., 0.])
        """
        lengths = self.lengths[index]
        if self.begins is None:
            return Sequences(self.values[self._rows(index)], lengths, self.is_block)
        values, begins = without_gaps(self.values, self.begins[index], lengths)
        return Sequences(values, lengths, self.is_block, begins)

    def load(self, index: np.ndarray) -> Sequences:
        """Return the sequences at ``index`` one behind the other, in memory."""
        rows = self.values[self._rows(index)]
        return Sequences(rows, self.lengths[index], self.is_block)

    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Iterate over all steps in chunks of some megabytes, of whole sequences each.

        Yields
        ------
        part : slice
            The sequences of the chunk.
        values : ndarray of shape (n_steps_in_chunk, n_channels, ...)
            Their steps.
        """
        starts = self.starts
        for part in _parts(self):
            if self.begins is not None:
                # Contiguous as a copy of the sequences would be, since the result of
                # numpy's sums depends on the memory layout.
                yield part, np.ascontiguousarray(self.values[self._rows(part)])
                continue
            begin = starts[part.start]
            yield part, self.values[begin : begin + self.lengths[part].sum()]

    def _rows(self, index: np.ndarray | slice) -> np.ndarray:
        """Return the rows of ``values`` that are the steps of the sequences at index."""
        lengths = self.lengths[index]
        return np.repeat(self.starts[index], lengths) + count_within(lengths)


@dataclass(frozen=True)
class StoredSequences:
    """Sequences in memory-mapped files, loaded only when needed.

    Attributes
    ----------
    arrays : list of ndarray of shape (n_steps_i, n_channels, ...), or one ndarray
        Views of the user's arrays; one array (n_sequences, n_steps, n_channels, ...) if
        X was one.
    lengths, is_block
        As in :class:`Sequences`.
    index : ndarray of shape (n_sequences,) or None, default=None
        Positions in ``arrays`` of the sequences; None for all in order.
    """

    arrays: list[np.ndarray] | np.ndarray
    lengths: np.ndarray
    is_block: bool = False
    index: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def step_shape(self) -> tuple[int, ...]:
        return self.arrays[0].shape[1:]

    @property
    def n_channels(self) -> int:
        return self.step_shape[0]

    @property
    def dtype(self) -> np.dtype:
        one = self.arrays if isinstance(self.arrays, np.ndarray) else None
        dtypes = {a.dtype for a in (self.arrays if one is None else [one])}
        return np.dtype(np.float32 if dtypes == {np.dtype(np.float32)} else np.float64)

    def take(self, index: np.ndarray) -> StoredSequences:
        """Return the sequences at ``index`` without loading them."""
        which = index if self.index is None else self.index[index]
        return StoredSequences(self.arrays, self.lengths[index], self.is_block, which)

    def load(self, index: np.ndarray) -> Sequences:
        """Return the sequences at ``index`` in memory."""
        which = index if self.index is None else self.index[index]
        if isinstance(self.arrays, np.ndarray):
            block = np.ascontiguousarray(self.arrays[which])
            values = block.reshape(-1, *self.step_shape)
        else:
            values = np.concatenate([self.arrays[i] for i in which])
        return Sequences(values, self.lengths[index], self.is_block)

    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        for part in _parts(self):
            yield part, self.load(np.arange(part.start, part.stop)).values


AnySequences = Sequences | StoredSequences


class Chunks(Protocol):
    """What is learnt from: the steps of all sequences, in chunks."""

    @property
    def lengths(self) -> np.ndarray: ...
    @property
    def n_channels(self) -> int: ...
    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]: ...


def is_stored(array: np.ndarray) -> bool:
    """Return whether an array is memory-mapped, or a view of such an array."""
    base: object = array
    while base is not None:
        if isinstance(base, np.memmap):
            return True
        base = getattr(base, "base", None)
    return False


def windows_of(
    arrays: np.ndarray | list[np.ndarray], lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Find the common rows of sequences that are overlapping views of one table.

    A copy of all windows would take the table's memory times the steps per window.

    Parameters
    ----------
    arrays : ndarray of shape (n_sequences, n_steps, ...), or list of (n_steps_i, ...)
        Sequences in memory.
    lengths : ndarray of shape (n_sequences,)
        Number of steps of each.

    Returns
    -------
    (values, begins) or None
        As in :class:`Sequences`; None if this would not have fewer rows than steps.

    Examples
    --------
    >>> table = np.arange(4.0)[:, None]
    >>> windows = [table[:2], table[1:3], table[1:]]
    >>> values, begins = windows_of(windows, np.array([2, 2, 3]))
    >>> np.shares_memory(values, table), values.ravel(), begins
    (True, array([0., 1., 2., 3.]), array([0, 1, 1]))
    """
    # A lone sequence shares its rows with none.
    begins = first_rows_of(arrays) if len(lengths) > 1 else None
    if begins is None:
        return None
    first = int(begins.argmin())
    n_rows = int((begins + lengths).max())
    if n_rows >= lengths.sum():
        return None
    # These rows lie between views of one array, and so within its memory.
    values = np.lib.stride_tricks.as_strided(
        arrays[first],
        (n_rows, *arrays[0].shape[1:]),
        arrays[0].strides,
        writeable=False,
    )
    return without_gaps(values, begins, lengths)


def first_rows_of(arrays: np.ndarray | list[np.ndarray]) -> np.ndarray | None:
    """Return the row at which each sequence begins in the table that they are views of.

    Rows count from the first that belongs to a sequence. None if the sequences are not
    views of one table, or of the same rows of memory.

    Examples
    --------
    >>> table = np.arange(6.0)[:, None]
    >>> first_rows_of([table[4:], table[1:3]]), first_rows_of([table, table.copy()])
    (array([3, 0]), None)
    """
    if isinstance(arrays, np.ndarray):
        strides = arrays.strides[1:]
        addresses = np.arange(len(arrays)) * arrays.strides[0]
    else:
        strides = arrays[0].strides
        kind = _view_kind(arrays[0])
        if any(_view_kind(array) != kind for array in arrays):
            return None
        addresses = np.array([array.__array_interface__["data"][0] for array in arrays])
        addresses -= addresses[0]
    if not strides or not strides[0] or (addresses % strides[0]).any():
        return None
    begins = addresses // strides[0]  # also correct for negative strides
    return begins - begins.min()


def overlapping_begins(sequences: AnySequences, n_ahead: int = 0) -> np.ndarray | None:
    """Return the first row of each sequence in their common table, if they overlap.

    Also of stored sequences, none of which is loaded. Copies of windows are recognised
    by their rows if they are in the order of the table.

    Parameters
    ----------
    sequences : Sequences or StoredSequences
        The sequences.
    n_ahead : int, default=0
        How many last rows of a window may lie ahead of it, where rows need not agree.

    Examples
    --------
    >>> table = np.arange(4.0)[:, None]
    >>> both = Sequences(table, np.array([3, 3]), begins=np.array([0, 1]))
    >>> overlapping_begins(both.take(np.array([1, 0])))
    array([1, 0])
    """
    if isinstance(sequences, Sequences):
        if sequences.begins is None:
            return _begins_of_copies(sequences, n_ahead)
        return sequences.begins
    begins = first_rows_of(sequences.arrays)
    if begins is None:
        return None
    if sequences.index is not None:
        begins = begins[sequences.index]
    n_rows = (begins + sequences.lengths).max() - begins.min()
    return None if n_rows >= sequences.lengths.sum() else begins


def _begins_of_copies(sequences: Sequences, n_ahead: int) -> np.ndarray | None:
    """Return the first row of each window in a table, if sequences are copies of windows.

    They are if they have one length, and most begin with the last half, or more, of the
    one before, unless it is constant.

    Examples
    --------
    >>> table = np.arange(6.0)[:, None]
    >>> windows = np.concatenate([table[:4], table[1:5], table[2:6]])
    >>> _begins_of_copies(Sequences(windows, np.array([4, 4, 4])), 0)
    array([0, 1, 2])
    """
    n, length = len(sequences), int(sequences.lengths[0]) if len(sequences) else 0
    own = length - n_ahead
    if n < 3 or own < 2 or (sequences.lengths != length).any():
        return None
    rows = np.ascontiguousarray(sequences.values.reshape(n * length, -1))
    windows = rows.view(np.uint8).reshape(n, length, -1)[:, :own]  # also equal if NaN
    for shift in range(1, own // 2 + 1):
        may_go_on = (windows[1:, 0] == windows[:-1, shift]).all(axis=1)
        if 2 * may_go_on.sum() <= n - 1:
            continue
        shared = windows[1:, : own - shift]
        goes_on = (shared == windows[:-1, shift:]).all(axis=(1, 2))
        goes_on &= (shared != shared[:, :1]).any(axis=(1, 2))
        if 2 * goes_on.sum() > n - 1:
            steps = np.where(goes_on, shift, length + n_ahead)
            return np.concatenate([[0], np.cumsum(steps)])
    return None


def _view_kind(array: np.ndarray) -> tuple:
    """Return a key that is equal for views which can be windows of one table."""
    owner = array if array.base is None else array.base
    while isinstance(owner, np.ndarray) and isinstance(owner.base, np.ndarray):
        owner = owner.base  # a view of a memory-mapped array has a base of its own
    return id(owner), array.dtype, array.strides


def count_within(counts: np.ndarray) -> np.ndarray:
    """Count from zero within each of several consecutive groups.

    Examples
    --------
    >>> count_within(np.array([2, 0, 3]))
    array([0, 1, 0, 1, 2])
    """
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def place_of(row: int, lengths: np.ndarray) -> tuple[int, int]:
    """Return the sequence and the step of a row of concatenated sequences.

    Examples
    --------
    >>> place_of(4, np.array([3, 2]))
    (1, 1)
    """
    starts = np.cumsum(lengths) - lengths
    i = int(np.searchsorted(starts, row, side="right")) - 1
    return i, int(row - starts[i])


def without_gaps(
    values: np.ndarray, begins: np.ndarray, lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Drop the rows that belong to no sequence.

    Examples
    --------
    >>> without_gaps(np.array([5, 6, 7, 8, 9]), np.array([3, 0]), np.array([2, 1]))
    (array([5, 8, 9]), array([1, 0]))
    """
    n = len(values)
    begun = np.bincount(begins, minlength=n + 1)
    ended = np.bincount(begins + lengths, minlength=n + 1)
    is_used = np.cumsum(begun - ended)[:n] > 0
    if is_used.all():
        return values, begins
    return values[is_used], (np.cumsum(is_used) - 1)[begins]


def fit_scaler(values: np.ndarray, weight: np.ndarray | None) -> StandardScaler:
    """Fit a scaler to columns; a constant column has scale one."""
    with np.errstate(invalid="ignore"):
        # Rounding can make the weighted variance of a constant negative.
        return StandardScaler().fit(values, sample_weight=weight)


def fit_channel_scaler(sequences: Chunks, weight: np.ndarray | None) -> StandardScaler:
    """Fit a scaler to the channels, over all steps (there is no padding).

    Parameters
    ----------
    sequences : Sequences or StoredSequences
        The result is bitwise identical for both.
    weight : ndarray of shape (n_sequences,) or None
        Weight of the steps of each sequence.
    """
    scaler = StandardScaler()
    for part, values in sequences.chunks():
        columns = np.moveaxis(values, 1, -1).reshape(-1, values.shape[1])
        per_row = None
        if weight is not None:
            times = sequences.lengths[part] * (len(columns) // max(len(values), 1))
            per_row = np.repeat(weight[part], times)
            if not per_row.any():
                continue
        with np.errstate(invalid="ignore"):
            scaler.partial_fit(columns, sample_weight=per_row)
    return scaler


def _parts(sequences: AnySequences) -> Iterator[slice]:
    """Yield slices of sequences of some megabytes each, at least one sequence."""
    if not len(sequences):
        return  # without sequences there is no step shape
    sizes = np.cumsum(sequences.lengths) * int(np.prod(sequences.step_shape))
    chunk = (sizes - 1) // _CHUNK_VALUES
    begins = np.flatnonzero(np.diff(chunk, prepend=-1))
    for begin, end in zip(begins, [*begins[1:], len(sequences)], strict=True):
        yield slice(int(begin), int(end))
