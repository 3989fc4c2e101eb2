"""Validation of labels, and class weights."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from .containers import check_all_given, plain_targets

_LISTS = (list, tuple, set, frozenset, np.ndarray)
_EXPECTED = (
    "one class per sequence (n,), or zeros and ones (n, n_labels), which "
    "sklearn.preprocessing.MultiLabelBinarizer makes of lists of labels"
)


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
    labels = y.toarray() if issparse(y) else _as_array(y)
    if labels.dtype.kind == "U" and labels.ndim == 1 and not hasattr(y, "dtype"):
        kinds = {type(label).__name__ for label in y if not isinstance(label, str)}
        if kinds:
            raise ValueError(f"y mixes str with {kinds}: expected labels of one type.")
    if labels.ndim != 2 or labels.shape[1] == 1:
        labels = column_or_1d(labels, warn=True)
    labels = plain_labels(labels, "y")
    check_classification_targets(labels)
    if labels.ndim < 2:
        return labels
    kind = type_of_target(labels)
    if kind != "multilabel-indicator" or not np.isin(labels, (0, 1)).all():
        shown = ", ".join(map(repr, np.unique(labels)[:4].tolist()))
        raise ValueError(
            f"y has shape {labels.shape} and is {kind}, with values such as {shown}; "
            f"expected {_EXPECTED}. For several outputs of several classes use "
            "sklearn.multioutput.MultiOutputClassifier."
        )
    return labels


def warn_if_one_hot(labels: np.ndarray) -> None:
    """Warn that valid labels look like one class each, in one-hot coding."""
    # Of few rows it may be chance.
    if labels.ndim != 2 or len(labels) <= labels.shape[1]:
        return
    if (labels.sum(axis=1) == 1).all():
        warnings.warn(
            f"y of shape {labels.shape} has exactly one 1 in each row, as in one-hot "
            "coding, but is read as labels that are independent of one another. For one "
            "class each pass np.argmax(y, axis=-1).",
            UserWarning,
            stacklevel=2,
        )


def warn_if_ignored_elsewhere(classes: np.ndarray) -> None:
    """Warn of a class -100, with which torch and others mark steps to ignore."""
    if classes.dtype.kind in "if" and -100 in classes:
        warnings.warn(
            "y holds -100, which is a class like any other here. For steps without a "
            "label pass NaN or None.",
            UserWarning,
            stacklevel=2,
        )


def _as_array(y: Any) -> np.ndarray:
    """Convert labels to an array; refuse lists of labels that are no zeros and ones."""
    try:
        labels = np.asarray(y)
        if not _holds_lists(labels):
            return labels
        labels = np.asarray(labels.tolist())  # such as a Series of zeros and ones
        if not _holds_lists(labels):
            return labels
    except ValueError:
        """Lists of unequal length."""
    raise ValueError(f"y holds lists of labels; expected {_EXPECTED}.")


def _holds_lists(labels: np.ndarray) -> bool:
    return labels.dtype == object and any(isinstance(x, _LISTS) for x in labels.flat)


def plain_labels(labels: np.ndarray, name: str) -> np.ndarray:
    """Convert labels to a dtype that can be compared and stored; refuse all others.

    Objects become plain str, or a dtype of numpy: pandas' nullable integers are
    converted to objects, for example.
    """
    if labels.dtype.kind == "T":  # variable width, which scikit-learn does not know
        labels = labels.astype(object)
    if labels.dtype == object and any(label is None for label in labels.flat):
        raise ValueError(f"Input {name} contains None, expected a label for each.")
    assert_all_finite(labels, input_name=name)
    if labels.dtype == object:
        labels = _without_objects(labels, name)
    kind = labels.dtype.kind
    is_text = kind == "O" and isinstance(labels.flat[0], str)
    if kind in "OV" and not is_text:
        held = type(labels.flat[0]).__name__ if kind == "O" else labels.dtype
        raise ValueError(
            f"Unknown label type: {name} holds {held}; expected labels that are text, "
            "numbers, bools or dates of numpy. Convert them, for example to text."
        )
    if kind == "f" and labels.dtype.itemsize > 8:
        double = labels.astype(np.float64)
        if not np.array_equal(double, labels):
            raise ValueError(
                f"{name} has labels of {labels.dtype} that differ by less than float64 "
                "resolves; expected numbers of at most 64 bits. Convert them to text."
            )
        return double
    return labels


def _without_objects(labels: np.ndarray, name: str) -> np.ndarray:
    are_text = [isinstance(label, str) for label in labels.flat]
    if not any(are_text):
        return np.asarray(labels.tolist())
    if not all(are_text):
        raise ValueError(
            f"{name} mixes text with other types: expected labels of one type."
        )
    # str() would strip null characters of numpy's kind of str.
    texts = [x if type(x) is str else "".join(x) for x in labels.flat]
    return np.array(texts, dtype=object).reshape(labels.shape)


def check_classes(classes: Any) -> np.ndarray | None:
    """Return the sorted classes passed to partial_fit, or None."""
    if classes is None:
        return None
    classes = np.asarray(classes)
    if classes.ndim != 1 or not len(classes):
        raise ValueError(f"classes must be a list of all labels, got {classes}")
    return np.unique(plain_labels(classes, "classes"))


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
        None without ``class_weight``. Codes of missing targets, -1 or NaN, must have
        weight zero; any weight is returned for them.
    """
    if class_weight is None:
        return None
    codes = np.maximum(np.nan_to_num(codes), 0)
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
