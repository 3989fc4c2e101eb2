r"""What several outputs of a network for one number mean: its distribution.

The first output is the location; each other one becomes a positive parameter by

.. math:: floor + factor \cdot \log(1 + e^{output})

All is on the scale of the loss: targets are centred, and divided by ``scale``. Outputs
are (n, n_values, n_parameters). The likelihoods are in ``_training/losses.py``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from scipy import special

# The factor that makes one of an output of zero, as at the start of training.
_ONE = 1 / math.log(2)
# A standard deviation of zero would have an infinite likelihood.
_LEAST_SCALE = 1e-4
# The largest logarithm of a rate, relative to the mean rate: its exponential is finite.
LARGEST_LOG_RATE = 20.0
# numpy draws no Poisson variates of a larger rate, whose deviation is relatively nothing.
_LARGEST_RATE = 1e15


class Family(ABC):
    """Base of what the outputs for one number mean.

    Attributes
    ----------
    kind : str
        Name of the head that computes it in exported predictors.
    floors, factors : tuple of float
        Floor and factor of each parameter but the location.
    n_answers : int or None
        Length of the last axis of a prediction, if it has one of its own.
    needs_scale : bool
        Whether the loss depends on the scale of the targets.
    is_whole : bool
        Whether the numbers are whole.
    """

    kind: ClassVar[str]
    floors: Sequence[float]
    factors: Sequence[float]
    n_answers: int | None = None
    needs_scale: ClassVar[bool] = False
    is_whole: ClassVar[bool] = False

    @property
    def n_parameters(self) -> int:
        """Number of outputs of the network for each number."""
        return 1 + len(self.floors)

    @abstractmethod
    def point(self, output: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Return the prediction: (n, n_values) or (n, n_values, n_answers)."""

    def export(self) -> dict[str, Any]:
        """Return the head for other back ends, and what it needs."""
        arrays = {"floors": np.array(self.floors), "factors": np.array(self.factors)}
        return {"kind": self.kind, **arrays}

    def _parameters(self, output: np.ndarray) -> list[np.ndarray]:
        """Return the location and the positive parameters, each (n, n_values)."""
        # In one piece, so that a parameter has the same bits in any batch.
        location, *others = np.ascontiguousarray(np.moveaxis(output, -1, 0))
        positive = [
            floor + factor * np.logaddexp(other, 0)
            for floor, factor, other in zip(
                self.floors, self.factors, others, strict=True
            )
        ]
        return [location, *positive]


@dataclass(frozen=True)
class Quantiles(Family):
    """Quantiles that do not cross: the middle one, and the gaps between neighbours.

    Outputs of zero are the quantiles of a standard normal distribution, up to a shift.

    Attributes
    ----------
    levels : tuple of float
        Probabilities of the quantiles, increasing.

    Examples
    --------
    >>> Quantiles((0.1, 0.5, 0.9)).point(np.zeros((1, 1, 3)), np.ones(1)).round(2)
    array([[[-1.28,  0.  ,  1.28]]])
    """

    kind: ClassVar[str] = "quantiles"

    levels: tuple[float, ...]

    @cached_property
    def factors(self) -> tuple[float, ...]:  # type: ignore[override]
        """The gaps of the normal distribution, for outputs of zero."""
        return tuple((np.diff(special.ndtri(self.levels)) * _ONE).tolist())

    @property
    def floors(self) -> tuple[float, ...]:  # type: ignore[override]
        """Zeros: quantiles may be equal."""
        return (0.0,) * (len(self.levels) - 1)

    @property
    def n_answers(self) -> int:  # type: ignore[override]
        """Number of quantiles."""
        return len(self.levels)

    @property
    def middle(self) -> int:
        """Index of the quantile next to the median, which is the location."""
        return int(np.abs(np.array(self.levels) - 0.5).argmin())

    def point(self, output: np.ndarray, scale: np.ndarray) -> np.ndarray:
        location, *gaps = self._parameters(output)
        below, above = gaps[: self.middle], gaps[self.middle :]
        values = [location]
        # One by one: a sum rounded in another order might cross its neighbour.
        distance = np.zeros_like(location)
        for gap in above:
            distance = distance + gap
            values.append(location + distance)
        distance = np.zeros_like(location)
        for gap in reversed(below):
            distance = distance + gap
            values.insert(0, location - distance)
        return np.stack(values, axis=-1)

    def export(self) -> dict[str, Any]:
        return super().export() | {"middle": self.middle}

    def find(self, levels: Any) -> list[int]:
        """Return the positions of quantiles, which must be among those of the fit."""
        wanted = check_levels(levels, "quantiles")
        near = [int(np.abs(np.array(self.levels) - q).argmin()) for q in wanted]
        if not np.allclose([self.levels[i] for i in near], wanted, rtol=0, atol=1e-9):
            raise ValueError(
                f"quantiles must be among those of the fit, {self.levels}, got {wanted}."
            )
        return near


