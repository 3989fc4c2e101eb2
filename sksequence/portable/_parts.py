"""The state of a layer in a stream."""

from __future__ import annotations

from typing import Any

import numpy as np


class Part:
    """The state of one layer: arrays with a row for each stream, and counts.

    Attributes
    ----------
    kept : tuple of str
        Names of the attributes that make up the state.
    """

    kept: tuple[str, ...] = ()

    def get_state(self) -> dict[str, Any]:
        """Return a copy of the state."""
        return {
            name: value.copy() if isinstance(value, np.ndarray) else value
            for name in self.kept
            for value in [getattr(self, name)]
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Set the state. Arrays are written in place, since others are views of them."""
        for name in self.kept:
            old = getattr(self, name)
            if isinstance(old, np.ndarray):
                old[...] = state[name]
            else:
                setattr(self, name, state[name])

    def reset(self, rows: Any = slice(None)) -> None:
        """Return to the initial state in some of the streams."""
        for name in self.kept:
            old = getattr(self, name)
            if isinstance(old, np.ndarray):
                old[rows] = 0
            elif isinstance(rows, slice):  # all
                setattr(self, name, 0)
