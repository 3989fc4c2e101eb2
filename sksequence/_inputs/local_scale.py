"""The scale of each sequence: subtracted and divided out, and undone in predictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from .fitted import Fitted, fitted_part
from .horizons import Horizons
from .sequences import AnySequences, count_within
from .targets import Numbers, Target


@fitted_part
@dataclass(frozen=True)
class LocalScale(Fitted):
    """Normalisation of each sequence by its own level and spread, in some channels.

    All differences are taken in double precision. Statistics of a sequence are sums in
    the order of its steps, so that they are bitwise the same in any batch. They ignore
    NaN.

    Attributes
    ----------
    how : {"last", "window"}
        The level of a channel is its last value, and its spread one; or they are mean and
        standard deviation over the steps.
    season : int or None
        Number of steps of a season: a target's level is then the value of the same phase
        in the last season.
    channels : tuple of int
        The channels of the targets. Only these are normalised.
    n_ahead : int
        Number of steps in a target: it has a value for each step and channel.
    n_beyond : int
        Number of last steps of a sequence that lie ahead of it, where what is known ahead
        is shown. They count neither in level and spread nor as a season.
    usual_level, usual_spread : ndarray of shape (n_normalised,)
        Medians over the training sequences: for channels that are never observed in a
        sequence, and the spread of those that are constant.

    Examples
    --------
    >>> from sksequence._inputs.sequences import Sequences
    >>> X = Sequences(np.array([[1.0], [3.0], [9.0]]), np.array([2, 1]))
    >>> scale = LocalScale("window", None, (0,), n_ahead=2).learn(X)
    >>> [values.ravel().tolist() for _, values in scale.normalised(X).chunks()]
    [[-1.0, 1.0, 0.0]]
    >>> scale.place(np.array([[1.0, -1.0], [1.0, -1.0]]), X)
    array([[ 3.,  1.],
           [10.,  8.]])
    """

    kind: ClassVar[str] = "local scale"

    how: str
    season: int | None
    channels: tuple[int, ...]
    n_ahead: int
    n_beyond: int = 0
    usual_level: np.ndarray = field(default_factory=partial(np.zeros, 0))
    usual_spread: np.ndarray = field(default_factory=partial(np.ones, 0))

    def check_lengths(self, lengths: np.ndarray) -> None:
        """Raise ValueError for sequences shorter than a season."""
        own = lengths - self.n_beyond
        if self.season is None or not (short := own < self.season).any():
            return
        i = int(short.argmax())
        raise ValueError(
            f"Every sequence must have at least season={self.season} steps, got "
            f"{own[i]} in sequence {i}. Give longer sequences, or a shorter season."
        )

    def learn(
        self, sequences: AnySequences, weight: np.ndarray | None = None
    ) -> LocalScale:
        """Return a copy with the usual level and spread of these sequences."""
        parts = [
            _measure(values[:, self.channels], sequences.lengths[part], self.n_beyond)
            for part, values in sequences.chunks()
        ]
        anchor, shift, spread = map(np.concatenate, zip(*parts, strict=True))
        level = anchor if self.how == "last" else anchor + shift
        varies = np.where(spread > 0, spread, np.nan)
        return replace(
            self,
            usual_level=_medians(level, weight, 0.0),
            usual_spread=_medians(varies, weight, 1.0),
        )

    def normalised(self, sequences: AnySequences) -> NormalisedSequences:
        """Return the sequences with normalised channels."""
        return NormalisedSequences(sequences, self)

    def relative(self, rows: np.ndarray, sequences: AnySequences) -> np.ndarray:
        """Return targets (n, n_values) relative to their sequences."""
        level, spread = self._of_targets(sequences)
        related = rows.reshape(len(rows), self.n_ahead, -1) - level
        related /= spread
        return related.reshape(rows.shape)

    def place(
        self, values: np.ndarray, sequences: AnySequences, *, is_level: bool = True
    ) -> np.ndarray:
        """Invert ``relative`` for predictions.

        Parameters
        ----------
        values : ndarray of shape (n_sequences, ...)
            Predictions in the form of y, with any axes behind, such as quantiles.
        sequences : Sequences or StoredSequences
            The sequences predicted from.
        is_level : bool, default=True
            Whether to add the level; not to a standard deviation.
        """
        level, spread = (part[..., None] for part in self._of_targets(sequences))
        shape = len(values), self.n_ahead, len(self.channels), -1
        placed = spread * values.reshape(shape)
        return (placed + level if is_level else placed).reshape(values.shape)

    def normalise(self, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Normalise the channels of concatenated sequences (n_rows, n_channels)."""
        values = values.astype(np.float64)
        chosen = values[:, self.channels]
        anchor, shift, spread = self._measure(chosen, lengths)
        # The difference from a value of the channel first: it is exact for values far
        # from zero, where their mean is not.
        chosen -= np.repeat(anchor, lengths, axis=0)
        if self.how == "window":
            chosen -= np.repeat(shift, lengths, axis=0)
            chosen /= np.repeat(spread, lengths, axis=0)
        values[:, self.channels] = chosen
        return values

    def _of_targets(self, sequences: AnySequences) -> tuple[np.ndarray, ...]:
        """Return level and spread of the targets (n, n_ahead or 1, n_normalised).

        An axis of one step stands for all, which many windows need not repeat.
        """
        levels, spreads = [], []
        for part, values in sequences.chunks():
            chosen = values[:, self.channels].astype(np.float64)
            lengths = sequences.lengths[part]
            anchor, shift, spread = self._measure(chosen, lengths)
            level = anchor if self.how == "last" else anchor + shift
            level = level[:, None]
            if self.season is not None:
                before = self._one_season_before(chosen, lengths)
                level = np.where(np.isnan(before), level, before)
            levels.append(level)
            spreads.append(spread[:, None])
        return np.concatenate(levels), np.concatenate(spreads)

    def _one_season_before(self, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return the values of the last season at the phase of each step ahead.

        x[T - season + (k - 1) % season] for step k ahead: (n, n_ahead, n_normalised).
        """
        assert self.season is not None, "only called with a season"
        first = np.cumsum(lengths) - self.n_beyond - self.season
        return values[first[:, None] + np.arange(self.n_ahead) % self.season]

    def _measure(
        self, values: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ``_measure`` with usual values where a sequence has none of its own."""
        anchor, shift, spread = _measure(values, lengths, self.n_beyond)
        unseen = np.isnan(anchor)
        anchor = np.where(unseen, self.usual_level, anchor)
        if self.how == "last":
            return anchor, np.zeros_like(shift), np.ones_like(spread)
        shift = np.where(unseen, 0.0, shift)
        return anchor, shift, np.where(spread > 0, spread, self.usual_spread)

    def export(self) -> dict[str, Any]:
        """Return what other back ends need, by its name there."""
        return {
            "local": {
                "how": self.how,
                "season": self.season,
                "channels": self.channels,
                "n_ahead": self.n_ahead,
                "n_beyond": self.n_beyond,
            },
            "usual_level": self.usual_level,
            "usual_spread": self.usual_spread,
        }

    def check(self) -> None:
        if self.how not in ("last", "window"):
            raise ValueError(f"its local scale must have a name, got {self.how!r}")
        if not self.channels or self.n_ahead < 1 or self.n_beyond < 0:
            raise ValueError("its local scale must be of a channel and a step")
        if self.season is not None and self.season < 1:
            raise ValueError(f"its season must be at least 1, got {self.season}")
        for array in (self.usual_level, self.usual_spread):
            if not isinstance(array, np.ndarray) or array.shape != (len(self.channels),):
                raise ValueError("its local scale must have a value for each channel")


@dataclass(frozen=True)
class NormalisedSequences:
    """Sequences whose channels are normalised as they are read, chunk by chunk."""

    source: AnySequences
    scale: LocalScale

    @property
    def lengths(self) -> np.ndarray:
        return self.source.lengths

    @property
    def n_channels(self) -> int:
        return self.source.n_channels

    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        for part, values in self.source.chunks():
            yield part, self.scale.normalise(values, self.lengths[part])


def target_shape_of(target: Target) -> tuple[int, ...]:
    """Return the shape of one target of y."""
    if isinstance(target, Horizons):
        return target.n_steps, target.n_values // target.n_steps
    assert isinstance(target, Numbers), "only numbers have a local scale"
    return (target.n_values,) if target.is_many else ()


def find_target_channels(
    given: int | tuple[int, ...] | None, shape: tuple[int, ...], numeric: tuple[int, ...]
) -> tuple[int, ...]:
    """Return the channels of the targets.

    Parameters
    ----------
    given : int, tuple of int or None
        The hyperparameter ``target_channels``.
    shape : tuple of int
        Shape of a target. (n_outputs,) are steps of one channel, or one step of several.
    numeric : tuple of int
        The channels that can be targets.

    Raises
    ------
    ValueError
        If these are no such channels, or their number does not fit.

    Examples
    --------
    >>> find_target_channels(None, (3,), (0,)), find_target_channels(None, (2,), (0, 1))
    ((0,), (0, 1))
    >>> find_target_channels(None, (), (0, 1))
    Traceback (most recent call last):
    ...
    ValueError: target_channels must name the channel(s) of X that y continues, ...
    """
    n_targets = shape[-1] if shape else 1
    if given is None:
        channels = numeric
        if len(channels) > 1 and n_targets != len(channels):
            raise ValueError(
                "target_channels must name the channel(s) of X that y continues, of "
                f"{len(channels)}, for y of shape (n_sequences, "
                f"{', '.join(map(str, shape))}), got None."
            )
    else:
        channels = given if isinstance(given, tuple) else (given,)
    is_int = [isinstance(j, Integral) and not isinstance(j, bool) for j in channels]
    is_known = all(is_int) and len(channels) > 0 and set(channels) <= set(numeric)
    if not is_known or len(set(channels)) < len(channels):
        raise ValueError(
            f"target_channels must be different channels of {list(numeric)}, got "
            f"{given!r}."
        )
    is_steps = len(shape) < 2 and len(channels) == 1
    if not is_steps and n_targets != len(channels):
        raise ValueError(
            f"y must have {len(channels)} target(s) for target_channels={given!r}, got "
            f"{n_targets}. Several steps of several targets are (n_sequences, n_steps, "
            "n_targets)."
        )
    return tuple(int(channel) for channel in channels)


def _measure(
    values: np.ndarray, lengths: np.ndarray, n_beyond: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return last values, means relative to them, and standard deviations.

    Of concatenated sequences (n_rows, n_channels) and their lengths (n,), without the
    last ``n_beyond`` steps of each; (n, n_channels), NaN for a channel without values.
    """
    values = values.astype(np.float64, copy=False)
    observed = ~np.isnan(values)
    if n_beyond:
        is_own = count_within(lengths) < np.repeat(lengths - n_beyond, lengths)
        observed &= is_own[:, None]
    last = _last_true(observed, np.cumsum(lengths) - lengths)
    anchor = np.take_along_axis(values, last, axis=0)
    anchor[last < 0] = np.nan
    of = np.repeat(np.arange(len(lengths)), lengths)
    count = _sums(observed, of, len(lengths))
    # In place: a chunk of windows is many times larger than their table.
    difference = values - anchor[of]
    difference[~observed] = 0
    with np.errstate(invalid="ignore"):
        shift = _sums(difference, of, len(lengths)) / count
        difference -= shift[of]
        difference[~observed] = 0
        np.square(difference, out=difference)
        spread = np.sqrt(_sums(difference, of, len(lengths)) / count)
    return anchor, shift, spread


def _last_true(flags: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the last row with a true flag from each start on; -1 if there is none."""
    rows = np.where(flags, np.arange(len(flags))[:, None], -1)
    return np.maximum.reduceat(rows, starts, axis=0)


def _sums(values: np.ndarray, of: np.ndarray, n: int) -> np.ndarray:
    """Sum the rows of each sequence in their order: (n_rows, k) to (n, k)."""
    # Other sums of numpy depend on the layout of the memory in their last bits.
    columns = [np.bincount(of, weights=column, minlength=n) for column in values.T]
    return np.stack(columns, axis=1)


def _medians(
    values: np.ndarray, weight: np.ndarray | None, otherwise: float
) -> np.ndarray:
    """Return the lower weighted median of each column, ignoring NaN."""
    weight = np.ones(len(values)) if weight is None else weight
    found = []
    for column in values.T:
        order = column.argsort()[: np.count_nonzero(~np.isnan(column))]
        below = np.cumsum(weight[order])
        at = order[np.searchsorted(below, below[-1] / 2)] if len(order) else None
        found.append(otherwise if at is None else column[at])
    return np.array(found)