class Distribution(Family):
    """Base of distributions: mean, standard deviation, quantiles and samples."""

    def point(self, output: np.ndarray, scale: np.ndarray) -> np.ndarray:
        return self.mean(output)

    @abstractmethod
    def mean(self, output: np.ndarray) -> np.ndarray:
        """Return the mean (n, n_values)."""

    @abstractmethod
    def std(self, output: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Return the standard deviation (n, n_values)."""

    @abstractmethod
    def quantiles(
        self, output: np.ndarray, scale: np.ndarray, levels: np.ndarray
    ) -> np.ndarray:
        """Return quantiles (n, n_values, n_levels)."""

    @abstractmethod
    def draw(
        self,
        output: np.ndarray,
        scale: np.ndarray,
        n_samples: int,
        rng: np.random.RandomState,
    ) -> np.ndarray:
        """Return samples (n, n_values, n_samples)."""


class Gaussian(Distribution):
    """Mean and standard deviation.

    Examples
    --------
    >>> Gaussian().quantiles(np.zeros((1, 1, 2)), np.ones(1), np.array([0.975])).round(2)
    array([[[1.96]]])
    """

    kind = "gaussian"
    floors, factors = (_LEAST_SCALE,), (_ONE,)

    def mean(self, output: np.ndarray) -> np.ndarray:
        return self._parameters(output)[0]

    def std(self, output: np.ndarray, scale: np.ndarray) -> np.ndarray:
        return self._parameters(output)[1]

    def quantiles(
        self, output: np.ndarray, scale: np.ndarray, levels: np.ndarray
    ) -> np.ndarray:
        location, spread = (x[..., None] for x in self._parameters(output))
        return location + spread * special.ndtri(levels).astype(output.dtype)

    def draw(
        self,
        output: np.ndarray,
        scale: np.ndarray,
        n_samples: int,
        rng: np.random.RandomState,
    ) -> np.ndarray:
        location, spread = (x[..., None] for x in self._parameters(output))
        drawn = rng.normal(size=(*location.shape[:-1], n_samples))
        return location + spread * drawn.astype(output.dtype)


class StudentT(Distribution):
    """Location, scale and degrees of freedom, which are above two: there is a variance.

    Examples
    --------
    >>> StudentT().std(np.array([[[0.0, 0.0, 100.0]]]), np.ones(1)).round(2)
    array([[1.]])
    """

    kind = "student_t"
    floors, factors = (_LEAST_SCALE, 2.1), (_ONE, 4 * _ONE)

    def mean(self, output: np.ndarray) -> np.ndarray:
        return self._parameters(output)[0]

    def std(self, output: np.ndarray, scale: np.ndarray) -> np.ndarray:
        _, spread, freedom = self._parameters(output)
        return spread * np.sqrt(freedom / (freedom - 2))

    def quantiles(
        self, output: np.ndarray, scale: np.ndarray, levels: np.ndarray
    ) -> np.ndarray:
        location, spread, freedom = (x[..., None] for x in self._parameters(output))
        standard = special.stdtrit(freedom.astype(np.float64), levels)
        return location + spread * standard.astype(output.dtype)

    def draw(
        self,
        output: np.ndarray,
        scale: np.ndarray,
        n_samples: int,
        rng: np.random.RandomState,
    ) -> np.ndarray:
        location, spread, freedom = (x[..., None] for x in self._parameters(output))
        drawn = rng.standard_t(freedom, size=(*location.shape[:-1], n_samples))
        return location + spread * drawn.astype(output.dtype)


class NegativeBinomial(Distribution):
    r"""Rate :math:`\mu` and dispersion :math:`\alpha` of counts.

    .. math:: \mathrm{Var}(y) = \mu + \alpha \mu^2

    The location is the logarithm of the rate, relative to the mean rate.

    Examples
    --------
    >>> NegativeBinomial().mean(np.zeros((1, 1, 2)))
    array([[1.]])
    """

    kind = "negative_binomial"
    floors, factors = (1e-6,), (_ONE,)
    needs_scale = True
    is_whole = True

    def export(self) -> dict[str, Any]:
        return super().export() | {"largest_log_rate": LARGEST_LOG_RATE}

    def _parameters(self, output: np.ndarray) -> list[np.ndarray]:
        location, dispersion = super()._parameters(output)
        limit = LARGEST_LOG_RATE
        return [np.exp(np.clip(location, -limit, limit)), dispersion]

    def mean(self, output: np.ndarray) -> np.ndarray:
        return self._parameters(output)[0]

    def std(self, output: np.ndarray, scale: np.ndarray) -> np.ndarray:
        rate, dispersion = self._parameters(output)
        return np.sqrt(rate / scale.astype(rate.dtype) + dispersion * rate**2)

    def quantiles(
        self, output: np.ndarray, scale: np.ndarray, levels: np.ndarray
    ) -> np.ndarray:
        # scipy.stats is slow to import.
        from scipy.stats import nbinom

        rate, dispersion = (x.astype(np.float64) for x in self._parameters(output))
        size = (1 / dispersion)[..., None]
        chance = (1 / (1 + dispersion * rate * scale))[..., None]
        counts = nbinom.ppf(levels, size, chance) / scale[:, None]
        return counts.astype(output.dtype)

    def draw(
        self,
        output: np.ndarray,
        scale: np.ndarray,
        n_samples: int,
        rng: np.random.RandomState,
    ) -> np.ndarray:
        rate, dispersion = (x.astype(np.float64) for x in self._parameters(output))
        size = (1 / dispersion)[..., None]
        each = (dispersion * rate * scale)[..., None]
        # Counts of a rate that is gamma distributed.
        rates = rng.gamma(size, each, size=(*rate.shape, n_samples))
        counts = rng.poisson(np.minimum(rates, _LARGEST_RATE))
        counts = np.where(rates < _LARGEST_RATE, counts, rates) / scale[:, None]
        return counts.astype(output.dtype)


def check_levels(levels: Any, name: str) -> tuple[float, ...]:
    """Return probabilities of quantiles, or raise ValueError unless they increase.

    Examples
    --------
    >>> check_levels([0.1, 0.9], "quantile")
    (0.1, 0.9)
    """
    listed = np.asarray(levels, dtype=object)
    valid = listed.ndim == 1 and all(_is_number(q) and 0 < q < 1 for q in listed)
    numbers = tuple(float(q) for q in listed) if valid and len(listed) else ()
    if not numbers or any(np.diff(numbers) <= 0):
        raise ValueError(
            f"{name} must be one or several increasing numbers in (0, 1), got {levels!r}."
        )
    return numbers


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)
