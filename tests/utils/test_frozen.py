"""Fitted estimators in libraries that take every X for a table: MAPIE."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pandas as pd
import pytest
from mapie.classification import SplitConformalClassifier
from mapie.regression import ConformalizedQuantileRegressor, SplitConformalRegressor
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.estimators import make
from sksequence.preprocessing import StepwiseTransformer
from sksequence.utils import FrozenSequenceEstimator

LEVEL = 0.8
N = 300
STEPS = np.random.default_rng(0).normal(size=(N, 6, 2))
Y = STEPS[:, -1, 0] + 0.5 * np.random.default_rng(1).normal(size=N)
# Fit, calibration and test.
PARTS = slice(0, 100), slice(100, 200), slice(200, N)


def unequal():
    return [x[-n:] for x, n in zip(STEPS, np.arange(N) % 4 + 3, strict=True)]


def objects():
    array = np.empty(N, dtype=object)
    array[:] = unequal()
    return array


def frames():
    return [pd.DataFrame(x, columns=["a", "b"]) for x in unequal()]


def table():
    return pd.DataFrame({"age": np.arange(N) % 9, "series": unequal()})


FORMS = {
    "3-D": lambda: STEPS,
    "univariate": lambda: [x[:, 0] for x in unequal()],
    "unequal": unequal,
    "objects": objects,
    "frames": frames,
    "table": table,
    "named columns": lambda: pd.DataFrame(STEPS[:, :, 0], columns=[*"abcdef"]),
}


def parts_of(X):
    return [X.iloc[part] if hasattr(X, "iloc") else X[part] for part in PARTS]


def nth_smallest(scores):
    """The bound that split conformal prediction puts upon conformity scores."""
    return np.sort(scores)[math.ceil((len(scores) + 1) * LEVEL) - 1]


@pytest.mark.parametrize("form", FORMS)
def test_intervals_of_split_conformal_regression(form):
    """As wide as the residuals of calibration say, for every form of X."""
    fit, calibrate, test = parts_of(FORMS[form]())
    model = make("GRURegressor", max_epochs=5).fit(fit, Y[PARTS[0]])
    frozen = FrozenSequenceEstimator(model)
    conformal = SplitConformalRegressor(frozen, confidence_level=LEVEL, prefit=True)
    conformal.conformalize(calibrate, Y[PARTS[1]])
    predictions, intervals = conformal.predict_interval(test)
    width = nth_smallest(np.abs(Y[PARTS[1]] - model.predict(calibrate)))
    np.testing.assert_array_equal(predictions, model.predict(test))
    expected = np.column_stack([predictions - width, predictions + width])
    np.testing.assert_allclose(intervals[..., 0], expected, rtol=0, atol=1e-12)
    inside = (intervals[:, 0, 0] <= Y[PARTS[2]]) & (Y[PARTS[2]] <= intervals[:, 1, 0])
    assert abs(inside.mean() - LEVEL) < 0.12


@pytest.mark.parametrize("form", FORMS)
def test_sets_of_split_conformal_classification(form):
    fit, calibrate, test = parts_of(FORMS[form]())
    labels = np.where(Y > 0, "up", "down")
    model = make("GRUClassifier", max_epochs=5).fit(fit, labels[PARTS[0]])
    frozen = FrozenSequenceEstimator(model)
    conformal = SplitConformalClassifier(frozen, confidence_level=LEVEL, prefit=True)
    conformal.conformalize(calibrate, labels[PARTS[1]])
    predictions, sets = conformal.predict_set(test)
    codes = np.searchsorted(model.classes_, labels)
    likely = model.predict_proba(calibrate)[np.arange(100), codes[PARTS[1]]]
    least = 1 - nth_smallest(1 - likely)
    np.testing.assert_array_equal(predictions, model.predict(test))
    np.testing.assert_array_equal(sets[..., 0], model.predict_proba(test) >= least - 1e-9)
    assert abs(sets[np.arange(100), codes[PARTS[2]], 0].mean() - LEVEL) < 0.12


def test_quantiles_of_a_pipeline():
    fit, calibrate, test = parts_of(unequal())
    models = [
        make_pipeline(
            StepwiseTransformer(StandardScaler()),
            make("GRURegressor", max_epochs=20, loss="quantile", quantile=quantile),
        ).fit(fit, Y[PARTS[0]])
        for quantile in (0.1, 0.9, 0.5)
    ]
    conformal = ConformalizedQuantileRegressor(
        [*map(FrozenSequenceEstimator, models)], confidence_level=LEVEL, prefit=True
    )
    _, intervals = conformal.conformalize(calibrate, Y[PARTS[1]]).predict_interval(test)
    low, high = models[0].predict(test), models[1].predict(test)
    moved = low - intervals[:, 0, 0], intervals[:, 1, 0] - high
    np.testing.assert_allclose(moved[0], moved[0][0], atol=1e-9)
    np.testing.assert_allclose(moved[1], moved[1][0], atol=1e-9)
    inside = (intervals[:, 0, 0] <= Y[PARTS[2]]) & (Y[PARTS[2]] <= intervals[:, 1, 0])
    assert abs(inside.mean() - LEVEL) < 0.12


def test_without_it_a_row_of_zeros_is_no_sequence():
    """Else the wrapper is no longer needed."""
    model = make("GRURegressor").fit(STEPS[:20], Y[:20])
    conformal = SplitConformalRegressor(model, confidence_level=LEVEL, prefit=True)
    with pytest.raises(UserWarning, match="failed a minimal prediction test"):
        conformal.conformalize(STEPS[20:60], Y[20:60])


def test_it_is_the_estimator_but_for_the_columns():
    model = make("GRUClassifier").fit(STEPS[:20], Y[:20] > 0)
    frozen = FrozenSequenceEstimator(model)
    assert not hasattr(frozen, "n_features_in_")
    assert not hasattr(frozen, "feature_names_in_")
    assert is_classifier(frozen)
    assert not is_regressor(frozen)
    assert frozen.fitted_
    again = pickle.loads(pickle.dumps(frozen))
    for one in (frozen, clone(frozen), again, frozen.fit(STEPS, Y > 1)):
        np.testing.assert_array_equal(
            one.predict_proba(STEPS), model.predict_proba(STEPS)
        )


def test_what_is_not_fitted_says_so():
    frozen = FrozenSequenceEstimator(make("GRURegressor"))
    assert not frozen.fitted_
    for ask in (lambda: frozen.predict(STEPS), lambda: frozen.fit(STEPS, Y)):
        with pytest.raises(NotFittedError):
            ask()
