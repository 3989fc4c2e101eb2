"""The last rows of each entity, from which a forecast begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..preprocessing._tables import Table
from ._scales import Scales

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
    level, spread : list of ndarray of shape (n_targets,)
        The scales of their targets, by which rows are scaled.
    """

    keys: list
    rows: list[np.ndarray]
    stamps: list[np.ndarray]
    static: list[tuple]
    level: list[np.ndarray]
    spread: list[np.ndarray]

    @classmethod
    def of(cls, table: Table, static: Any, length: int, scales: Scales) -> Self:
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
        keys = [_plain(key) for key in entities.keys]
        return cls(keys, rows, stamps, beside, [*scales.level], [*scales.spread])

    def scales(self, which: list[int]) -> Scales:
        """Return the scales of entities."""
        parts = (np.array([part[i] for i in which]) for part in (self.level, self.spread))
        return Scales(*parts)

    def known_scales(self, table: Table, scales: Scales) -> Scales:
        """Return scales where those of entities in this past are kept."""
        places = {key: i for i, key in enumerate(self.keys)}
        level, spread = scales.level.copy(), scales.spread.copy()
        for j, key in enumerate(table.entities.keys):
            if (i := places.get(key)) is not None:
                level[j], spread[j] = self.level[i], self.spread[i]
        return Scales(level, spread)

    def updated(self, later: Past) -> Past:
        """Return the past with the entities of another one in place of its own."""
        parts = {
            key: values
            for past in (self, later)
            for key, *values in zip(*vars(past).values(), strict=True)
        }
        return type(self)(list(parts), *map(list, zip(*parts.values(), strict=True)))

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
