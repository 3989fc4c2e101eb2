"""Losses by name: predicted functional, range of targets, scale, and link.

Their values and gradients are computed by torch, in ``_training/losses.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np

from .distributions import (
    Distribution,
    Family,
    Gaussian,
    NegativeBinomial,
    Quantiles,
    StudentT,
    check_levels,
)
from .sequences import fit_scaler

Scale = tuple[np.ndarray, np.ndarray]


def _standard(mean: np.ndarray, deviation: np.ndarray) -> Scale:
    return mean, deviation


def _mean_rate(mean: np.ndarray, deviation: np.ndarray) -> Scale:
    """Scale by the mean rate, so that the initial log rate is near zero."""
    return np.zeros_like(mean), np.where(mean > 0, mean, 1.0)


def _check_rates(target: np.ndarray, loss: str = "poisson") -> None:
    # NaN is a missing target.
    if np.nanmin(target) < 0 or np.nansum(target) == 0:
        raise ValueError(
            f'loss="{loss}" needs targets of at least zero with a positive sum, got '
            f"y with minimum {np.nanmin(target)} and sum {np.nansum(target)}."
        )


def _check_counts(target: np.ndarray) -> None:
    """Refuse what has no probability in a distribution of counts."""
    _check_rates(target, "negative_binomial")
    broken = target[~np.isnan(target) & (target != np.floor(target))]
    if len(broken):
        raise ValueError(
            'loss="negative_binomial" is the likelihood of counts: y must be whole '
            f'numbers, got {broken[0]}. For other rates use loss="poisson".'
        )


def _accept(target: np.ndarray) -> None:
    """Accept any finite number."""


@dataclass(frozen=True)
class Loss:
    """Properties of a loss for numbers.

    Attributes
    ----------
    predicts : str
        The functional of the target's distribution that minimises the loss.
    is_log : bool
        Whether the outputs of the network are logarithms (log link) or values; of
        several outputs for one number the first, its location.
    check_range : callable
        Raises ValueError for targets (n, ...) out of range.
    scale_of : callable
        Returns mean and scale, by which targets are standardised, given the mean and the
        standard deviation of each output.
    family : Family or None
        What several outputs for one number mean; None for one output, which is the
        number by the link.
    """

    predicts: str
    is_log: bool = False
    check_range: Callable[[np.ndarray], None] = _accept
    scale_of: Callable[[np.ndarray, np.ndarray], Scale] = _standard
    family: Family | None = None

    def fit_scale(self, target: np.ndarray, weight: np.ndarray | None) -> Scale:
        """Return mean and scale for targets (n, n_outputs) and weights (n,) or None."""
        scaler = fit_scaler(target, weight)
        return self.scale_of(scaler.mean_, scaler.scale_)

    def inverse_link(self, output: np.ndarray) -> np.ndarray:
        """Convert raw outputs to values on the scale of the loss."""
        return np.exp(output) if self.is_log else output

    @property
    def n_parameters(self) -> int:
        """Number of outputs of the network for each number."""
        return 1 if self.family is None else self.family.n_parameters

    @property
    def n_answers(self) -> int | None:
        """Length of the last axis of predictions, if several answer for each number."""
        return None if self.family is None else self.family.n_answers

    def point(self, output: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Return predictions on the scale of the loss.

        Parameters
        ----------
        output : ndarray of shape (n, n_values * n_parameters)
            Raw outputs; all parameters of a value stand together.
        scale : ndarray of shape (n_values,)
            Scale of the targets.

        Returns
        -------
        ndarray of shape (n, n_values) or (n, n_values, n_answers)
        """
        if self.family is None:
            return self.inverse_link(output)
        return self.family.point(self.by_value(output), scale)

    def by_value(self, output: np.ndarray) -> np.ndarray:
        """Return raw outputs as (n, n_values, n_parameters)."""
        return output.reshape(len(output), -1, self.n_parameters)

    def distribution(self, wanted: str) -> Distribution:
        """Return the distribution that is predicted, or raise ValueError."""
        if not isinstance(self.family, Distribution):
            known = [name for name, loss in LOSSES.items() if loss.family is not None]
            raise ValueError(
                f"{wanted} needs a fit with the loss of a distribution, one of "
                f"{', '.join(known)}; this one predicts {self.predicts}."
            )
        return self.family

    def export(self) -> dict[str, Any]:
        """Return the head for other back ends, and what it needs."""
        if self.family is None:
            return {"kind": "values", "are_rates": self.is_log}
        return self.family.export()


LOSSES = {
    "squared_error": Loss("the mean"),
    "absolute_error": Loss("the median"),
    "huber": Loss("a mean on which outliers beyond one standard deviation pull less"),
    "quantile": Loss("the quantile named by ``quantile``"),
    "poisson": Loss(
        "the rate of counts (targets of zero and more)",
        is_log=True,
        check_range=_check_rates,
        scale_of=_mean_rate,
    ),
    "gaussian": Loss("a normal distribution", family=Gaussian()),
    "student_t": Loss("Student's t distribution", family=StudentT()),
    "negative_binomial": Loss(
        "a negative binomial distribution of counts",
        is_log=True,
        check_range=_check_counts,
        scale_of=_mean_rate,
        family=NegativeBinomial(),
    ),
}


def find_loss(name: str, quantiles: Sequence[float] = ()) -> Loss:
    """Return the loss of a name; that of several quantiles if there are any."""
    if not quantiles:
        return LOSSES[name]
    return replace(LOSSES[name], family=Quantiles(tuple(quantiles)))


def check_quantile(quantile: Any) -> tuple[float, ...]:
    """Return several quantiles; none if it is a number, for a prediction without axis.

    Examples
    --------
    >>> check_quantile([0.1, 0.9]), check_quantile(0.5)
    ((0.1, 0.9), ())
    """
    return () if isinstance(quantile, Real) else check_levels(quantile, "quantile")
