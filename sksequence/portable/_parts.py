"""What a stream keeps of a layer."""

from __future__ import annotations

from typing import Any

import numpy as np


class Part:
    """What a stream keeps of one layer: arrays with a row for each stream, and counts.

    Attributes
    ----------
    kept : tuple of str
        The names of its attributes that are its state.
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
        """Go on from a state. Arrays stay where they are: others are views of them."""
        for name in self.kept:
            old = getattr(self, name)
            if isinstance(old, np.ndarray):
                old[...] = state[name]
            else:
                setattr(self, name, state[name])

    def reset(self, rows: Any = slice(None)) -> None:
        """Begin anew in some of the streams."""
        for name in self.kept:
            old = getattr(self, name)
            if isinstance(old, np.ndarray):
                old[rows] = 0
            elif isinstance(rows, slice):  # all
                setattr(self, name, 0)
