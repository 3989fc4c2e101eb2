"""Base of estimators that predict classes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Self, cast

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags

from .._inputs import (
    Form,
    Labels,
    Reading,
    Target,
    check_classes,
    check_labels,
    warn_if_ignored_elsewhere,
    weigh_classes,
)
from .._inputs.borrowed import StrOptions
from .._inputs.types import ArrayLike, Targets
from .augmenting import STRENGTHS
from .declaration import hyperparameter, recurrent_estimator
from .estimator import SequenceEstimator
from .hyperparameters import label_smoothing


@recurrent_estimator
class Labeller(SequenceEstimator):
    """Estimator of classes: one per target, or any number of labels."""

    class_weight: Any = hyperparameter(
        default=None,
        constraints=[dict, list, StrOptions({"balanced"}), None],
        doc="""dict, list of dict, "balanced" or None
        Weight of each class in the loss: ``{class: weight}``, where missing classes have
        weight one, or "balanced" for weights inversely proportional to class
        frequencies. For multilabel targets, "balanced" or a list with a dict for each
        label.""",
    )
    label_smoothing: float = label_smoothing(default=0.0)

    _attributes_doc = """
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets, the columns of y.
    """

    # ----------------------------------------------------------------------- targets

    def _check_y(
        self, y: Any, form: Form, target: Target | None, classes: Any
    ) -> tuple[Target, np.ndarray]:
        labels = check_labels(y, type(self).__name__)
        classes = check_classes(classes)
        if not isinstance(target, Labels):
            target = Labels.of(labels, classes)
            if self._per_step:
                warn_if_ignored_elsewhere(target.classes)
        else:
            target.check_classes(classes)
        return target, target.encode(labels)

    def _check_first_batch(self, y: Any, classes: Any) -> None:
        if classes is None and check_labels(y, type(self).__name__).ndim == 1:
            raise ValueError(
                "classes must be passed on the first call to partial_fit, got None: "
                "later calls may have classes that are not in this y."
            )

    def _hold(self, reading: Reading, target: Target) -> None:
        super()._hold(reading, target)
        self.classes_: np.ndarray = cast(Labels, target).classes

    def _get_strata(self, codes: np.ndarray) -> np.ndarray | None:
        return codes if codes.ndim == 1 else None

    def _get_class_weights(
        self, codes: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None:
        target = cast(Labels, self._target)
        return weigh_classes(
            self.class_weight,
            codes,
            target.classes,
            weight,
            is_multilabel=target.is_multilabel,
        )

    def _accuracy(
        self, y: Any, predicted: np.ndarray, sample_weight: Any = None
    ) -> float:
        """Return the accuracy, for labels in any form that fit accepts."""
        labels = check_labels(y, type(self).__name__)
        return float(accuracy_score(labels, predicted, sample_weight=sample_weight))

    # ----------------------------------------------------------------------- training

    def partial_fit(
        self,
        X: ArrayLike,
        y: Targets,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch, continuing from the last call or fit.

        Channels are scaled by running means and standard deviations of all calls so far,
        which settle as the data grow; after a fit, by those of the fit.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : array-like of shape (n_sequences,) or (n_sequences, n_labels)
            Classes.
        classes : array-like of shape (n_classes,), default=None
            All classes that can occur in any call; required in the first call.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence, or of each step as in fit.

        Returns
        -------
        self : object
            The estimator.
        """
        return self._fit_one_epoch(X, y, sample_weight, classes)

    # --------------------------------------------------------------------- predicting

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict the class of each sequence, or of each step.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_labels)
            Labels; for predictions of every step, in the form of y.
        """
        return self._respond(X, "predict")

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes)
            Probabilities in the order of ``classes_``; float32 for float32 X, else
            float64. For predictions of every step (n_sequences, n_steps, n_classes), or
            an array (n_steps_i, n_classes) for each sequence.
        """
        return self._respond(X, "predict_proba")

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes)
            Logarithms in the order of ``classes_``; for every step as in
            :meth:`predict_proba`.
        """
        return self._respond(X, "predict_log_proba")


@recurrent_estimator
class SequenceClassifier(ClassifierMixin, Labeller):
    """Classifier of whole sequences."""

    def _get_allowed_changes(self) -> Collection[str]:
        return STRENGTHS

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
        return self._accuracy(y, self.predict(X), sample_weight)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
