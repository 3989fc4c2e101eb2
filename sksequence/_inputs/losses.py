"""Losses by name: what each predicts, of which targets, and on which scale it is taken.

Their values and gradients are torch's, in the module of the same name of the room that
trains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .sequences import fit_scaler

Scale = tuple[np.ndarray, np.ndarray]


def _mean_and_deviation(target: np.ndarray, weight: np.ndarray | None) -> Scale:
    scaler = fit_scaler(target, weight)
    return scaler.mean_, scaler.scale_


def _mean_rate(target: np.ndarray, weight: np.ndarray | None) -> Scale:
    """Scale to rates relative to the mean rate, whose logarithm begins at zero."""
    mean = fit_scaler(target, weight).mean_
    return np.zeros_like(mean), np.where(mean > 0, mean, 1.0)


def _check_counts(target: np.ndarray) -> None:
    if target.min() < 0 or target.sum() == 0:
        raise ValueError(
            'loss="poisson" needs targets of at least zero with a positive sum, got '
            f"y with minimum {target.min()} and sum {target.sum()}."
        )


def _accept(target: np.ndarray) -> None:
    """Any finite number will do."""


@dataclass(frozen=True)
class Loss:
    """What there is to know of a loss for numbers.

    Attributes
    ----------
    predicts : str
        The functional of the target's distribution that it is smallest at.
    is_log : bool
        Whether the network's outputs are logarithms (a log link) or the values.
    check_range : callable
        Raises ValueError for targets (n, ...) that it cannot take.
    fit_scale : callable
        From targets (n, n_outputs) and weights (n,) or None to the mean and the scale
        by which targets are standardised.
    """

    predicts: str
    is_log: bool = False
    check_range: Callable[[np.ndarray], None] = _accept
    fit_scale: Callable[[np.ndarray, np.ndarray | None], Scale] = _mean_and_deviation

    def inverse_link(self, output: np.ndarray) -> np.ndarray:
        """Turn raw outputs into values on the scale of the loss."""
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
        fit_scale=_mean_rate,
    ),
}
