"""What a fit learns from X, and the conversion of X to the network's input."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from .categories import Categories, Texts
from .checks import Form
from .fitted import Fitted, fitted_part
from .local_scale import LocalScale
from .missing import check_times, mean_gap, observed_moments, since_start, sum_gaps
from .moments import Moments
from .sequences import (
    AnySequences,
    Chunks,
    Sequences,
    fit_channel_scaler,
    fit_scaler,
)
from .static import Columns, check_columns
from .tokens import check_tokens


@fitted_part
@dataclass(frozen=True)
class StaticColumns(Fitted):
    """The columns of static covariates, and their scaling.

    Attributes
    ----------
    columns : tuple or None
        As returned by :func:`split_static`; None without static covariates.
    mean, scale : ndarray of shape (n_static,)
        Mean and scale used for standardisation.
    seen : Moments or None
        Moments over the calls to partial_fit; None once a fit has set the scaling.
    categories : Categories or None
        The columns of categories, which are not scaled.
    """

    kind: ClassVar[str] = "static columns"

    columns: Columns | None = None
    mean: np.ndarray = field(default_factory=partial(np.zeros, 0))
    scale: np.ndarray = field(default_factory=partial(np.ones, 0))
    seen: Moments | None = None
    categories: Categories | None = None

    @classmethod
    def unscaled(
        cls, columns: Columns | None, static: np.ndarray | None, texts: Texts
    ) -> StaticColumns:
        """Return the columns without scaling."""
        n = 0 if static is None else static.shape[1]
        categories = Categories.of(sorted(texts), texts) if texts else None
        return cls(columns, np.zeros(n), np.ones(n), categories=categories)

    def check_columns(self, columns: Columns | None, name: str) -> None:
        """Raise ValueError unless X has the same columns as in fit."""
        check_columns(columns, self.columns, name)

    def learn(
        self, static: np.ndarray | None, weight: np.ndarray | None, *, standardize: bool
    ) -> StaticColumns:
        """Learn the scaling."""
        if static is None:
            return self
        known = self
        if self.categories is not None:
            known = replace(self, categories=self.categories.learn([static]))
        if not standardize:
            return known
        scaler = fit_scaler(static, weight)
        return known._scaled(scaler.mean_, scaler.scale_)

    def _scaled(self, mean: np.ndarray, scale: np.ndarray) -> StaticColumns:
        """Return a copy with this scaling, but none of categories."""
        if self.categories is not None:
            mean, scale = self.categories.neutral(mean, scale)
        return replace(self, mean=mean, scale=scale)

    def begin_following(
        self, static: np.ndarray | None, weight: np.ndarray | None
    ) -> StaticColumns:
        """Return a copy, which has learnt from these covariates, with their moments."""
        if static is None:
            return self
        return replace(self, seen=Moments.of_none(len(self.mean)).add(static, weight))

    def follow(
        self, static: np.ndarray | None, weight: np.ndarray | None
    ) -> StaticColumns:
        """Return a copy with the scaling of all calls to partial_fit."""
        if static is None or self.seen is None:
            return self
        seen = self.seen.add(static, weight)
        return replace(self, seen=seen)._scaled(seen.mean, seen.scale)

    def prepare(self, static: np.ndarray | None, dtype: str) -> np.ndarray | None:
        """Standardise static covariates (n, n_static)."""
        if static is None:
            return None
        prepared = ((static - self.mean) / self.scale).astype(dtype)
        if self.categories is not None:
            self.categories.put(prepared, static)
        return prepared

    def export(self) -> dict[str, Any]:
        """Return scaling and categories, by the names that other back ends read."""
        exported: dict[str, Any] = {"static_mean": self.mean, "static_scale": self.scale}
        if self.categories is not None:
            exported["static_categories"] = self.categories.export()
        return exported

    @property
    def texts(self) -> Texts:
        """Levels of the columns of text."""
        return {} if self.categories is None else self.categories.texts

    @property
    def names(self) -> tuple[str, ...] | None:
        """Names of the static columns, if the table had any."""
        names, _, at = self.columns or (None, 0, 0)
        return None if names is None else names[:at] + names[at + 1 :]

    def check(self) -> None:
        expected = 0 if self.columns is None else self.columns[1] - 1
        _check_sizes(self.kind, expected, mean=self.mean, scale=self.scale)
        _check_positions(self.categories, expected)


@dataclass(frozen=True)
class Reading(Fitted):
    """Base of what a fit learns from X.

    It is created before the data are seen; ``learn`` returns a fitted copy.

    Attributes
    ----------
    form : Form
        The form of X.
    static : StaticColumns
        The static covariates.
    local : LocalScale or None
        How each sequence of numbers is normalised before it is standardised.
    """

    form: Form
    static: StaticColumns
    local: LocalScale | None = field(default=None, kw_only=True)

    @property
    def texts(self) -> Texts:
        """Levels of the channels of text."""
        return {}

    @property
    @abstractmethod
    def input_size(self) -> int:
        """The ``input_size`` of the network."""

    @abstractmethod
    def check_steps(self, sequences: AnySequences) -> None:
        """Raise ValueError for sequences that the network cannot read."""

    @abstractmethod
    def learn(
        self,
        sequences: AnySequences,
        weight: np.ndarray | None,
        held_out: AnySequences,
        static: np.ndarray | None,
        *,
        standardize: bool,
    ) -> Reading:
        """Return a copy fitted to the training sequences and static covariates."""

    def meet(self, sequences: AnySequences) -> Reading:
        """Return a copy updated for training on further sequences."""
        return self

    def begin_following(
        self,
        sequences: AnySequences,
        weight: np.ndarray | None,
        static: np.ndarray | None,
        *,
        standardize: bool,
    ) -> Reading:
        """Return a copy, which has learnt from these data, for further partial_fit."""
        if not standardize:
            return self
        return replace(self, static=self.static.begin_following(static, weight))

    def follow(
        self,
        sequences: AnySequences,
        weight: np.ndarray | None,
        static: np.ndarray | None,
    ) -> Reading:
        """Return a copy with the scaling of all data of partial_fit so far.

        After a fit, the scaling stays.
        """
        return replace(self, static=self.static.follow(static, weight))

    @abstractmethod
    def prepare(self, sequences: Sequences, dtype: str) -> Sequences:
        """Convert sequences to the network's input."""

    @abstractmethod
    def export(self) -> dict[str, Any]:
        """Return what other back ends need, by its name there."""


