"""Columns of categories: the ids of levels, and their vectors."""

from __future__ import annotations

from typing import Any

import numpy as np


class Categories:
    """Columns of categories beside columns of numbers.

    Parameters
    ----------
    n_columns : int
        Number of columns.
    columns : list of dict
        ``column`` and ``levels`` of each category: its position, and its levels, whose
        ids count from 1. 0 is the id of any other.
    vectors : list of ndarray
        The vectors of each, by id.
    """

    def __init__(
        self, n_columns: int, columns: list[dict[str, Any]], vectors: list[np.ndarray]
    ) -> None:
        self.vectors = vectors
        self.ids = {
            described["column"]: {
                level: i for i, level in enumerate(described["levels"], 1)
            }
            for described in columns
        }
        self.numbers = [j for j in range(n_columns) if j not in self.ids]

    def encode(self, rows: Any) -> np.ndarray:
        """Replace levels by ids in rows (n_rows, n_columns) of any type: float64."""
        rows = np.asarray(rows, dtype=object)
        encoded = np.empty(rows.shape)
        for j in self.numbers:
            encoded[:, j] = rows[:, j].astype(np.float64)
        for j, ids in self.ids.items():
            encoded[:, j] = [ids.get(level, 0) for level in rows[:, j]]
        return encoded

    def look_up(self, rows: np.ndarray) -> np.ndarray:
        """Return the vectors for rows with ids (n_rows, n_columns), side by side."""
        found = [
            table[rows[:, j].astype(np.int64)]
            for j, table in zip(self.ids, self.vectors, strict=True)
        ]
        return np.concatenate(found, axis=1)
