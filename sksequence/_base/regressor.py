"""Base of estimators that predict numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from numbers import Real
from typing import Any, Literal, Self, overload

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from .._inputs import (
    LOSSES,
    Form,
    Numbers,
    Target,
    as_numbers,
    check_numbers,
    check_quantile,
    d2_of_quantiles,
    score_numbers,
    split_last,
)
from .._inputs.borrowed import StrOptions
from .._inputs.types import ArrayLike, RandomState, Targets
from .augmenting import STRENGTHS
from .declaration import MODEL, hyperparameter, recurrent_estimator
from .estimator import SequenceEstimator
from .hyperparameters import COUNT
from .intervals import Number


@recurrent_estimator
class NumberPredictor(SequenceEstimator):
    """Estimator of one or several numbers."""

    loss: str = hyperparameter(
        default="squared_error",
        constraints=[StrOptions(set(LOSSES))],
        doc="""{"squared_error", "absolute_error", "huber", "quantile", "poisson", \
"gaussian", "student_t", "negative_binomial"}
        The loss: the squared error predicts the mean; the absolute error, the median; the
        Huber loss, a mean that is robust against outliers beyond one standard deviation;
        the pinball loss ("quantile"), the quantiles given by ``quantile``; the Poisson
        deviance, the rate of counts (targets must be at least zero). The last three are
        the negative log-likelihood of a distribution, whose mean is predicted, and its
        standard deviation, quantiles and samples if asked for: normal; Student's t, for
        heavy tails (Lange, Little and Taylor, 1989); or negative binomial, for counts
        (whole numbers) whose variance exceeds the mean (Hilbe, 2011).""",
        role=MODEL,
    )
    quantile: float | Sequence[float] = hyperparameter(
        default=0.5,
        constraints=[Number(Real, 0, 1, closed="neither"), tuple, list, np.ndarray],
        doc="""float or tuple of float
        The quantile that the "quantile" loss predicts, in (0, 1); or several, in
        increasing order, which are then the last axis of predictions. They never
        cross.""",
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

    @overload
    def predict(
        self,
        X: ArrayLike,
        return_std: Literal[False] = ...,
        quantiles: Sequence[float] | None = ...,
    ) -> np.ndarray: ...

    @overload
    def predict(
        self, X: ArrayLike, return_std: Literal[True], quantiles: None = ...
    ) -> tuple[np.ndarray, np.ndarray]: ...

    def predict(
        self,
        X: ArrayLike,
        return_std: bool = False,
        quantiles: Sequence[float] | None = None,
    ) -> Any:
        """Predict the target of each sequence, or of each step.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        return_std : bool, default=False
            Whether to return the standard deviation of the predicted distribution too;
            needs ``loss="gaussian"``, "student_t" or "negative_binomial".
        quantiles : array-like of shape (n_quantiles,), default=None
            Return these quantiles of the predicted distribution, in (0, 1) and
            increasing; with ``loss="quantile"``, some of those of the fit.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_outputs)
            Predictions in the form of y; float32 for float32 X if it resolves the scale
            of the targets, else float64. Several quantiles are a further axis, the last:
            (n_sequences, n_quantiles), (n_sequences, n_outputs, n_quantiles), or
            (n_sequences, n_steps, n_targets, n_quantiles).
        std : ndarray
            Standard deviations in the form of the predictions; only with ``return_std``.

        Raises
        ------
        ValueError
            If the loss of the fit has no standard deviation, or not these quantiles.

        Examples
        --------
        >>> import numpy as np
        >>> from sksequence import GRURegressor
        >>> X = np.random.default_rng(0).normal(size=(60, 5))
        >>> model = GRURegressor(loss="gaussian", max_epochs=2).fit(X, X.sum(axis=1))
        >>> mean, std = model.predict(X, return_std=True)
        >>> mean.shape, std.shape, model.predict(X, quantiles=[0.1, 0.9]).shape
        ((60,), (60,), (60, 2))
        """
        if quantiles is not None:
            if return_std:
                raise ValueError(
                    "return_std=True and quantiles must not be asked for in one call, "
                    f"got quantiles={quantiles!r}."
                )
            return self._respond(X, "predict", quantiles=quantiles)
        if not return_std:
            return self._respond(X, "predict")
        moments = self._respond(X, "predict", return_std=True)
        return split_last(moments, 0), split_last(moments, 1)

    def sample_y(
        self, X: ArrayLike, n_samples: int = 1, random_state: RandomState = 0
    ) -> np.ndarray:
        """Draw samples from the predicted distribution of each target.

        Targets are independent given X: also the steps of one forecast.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        n_samples : int, default=1
            Number of samples of each target.
        random_state : int, RandomState instance or None, default=0
            Controls the random draws.

        Returns
        -------
        ndarray of shape (n_sequences, n_samples) or (n_sequences, n_outputs, n_samples)
            Samples, in the form of the predictions with a last axis for the samples.

        Raises
        ------
        ValueError
            If the loss of the fit is not that of a distribution.

        Examples
        --------
        >>> import numpy as np
        >>> from sksequence import GRURegressor
        >>> X = np.random.default_rng(0).normal(size=(60, 5))
        >>> y = np.random.default_rng(1).poisson(np.exp(X[:, -1]))
        >>> model = GRURegressor(loss="negative_binomial", max_epochs=2).fit(X, y)
        >>> model.sample_y(X, n_samples=3).shape
        (60, 3)
        """
        if not COUNT.is_satisfied_by(n_samples):
            raise ValueError(f"n_samples must be an int of at least 1, got {n_samples!r}")
        rng = check_random_state(random_state)
        return self._respond(X, "sample_y", n_samples=n_samples, rng=rng)

    @property
    def _metric(self) -> Any:
        """The metric of ``score``: R squared, or that of several quantiles."""
        check_is_fitted(self)
        levels = getattr(self._target, "quantiles", ())
        return partial(d2_of_quantiles, quantiles=levels) if levels else r2_score

    def _check_y(
        self, y: Any, form: Form, target: Target | None, classes: Any
    ) -> tuple[Target, np.ndarray]:
        quantiles = self._get_quantiles(target)
        values = check_numbers(y, self)
        if target is None:
            target = Numbers.of(values, self.loss, quantiles)
        return target, target.encode(values)

    def _get_quantiles(self, target: Target | None) -> tuple[float, ...]:
        """Validate and return several quantiles, if that is what the loss predicts."""
        quantiles = check_quantile(self.quantile)
        if self.loss != "quantile":
            return ()
        if isinstance(target, Numbers):
            target.check_quantiles(quantiles)
        return quantiles


@recurrent_estimator
class SequenceRegressor(RegressorMixin, NumberPredictor):
    """Regressor of whole sequences."""

    def _get_allowed_changes(self) -> Collection[str]:
        # A mixture of counts is no count.
        is_count = self.loss == "negative_binomial"
        return [name for name in STRENGTHS if not (is_count and name == "mixup")]

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
            True targets; of several outputs some may be missing (NaN).
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence.

        Returns
        -------
        float
            R squared; for several outputs the mean over them. Of several quantiles the
            mean of their D squared: the share of the pinball loss of constant quantiles
            that is explained (:func:`sklearn.metrics.d2_pinball_score`).
        """
        return self._score_answers(self.predict(X), y, sample_weight)

    def _score_answers(self, predicted: np.ndarray, y: Any, sample_weight: Any) -> float:
        """Return the score of predictions, which may be those of several networks."""
        truth = as_numbers(y, "y", allow_nan=True)
        return score_numbers(truth, predicted, sample_weight, self._metric)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
