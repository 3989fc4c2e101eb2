"""What inspection asks of fitted estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from . import fitting


def weigh_steps(estimator: Any, X: Any) -> list[np.ndarray]:
    """Return the weights that pooling by attention gives the steps of each sequence.

    Raises
    ------
    ValueError
        If the network does not pool by attention.
    """
    check_is_fitted(estimator)
    module, pooling = estimator.net_.module_, estimator._network.get("pooling")
    name = type(estimator).__name__
    if getattr(module, "pool", None) is None:
        raise ValueError(
            f"This {name} has no attention: it does not pool the steps of a sequence. "
            'Use a classifier or regressor of whole sequences with pooling="attention", '
            "or a RecurrentTranslator."
        )
    if pooling != "attention":
        raise ValueError(
            f"This {name} has no attention: it was fitted with pooling={pooling!r}. Fit "
            'one with pooling="attention".'
        )
    data = estimator._make_dataset(X)
    counts = module.count_frames(data.lengths).tolist()
    with fitting.computing(estimator, data):
        found = estimator.net_.answers_of_each(data, "pooling_weights")
    return [own[:n].astype(np.float64) for own, n in zip(found, counts, strict=True)]


def derive(estimator: Any, X: Any, method: str) -> list[np.ndarray]:
    """Return norms of the derivatives of what a method of the network returns.

    They are with respect to each step, as the network reads it: (n_steps_i,).
    """
    check_is_fitted(estimator)
    data = estimator._make_dataset(X)
    with fitting.computing(estimator, data):
        found = estimator.net_.step_gradients(data, method)
    return [own.astype(np.float64) for own in found]
