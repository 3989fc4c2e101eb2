"""What is particular to answers that are classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags, assert_all_finite, column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from .._inputs.types import ArrayLike, Targets
from .._storage.learnt import Learnt
from .declaration import hyperparameter, recurrent_estimator
from .estimator import SequenceEstimator


class _LearntLabels(Learnt):
    """What a fit leaves behind; not among the fields of the class below."""

    classes_: np.ndarray
    _is_multilabel: bool


@recurrent_estimator
class Labeller(_LearntLabels, SequenceEstimator):
    """Answer with classes: one for each target, or any number of labels."""

    class_weight: Any = hyperparameter(
        default=None,
        constraints=[dict, list, StrOptions({"balanced"}), None],
        doc="""dict, list of dict, "balanced" or None
        Weight of each class in the loss: ``{class: weight}`` with one for the classes
        left out, or "balanced" for weights against the classes' frequencies. For
        multilabel targets "balanced" or a list with a dict for each label.""",
    )

    _attributes_doc = """
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets the columns of y.
    """

    # ----------------------------------------------------------------------- targets

    def _encode_target(self, y: Any, *, reset: bool, classes: Any = None) -> np.ndarray:
        labels = _check_labels(y, type(self).__name__)
        if classes is not None:
            classes = np.asarray(classes)
            if classes.ndim != 1 or not len(classes):
                raise ValueError(f"classes must be a list of all labels, got {classes}")
            assert_all_finite(classes, input_name="classes")
        if reset:
            self._is_multilabel = labels.ndim == 2
            self.classes_ = (
                np.arange(labels.shape[1])
                if self._is_multilabel
                else np.unique(labels if classes is None else classes)
            )
        elif classes is not None and not np.array_equal(
            np.unique(classes), self.classes_
        ):
            raise ValueError(
                f"classes={np.unique(classes)} is not what the first call to "
                f"partial_fit had: {self.classes_}."
            )
        if self._is_multilabel:
            if labels.shape[1:] != self.classes_.shape:
                raise ValueError(
                    f"y has shape {labels.shape}, expected {len(self.classes_)} columns "
                    "of zeros and ones, as in the first fit."
                )
            return labels.astype(np.float64)
        if labels.ndim != 1:
            raise ValueError(
                f"y has shape {labels.shape}, expected one class each (n,), as in the "
                "first fit."
            )
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y contains classes that are not in {self.classes_}: {unknown}. All "
                "classes must be known at the first fit or partial_fit."
            )
        return np.searchsorted(self.classes_, labels)

    def _check_first_batch(self, y: Any, classes: Any) -> None:
        if classes is None and _check_labels(y, type(self).__name__).ndim == 1:
            raise ValueError(
                "classes must be passed on the first call to partial_fit: later calls "
                "may bring classes that this y has not."
            )

    def _count_outputs(self) -> int:
        return len(self.classes_)

    def _get_loss(self) -> dict[str, Any]:
        kind = "binary_cross_entropy" if self._is_multilabel else "cross_entropy"
        return {"loss": kind, "quantile": None}

    def _get_strata(self, target: np.ndarray) -> np.ndarray | None:
        return None if self._is_multilabel else target

    def _get_class_weights(
        self, target: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None:
        if self.class_weight is None:
            return None
        if not self._is_multilabel:
            if isinstance(self.class_weight, list):
                raise ValueError(
                    "class_weight is a list, which is for multilabel targets; expected a "
                    'dict {class: weight}, "balanced" or None.'
                )
            return _weights(self.class_weight, target, self.classes_, weight)
        per_label = self.class_weight
        if per_label == "balanced":
            per_label = ["balanced"] * len(self.classes_)
        if not isinstance(per_label, list) or len(per_label) != len(self.classes_):
            raise ValueError(
                f'class_weight of multilabel targets must be "balanced" or a list of '
                f"{len(self.classes_)} dicts, one per label, got {per_label!r}"
            )
        zero_one = np.array([0, 1])
        columns = [
            _weights(_check_dict(one), column.astype(int), zero_one, weight)
            for one, column in zip(per_label, target.T, strict=True)
        ]
        return np.prod(columns, axis=0)

    def _describe_answer(self) -> dict[str, Any]:
        return {
            "kind": "labels",
            "classes": self.classes_,
            "is_multilabel": self._is_multilabel,
        }

    # ----------------------------------------------------------------------- training

    def partial_fit(
        self,
        X: ArrayLike,
        y: Targets,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch, going on from where the last call or fit ended.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : array-like of shape (n_sequences,) or (n_sequences, n_labels)
            Classes.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever come; required at the first call.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence.

        Returns
        -------
        self : object
            The estimator.
        """
        return self._train_one_epoch(X, y, sample_weight, classes)

    # ---------------------------------------------------------------------- answering

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict the class of each sequence, or of each step.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_labels)
            Labels as fit saw them; for steps in the form of y.
        """
        return self._respond(X, "predict")

    def _get_finishers(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        return {
            "predict": self._decide,
            "predict_proba": expit if self._is_multilabel else _softmax,
            "predict_log_proba": log_expit if self._is_multilabel else _log_softmax,
            "transform": np.asarray,
        }

    def _decide(self, scores: np.ndarray) -> np.ndarray:
        if self._is_multilabel:
            return (scores > 0).astype(int)
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes)
            In the order of ``classes_``; float32 for a float32 X, else float64. For steps
            (n_sequences, n_steps, n_classes), or (n_steps_i, n_classes) each.
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
            In the order of ``classes_``; for steps as probabilities are.
        """
        return self._respond(X, "predict_log_proba")


