"""Sequences on their way to other processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .sequences import is_stored, windows_of


@dataclass(frozen=True)
class Packed:
    """Sequences as one array, which joblib maps for all workers if it is large.

    Windows of one table stay windows of one table: early stopping holds out no windows
    that overlap others, and must see in every process which do.

    Attributes
    ----------
    rows : ndarray
        The steps of all sequences, or all sequences of equal length as a block.
    lengths : ndarray of shape (n_sequences,)
        Number of steps of each sequence.
    begins : ndarray of shape (n_sequences,) or None
        First row of each sequence; None for a block.
    is_block : bool
        Whether the sequences were one array.
    """

    rows: np.ndarray
    lengths: np.ndarray
    begins: np.ndarray | None
    is_block: bool

    def unpack(self) -> Any:
        """Return the sequences in memory, as a list or as one array."""
        rows, begins = np.array(self.rows), self.begins
        if begins is None:
            return rows
        if not self.is_block:
            return [rows[b : b + n] for b, n in zip(begins, self.lengths, strict=True)]
        every = np.moveaxis(sliding_window_view(rows, self.lengths[0], axis=0), -1, 1)
        return every[begins[0] :: begins[1] - begins[0]][: len(begins)]


@dataclass(frozen=True)
class PackedTable:
    """A DataFrame of pandas whose column of sequences is packed.

    Attributes
    ----------
    others : DataFrame
        The other columns.
    position, name
        Those of the column of sequences.
    sequences : Packed
        The sequences.
    """

    others: Any
    position: int
    name: Any
    sequences: Packed

    def unpack(self) -> Any:
        """Return the whole table."""
        table = self.others.copy()
        cells = list(self.sequences.unpack())
        table.insert(self.position, self.name, cells, allow_duplicates=True)
        return table


def pack(X: Any) -> Any:
    """Pack arrays in memory, lists and columns of them; return anything else as it is.

    A list would be pickled for each member, and memory-mapped arrays are references.

    Examples
    --------
    >>> packed = pack([np.zeros((2, 1)), np.ones((1, 1))])
    >>> packed.rows.ravel(), [x.tolist() for x in unpack(packed)]
    (array([0., 0., 1.]), [[[0.0], [0.0]], [[1.0]]])
    >>> table = np.arange(5.0)[:, None]
    >>> pack([table[:3], table[1:4], table[2:]]).rows.ravel()
    array([0., 1., 2., 3., 4.])
    """
    is_block = _is_plain(X) and X.ndim > 1
    if is_block:
        lengths = np.full(len(X), X.shape[1])
        found = windows_of(X, lengths) if X.size and X.strides[0] else None
        rows, begins = found or (X, None)
        return Packed(rows, lengths, begins, True)
    if hasattr(X, "iloc") and len(getattr(X, "shape", ())) == 2:
        return _pack_table(X)
    holds_objects = type(X) is np.ndarray and X.dtype == object and X.ndim == 1
    items = list(X) if holds_objects or isinstance(X, list | tuple) else []
    return X if (packed := _pack_items(items)) is None else packed


def _pack_items(items: list[Any]) -> Packed | None:
    """Pack sequences, if all are arrays that fit together."""
    if not items or not all(_is_plain(x) for x in items):
        return None
    if len({(x.dtype, x.shape[1:]) for x in items}) > 1:
        return None
    lengths = np.array([len(x) for x in items])
    found = windows_of(items, lengths)
    rows, begins = found or (np.concatenate(items), np.cumsum(lengths) - lengths)
    return Packed(rows, lengths, begins, False)


def _pack_table(table: Any) -> Any:
    """Pack the column of sequences of a DataFrame, if it has one."""
    for j, dtype in enumerate(table.dtypes):
        if getattr(dtype, "kind", None) != "O":
            continue
        packed = _pack_items(table.iloc[:, j].tolist())
        if packed is not None:
            others = table.iloc[:, [k for k in range(table.shape[1]) if k != j]]
            return PackedTable(others, j, table.columns[j], packed)
    return table


def unpack(X: Any) -> Any:
    """Return what was packed."""
    return X.unpack() if isinstance(X, Packed | PackedTable) else X


def _is_plain(x: Any) -> bool:
    """Return whether it is an array of numbers in memory."""
    is_array = type(x) is np.ndarray and x.ndim > 0
    return is_array and x.dtype.kind in "biuf" and not is_stored(x)
