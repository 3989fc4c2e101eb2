"""Scales that a fit learns of X."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import softmax

from helpers.comparing import answers
from helpers.estimators import (
    CLASSIFIERS,
    ESTIMATORS,
    EXACT,
    REGRESSORS,
    labels_for,
    make,
    target_of,
)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_units_of_measurement_do_not_matter(name, task):
    X, y = task[0], target_of(task, name)
    moved = [1000 + 50 * x for x in X]
    expected = answers(make(name, **EXACT).fit(X, y), X)
    got = answers(make(name, **EXACT).fit(moved, y), moved)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_standardising_is_over_the_steps_there_are(name, weighted, task):
    """As if the steps had been scaled by hand, none of them padding."""
    X, y = task[0], target_of(task, name)
    weight = np.random.default_rng(0).uniform(0.5, 2, size=len(X)) if weighted else None
    steps = np.concatenate(X)
    per_step = np.repeat(weight, [len(x) for x in X]) if weighted else None
    mean = np.average(steps, axis=0, weights=per_step)
    scale = np.sqrt(np.average((steps - mean) ** 2, axis=0, weights=per_step))
    by_hand = [(x - mean) / scale for x in X]
    center, width = 0.0, 1.0
    if name in REGRESSORS:
        center = np.average(y, weights=weight)
        width = np.sqrt(np.average((y - center) ** 2, weights=weight))

    expected = answers(make(name, **EXACT).fit(X, y, sample_weight=weight), X)
    plain = make(name, standardize=False, **EXACT)
    plain.fit(by_hand, (y - center) / width if name in REGRESSORS else y, weight)
    got = center + width * answers(plain, by_hand)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_without_standardising_the_network_reads_what_was_given(name):
    X = np.random.default_rng(0).normal(50, 9, size=(16, 7, 3))
    model = make(name, standardize=False, dtype="float64").fit(X, labels_for(name, 16))
    with torch.no_grad():
        output = model.net_.module_.eval()(torch.as_tensor(X)).numpy()
    expected = softmax(output, axis=1) if name in CLASSIFIERS else output[:, 0]
    np.testing.assert_allclose(answers(model, X), expected, rtol=1e-10)


def test_a_constant_channel_is_no_obstacle(task):
    X, y, _ = task
    constant = [np.column_stack([x, np.full(len(x), 4.2)]) for x in X]
    assert np.isfinite(
        make("GRUClassifier").fit(constant, y).predict_proba(X=constant)
    ).all()
