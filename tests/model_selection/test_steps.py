"""Predictions of steps by folds, and what scikit-learn would make of them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.data import ragged
from helpers.estimators import make
from helpers.step_task import REGRESSOR, TAGGER, running_means
from sksequence.model_selection import cross_val_predict_steps
from sksequence.preprocessing import StepwiseTransformer

FOLDS = KFold(3)


@pytest.fixture(scope="module")
def task():
    return running_means()


def by_hand(model, X, y, method, weight=None):
    """Of each sequence the answer of the fit to the other folds."""
    answers = [None] * len(X)
    for train, test in FOLDS.split(X):
        params = {} if weight is None else {"sample_weight": [weight[i] for i in train]}
        fitted = clone(model).fit([X[i] for i in train], [y[i] for i in train], **params)
        said = getattr(fitted, method)([X[i] for i in test])
        for i, answer in zip(test, said, strict=True):
            answers[i] = answer
    return answers


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba", "predict"])
def test_each_answer_is_that_of_a_fit_to_the_other_folds(method, task):
    X, y = task[0], [np.array(["no", "maybe", "yes"])[one] for one in task[1]]
    got = cross_val_predict_steps(make(TAGGER), X, y, cv=FOLDS, method=method)
    assert got.shape == (len(X),)
    for one, expected in zip(got, by_hand(make(TAGGER), X, y, method), strict=True):
        np.testing.assert_array_equal(one, expected)


def test_a_block_is_answered_by_a_block():
    X = np.random.default_rng(0).normal(size=(12, 5))
    y = np.where(X > 0, "above", "below")
    proba = cross_val_predict_steps(make(TAGGER), X, y, cv=FOLDS)
    assert proba.shape == (12, 5, 2)
    expected = by_hand(make(TAGGER), list(X), list(y), "predict_proba")
    np.testing.assert_array_equal(proba, expected)


def test_pipelines_numbers_and_weights(task):
    X, _, y = task
    model = make_pipeline(StepwiseTransformer(StandardScaler()), make(REGRESSOR))
    got = cross_val_predict_steps(model, X, y, cv=FOLDS, method="predict")
    for one, expected in zip(got, by_hand(model, X, y, "predict"), strict=True):
        np.testing.assert_array_equal(one, expected)
    weight, model = [np.linspace(1, 2, len(x)) for x in X], make(REGRESSOR)
    params = {"sample_weight": weight}
    got = cross_val_predict_steps(
        model, X, y, cv=FOLDS, method="predict", params=params, n_jobs=2
    )
    for one, expected in zip(got, by_hand(model, X, y, "predict", weight), strict=True):
        np.testing.assert_array_equal(one, expected)


@pytest.mark.parametrize(
    ("method", "absent"), [("predict_proba", 0), ("predict_log_proba", -np.inf)]
)
def test_a_class_that_is_in_one_fold_alone_has_its_column(method, absent):
    X = ragged([5] * 9)
    y = [np.where(x[:, 0] > 0, 3, 7) for x in X]
    y[0][:] = 5  # in the first test set
    got = cross_val_predict_steps(make(TAGGER), X, y, cv=FOLDS, method=method)
    expected = by_hand(make(TAGGER), X, y, method)
    for i in range(9):
        assert got[i].shape == (5, 3)
        known = [0, 2] if i < 3 else [0, 1, 2]
        np.testing.assert_array_equal(got[i][:, known], expected[i])
        assert i >= 3 or (got[i][:, 1] == absent).all()


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba"])
@pytest.mark.parametrize("n_labels", [None, 3])
def test_what_scikit_learn_would_encode_is_refused(method, n_labels):
    """As many steps as classes: the shapes fit, and the classes would be others."""
    X = np.random.default_rng(0).normal(size=(12, 2))
    y = np.where(X > 0, 1, 2)
    if n_labels:
        y = np.random.default_rng(0).integers(0, 2, size=(12, 2, n_labels))
    for model in (make(TAGGER), make_pipeline(make(TAGGER))):
        with pytest.raises(ValueError, match="cross_val_predict_steps"):
            cross_val_predict(model, X, y, cv=FOLDS, method=method)
    # Labels are not encoded by it.
    got = cross_val_predict(make(TAGGER), X, y, cv=FOLDS)
    assert got.shape == y.shape
