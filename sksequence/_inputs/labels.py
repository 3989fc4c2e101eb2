"""Validation of labels, and class weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from .containers import check_all_given, plain_targets


def check_labels(y: Any, name: str) -> np.ndarray:
    """Validate labels, and return them (n,), or as zeros and ones (n, n_labels).

    Parameters
    ----------
    y : array-like
        Labels.
    name : str
        Name of the estimator in error messages.

    Raises
    ------
    ValueError, TypeError
        If y is not an array of labels.
    """
    if y is None:
        raise ValueError(
            f"This {name} estimator requires y to be passed, but the target y is None."
        )
    if isinstance(y, np.ma.MaskedArray):
        raise TypeError("y is a masked array, whose mask would be ignored.")
    y = y if issparse(y) else plain_targets(y)
    check_all_given(y)
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
        # pandas' nullable integers are converted to objects.
        labels = np.asarray(labels.tolist())
    check_classification_targets(labels)
    if labels.ndim == 2 and type_of_target(labels) != "multilabel-indicator":
        raise ValueError(
            f"y has shape {labels.shape} and is {type_of_target(labels)}; expected one "
            "class per sequence (n,), or zeros and ones (n, n_labels). For several "
            "outputs of several classes use sklearn.multioutput.MultiOutputClassifier."
        )
    return labels


def check_classes(classes: Any) -> np.ndarray | None:
    """Return the sorted classes passed to partial_fit, or None."""
    if classes is None:
        return None
    classes = np.asarray(classes)
    if classes.ndim != 1 or not len(classes):
        raise ValueError(f"classes must be a list of all labels, got {classes}")
    assert_all_finite(classes, input_name="classes")
    return np.unique(classes)


def weigh_classes(
    class_weight: Any,
    codes: np.ndarray,
    classes: np.ndarray,
    weight: np.ndarray | None,
    *,
    is_multilabel: bool,
) -> np.ndarray | None:
    """Return the weight of each target according to ``class_weight``.

    Parameters
    ----------
    class_weight : dict, list of dict, "balanced" or None
        The hyperparameter.
    codes : ndarray of shape (n,) or (n, n_labels)
        Class codes, or zeros and ones.
    classes : ndarray of shape (n_classes,)
        The classes.
    weight : ndarray of shape (n,) or None
        Sample weight of each target.
    is_multilabel : bool
        Whether the targets are multilabel.

    Returns
    -------
    ndarray of shape (n,) or None
        None without ``class_weight``.
    """
    if class_weight is None:
        return None
    if not is_multilabel:
        if isinstance(class_weight, list):
            raise ValueError(
                'class_weight must be a dict {class: weight}, "balanced" or None, got a '
                "list, which is for multilabel targets."
            )
        return _weights(class_weight, codes, classes, weight)
    per_label = class_weight
    if per_label == "balanced":
        per_label = ["balanced"] * len(classes)
    if not isinstance(per_label, list) or len(per_label) != len(classes):
        raise ValueError(
            f'class_weight of multilabel targets must be "balanced" or a list of '
            f"{len(classes)} dicts, one per label, got {per_label!r}"
        )
    zero_one = np.array([0, 1])
    columns = [
        _weights(_check_dict(one), column.astype(int), zero_one, weight)
        for one, column in zip(per_label, codes.T, strict=True)
    ]
    return np.prod(columns, axis=0)


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
    """Return the weight of the class of each target.

    The balanced weight of a class c is n / (k n_c), for n targets in k classes, n_c of
    them in class c.
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
            f"class_weight must name classes of y, {known}, got weights for {unknown}."
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
