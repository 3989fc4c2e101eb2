"""Stack the time steps of all sequences into one table, and split it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._inputs import (
    STEPS,
    column_values,
    columns_of,
    lists_sequences,
    unnested,
    without_wrapping,
)
from .._inputs import is_frame as is_named_table
from ._output import cells_of_column


@dataclass(frozen=True)
class StackedSteps:
    """The time steps of all sequences in one table, and how to split it again.

    Attributes
    ----------
    table : ndarray of shape (n_steps_in_all, n_channels) or DataFrame
        Numbers, missing values, text, or columns of several types.
    lengths : ndarray of shape (n_sequences,), int64
        Number of steps of each sequence, at least one.
    is_block : bool
        Whether X was one array rather than a list of sequences.
    has_channels : bool
        Whether the sequences had a channel axis; without one they are univariate.
    holder : type
        Container of a list of sequences: list or numpy.ndarray (of objects).
    indexes : list of Index or None
        The index of each sequence, if the sequences are DataFrames.
    """

    table: Any
    lengths: np.ndarray
    is_block: bool
    has_channels: bool
    holder: type = list
    indexes: list | None = None

    def cut(self, table: Any, *, with_channels: bool) -> Any:
        """Split a table with as many rows as :attr:`table` into sequences.

        Parameters
        ----------
        table : ndarray of shape (n_steps_in_all, n_channels) or DataFrame
            A DataFrame becomes DataFrames with the original indexes.
        with_channels : bool
            False drops the channel axis if there is only one channel.
        """
        if not with_channels and table.shape[1] == 1:
            table = table[:, 0]
        if self.is_block:
            return table.reshape(len(self.lengths), -1, *table.shape[1:])
        sequences = [table[rows] for rows in self.slices()]
        if self.holder is list:
            return sequences
        array = np.empty(len(sequences), dtype=object)
        array[:] = sequences
        return array

    def slices(self) -> Iterator[slice]:
        """Yield the rows of each sequence in the table."""
        ends = np.cumsum(self.lengths).tolist()
        return map(slice, [0, *ends[:-1]], ends)


def stack_steps(X: Any, name: str = "X") -> StackedSteps:
    """Stack the time steps of sequences given in any form that estimators accept.

    Parameters
    ----------
    X : array-like
        2-D: each row a univariate sequence. 3-D: (n_sequences, n_steps, n_channels).
        A list, tuple, object array or column of a table: sequences of any length, all
        arrays (n_steps_i, n_channels), all arrays (n_steps_i,), or all DataFrames.
    name : str, default="X"
        Name used in error messages.

    Raises
    ------
    ValueError, TypeError
        If X is empty, a sequence has no step, or the sequences are of several kinds.

    Examples
    --------
    >>> stacked = stack_steps([[1, 2], [3]])
    >>> stacked.table.ravel(), stacked.lengths
    (array([1, 2, 3]), array([2, 1]))
    """
    X = sequences_of(without_wrapping(X, name), name)
    if lists_sequences(X):
        holder = list if isinstance(X, list | tuple) else np.ndarray
        items = list(map(_of_pandas, X))
        if any(map(is_frame, items)):
            return _stack_frames(items, holder)
        return _stack_arrays(items, holder)
    array = np.asarray(X)
    if array.ndim not in (2, 3) and array.shape != (0,):
        raise ValueError(
            f"{name} has shape {array.shape}; expected {STEPS.words('n_sequences')}, or "
            "a list of sequences. Reshape your data: pass a single sequence x as [x]."
        )
    if 0 in array.shape:
        what = "feature(s)" if array.shape[0] else "sample(s)"
        raise ValueError(
            f"{name} has no sequence, step or channel: found array with 0 {what} "
            f"(shape={array.shape}) while a minimum of 1 is required."
        )
    return StackedSteps(
        array.reshape(-1, array.shape[2] if array.ndim == 3 else 1),
        np.full(len(array), array.shape[1], dtype=np.int64),
        is_block=True,
        has_channels=array.ndim == 3,
    )


def sequences_of(X: Any, name: str = "X") -> Any:
    """Return the sequences in the cells if X is one column of them, else X.

    Raises
    ------
    ValueError
        If X has several columns, and sequences in the cells of one.
    """
    cells = cells_of_column(X)
    if cells is not None:
        return cells if lists_sequences(cells) else X
    if is_named_table(X):
        dtypes = zip(X.dtypes, columns_of(X), strict=True)
        objects = [c for dtype, c in dtypes if getattr(dtype, "kind", "O") == "O"]
    else:
        is_table = isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype == object
        objects = list(X.T) if is_table else []
    if any(lists_sequences(column_values(column[:1])) for column in objects):
        raise ValueError(
            f"{name} has {X.shape[1]} columns, with sequences in the cells of some; "
            "expected one column of sequences. Apply the transformer to that column by "
            "ColumnTransformer([(name, transformer, [column])], remainder='passthrough')."
        )
    return X


def is_frame(item: Any) -> bool:
    """Return whether the item is a pandas DataFrame, without importing pandas."""
    return hasattr(item, "columns") and hasattr(item, "iloc")


def _of_pandas(item: Any) -> Any:
    """Return a frame of polars as one of pandas, and anything else as it is."""
    if is_frame(item) or not is_named_table(item):
        return item
    import pandas as pd

    columns = map(column_values, columns_of(item))
    return pd.DataFrame(dict(zip(item.columns, columns, strict=True)))


def _stack_frames(frames: list, holder: type) -> StackedSteps:
    import pandas as pd

    for i, frame in enumerate(frames):
        if not is_frame(frame) or not is_frame(frames[0]):
            raise TypeError(
                f"Sequence {i} is of type {type(frame).__name__}, but sequence 0 of type "
                f"{type(frames[0]).__name__}; expected all DataFrames or none."
            )
        if list(frame.columns) != list(frames[0].columns):
            raise ValueError(
                f"Sequence {i} has the columns {list(frame.columns)}, but sequence 0 "
                f"{list(frames[0].columns)}: all must have the same, in the same order."
            )
    return StackedSteps(
        pd.concat(frames, ignore_index=True),
        _lengths_of(frames),
        is_block=False,
        has_channels=True,
        holder=holder,
        indexes=[frame.index for frame in frames],
    )


def _stack_arrays(items: list, holder: type) -> StackedSteps:
    arrays = [
        unnested(np.asarray(without_wrapping(item, f"Sequence {i}")))
        for i, item in enumerate(items)
    ]
    first = arrays[0].shape
    for i, array in enumerate(arrays):
        if array.ndim not in (1, 2):
            raise ValueError(
                f"Sequence {i} has shape {array.shape}; expected an array of shape "
                f"{STEPS.words()}."
            )
        if array.ndim != len(first) or array.shape[1:] != first[1:]:
            raise ValueError(
                f"Sequence {i} has shape {array.shape}, but sequence 0 {first}: all must "
                "have the same channels, (n_steps_i, n_channels), or none, (n_steps_i,)."
            )
    lengths = _lengths_of(arrays)
    if first[1:] == (0,):
        raise ValueError("The sequences have 0 channels; a minimum of 1 is required.")
    values = np.concatenate(arrays)
    return StackedSteps(
        values.reshape(len(values), -1),
        lengths,
        is_block=False,
        has_channels=len(first) == 2,
        holder=holder,
    )


def _lengths_of(items: list) -> np.ndarray:
    lengths = np.array([len(item) for item in items], dtype=np.int64)
    if not lengths.all():
        raise ValueError(
            f"Sequence {lengths.argmin()} is empty: it has no step, while a minimum of 1 "
            "is required. Leave it out, along with its target."
        )
    return lengths
