"""The scale of each sequence: subtracted and divided out, and undone in predictions."""

from __future__ import annotations

import numpy as np


class LocalScale:
    """Normalisation of each sequence by its own level and spread, in some channels.

    Parameters
    ----------
    how : {"last", "window"}
        The level of a channel is its last value, and its spread one; or they are mean and
        standard deviation over the steps.
    season : int or None
        Number of steps of a season: a target's level is then the value of the same phase
        in the last season.
    channels : list of int
        The channels of the targets. Only these are normalised.
    n_ahead : int
        Number of steps in a target.
    n_beyond : int
        Number of last steps of a sequence that lie ahead of it.
    usual_level, usual_spread : ndarray of shape (n_normalised,)
        For channels that are never observed, and for the spread of constant ones.
    """

    def __init__(
        self,
        how: str,
        season: int | None,
        channels: list[int],
        n_ahead: int,
        n_beyond: int,
        usual_level: np.ndarray,
        usual_spread: np.ndarray,
    ) -> None:
        self.how, self.season, self.channels = how, season, channels
        self.n_ahead, self.n_beyond = n_ahead, n_beyond
        self.usual_level, self.usual_spread = usual_level, usual_spread

    def normalise(self, x: np.ndarray) -> np.ndarray:
        """Normalise the channels of one sequence (n_steps, n_channels)."""
        x = x.astype(np.float64)
        anchor, shift, spread = self._measure(x[:, self.channels])
        x[:, self.channels] = (x[:, self.channels] - anchor - shift) / spread
        return x

    def place(
        self, values: np.ndarray, sequences: list[np.ndarray], *, is_level: bool = True
    ) -> np.ndarray:
        """Return predictions (n, ...), or deviations, on the scale of their sequences."""
        level, spread = (
            np.array(part)[:, :, None]
            for part in zip(*map(self._of_targets, sequences), strict=True)
        )
        placed = spread * values.reshape(*level.shape[:2], -1)
        return (placed + level if is_level else placed).reshape(values.shape)

    def _of_targets(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return level and spread of each number that follows a sequence."""
        x = x[:, self.channels].astype(np.float64)
        anchor, shift, spread = self._measure(x)
        level = np.tile(anchor + shift, (self.n_ahead, 1))
        if self.season is not None:
            first = len(x) - self.n_beyond - self.season
            if first < 0:
                raise ValueError(
                    f"Every sequence must have at least season={self.season} steps, got "
                    f"{len(x) - self.n_beyond}."
                )
            before = x[first + np.arange(self.n_ahead) % self.season]
            level = np.where(np.isnan(before), level, before)
        return level.ravel(), np.tile(spread, self.n_ahead)

    def _measure(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return last values, means relative to them, and spreads."""
        x = x[: len(x) - self.n_beyond]
        observed = ~np.isnan(x)
        count = observed.sum(axis=0)
        last = len(x) - 1 - observed[::-1].argmax(axis=0)
        anchor = x[last, np.arange(x.shape[1])]
        anchor = np.where(count, anchor, self.usual_level)
        if self.how == "last":
            return anchor, np.zeros_like(anchor), np.ones_like(anchor)
        difference = np.where(observed, x - anchor, 0)
        shift = difference.sum(axis=0) / np.maximum(count, 1)
        squares = np.where(observed, difference - shift, 0) ** 2
        spread = np.sqrt(squares.sum(axis=0) / np.maximum(count, 1))
        return anchor, shift, np.where(spread > 0, spread, self.usual_spread)
