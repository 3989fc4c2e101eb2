"""Losses by name: predicted functional, range of targets, scale, and link.

Their values and gradients are computed by torch, in ``_training/losses.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .sequences import fit_scaler

Scale = tuple[np.ndarray, np.ndarray]


def _standard(mean: np.ndarray, deviation: np.ndarray) -> Scale:
    return mean, deviation


def _mean_rate(mean: np.ndarray, deviation: np.ndarray) -> Scale:
    """Scale by the mean rate, so that the initial log rate is near zero."""
    return np.zeros_like(mean), np.where(mean > 0, mean, 1.0)


def _check_counts(target: np.ndarray) -> None:
    # NaN is a missing target.
    if np.nanmin(target) < 0 or np.nansum(target) == 0:
        raise ValueError(
            'loss="poisson" needs targets of at least zero with a positive sum, got '
            f"y with minimum {np.nanmin(target)} and sum {np.nansum(target)}."
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
        Whether the outputs of the network are logarithms (log link) or values.
    check_range : callable
        Raises ValueError for targets (n, ...) out of range.
    scale_of : callable
        Returns mean and scale, by which targets are standardised, given the mean and the
        standard deviation of each output.
    """

    predicts: str
    is_log: bool = False
    check_range: Callable[[np.ndarray], None] = _accept
    scale_of: Callable[[np.ndarray, np.ndarray], Scale] = _standard

    def fit_scale(self, target: np.ndarray, weight: np.ndarray | None) -> Scale:
        """Return mean and scale for targets (n, n_outputs) and weights (n,) or None."""
        scaler = fit_scaler(target, weight)
        return self.scale_of(scaler.mean_, scaler.scale_)

    def inverse_link(self, output: np.ndarray) -> np.ndarray:
        """Convert raw outputs to values on the scale of the loss."""
        return np.exp(output) if self.is_log else output


LOSSES = {
    "squared_error": Loss("the mean"),
    "absolute_error": Loss("the median"),
    "huber": Loss("a mean on which outliers beyond one standard deviation pull less"),
    "quantile": Loss("the quantile named by ``quantile``"),
    "poisson": Loss(
        "the rate of counts (targets of zero and more)",
        is_log=True,
        check_range=_check_counts,
        scale_of=_mean_rate,
    ),
}
