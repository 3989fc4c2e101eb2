"""Conversion of the values of a time step to the input of the first layer."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from ._categories import Categories
from ._parts import Part


class Reading:
    """What a fit has learnt from X.

    Parameters
    ----------
    kind : {"error", "mask", "decay", "tokens"}
        The treatment of missing values, or "tokens" for tokens.
    dtype : dtype
        Dtype of the layers.
    mean, scale : ndarray of shape (n_channels,)
        Mean and scale of the channels.
    fill : ndarray of shape (n_channels,)
        Replaces missing values of standardised channels.
    time_channel : int or None
        The channel that holds the time of a step.
    decay : dict of ndarray
        ``rate`` and ``bias`` of the decay of the other channels' last observations.
    vectors : ndarray of shape (n_tokens, embedding_dim) or None, default=None
        Embedding of the tokens.
    categories : Categories or None, default=None
        Channels of categories, which are not scaled.
    """

    categories: Categories | None = None  # of those stored by earlier versions

    # Not a dataclass: those need their module, and a bundle may be executed without one.
    def __init__(
        self,
        kind: str,
        dtype: np.dtype,
        mean: np.ndarray,
        scale: np.ndarray,
        fill: np.ndarray,
        time_channel: int | None,
        decay: dict[str, np.ndarray],
        vectors: np.ndarray | None = None,
        categories: Categories | None = None,
    ) -> None:
        self.categories = categories
        self.kind, self.dtype = kind, dtype
        self.mean, self.scale, self.fill = mean, scale, fill
        self.time_channel, self.decay, self.vectors = time_channel, decay, vectors

    def start(self, n: int) -> Reader:
        """Return a reader of n sequences in its initial state."""
        if self.categories is not None:
            return BesideCategories(n, self, self.categories)
        return _READERS[self.kind](n, self)

    def of_numbers(self, channels: list[int]) -> Reading:
        """Return what is known of channels of numbers."""
        time = self.time_channel
        return Reading(
            self.kind,
            self.dtype,
            self.mean[channels],
            self.scale[channels],
            self.fill[channels],
            None if time is None else channels.index(time),
            self.decay,
        )


class Reader(Part):
    """Reads a batch of sequences step by step."""

    def __init__(self, n: int, known: Reading) -> None:
        self.known = known

    @abstractmethod
    def step(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the input of the first layer for a step (n, n_channels).

        With decay also return the time since each channel was last observed, else None.
        """


class Numbers(Reader):
    """Standardised channels."""

    def __init__(self, n: int, known: Reading) -> None:
        super().__init__(n, known)
        self.centred = np.empty((n, len(known.mean)))
        self.values = np.empty((n, len(known.mean)), known.dtype)

    def step(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        np.subtract(x, self.known.mean, self.centred)
        np.divide(self.centred, self.known.scale, self.values, casting="same_kind")
        return self.values, None


class Masked(Numbers):
    """Standardised channels, NaN replaced by a constant, and their masks."""

    def step(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        values, _ = super().step(x)
        observed = ~np.isnan(values)
        filled = np.where(observed, values, self.known.fill.astype(values.dtype))
        return np.concatenate([filled, observed], 1, dtype=values.dtype), None


class Decayed(Numbers):
    """Standardised channels, NaN replaced by decayed observations, and their masks."""

    kept = ("last", "seen", "begin", "count")

    def __init__(self, n: int, known: Reading) -> None:
        super().__init__(n, known)
        self.channels = [i for i in range(len(known.mean)) if i != known.time_channel]
        self.fill = known.fill[self.channels].astype(known.dtype)
        self.last = np.tile(self.fill, (n, 1))
        self.seen = np.zeros((n, len(self.channels)))  # when each was last observed
        self.begin, self.count = np.zeros((n, 1)), np.zeros((n, 1))

    def reset(self, rows: slice | np.ndarray = slice(None)) -> None:
        super().reset(rows)
        self.last[rows] = self.fill

    def step(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        rate, bias = self.known.decay["rate"], self.known.decay["bias"]
        time = self._time(x)
        values = super().step(x)[0][:, self.channels]
        since = (time - self.seen).astype(values.dtype)
        observed = ~np.isnan(values)
        gamma = np.exp(-np.maximum(rate * since + bias, 0))
        decayed = self.fill + gamma * (self.last - self.fill)
        read = np.where(observed, values, decayed)
        self.last[...] = np.where(observed, values, self.last)
        self.seen[...] = np.where(observed, time, self.seen)
        self.count += 1
        return np.concatenate([read, observed], 1, dtype=values.dtype), since

    def _time(self, x: np.ndarray) -> np.ndarray:
        """Return the time (n, 1) of a step since the first one."""
        at = self.known.time_channel
        if at is None:
            return self.count
        time = x[:, at : at + 1]
        self.begin[...] = np.where(self.count, self.begin, time)
        return (time - self.begin) / self.known.scale[at]


class Tokens(Reader):
    """Embedded tokens."""

    def step(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        assert self.known.vectors is not None, "a network of tokens has their vectors"
        return self.known.vectors[x[:, 0].astype(np.int64)], None


class BesideCategories(Reader):
    """Channels of numbers, as another reader reads them, and vectors of categories."""

    def __init__(self, n: int, known: Reading, categories: Categories) -> None:
        super().__init__(n, known)
        self.categories = categories
        self.reader = known.of_numbers(categories.numbers).start(n)

    def step(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        read, since = self.reader.step(x[:, self.categories.numbers])
        return np.concatenate([read, self.categories.look_up(x)], axis=1), since

    def get_state(self) -> dict[str, Any]:
        return self.reader.get_state()

    def set_state(self, state: dict[str, Any]) -> None:
        self.reader.set_state(state)

    def reset(self, rows: Any = slice(None)) -> None:
        self.reader.reset(rows)


_READERS: dict[str, type[Reader]] = {
    "error": Numbers,
    "mask": Masked,
    "decay": Decayed,
    "tokens": Tokens,
}
