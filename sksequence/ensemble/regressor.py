"""Regressor that is the mean of several networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self, overload

import numpy as np
from sklearn.base import RegressorMixin, is_regressor
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from .._inputs import last_of, names_itself, predicts_distribution, quantiles_of
from .._inputs.intervals import Count
from .._inputs.types import ArrayLike, RandomState, Targets
from ..estimators import LSTMRegressor
from ._answers import in_floats_of, mean_of, std_of
from ._base import DeepEnsemble


@names_itself
class DeepEnsembleRegressor(RegressorMixin, DeepEnsemble):
    """Regressor that is the mean of several networks from different seeds.

    The members have the same hyperparameters and read the same data; they differ in
    their initial weights, the order of their mini-batches, dropout and, with early
    stopping, in what they hold out. The squared error of their mean is never larger than
    theirs on average; where they disagree, little is known.

    Members with the loss of a distribution, such as ``loss="gaussian"``, predict noise:
    the ensemble is then their mixture, whose variance is the mean of theirs and the
    variance of their means.

    Parameters
    ----------
    estimator : estimator, default=None
        The regressor of sequences that is cloned and fitted. None for an
        :class:`~sksequence.LSTMRegressor`. Its own ``random_state`` is not used.
    n_estimators : int, default=5
        Number of members.
    n_jobs : int, default=None
        Number of members that are fitted at the same time; None for 1, unless in a
        :func:`joblib.parallel_config`, -1 for one on each processor. The result does not
        depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws the seed of each member.
    warm_start : bool, default=False
        Whether a further fit keeps the members and adds those that ``n_estimators`` has
        more of, as in scikit-learn's forests.

    Attributes
    ----------
    estimators_ : list of estimator
        The fitted members, each with a ``random_state`` and a ``history_`` of its own.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of columns or channels, if X has any.

    See Also
    --------
    DeepEnsembleClassifier : The same for classes.
    sklearn.ensemble.VotingRegressor : The mean of different estimators.

    References
    ----------
    Lakshminarayanan, Pritzel and Blundell (2017), Simple and scalable predictive
    uncertainty estimation using deep ensembles. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRURegressor
    >>> from sksequence.ensemble import DeepEnsembleRegressor
    >>> X = np.random.default_rng(0).normal(size=(100, 6))
    >>> network = GRURegressor(hidden_size=8, loss="gaussian", max_epochs=10)
    >>> ensemble = DeepEnsembleRegressor(network, n_estimators=3, random_state=0)
    >>> ensemble = ensemble.fit(X, X.sum(axis=1))
    >>> mean, std = ensemble.predict(X, return_std=True)
    >>> mean.shape, std.shape
    ((100,), (100,))
    >>> _, far = ensemble.predict(5 * X, return_std=True)
    >>> bool(far.mean() > std.mean())
    True
    """

    estimators_: list[Any]

    def __sklearn_tags__(self) -> Tags:
        return self._with_tags_of_estimator(super().__sklearn_tags__())

    def _make_default(self) -> Any:
        return LSTMRegressor()

    def _check_kind(self, estimator: Any) -> None:
        if not is_regressor(estimator):
            raise TypeError(
                "estimator must be a regressor of whole sequences, got "
                f"{type(estimator).__name__}."
            )

    def _learn(self, member: Any, y: Any) -> dict[str, Any]:
        own = {
            "_has_std": predicts_distribution(member),
            "_levels": tuple(quantiles_of(member) or ()),
        }
        return super()._learn(member, y) | own

    def partial_fit(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train every member for one epoch, continuing from the last call or fit.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence.

        Returns
        -------
        self : object
            The ensemble; after an error all members are as they were.
        """
        return self._fit_one_epoch(X, y, sample_weight=sample_weight)

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
        """Predict the target of each sequence: the mean of the members.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        return_std : bool, default=False
            Whether to return a standard deviation too: that of the mixture of the
            members' distributions or, if they predict none, that of their predictions
            alone, which does not know the noise.
        quantiles : array-like of shape (n_quantiles,), default=None
            Return these of the quantiles that members with ``loss="quantile"`` were
            fitted for.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_outputs)
            Predictions in the form of y. Several quantiles are a further axis, the last:
            each is the mean of the members', so they do not cross.
        std : ndarray
            Standard deviations in the form of the predictions; only with ``return_std``.

        Raises
        ------
        ValueError
            If quantiles are asked of members that predict distributions, or of others.
        """
        if quantiles is not None:
            return self._mean_quantiles(X, quantiles, return_std)
        if not return_std:
            answers = self._ask("predict", X)
            return in_floats_of(answers, mean_of(answers))
        means, stds = self._ask_moments(X)
        mean, std = mean_of(means), std_of(means, stds)
        return in_floats_of(means, mean), in_floats_of(means, std)

    def _ask_moments(
        self, X: ArrayLike
    ) -> tuple[list[np.ndarray], list[np.ndarray] | None]:
        """Return the predictions of all members, and their deviations if any."""
        if not self._predicts_noise():
            return self._ask("predict", X), None
        moments = self._ask("predict", X, return_std=True)
        return [mean for mean, _ in moments], [std for _, std in moments]

    def _mean_quantiles(
        self, X: ArrayLike, quantiles: Sequence[float], return_std: bool
    ) -> np.ndarray:
        if return_std:
            raise ValueError(
                "return_std=True and quantiles must not be asked for in one call, "
                f"got quantiles={quantiles!r}."
            )
        if self._predicts_noise():
            raise ValueError(
                "quantiles need members with loss='quantile': those of a mixture of "
                "distributions have no formula. Take them of samples, "
                f"np.quantile(ensemble.sample_y(X, 1000), {list(quantiles)}, axis=-1)."
            )
        answers = self._ask("predict", X, quantiles=quantiles)
        return in_floats_of(answers, mean_of(answers))

    def _predicts_noise(self) -> bool:
        """Return whether the members predict distributions."""
        check_is_fitted(self)
        return self._has_std

    def sample_y(
        self, X: ArrayLike, n_samples: int = 1, random_state: RandomState = 0
    ) -> np.ndarray:
        """Draw samples from the mixture of the members' distributions.

        Each sample is drawn from one member, chosen at random, for all sequences.

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
            If the loss of the members is not that of a distribution.
        """
        check_is_fitted(self)
        if not Count().is_satisfied_by(n_samples):
            raise ValueError(f"n_samples must be an int of at least 1, got {n_samples!r}")
        rng = check_random_state(random_state)
        chosen = rng.randint(len(self.estimators_), size=n_samples)
        samples: list[Any] = [None] * n_samples
        for i in np.unique(chosen):
            places = np.flatnonzero(chosen == i)
            drawn = self.estimators_[i].sample_y(X, len(places), rng)
            for k, place in enumerate(places):
                samples[place] = drawn[..., k]
        return np.stack(samples, axis=-1)

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
            R squared as of the members: for several outputs the mean over them, of frames
            over all pixels; of several quantiles the mean of their D squared.
        """
        check_is_fitted(self)
        network = last_of(self.estimators_[0])
        if not hasattr(network, "_score_answers"):
            return super().score(X, y, sample_weight)
        return network._score_answers(self.predict(X), y, sample_weight)
