"""Metrics and scorers for predictions at every time step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._inputs import lengths_of, pair_steps, score_steps
from .._inputs.types import ArrayLike, Metric

__all__ = [
    "StepScorer",
    "flatten_steps",
    "make_step_scorer",
    "perplexity",
    "perplexity_scorer",
]


def flatten_steps(
    y_true: ArrayLike, y_pred: ArrayLike, *, separator: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate true and predicted targets of all steps that have a target.

    For functions that need one array, such as
    :func:`sklearn.metrics.classification_report`; for scorers see
    :func:`make_step_scorer`.

    Parameters
    ----------
    y_true : list of array-like of shape (n_steps_i,), or array (n_sequences, n_steps)
        True targets of each step, NaN or None if there is none; several outputs or labels
        with one more axis.
    y_pred : list of array-like, or array
        Predictions, in the same form. Those at steps without a target are left out.
    separator : object, default=None
        Label to insert between sequences, so that no entity extends over two: "O" for
        metrics of entities, such as those of seqeval.

    Returns
    -------
    y_true, y_pred : ndarray of shape (n_steps_in_all,) or (n_steps_in_all, n_outputs)
        The steps of the first sequence, then those of the second, and so on.

    Raises
    ------
    ValueError
        If the predictions of a sequence do not match its targets.

    Examples
    --------
    >>> from sklearn.metrics import confusion_matrix
    >>> y_true = [["noun", "verb", None], ["verb"]]
    >>> y_pred = [["noun", "noun", "verb"], ["verb"]]
    >>> confusion_matrix(*flatten_steps(y_true, y_pred))
    array([[1, 0],
           [1, 1]])
    >>> flatten_steps(y_true, y_pred, separator="O")[1]
    array(['noun', 'noun', 'O', 'verb'], dtype=object)
    """
    truth, predicted, given = pair_steps(y_true, y_pred)
    if separator is None:
        return truth, predicted
    lengths = lengths_of(y_pred)
    counts = np.add.reduceat(given, np.cumsum(lengths) - lengths, dtype=int)
    ends = np.cumsum(counts)[:-1]
    return _insert(truth, ends, separator), _insert(predicted, ends, separator)


def _insert(rows: np.ndarray, ends: np.ndarray, separator: Any) -> np.ndarray:
    return np.insert(rows.astype(object), ends, separator, axis=0)


def perplexity(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    classes: ArrayLike,
    sample_weight: ArrayLike | None = None,
) -> float:
    r"""Exponential of the mean negative log-probability of the true classes.

    .. math:: \exp \Bigl( -\frac{1}{T} \sum_t \log p_t(y_t) \Bigr)

    Parameters
    ----------
    y_true : list of array-like of shape (n_steps_i,), or array (n_sequences, n_steps)
        The class of each step; NaN or None if it has none.
    y_proba : list of array-like of shape (n_steps_i, n_classes), or 3-D array
        Probability of each class at each step.
    classes : array-like of shape (n_classes,)
        The classes of the columns of ``y_proba``, sorted.
    sample_weight : array-like of shape (n_sequences,) or list, default=None
        Weight of the steps of each sequence, or a list with an array of weights of steps
        for each.

    Returns
    -------
    float
        At least 1, which means certainty; infinite if a true class has probability 0, as
        every class that is not in ``classes`` has.

    References
    ----------
    Jelinek, Mercer, Bahl and Baker (1977), Perplexity, a measure of the difficulty of
    speech recognition tasks. JASA 62.

    Examples
    --------
    >>> perplexity([[0, 1]], [[[0.5, 0.5], [0.5, 0.5]]], classes=[0, 1])
    2.0
    """
    known_classes = np.asarray(classes)

    def of_rows(
        truth: np.ndarray, proba: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> float:
        code = np.searchsorted(known_classes, truth).clip(max=len(known_classes) - 1)
        known = known_classes[code] == truth
        came = np.where(known, proba[np.arange(len(code)), code], 0.0)
        if sample_weight is not None:
            # Steps of weight 0 may have probability 0: 0 * -inf would be NaN.
            came, sample_weight = (
                came[sample_weight > 0],
                sample_weight[sample_weight > 0],
            )
        with np.errstate(divide="ignore"):
            return float(np.exp(-np.average(np.log(came), weights=sample_weight)))

    return score_steps(of_rows, y_true, y_proba, sample_weight)


@dataclass(frozen=True)
class StepScorer:
    """Score predictions for every step; created by :func:`make_step_scorer`.

    Parameters
    ----------
    score_func : callable
        A function of the targets and predictions of all steps.
    response_method : str, default='predict'
        The method that predicts.
    sign : {1, -1}, default=1
        -1 if less is better.
    kwargs : dict, default={}
        More arguments of the function.
    """

    score_func: Metric
    response_method: str = "predict"
    sign: int = 1
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __call__(
        self,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        answers = getattr(estimator, self.response_method)(X)
        return self.sign * score_steps(
            self.score_func, y, answers, sample_weight, **self.kwargs
        )


def make_step_scorer(
    score_func: Metric,
    *,
    response_method: str = "predict",
    greater_is_better: bool = True,
    **kwargs: Any,
) -> StepScorer:
    """Make a scorer for predictions at every step from a metric of flat arrays.

    The counterpart of :func:`sklearn.metrics.make_scorer`, which is for one prediction
    per sequence. All steps have equal weight, so longer sequences count more; steps
    whose target is NaN or None do not count. Where steps have some of several outputs,
    the metric is called for each output, and the mean is the score.

    Parameters
    ----------
    score_func : callable
        Function ``score_func(y_true, y_pred, **kwargs)``, such as those of
        sklearn.metrics. It is called with the steps of all sequences in one array.
    response_method : str, default="predict"
        Method of the estimator that makes the predictions, such as "predict_proba".
    greater_is_better : bool, default=True
        Whether greater is better; if False, the sign of the score is flipped.
    **kwargs : dict
        Passed to ``score_func``.

    Returns
    -------
    callable
        ``scorer(estimator, X, y, sample_weight=None)``, for the parameter ``scoring`` of
        cross_validate, GridSearchCV and the like.

    Examples
    --------
    >>> from sklearn.metrics import f1_score
    >>> scorer = make_step_scorer(f1_score, average="macro")
    >>> scorer.response_method
    'predict'
    """
    sign = 1 if greater_is_better else -1
    return StepScorer(score_func, response_method, sign, kwargs)


def perplexity_scorer(
    estimator: Any, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Score a tagger by its negative :func:`perplexity`; for ``scoring=``.

    Parameters
    ----------
    estimator : estimator
        A fitted :class:`sksequence.RecurrentTagger`, or a search or pipeline with one.
    X, y : list of array-like
        Sequences, and the class of each step.
    sample_weight : array-like of shape (n_sequences,) or list, default=None
        Weight of the steps of each sequence, or a list with an array of weights of steps
        for each.

    Returns
    -------
    float

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from sksequence import RecurrentTagger
    >>> X = [[1, 2, 3] * 5, [2, 3] * 9, [3, 1, 2] * 4, [1, 2] * 6]
    >>> y = [np.roll(x, -1) for x in X]
    >>> model = RecurrentTagger(embedding_dim=4, hidden_size=8, random_state=0)
    >>> bool((cross_val_score(model, X, y, cv=2, scoring=perplexity_scorer) < -1).all())
    True
    """
    proba = estimator.predict_proba(X)
    return -perplexity(y, proba, classes=estimator.classes_, sample_weight=sample_weight)