@fitted_part
@dataclass(frozen=True)
class NumberReading(Reading):
    """Numeric channels: their scaling, and the replacement of missing values.

    Attributes
    ----------
    missing : {"error", "mask", "decay"}
        The treatment of NaN.
    time_channel : int or None
        Position of the channel that holds the time, if it is used.
    mean, scale : ndarray of shape (n_channels,)
        Mean and scale used for standardisation.
    fill : tuple of float or None
        Mean of each channel, which replaces NaN if channels are not standardised.
    seen : Moments or None
        Moments over the calls to partial_fit; None once a fit has set the scaling.
    gaps : tuple of (float, float)
        Sum of the times between steps over these calls, and their number.
    categories : Categories or None
        The channels of categories, which are not scaled.
    """

    kind: ClassVar[str] = "numbers"

    missing: str = "error"
    time_channel: int | None = None
    mean: np.ndarray = field(default_factory=partial(np.zeros, 0))
    scale: np.ndarray = field(default_factory=partial(np.ones, 0))
    fill: tuple[float, ...] | None = None
    seen: Moments | None = None
    gaps: tuple[float, float] = (0.0, 0.0)
    categories: Categories | None = None

    @property
    def texts(self) -> Texts:
        return {} if self.categories is None else self.categories.texts

    @property
    def input_size(self) -> int:
        return self.form.step_shape[0]

    def check_steps(self, sequences: AnySequences) -> None:
        if self.time_channel is not None:
            check_times(sequences, self.time_channel)
        if self.local is not None:
            self.local.check_lengths(sequences.lengths)

    def learn(
        self,
        sequences: AnySequences,
        weight: np.ndarray | None,
        held_out: AnySequences,
        static: np.ndarray | None,
        *,
        standardize: bool,
    ) -> NumberReading:
        """Learn mean and standard deviation of each channel, ignoring NaN.

        For the time channel, learn the mean time between steps instead.
        """
        local = None if self.local is None else self.local.learn(sequences, weight)
        categories = self.categories
        if categories is not None:
            categories = categories.learn(rows for _, rows in sequences.chunks())
        known = replace(self, local=local, categories=categories)
        learn = known._learn_complete
        if self.missing != "error":
            learn = known._learn_observed
        beside = self.static.learn(static, weight, standardize=standardize)
        learnt = learn(known._own_scale(sequences), weight, standardize)
        return replace(learnt, static=beside)

    def _scaled(self, mean: np.ndarray, scale: np.ndarray) -> NumberReading:
        """Return a copy with this scaling, but none of categories."""
        if self.categories is not None:
            mean, scale = self.categories.neutral(mean, scale)
        return replace(self, mean=mean, scale=scale)

    def _own_scale(self, sequences: AnySequences) -> Chunks:
        """Return the sequences normalised by themselves, if they are to be."""
        return sequences if self.local is None else self.local.normalised(sequences)

    def _learn_complete(
        self, sequences: Chunks, weight: np.ndarray | None, standardize: bool
    ) -> NumberReading:
        n = sequences.n_channels
        if not standardize:
            return replace(self, mean=np.zeros(n), scale=np.ones(n))
        scaler = fit_channel_scaler(sequences, weight)
        return self._scaled(scaler.mean_, scaler.scale_)

    def _learn_observed(
        self, sequences: Chunks, weight: np.ndarray | None, standardize: bool
    ) -> NumberReading:
        time = self.time_channel
        mean, scale = observed_moments(sequences, weight)
        gap = 1.0 if time is None else mean_gap(sequences, time, weight)
        fill = None if standardize else tuple(mean.tolist())
        if not standardize:
            mean, scale, gap = np.zeros_like(mean), np.ones_like(scale), 1.0
        if time is not None:
            mean[time], scale[time] = 0, gap
        return replace(self, fill=fill)._scaled(mean, scale)

    def begin_following(
        self,
        sequences: AnySequences,
        weight: np.ndarray | None,
        static: np.ndarray | None,
        *,
        standardize: bool,
    ) -> Reading:
        beside = self.static
        if standardize:
            beside = beside.begin_following(static, weight)
        elif self.fill is None:
            return self
        own = self._own_scale(sequences)
        seen = Moments.of_none(self.input_size).add_steps(own, weight)
        gaps = self._sum_gaps(sequences, weight)
        return replace(self, static=beside, seen=seen, gaps=gaps)

    def follow(
        self,
        sequences: AnySequences,
        weight: np.ndarray | None,
        static: np.ndarray | None,
    ) -> Reading:
        beside = self.static.follow(static, weight)
        if self.seen is None:
            return replace(self, static=beside)
        seen = self.seen.add_steps(self._own_scale(sequences), weight)
        time, n_gaps = self._sum_gaps(sequences, weight)
        gaps = self.gaps[0] + time, self.gaps[1] + n_gaps
        if self.fill is not None:
            return replace(self, static=beside, seen=seen, fill=tuple(seen.mean.tolist()))
        mean, scale = seen.mean.copy(), seen.scale
        if self.time_channel is not None:
            mean[self.time_channel] = 0
            scale[self.time_channel] = gaps[0] / gaps[1] if gaps[0] > 0 else 1.0
        learnt = replace(self, static=beside, seen=seen, gaps=gaps)
        return learnt._scaled(mean, scale)

    def _sum_gaps(
        self, sequences: AnySequences, weight: np.ndarray | None
    ) -> tuple[float, float]:
        if self.time_channel is None:
            return 0.0, 0.0
        return sum_gaps(sequences, self.time_channel, weight)

    def prepare(self, sequences: Sequences, dtype: str) -> Sequences:
        if self.local is None:
            return self._standardise(sequences, dtype)
        parts = [
            self._standardise(Sequences(values, sequences.lengths[part]), dtype).values
            for part, values in self.local.normalised(sequences).chunks()
        ]
        return replace(sequences, values=np.concatenate(parts), begins=None)

    def _standardise(self, sequences: Sequences, dtype: str) -> Sequences:
        if self.time_channel is not None:
            sequences = since_start(sequences, self.time_channel)
        prepared = standardised(sequences, self.mean, self.scale, dtype)
        if self.categories is not None:
            self.categories.put(prepared.values, sequences.values)
        return prepared

    def export(self) -> dict[str, Any]:
        own = {} if self.local is None else self.local.export()
        if self.categories is not None:
            own["categories"] = self.categories.export()
        return self.static.export() | {"mean": self.mean, "scale": self.scale} | own

    def check(self) -> None:
        _check_sizes(self.kind, self.input_size, mean=self.mean, scale=self.scale)
        if self.fill is not None and len(self.fill) != self.input_size:
            raise ValueError(f"its fill must have {self.input_size} values")
        if self.missing not in ("error", "mask", "decay"):
            raise ValueError(f"its missing must be a name, got {self.missing!r}")
        if self.local is not None and max(self.local.channels) >= self.input_size:
            raise ValueError("its local scale must be of channels that there are")
        _check_positions(self.categories, self.input_size)


