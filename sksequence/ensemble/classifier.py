"""Classifier that is the mean of several networks."""

from __future__ import annotations

import warnings
from typing import Any, Literal, Self, overload

import numpy as np
from sklearn.base import ClassifierMixin, is_classifier
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags

from .._inputs import check_labels, names_itself
from .._inputs.types import ArrayLike, Targets
from ..estimators import LSTMClassifier
from ._answers import in_floats_of, mean_of, std_of
from ._base import DeepEnsemble


@names_itself
class DeepEnsembleClassifier(ClassifierMixin, DeepEnsemble):
    """Classifier that is the mean of several networks from different seeds.

    The members have the same hyperparameters and read the same data; they differ in
    their initial weights, the order of their mini-batches, dropout and, with early
    stopping, in what they hold out. Their mean is mostly more accurate than one of them,
    and its log loss is never larger than theirs on average; where they disagree, little
    is known.

    Parameters
    ----------
    estimator : estimator, default=None
        The classifier of sequences that is cloned and fitted. None for an
        :class:`~sksequence.LSTMClassifier`. Its own ``random_state`` is not used.
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
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets, the columns of y.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of columns or channels, if X has any.

    See Also
    --------
    DeepEnsembleRegressor : The same for numbers.
    sklearn.ensemble.VotingClassifier : The mean of different estimators.

    References
    ----------
    Lakshminarayanan, Pritzel and Blundell (2017), Simple and scalable predictive
    uncertainty estimation using deep ensembles. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRUClassifier
    >>> from sksequence.ensemble import DeepEnsembleClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(n, 2)).cumsum(axis=0) for n in rng.integers(5, 15, size=60)]
    >>> y = np.array(["up" if x[-1, 0] > 0 else "down" for x in X])
    >>> network = GRUClassifier(hidden_size=8, lr=0.03, max_epochs=20)
    >>> ensemble = DeepEnsembleClassifier(network, n_estimators=3, random_state=0)
    >>> ensemble.fit(X, y).predict(X[:3])
    array(['up', 'up', 'down'], dtype='<U4')
    >>> proba, std = ensemble.predict_proba(X[:3], return_std=True)
    >>> proba.shape, std.shape
    ((3, 2), (3, 2))
    """

    classes_: np.ndarray
    estimators_: list[Any]

    def __sklearn_tags__(self) -> Tags:
        return self._with_tags_of_estimator(super().__sklearn_tags__())

    def _make_default(self) -> Any:
        return LSTMClassifier()

    def _check_kind(self, estimator: Any) -> None:
        if not (is_classifier(estimator) and hasattr(estimator, "predict_proba")):
            raise TypeError(
                "estimator must be a classifier of whole sequences with predict_proba, "
                f"got {type(estimator).__name__}."
            )

    def _learn(self, member: Any, y: Any) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the members have warned
            is_multilabel = check_labels(y, type(self).__name__).ndim == 2
        own = {"classes_": member.classes_, "_is_multilabel": is_multilabel}
        return super()._learn(member, y) | own

    def partial_fit(
        self,
        X: ArrayLike,
        y: Targets,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train every member for one epoch, continuing from the last call or fit.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : array-like of shape (n_sequences,) or (n_sequences, n_labels)
            Classes.
        classes : array-like of shape (n_classes,), default=None
            All classes that can occur in any call; required in the first call.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence.

        Returns
        -------
        self : object
            The ensemble; after an error all members are as they were.
        """
        return self._fit_one_epoch(X, y, classes=classes, sample_weight=sample_weight)

    @overload
    def predict_proba(
        self, X: ArrayLike, return_std: Literal[False] = ...
    ) -> np.ndarray: ...

    @overload
    def predict_proba(
        self, X: ArrayLike, return_std: Literal[True]
    ) -> tuple[np.ndarray, np.ndarray]: ...

    def predict_proba(self, X: ArrayLike, return_std: bool = False) -> Any:
        """Predict the probability of each class: the mean of the members.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        return_std : bool, default=False
            Whether to return the spread of the members too.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes)
            Probabilities in the order of ``classes_``.
        std : ndarray of shape (n_sequences, n_classes)
            Standard deviation of each probability over the members; only with
            ``return_std``. It is large where the members disagree, as on sequences that
            are unlike those of the fit.
        """
        answers = self._ask("predict_proba", X)
        mean = in_floats_of(answers, mean_of(answers))
        return (mean, in_floats_of(answers, std_of(answers))) if return_std else mean

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Predict the logarithm of the mean probability of each class.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes)
            Logarithms in the order of ``classes_``.
        """
        answers = self._ask("predict_log_proba", X)
        largest = np.maximum.reduce(answers).astype(np.float64)
        shares = [np.exp(answer - largest) for answer in answers]
        return in_floats_of(answers, largest + np.log(mean_of(shares)))

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict the class of each sequence, by the mean probabilities.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_labels)
            Labels.
        """
        proba = self.predict_proba(X)
        if self._is_multilabel:
            return (proba > 0.5).astype(int)
        return self.classes_[proba.argmax(axis=1)]

    def score(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the accuracy; for several labels the subset accuracy.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : array-like of shape (n_sequences,) or (n_sequences, n_labels)
            True labels, in any form that fit accepts.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence.

        Returns
        -------
        float
            Accuracy.
        """
        labels = check_labels(y, type(self).__name__)
        predicted = self.predict(X)
        return float(accuracy_score(labels, predicted, sample_weight=sample_weight))
