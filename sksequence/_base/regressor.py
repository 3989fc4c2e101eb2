"""Base of estimators that predict numbers."""

from __future__ import annotations

from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import Tags

from .._inputs import (
    LOSSES,
    Form,
    Numbers,
    Target,
    as_numbers,
    check_numbers,
    score_numbers,
)
from .._inputs.borrowed import StrOptions
from .._inputs.intervals import Number
from .._inputs.types import ArrayLike, Targets
from .declaration import MODEL, hyperparameter, recurrent_estimator
from .estimator import SequenceEstimator


@recurrent_estimator
class NumberPredictor(SequenceEstimator):
    """Estimator of one or several numbers."""

    loss: str = hyperparameter(
        default="squared_error",
        constraints=[StrOptions(set(LOSSES))],
        doc="""{"squared_error", "absolute_error", "huber", "quantile", "poisson"}
        The loss: the squared error predicts the mean; the absolute error, the median; the
        Huber loss, a mean that is robust against outliers beyond one standard deviation;
        the pinball loss ("quantile"), the quantile given by ``quantile``; the Poisson
        deviance, the rate of counts (targets must be at least zero).""",
        role=MODEL,
    )
    quantile: float = hyperparameter(
        default=0.5,
        constraints=[Number(Real, 0, 1, closed="neither")],
        doc="""float
        The quantile that the "quantile" loss predicts, in (0, 1).""",
    )

    def partial_fit(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch, continuing from the last call or fit.

        Channels and targets are scaled by running means and standard deviations of all
        calls so far, which settle as the data grow; after a fit, by those of the fit.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence, or of each step as in fit.

        Returns
        -------
        self : object
            The estimator.
        """
        return self._fit_one_epoch(X, y, sample_weight)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict the target of each sequence, or of each step.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_outputs)
            Predictions in the form of y; float32 for float32 X if it resolves the scale
            of the targets, else float64.
        """
        return self._respond(X, "predict")

    def _check_y(
        self, y: Any, form: Form, target: Target | None, classes: Any
    ) -> tuple[Target, np.ndarray]:
        values = check_numbers(y, self)
        if target is None:
            target = Numbers.of(values, self.loss)
        return target, target.encode(values)


@recurrent_estimator
class SequenceRegressor(RegressorMixin, NumberPredictor):
    """Regressor of whole sequences."""

    def score(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the coefficient of determination.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
            True targets; of several outputs some may be missing (NaN).
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence.

        Returns
        -------
        float
            R squared; for several outputs the mean over them.
        """
        truth = as_numbers(y, "y", allow_nan=True)
        return score_numbers(truth, self.predict(X), sample_weight)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
