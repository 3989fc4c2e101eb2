"""Base of regressors whose targets may have an axis of steps ahead."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._inputs import (
    Form,
    Horizons,
    Target,
    as_numbers,
    check_numbers,
    score_numbers,
)
from .._inputs.types import ArrayLike, Targets
from .declaration import recurrent_estimator
from .regressor import SequenceRegressor


@recurrent_estimator
class HorizonRegressor(SequenceRegressor):
    """Regressor of a number, several numbers, or several numbers at several steps."""

    def score(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the coefficient of determination.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : array-like of shape (n_sequences,), (n_sequences, n_outputs) or \
                (n_sequences, n_steps, n_targets)
            True targets.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence.

        Returns
        -------
        float
            R squared; for several outputs the mean over them. Of several quantiles the
            mean of their D squared: the share of the pinball loss of constant quantiles
            that is explained (:func:`sklearn.metrics.d2_pinball_score`).
        """
        if not _has_steps(y):
            return super().score(X, y, sample_weight)
        true = as_numbers(y, "y", allow_nan=True)
        true = true.reshape(len(true), -1)
        predicted = self._target.flatten(self.predict(X))
        return score_numbers(true, predicted, sample_weight, self._metric)

    def _check_y(
        self, y: Any, form: Form, target: Target | None, classes: Any
    ) -> tuple[Target, np.ndarray]:
        if not _has_steps(y):
            if isinstance(target, Horizons):
                self._get_quantiles(target)
                return target, target.encode(check_numbers(y, self))
            return super()._check_y(y, form, target, classes)
        quantiles = self._get_quantiles(target)
        cube = np.asarray(y)
        # A lone column would become a vector, with a warning.
        flat = cube.reshape(-1) if cube[0].size == 1 else cube.reshape(len(cube), -1)
        values = check_numbers(flat, self).reshape(cube.shape)
        if target is None:
            target = Horizons.of(values, self.loss, quantiles)
        elif not isinstance(target, Horizons):
            raise ValueError(
                f"y must have {target.n_outputs} output(s) as in the first fit, without "
                f"an axis of steps, got shape {values.shape}."
            )
        return target, target.encode(values)


def _has_steps(y: Any) -> bool:
    """Return whether targets are (n_sequences, n_steps, n_targets), none of them 0."""
    try:
        # Not np.shape, which some containers refuse that convert to arrays.
        shape = getattr(y, "shape", None) or np.asarray(y).shape
    except ValueError:  # of unequal lengths
        return False
    return len(shape) == 3 and 0 not in shape
