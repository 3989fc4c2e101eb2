"""Scorers of quantiles and distributions, for searches and cross-validation."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.model_selection import GridSearchCV, cross_validate

from helpers.estimators import make
from sksequence.metrics import (
    crps_gaussian,
    crps_quantiles,
    crps_scorer,
    interval_coverage,
    interval_coverage_scorer,
    interval_width,
    interval_width_scorer,
    make_quantile_scorer,
    make_std_scorer,
    pinball_loss,
    pinball_scorer,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6))
Y = X.sum(axis=1)
WEIGHT = np.arange(40) % 3


@pytest.fixture(scope="module")
def model():
    return make("GRURegressor", loss="gaussian").fit(X, Y)


@pytest.mark.parametrize("weighted", [False, True])
def test_scorers_score_what_is_predicted(weighted, model):
    more = {"sample_weight": WEIGHT} if weighted else {}
    three, two = (
        model.predict(X, quantiles=levels) for levels in ((0.1, 0.5, 0.9), (0.1, 0.9))
    )
    moments = model.predict(X, return_std=True)
    expected = [
        (pinball_scorer, -pinball_loss(Y, three, quantiles=(0.1, 0.5, 0.9), **more)),
        (interval_coverage_scorer, interval_coverage(Y, two, **more)),
        (interval_width_scorer, -interval_width(Y, two, **more)),
        (crps_scorer, -crps_gaussian(Y, *moments, **more)),
    ]
    for scorer, score in expected:
        assert scorer(model, X, Y, **more) == pytest.approx(score)
        again = pickle.loads(pickle.dumps(scorer))
        assert again(model, X, Y, **more) == pytest.approx(score)


def test_several_scorers_in_one_cross_validation():
    scoring = {
        "pinball": pinball_scorer,
        "coverage": interval_coverage_scorer,
        "width": interval_width_scorer,
        "crps": make_quantile_scorer(
            crps_quantiles, quantiles=(0.1, 0.5, 0.9), greater_is_better=False
        ),
    }
    several = make("GRURegressor", loss="quantile", quantile=(0.1, 0.5, 0.9))
    found = cross_validate(several, X, Y, cv=2, scoring=scoring)
    assert all(np.isfinite(found[f"test_{name}"]).all() for name in scoring)
    assert (found["test_width"] < 0).all()


def test_searches_find_the_better_distribution():
    grid = {"lr": [1e-8, 0.02]}
    model = make("GRURegressor", loss="gaussian", max_epochs=10)
    search = GridSearchCV(model, grid, cv=2, scoring=crps_scorer).fit(X, Y)
    assert search.best_params_ == {"lr": 0.02}


def test_estimators_of_scikit_learn_are_scored_too():
    process = GaussianProcessRegressor(alpha=0.1).fit(X, Y)
    mean, std = process.predict(X, return_std=True)
    assert crps_scorer(process, X, Y) == -crps_gaussian(Y, mean, std)
    own = make_std_scorer(lambda y, mean, std, power: np.mean(std) ** power, power=2)
    assert own(process, X, Y) == pytest.approx(std.mean() ** 2)


def test_quantiles_are_checked_when_a_scorer_is_made():
    with pytest.raises(ValueError, match="increasing"):
        make_quantile_scorer(pinball_loss, quantiles=(0.9, 0.1))
