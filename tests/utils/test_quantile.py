"""One quantile of a fit of several, for MAPIE's conformalized quantile regression."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from mapie.regression import ConformalizedQuantileRegressor
from sklearn.base import clone, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.estimators import make
from sksequence.preprocessing import StepwiseTransformer
from sksequence.utils import FrozenSequenceEstimator, QuantileView

LEVEL, N = 0.8, 600
X = np.random.default_rng(0).normal(size=(N, 6, 2))
NOISE = np.exp(X[:, -1, 1]) * np.random.default_rng(1).normal(size=N)
Y = 3 * X[:, -1, 0] + NOISE
FIT, CALIBRATE, TEST = slice(0, 200), slice(200, 400), slice(400, N)
LEVELS = (0.1, 0.9, 0.5)  # MAPIE's order


def unequal():
    return [x[-n:] for x, n in zip(X, np.arange(N) % 4 + 3, strict=True)]


def single(quantile):
    model = make("GRURegressor", max_epochs=20, loss="quantile", quantile=quantile)
    return model.fit(X[FIT], Y[FIT])


def several(loss):
    model = make("GRURegressor", max_epochs=20, loss=loss, quantile=(0.1, 0.5, 0.9)).fit(
        X[FIT], Y[FIT]
    )
    return [QuantileView(model, q) for q in LEVELS]


WAYS = {
    "three fits": lambda: [FrozenSequenceEstimator(single(q)) for q in LEVELS],
    "several quantiles": lambda: several("quantile"),
    "a distribution": lambda: several("gaussian"),
}


def bound(scores, share):
    """The order statistic that conformal prediction adds to one side."""
    return np.sort(scores)[math.ceil((len(scores) + 1) * share) - 1]


@pytest.mark.parametrize("way", WAYS)
def test_conformal_intervals_are_the_quantiles_moved_by_those_of_the_errors(way):
    models = WAYS[way]()
    conformal = ConformalizedQuantileRegressor(
        models, confidence_level=LEVEL, prefit=True
    )
    conformal.conformalize(X[CALIBRATE], Y[CALIBRATE])
    middle, intervals = conformal.predict_interval(X[TEST])
    low, high, median = (model.predict(X[TEST]) for model in models)
    of_low, of_high = (model.predict(X[CALIBRATE]) for model in models[:2])
    below = bound(of_low - Y[CALIBRATE], 1 - (1 - LEVEL) / 2)
    above = bound(Y[CALIBRATE] - of_high, 1 - (1 - LEVEL) / 2)
    np.testing.assert_allclose(intervals[:, 0, 0], low - below)
    np.testing.assert_allclose(intervals[:, 1, 0], high + above)
    np.testing.assert_array_equal(middle, median)
    inside = (intervals[:, 0, 0] <= Y[TEST]) & (Y[TEST] <= intervals[:, 1, 0])
    assert abs(inside.mean() - LEVEL) < 0.1


def test_sequences_of_unequal_length_through_a_pipeline():
    items = unequal()
    model = make("GRURegressor", loss="gaussian", max_epochs=20)
    model = make_pipeline(StepwiseTransformer(StandardScaler()), model)
    model.fit(items[FIT], Y[FIT])
    conformal = ConformalizedQuantileRegressor(
        [QuantileView(model, q) for q in LEVELS], confidence_level=LEVEL, prefit=True
    )
    conformal.conformalize(items[CALIBRATE], Y[CALIBRATE])
    _, intervals = conformal.predict_interval(items[TEST])
    inside = (intervals[:, 0, 0] <= Y[TEST]) & (Y[TEST] <= intervals[:, 1, 0])
    assert abs(inside.mean() - LEVEL) < 0.1


def test_a_view_is_a_fitted_regressor_of_one_quantile():
    low, high, _ = several("quantile")
    expected = low.estimator.predict(X)
    assert is_regressor(low)
    assert low.fitted_
    for one in (low, clone(low), low.fit(X, -Y), pickle.loads(pickle.dumps(low))):
        np.testing.assert_array_equal(one.predict(X), expected[:, 0])
    np.testing.assert_array_equal(high.predict(X), expected[:, 2])


def test_what_is_not_fitted_or_not_predicted_says_so():
    view = QuantileView(make("GRURegressor", loss="gaussian"), 0.5)
    assert not view.fitted_
    for ask in (lambda: view.predict(X), lambda: view.fit(X, Y)):
        with pytest.raises(NotFittedError):
            ask()
    with pytest.raises(ValueError, match="among those of the fit"):
        QuantileView(several("quantile")[0].estimator, 0.3).predict(X)
