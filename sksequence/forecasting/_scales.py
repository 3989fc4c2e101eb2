"""The scale on which targets are learnt, and the way back."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..preprocessing._tables import Table


def transformed(table: Table, targets: list[int], transformer: Any) -> Table:
    """Return the table with transformed targets; ``transformer`` may be None.

    Raises
    ------
    ValueError
        If a target is not finite after it, or has another shape.
    """
    if transformer is None:
        return table
    values = table.values.astype(np.float64)
    before = values[:, targets]
    after = np.asarray(transformer.transform(before), dtype=np.float64)
    if after.shape != before.shape:
        got = f"shape {after.shape} for {before.shape}"
    elif (wrong := ~np.isfinite(after) & np.isfinite(before)).any():
        got = f"{after[wrong][0]} for {before[wrong][0]}"
    else:
        values[:, targets] = after
        return replace(table, values=values)
    raise ValueError(
        f"transformer must give a finite number for every target, got {got}."
    )


def inverted(values: np.ndarray, transformer: Any) -> np.ndarray:
    """Invert ``transformed`` for forecasts (n, n_steps, n_targets, n_quantiles)."""
    if transformer is None:
        return values
    rows = np.moveaxis(values, 3, 0).reshape(-1, values.shape[2])
    back = np.reshape(transformer.inverse_transform(rows), rows.shape)
    return np.moveaxis(back.reshape(values.shape[3], *values.shape[:3]), 0, 3)


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
