"""The last rows of each entity, from which a forecast begins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from ..preprocessing._tables import Table

# How many time stamps are kept at least, to tell the step of time.
_N_STAMPS = 16


@dataclass(frozen=True)
class Past:
    """The last rows of each entity.

    Attributes
    ----------
    keys : list
        The entities.
    rows : list of ndarray of shape (n_rows_i, n_channels)
        Their last rows.
    stamps : list of ndarray of shape (n_stamps_i,)
        Their last instants, as of :class:`Times`; row numbers without time stamps.
    static : list of tuple
        Their static covariates.
    """

    keys: list
    rows: list[np.ndarray]
    stamps: list[np.ndarray]
    static: list[tuple]

    @classmethod
    def of(cls, table: Table, static: Any, length: int) -> Self:
        """Return the last ``length`` rows of each entity; ``static`` is a DataFrame."""
        entities = table.entities
        ends = entities.starts + entities.counts
        rows, stamps, beside = [], [], []
        for start, end in zip(entities.starts, ends, strict=True):
            own = entities.order[max(start, end - length) : end]
            recent = entities.order[max(start, end - max(length, _N_STAMPS)) : end]
            rows.append(table.values[own].astype(np.float64))
            stamps.append(recent if table.times is None else table.times.values[recent])
            cells = () if static is None else static.iloc[own[-1]]
            beside.append(tuple(_plain(cell) for cell in cells))
        return cls([_plain(key) for key in entities.keys], rows, stamps, beside)

    def updated(self, later: Past) -> Past:
        """Return the past with the entities of another one in place of its own."""
        parts = {
            key: (rows, stamps, static)
            for past in (self, later)
            for key, rows, stamps, static in zip(
                past.keys, past.rows, past.stamps, past.static, strict=True
            )
        }
        rows, stamps, static = map(list, zip(*parts.values(), strict=True))
        return replace(self, keys=list(parts), rows=rows, stamps=stamps, static=static)

    def windows(self, which: list[int], length: int) -> np.ndarray:
        """Return the last ``length`` rows; if there are less, the first is repeated."""
        return np.stack(
            [
                np.pad(rows, ((length - len(rows), 0), (0, 0)), mode="edge")
                for rows in (self.rows[i] for i in which)
            ]
        )


def _plain(value: Any) -> Any:
    """Return numbers of numpy as those of Python."""
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    return value.item() if isinstance(value, np.generic) else value
