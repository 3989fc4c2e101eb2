"""Weights of samples and of classes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from helpers.comparing import answers
from helpers.estimators import (
    CLASSIFIERS,
    make,
    target_of,
)


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("class_weight", [{"a": 3, "c": 0.5}, "balanced"], ids=str)
def test_class_weights_are_sample_weights(name, class_weight, task):
    X, codes, _ = task
    y = np.array(["a", "b", "c"])[codes]
    weighted = {"a": 3, "b": 1, "c": 0.5} if class_weight != "balanced" else "balanced"
    by_class = make(name, class_weight=class_weight, standardize=False).fit(X, y)
    by_sample = make(name, standardize=False).fit(
        X, y, sample_weight=compute_sample_weight(weighted, y)
    )
    np.testing.assert_array_equal(by_class.predict_proba(X), by_sample.predict_proba(X))
    plain = make(name, standardize=False).fit(X, y)
    assert (by_class.predict_proba(X) != plain.predict_proba(X)).any()


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_only_ratios_of_weights_matter(name, task):
    X, y = task[0], target_of(task, name)
    weight = np.random.default_rng(0).uniform(0.5, 2, size=len(X))
    some, others = (
        make(name, dtype="float64").fit(X, y, sample_weight=factor * weight)
        for factor in (1, 7.3)
    )
    np.testing.assert_allclose(answers(some, X), answers(others, X), rtol=1e-9)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_zero_weight_is_absence(name, early_stopping, task):
    X, y = task[0], target_of(task, name)
    weight = np.random.default_rng(0).integers(0, 3, size=len(X)).astype(float)
    kept = np.flatnonzero(weight)
    whole = make(name, early_stopping=early_stopping).fit(X, y, sample_weight=weight)
    part = make(name, early_stopping=early_stopping).fit(
        [X[i] for i in kept], y[kept], sample_weight=weight[kept]
    )
    np.testing.assert_array_equal(answers(whole, X), answers(part, X))