@fitted_part
@dataclass(frozen=True)
class TokenReading(Reading):
    """Tokens; those that are not in the training sequences are read as unknown.

    Attributes
    ----------
    known : ndarray of shape (n_tokens,), bool
        Whether each token is in the training sequences.
    limit : int or None
        Number of tokens, if given by ``num_embeddings``.
    """

    kind: ClassVar[str] = "tokens"

    limit: int | None = None
    known: np.ndarray = field(default_factory=partial(np.zeros, 0, dtype=bool))

    @property
    def input_size(self) -> int:
        return len(self.known)

    def check_steps(self, sequences: AnySequences) -> None:
        check_tokens(sequences, len(self.known) or self.limit)

    def learn(
        self,
        sequences: AnySequences,
        weight: np.ndarray | None,
        held_out: AnySequences,
        static: np.ndarray | None,
        *,
        standardize: bool,
    ) -> TokenReading:
        """Learn the tokens of the training sequences."""
        met = _tokens_of(sequences)
        largest = max(met.max(), *_tokens_of(held_out), 0)
        known = np.zeros(self.limit or int(largest) + 1, dtype=bool)
        known[met] = True
        beside = self.static.learn(static, weight, standardize=standardize)
        return replace(self, known=known, static=beside)

    def meet(self, sequences: AnySequences) -> TokenReading:
        known = self.known.copy()
        known[_tokens_of(sequences)] = True
        return replace(self, known=known)

    def prepare(self, sequences: Sequences, dtype: str) -> Sequences:
        ids = sequences.values.astype(np.int64)
        ids[~self.known[ids]] = 0
        return replace(sequences, values=ids)

    def export(self) -> dict[str, np.ndarray]:
        return self.static.export() | {"known": self.known}

    def check(self) -> None:
        if not isinstance(self.known, np.ndarray) or self.known.dtype != bool:
            raise ValueError("its known tokens must be an array of bool")
        if self.local is not None:
            raise ValueError("its tokens must have no local scale")


