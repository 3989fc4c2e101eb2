"""Cross-validated predictions for every step."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import cross_val_predict
from sklearn.utils import Tags, get_tags

from .._inputs.types import ArrayLike, Targets
from ._sharing import sharing

_ABSENT = {"predict_proba": 0.0, "predict_log_proba": -np.inf}


def cross_val_predict_steps(
    estimator: Any,
    X: ArrayLike,
    y: Targets,
    *,
    groups: ArrayLike | None = None,
    cv: Any = None,
    n_jobs: int | None = None,
    params: dict[str, Any] | None = None,
    method: str = "predict_proba",
) -> np.ndarray:
    """Predict for every step of each sequence with a fit to other folds.

    The counterpart of :func:`sklearn.model_selection.cross_val_predict`, which encodes
    the classes of y for probabilities, as if there were one class per sequence.

    Parameters
    ----------
    estimator : estimator
        A :class:`sksequence.RecurrentTagger`; with ``method="predict"`` also a
        :class:`sksequence.RecurrentStepRegressor`; or a pipeline or search with one.
    X, y : array-like
        Sequences, and their targets for each step, in any form that the estimator
        accepts.
    groups : array-like of shape (n_sequences,), default=None
        Groups for the splitter.
    cv : int, splitter or iterable, default=None
        Folds of sequences, as in scikit-learn: each sequence is in one test set.
    n_jobs : int, default=None
        Number of folds to fit in parallel.
    params : dict, default=None
        Parameters of fit, such as ``sample_weight``.
    method : str, default="predict_proba"
        Method of the estimator that makes the predictions.

    Returns
    -------
    ndarray of shape (n_sequences, n_steps, ...) or (n_sequences,)
        Predictions in the form that the estimator returns. Columns of probabilities are
        those of all classes, sorted; classes that are not in the training folds have
        probability 0.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import RecurrentTagger
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=n) for n in rng.integers(5, 15, 20)]
    >>> y = [np.where(x > 0, "above", "below") for x in X]
    >>> model = RecurrentTagger(hidden_size=4, max_epochs=2, random_state=0)
    >>> proba = cross_val_predict_steps(model, X, y, cv=4)
    >>> [p.shape == (len(x), 2) for p, x in zip(proba, X)] == [True] * 20
    True
    """
    with sharing(n_jobs, X, y) as (X, y):
        answers = cross_val_predict(
            _Answering(estimator, method),
            X,
            y,
            groups=groups,
            cv=cv,
            n_jobs=n_jobs,
            params=params,
        )
    if method in _ABSENT:
        classes = np.unique(np.concatenate([answer.classes for answer in answers]))
        rows = [_with_all(answer, classes, _ABSENT[method]) for answer in answers]
    else:
        rows = [answer.rows for answer in answers]
    if all(answer.is_block for answer in answers):
        return np.stack(rows)
    return _objects(rows)


class _Answer(NamedTuple):
    """Predictions for the steps of one sequence.

    ``classes`` are those of the fit, and ``is_block`` says whether they were part of one
    array for all sequences.
    """

    rows: np.ndarray
    classes: np.ndarray
    is_block: bool


class _Answering(BaseEstimator):
    """Wrapper whose ``predict`` returns an ``_Answer`` for each sequence."""

    def __init__(self, estimator: Any, method: str) -> None:
        self.estimator, self.method = estimator, method

    def fit(self, X: ArrayLike, y: Targets, **params: Any) -> Self:
        self.fitted_ = clone(self.estimator).fit(X, y, **params)
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        answers = getattr(self.fitted_, self.method)(X)
        classes = getattr(self.fitted_, "classes_", np.empty(0))
        is_block = answers.dtype != object or answers.ndim > 1
        return _objects([_Answer(rows, classes, is_block) for rows in answers])

    def __sklearn_tags__(self) -> Tags:
        return get_tags(self.estimator)


def _with_all(answer: _Answer, classes: np.ndarray, absent: float) -> np.ndarray:
    """Insert columns for the classes that a fit has not seen."""
    if len(answer.classes) == len(classes):
        return answer.rows
    shape = *answer.rows.shape[:-1], len(classes)
    rows = np.full(shape, absent, answer.rows.dtype)
    rows[..., np.searchsorted(classes, answer.classes)] = answer.rows
    return rows


def _objects(items: list[Any]) -> np.ndarray:
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array