@recurrent_estimator
class SequenceClassifier(ClassifierMixin, Labeller):
    """Label whole sequences."""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _softmax(scores: np.ndarray) -> np.ndarray:
    return softmax(scores, axis=1)


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    return log_softmax(scores, axis=1)


def _check_labels(y: Any, name: str) -> np.ndarray:
    """Return labels (n,), or zeros and ones (n, n_labels)."""
    if y is None:
        raise ValueError(
            f"This {name} estimator requires y to be passed, but the target y is None."
        )
    if isinstance(y, np.ma.MaskedArray):
        raise TypeError("y is a masked array, whose mask would be ignored.")
    labels = y.toarray() if issparse(y) else np.asarray(y)
    if labels.dtype.kind == "U" and not hasattr(y, "dtype"):
        kinds = {type(label).__name__ for label in y if not isinstance(label, str)}
        if kinds:
            raise ValueError(f"y mixes str with {kinds}: expected labels of one type.")
    if labels.ndim != 2 or labels.shape[1] == 1:
        labels = column_or_1d(labels, warn=True)
    if any(label is None for label in labels.flat):
        raise ValueError("Input y contains None, expected a label for each sequence.")
    assert_all_finite(labels, input_name="y")
    if labels.dtype == object and len({isinstance(x, str) for x in labels.flat}) > 1:
        raise ValueError("y mixes text with other types: expected labels of one type.")
    if labels.dtype == object and not any(isinstance(x, str) for x in labels.flat):
        # Integers that pandas calls nullable arrive as objects.
        labels = np.asarray(labels.tolist())
    check_classification_targets(labels)
    if labels.ndim == 2 and type_of_target(labels) != "multilabel-indicator":
        raise ValueError(
            f"y has shape {labels.shape} and is {type_of_target(labels)}; expected one "
            "class per sequence (n,), or zeros and ones (n, n_labels). For several "
            "outputs of several classes use sklearn.multioutput.MultiOutputClassifier."
        )
    return labels


def _check_dict(wanted: Any) -> Any:
    if not isinstance(wanted, dict) and not (
        isinstance(wanted, str) and wanted == "balanced"
    ):
        raise ValueError(
            'class_weight of multilabel targets must hold a dict or "balanced" for each '
            f"label, got {wanted!r}"
        )
    return wanted


def _weights(
    wanted: Any, codes: np.ndarray, classes: np.ndarray, weight: np.ndarray | None
) -> np.ndarray:
    """Look each sequence's class up in ``class_weight``.

    Balanced weights are n / (k n_c) for the n_c of n sequences in one of k classes.
    """
    if isinstance(wanted, str):
        counts = np.bincount(codes, weight, minlength=len(classes))
        present = counts > 0
        per_class = np.ones(len(classes))
        per_class[present] = counts.sum() / (present.sum() * counts[present])
        return per_class[codes]
    known = classes.tolist()
    unknown = [label for label in wanted if label not in known]
    if unknown:
        raise ValueError(
            f"class_weight has weights for {unknown}, which y has not: its classes are "
            f"{known}."
        )
    chosen = [wanted.get(label, 1.0) for label in known]
    try:
        per_class = np.array(chosen, dtype=float)
    except (TypeError, ValueError) as error:
        raise type(error)(f"class_weight must hold numbers, got {wanted}") from error
    if not (np.isfinite(per_class) & (per_class >= 0)).all() or not per_class.any():
        raise ValueError(
            f"class_weight must hold finite weights of at least zero, and not zeros "
            f"alone, got {wanted}"
        )
    return per_class[codes]