def standardised(
    sequences: Sequences, mean: np.ndarray, scale: np.ndarray, dtype: str
) -> Sequences:
    """Centre and scale each channel into a new array; the mean in double precision.

    Examples
    --------
    >>> two = Sequences(np.array([[1.0], [3.0]]), np.array([1, 1]))
    >>> standardised(two, np.array([2.0]), np.array([0.5]), "float32").values.ravel()
    array([-2.,  2.], dtype=float32)
    """
    per_channel = (-1,) + (1,) * (len(sequences.step_shape) - 1)
    values = np.empty(sequences.values.shape, dtype=dtype)
    np.subtract(
        sequences.values,
        mean.reshape(per_channel),
        out=values,
        casting="same_kind",
        dtype=np.float64,
    )
    values /= scale.astype(dtype).reshape(per_channel)
    return replace(sequences, values=values)


def _tokens_of(sequences: AnySequences) -> np.ndarray:
    """Return the distinct ids in sequences."""
    met = [np.unique(values) for _, values in sequences.chunks()]
    return np.unique(np.concatenate([*met, []])).astype(np.int64)


def _check_positions(categories: Categories | None, n: int) -> None:
    if categories is not None and not set(categories.columns) <= set(range(n)):
        raise ValueError("its categories must be columns that there are")


def _check_sizes(kind: str, n: int, **arrays: Any) -> None:
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.shape != (n,):
            raise ValueError(f"the {name} of its {kind} must be an array of {n} numbers")
        if array.dtype.kind != "f":
            raise ValueError(f"the {name} of its {kind} must be float, got {array.dtype}")
