"""Sequences of unequal length, in memory or where they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.preprocessing import StandardScaler

# Values per chunk of a pass over all data: some megabytes.
_CHUNK_VALUES = 2**20


@dataclass(frozen=True)
class Sequences:
    """Sequences laid end to end.

    Attributes
    ----------
    values : ndarray of shape (n_steps_in_all, n_channels, ...)
        The steps of the first sequence, then those of the second, and so on; a frame's
        height and width come last. Maybe a view of the user's own array: never written
        to.
    lengths : ndarray of shape (n_sequences,), int64
        Steps of each sequence, at least one.
    is_block : bool, default=False
        Whether they came as one array, equally long by its shape.
    """

    values: np.ndarray
    lengths: np.ndarray
    is_block: bool = False

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
        """The dtype to answer in: float32 for float32, float64 for all others."""
        return np.dtype(np.float32 if self.values.dtype == np.float32 else np.float64)

    @property
    def starts(self) -> np.ndarray:
        """Where each sequence begins in ``values``."""
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
        new_starts = np.cumsum(lengths) - lengths
        rows = np.arange(lengths.sum()) + np.repeat(
            self.starts[index] - new_starts, lengths
        )
        return Sequences(self.values[rows], lengths, self.is_block)

    def load(self, index: np.ndarray) -> Sequences:
        """Return the sequences at ``index`` in memory."""
        return self.take(index)

    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Go through all steps in pieces of some megabytes, whole sequences each.

        Yields
        ------
        part : slice
            Which sequences.
        values : ndarray of shape (n_steps_of_theirs, n_channels, ...)
            Their steps.
        """
        starts = self.starts
        for part in _parts(self):
            begin = starts[part.start]
            yield part, self.values[begin : begin + self.lengths[part].sum()]


@dataclass(frozen=True)
class StoredSequences:
    """Sequences that stay where they are, in files mapped into memory.

    Attributes
    ----------
    arrays : list of ndarray of shape (n_steps_i, n_channels, ...)
        Views of the user's arrays.
    lengths, is_block
        As in :class:`Sequences`.
    """

    arrays: list[np.ndarray]
    lengths: np.ndarray
    is_block: bool = False

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
        dtypes = {array.dtype for array in self.arrays}
        return np.dtype(np.float32 if dtypes == {np.dtype(np.float32)} else np.float64)

    def take(self, index: np.ndarray) -> StoredSequences:
        """Return the sequences at ``index``, still where they are."""
        chosen = [self.arrays[i] for i in index]
        return StoredSequences(chosen, self.lengths[index], self.is_block)

    def load(self, index: np.ndarray) -> Sequences:
        """Return the sequences at ``index`` in memory."""
        values = np.concatenate([self.arrays[i] for i in index])
        return Sequences(values, self.lengths[index], self.is_block)

    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        for part in _parts(self):
            yield part, np.concatenate(self.arrays[part])


AnySequences = Sequences | StoredSequences


def is_stored(array: np.ndarray) -> bool:
    """Whether an array's memory is a mapped file, also through views."""
    base: object = array
    while base is not None:
        if isinstance(base, np.memmap):
            return True
        base = getattr(base, "base", None)
    return False


def fit_scaler(values: np.ndarray, weight: np.ndarray | None) -> StandardScaler:
    """Learn each column's mean and standard deviation; a constant's scale is one."""
    with np.errstate(invalid="ignore"):
        # The weighted variance of a constant may come out a rounding below zero.
        return StandardScaler().fit(values, sample_weight=weight)


def fit_channel_scaler(
    sequences: AnySequences, weight: np.ndarray | None
) -> StandardScaler:
    """Learn each channel's mean and standard deviation over all steps that there are.

    Parameters
    ----------
    sequences : Sequences or StoredSequences
        In memory or not: the same to the bit.
    weight : ndarray of shape (n_sequences,) or None
        Weight of each sequence's steps.
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
    """Cut the sequences into runs of some megabytes, at least one sequence each."""
    if not len(sequences):
        return  # none that would know the shape of a step
    sizes = np.cumsum(sequences.lengths) * int(np.prod(sequences.step_shape))
    chunk = (sizes - 1) // _CHUNK_VALUES
    begins = np.flatnonzero(np.diff(chunk, prepend=-1))
    for begin, end in zip(begins, [*begins[1:], len(sequences)], strict=True):
        yield slice(int(begin), int(end))
