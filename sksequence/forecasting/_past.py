"""The last rows of each entity, from which a forecast begins."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from ..preprocessing._tables import Table

# How many time stamps are kept at least, to tell the step of time.
_N_STAMPS = 16


@dataclass(frozen=True)
class Scales:
    """Level and spread of the targets of entities, (n_entities, n_targets) each."""

    level: np.ndarray
    spread: np.ndarray

    @classmethod
    def none(cls, n: int, n_targets: int) -> Scales:
        """Return scales that change nothing."""
        return cls(np.zeros((n, n_targets)), np.ones((n, n_targets)))

    @classmethod
    def of(cls, table: Table, targets: list[int]) -> Scales:
        """Return means and standard deviations; that of a constant entity is one."""
        entities = table.entities
        values = table.values[:, targets].astype(np.float64)[entities.order]
        parts = np.split(values, entities.starts[1:])
        with warnings.catch_warnings():  # an entity without any value has no scale
            warnings.simplefilter("ignore", RuntimeWarning)
            level = np.array([np.nanmean(part, axis=0) for part in parts])
            spread = np.array([np.nanstd(part, axis=0) for part in parts])
        level = np.where(np.isnan(level), 0.0, level)
        return cls(level, np.where(spread > 0, spread, 1.0))

    def take(self, which: Any) -> Scales:
        """Return the scales of several entities, one for each window."""
        return Scales(self.level[which], self.spread[which])

    def apply(self, table: Table, targets: list[int]) -> Table:
        """Return a table with scaled targets."""
        if not self.level.any() and (self.spread == 1).all():
            return table
        values = table.values.astype(np.float64)
        own = self.take(table.entities.codes)
        values[:, targets] = (values[:, targets] - own.level) / own.spread
        return replace(table, values=values)

    def undo(self, values: np.ndarray, *, is_level: bool = True) -> np.ndarray:
        """Invert ``apply`` for forecasts (n_windows, n_steps, n_targets, n_quantiles)."""
        level, spread = (part[:, None, :, None] for part in (self.level, self.spread))
        if not level.any() and (spread == 1).all():
            return values
        return values * spread + level if is_level else values * spread


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
