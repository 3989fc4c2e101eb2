"""Hyperparameters at any depth, and what regressors predict by them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from .losses import LOSSES


def own_name(parameter: str) -> str:
    """Return the name of a parameter in the estimator that has it.

    Examples
    --------
    >>> own_name("pipeline__gruregressor__lr"), own_name("lr")
    ('lr', 'lr')
    """
    return parameter.rpartition("__")[2]


def beside(params: dict[str, Any], name: str, other: str) -> Any:
    """Return another parameter of the estimator that has this one; None without it."""
    prefix, separator, _ = name.rpartition("__")
    return params.get(f"{prefix}{separator}{other}")


def named(estimator: Any, own: str) -> Iterator[tuple[str, Any]]:
    """Iterate over full names and values of a parameter, at any depth."""
    for name, value in estimator.get_params().items():
        if own_name(name) == own:
            yield name, value


def last_of(estimator: Any) -> Any:
    """Return the last step of a Pipeline; any other estimator as it is."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def quantiles_of(regressor: Any) -> list[float] | None:
    """Return the quantiles that a regressor or Pipeline predicts, if several.

    Examples
    --------
    >>> from sksequence import GRURegressor
    >>> quantiles_of(GRURegressor(loss="quantile", quantile=(0.1, 0.9)))
    [0.1, 0.9]
    """
    params = regressor.get_params()
    for name, value in named(regressor, "quantile"):
        if np.ndim(value) > 0 and beside(params, name, "loss") == "quantile":
            return [float(level) for level in value]
    return None


def predicts_distribution(regressor: Any) -> bool:
    """Return whether a regressor or Pipeline predicts standard deviations.

    Examples
    --------
    >>> from sksequence import GRURegressor
    >>> predicts_distribution(GRURegressor(loss="gaussian"))
    True
    """
    return any(
        isinstance(loss, str) and loss in LOSSES and LOSSES[loss].family is not None
        for _, loss in named(regressor, "loss")
    )
