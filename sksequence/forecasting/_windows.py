"""Windows in any form that estimators read, taken apart and put together again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._inputs import as_numbers, find_column, listed, lists_sequences, split_static
from ..preprocessing._polars import is_polars, to_pandas

Arrays = np.ndarray | list[np.ndarray]


@dataclass(frozen=True)
class WindowForm:
    """The form of windows, so that arrays can be put into it.

    Attributes
    ----------
    frame : DataFrame or None
        A window, if windows are DataFrames; their columns are the channels.
    table : DataFrame or ndarray or None
        The table of which one column holds the windows, if there are static covariates.
    column : int
        Position of that column.
    """

    frame: Any = None
    table: Any = None
    column: int = 0

    def wrap(self, windows: Arrays) -> Any:
        """Return windows in this form."""
        if self.frame is not None:
            import pandas as pd

            names = list(self.frame.columns)
            windows = [pd.DataFrame(window, columns=names) for window in windows]
        if self.table is None:
            return windows
        cells = np.empty(len(windows), dtype=object)
        for i, window in enumerate(windows):
            cells[i] = window
        table = self.table.copy()
        if not hasattr(table, "isetitem"):
            table[:, self.column] = cells
            return table
        table.isetitem(self.column, cells)
        return table

    def channels(self, keys: Any) -> Any:
        """Return the positions of channels that are given by name."""
        if self.frame is None or keys is None:
            return keys
        places = [
            find_column(self.frame, key, "target") for key in listed(keys, self.frame)
        ]
        return places[0] if len(places) == 1 and not isinstance(keys, list) else places


def take_apart(X: Any) -> tuple[Arrays, WindowForm]:
    """Return windows as one array, or a list of arrays, and their form.

    Raises
    ------
    ValueError, TypeError
        If X is empty, not numeric, or frames differ in their columns.
    """
    X = _without_polars(X)
    cells, _, columns, _ = split_static(X)
    table = X if cells is not X else None
    column = 0 if columns is None else columns[2]
    if not _has_frames(cells):
        return _as_arrays(cells), WindowForm(None, table, column)
    frames = [_without_polars(x) for x in cells]
    names = list(frames[0].columns)
    for i, frame in enumerate(frames):
        if list(frame.columns) != names:
            raise ValueError(
                f"Window {i} has the columns {list(frame.columns)}, expected {names} as "
                "in the first one, in this order."
            )
    arrays = [
        as_numbers(frame.to_numpy(), f"Window {i}") for i, frame in enumerate(frames)
    ]
    return arrays, WindowForm(frames[0], table, column)


def take_future(future: Any, form: WindowForm, others: list[int]) -> Any:
    """Return what is known ahead as numbers; frames by the names of their columns.

    Parameters
    ----------
    others : list of int
        The channels that are known ahead.
    """
    if future is None or not _has_frames(future):
        return future
    frames = [_without_polars(part) for part in future]
    if form.frame is None:
        return np.stack([frame.to_numpy() for frame in frames])
    names = [form.frame.columns[j] for j in others]
    return np.stack(
        [
            np.column_stack(
                [
                    np.asarray(
                        frame.iloc[:, find_column(frame, name, "future", "future")]
                    )
                    for name in names
                ]
            )
            for frame in frames
        ]
    )


def _without_polars(X: Any) -> Any:
    """Return a DataFrame of polars as one of pandas, and anything else as it is."""
    return to_pandas(X) if is_polars(X) else X


def _has_frames(X: Any) -> bool:
    is_list = isinstance(X, list | tuple) or (
        isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    )
    return is_list and len(X) > 0 and all(hasattr(x, "columns") for x in X)


def _as_arrays(X: Any) -> Arrays:
    """Return the windows as one array, or as a list of arrays if X is a list."""
    windows: Arrays
    if lists_sequences(X):
        windows = [as_numbers(x, f"Sequence {i}") for i, x in enumerate(X)]
        ranks = {np.ndim(window) for window in windows}
        expected = {1}, {2}
    else:
        windows = as_numbers(X, "X")
        ranks = {np.ndim(windows)}
        expected = {2}, {3}
    if ranks not in expected or not len(windows):
        raise ValueError(
            "X must be windows of shape (n_windows, n_steps) or (n_windows, n_steps, "
            "n_channels), or a list of arrays, all with a channel axis or all without; "
            f"got {len(windows)} of {sorted(ranks)} dimensions."
        )
    return windows
