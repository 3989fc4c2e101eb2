"""Scorers of predicted sequences, quantiles, intervals and distributions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._inputs import check_levels
from .._inputs.types import ArrayLike
from .chunks import chunk_f1
from .edits import character_error_rate, exact_share, token_error_rate
from .translation import bleu
from .uncertainty import (
    crps_gaussian,
    interval_coverage,
    interval_width,
    pinball_loss,
)

__all__ = [
    "QuantileScorer",
    "SequenceScorer",
    "StdScorer",
    "bleu_scorer",
    "character_error_rate_scorer",
    "chunk_f1_scorer",
    "crps_scorer",
    "exact_share_scorer",
    "interval_coverage_scorer",
    "interval_width_scorer",
    "make_quantile_scorer",
    "make_sequence_scorer",
    "make_std_scorer",
    "pinball_scorer",
    "token_error_rate_scorer",
]


def _weighted(kwargs: dict[str, Any], sample_weight: Any) -> dict[str, Any]:
    """Return a copy of keywords with the weights, if there are any."""
    if sample_weight is None:
        return dict(kwargs)
    return {**kwargs, "sample_weight": sample_weight}


@dataclass(frozen=True)
class SequenceScorer:
    """Score whole predicted sequences; created by :func:`make_sequence_scorer`.

    Parameters
    ----------
    score_func : callable
        A function of true and predicted sequences.
    sign : {1, -1}, default=1
        -1 if less is better.
    kwargs : dict, default={}
        More arguments of the function.
    """

    score_func: Callable[..., Any]
    sign: int = 1
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __call__(
        self,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        more = _weighted(self.kwargs, sample_weight)
        return self.sign * self.score_func(y, estimator.predict(X), **more)


def make_sequence_scorer(
    score_func: Callable[..., Any], *, greater_is_better: bool = True, **kwargs: Any
) -> SequenceScorer:
    """Make a scorer of predicted sequences, for ``scoring=``.

    For metrics that have to see where a sequence begins and ends; for others see
    :func:`make_step_scorer`.

    Parameters
    ----------
    score_func : callable
        Function ``score_func(y_true, y_pred, **kwargs)`` of lists of sequences, such as
        :func:`chunk_f1` and :func:`token_error_rate`.
    greater_is_better : bool, default=True
        Whether greater is better; if False, the sign of the score is flipped.
    **kwargs : dict
        Passed to ``score_func``.

    Returns
    -------
    SequenceScorer
        ``scorer(estimator, X, y, sample_weight=None)``.

    Examples
    --------
    >>> from sksequence import RecurrentTagger
    >>> from sksequence.metrics import chunk_f1
    >>> scorer = make_sequence_scorer(chunk_f1, scheme="bioes")
    >>> X = [[1, 2, 2, 1], [2, 1, 2]] * 10
    >>> y = [["O", "B-x", "E-x", "O"], ["S-x", "O", "S-x"]] * 10
    >>> model = RecurrentTagger(
    ...     embedding_dim=4, bidirectional=True, crf=True, tag_scheme="bioes"
    ... )
    >>> scorer(model.fit(X, y), X, y)
    1.0
    """
    return SequenceScorer(score_func, 1 if greater_is_better else -1, kwargs)


@dataclass(frozen=True)
class QuantileScorer:
    """Score predicted quantiles; created by :func:`make_quantile_scorer`.

    Parameters
    ----------
    score_func : callable
        A function of targets and predicted quantiles.
    quantiles : tuple of float
        The quantiles to predict.
    sign : {1, -1}, default=1
        -1 if less is better.
    kwargs : dict, default={}
        More arguments of the function.
    """

    score_func: Callable[..., Any]
    quantiles: tuple[float, ...]
    sign: int = 1
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __call__(
        self,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        answers = estimator.predict(X, quantiles=self.quantiles)
        more = _weighted(self.kwargs, sample_weight)
        if "quantiles" in inspect.signature(self.score_func).parameters:
            more["quantiles"] = self.quantiles
        return self.sign * self.score_func(y, answers, **more)


def make_quantile_scorer(
    score_func: Callable[..., Any],
    *,
    quantiles: Sequence[float] = (0.1, 0.5, 0.9),
    greater_is_better: bool = True,
    **kwargs: Any,
) -> QuantileScorer:
    """Make a scorer of quantiles, for ``scoring=`` of searches and cross-validation.

    Parameters
    ----------
    score_func : callable
        Function ``score_func(y_true, y_pred, **kwargs)``, such as :func:`pinball_loss`,
        with predictions (..., n_quantiles). Gets ``quantiles`` too if it takes them.
    quantiles : sequence of float, default=(0.1, 0.5, 0.9)
        What ``predict(X, quantiles=...)`` of the estimator is asked for. With
        ``loss="quantile"`` they must be among those of its fit.
    greater_is_better : bool, default=True
        Whether greater is better; if False, the sign of the score is flipped.
    **kwargs : dict
        Passed to ``score_func``.

    Returns
    -------
    QuantileScorer
        ``scorer(estimator, X, y, sample_weight=None)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from sksequence import GRURegressor
    >>> from sksequence.metrics import pinball_loss
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> scorer = make_quantile_scorer(
    ...     pinball_loss, quantiles=(0.2, 0.8), greater_is_better=False
    ... )
    >>> model = GRURegressor(loss="gaussian", max_epochs=2)
    >>> cross_val_score(model, X, X.sum(axis=1), cv=3, scoring=scorer).shape
    (3,)
    """
    sign = 1 if greater_is_better else -1
    levels = check_levels(quantiles, "quantiles")
    return QuantileScorer(score_func, levels, sign, kwargs)


@dataclass(frozen=True)
class StdScorer:
    """Score means with standard deviations; created by :func:`make_std_scorer`.

    Parameters
    ----------
    score_func : callable
        A function of targets, predicted means and standard deviations.
    sign : {1, -1}, default=1
        -1 if less is better.
    kwargs : dict, default={}
        More arguments of the function.
    """

    score_func: Callable[..., Any]
    sign: int = 1
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __call__(
        self,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        mean, std = estimator.predict(X, return_std=True)
        more = _weighted(self.kwargs, sample_weight)
        return self.sign * self.score_func(y, mean, std, **more)


def make_std_scorer(
    score_func: Callable[..., Any], *, greater_is_better: bool = True, **kwargs: Any
) -> StdScorer:
    """Make a scorer of means with standard deviations, for ``scoring=``.

    Parameters
    ----------
    score_func : callable
        Function ``score_func(y_true, mean, std, **kwargs)``, such as
        :func:`crps_gaussian`.
    greater_is_better : bool, default=True
        Whether greater is better; if False, the sign of the score is flipped.
    **kwargs : dict
        Passed to ``score_func``.

    Returns
    -------
    StdScorer
        ``scorer(estimator, X, y, sample_weight=None)``, for every estimator with
        ``predict(X, return_std=True)``, also scikit-learn's.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import BayesianRidge
    >>> from sklearn.model_selection import cross_val_score
    >>> from sksequence.metrics import crps_gaussian
    >>> scorer = make_std_scorer(crps_gaussian, greater_is_better=False)
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> y = X.sum(axis=1)
    >>> bool((cross_val_score(BayesianRidge(), X, y, scoring=scorer) > -0.01).all())
    True
    """
    return StdScorer(score_func, 1 if greater_is_better else -1, kwargs)


pinball_scorer = make_quantile_scorer(pinball_loss, greater_is_better=False)
interval_coverage_scorer = make_quantile_scorer(interval_coverage, quantiles=(0.1, 0.9))
interval_width_scorer = make_quantile_scorer(
    interval_width, quantiles=(0.1, 0.9), greater_is_better=False
)
crps_scorer = make_std_scorer(crps_gaussian, greater_is_better=False)
chunk_f1_scorer = make_sequence_scorer(chunk_f1)
exact_share_scorer = make_sequence_scorer(exact_share)
token_error_rate_scorer = make_sequence_scorer(token_error_rate, greater_is_better=False)
character_error_rate_scorer = make_sequence_scorer(
    character_error_rate, greater_is_better=False
)
bleu_scorer = make_sequence_scorer(bleu)
