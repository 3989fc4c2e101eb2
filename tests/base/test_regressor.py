"""Numbers: what each loss predicts, and in which units."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import DataConversionWarning

from helpers.estimators import (
    EXACT,
    REGRESSORS,
    make,
)


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_lone_column_is_a_vector_with_a_warning(name, task):
    X, _, y = task
    expected = make(name).fit(X, y).predict(X)
    with pytest.warns(DataConversionWarning):
        model = make(name).fit(X, y[:, None])
    np.testing.assert_array_equal(model.predict(X), expected)


def skewed(n=400, seed=0):
    return np.random.default_rng(seed).exponential(scale=5.0, size=n) ** 1.5


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(
    ("params", "functional"),
    [
        ({"loss": "squared_error"}, np.mean),
        ({"loss": "absolute_error"}, np.median),
        ({"loss": "quantile", "quantile": 0.9}, lambda y: np.quantile(y, 0.9)),
        ({"loss": "quantile", "quantile": 0.2}, lambda y: np.quantile(y, 0.2)),
        ({"loss": "poisson"}, np.mean),
    ],
    ids=lambda value: (
        "-".join(map(str, value.values())) if isinstance(value, dict) else ""
    ),
)
def test_where_X_says_nothing_the_losses_own_functional_is_predicted(
    params, functional, standardize
):
    y = skewed() / 10
    X = np.ones((len(y), 3))
    model = make(
        "GRURegressor",
        **{"max_epochs": 250, "lr": 0.05, "lr_schedule": "cosine", "gradient_clip": None},
        **{"batch_size": None, "hidden_size": 4, "standardize": standardize},
        **params,
    )
    predicted = model.fit(X, y).predict(X)
    assert np.ptp(predicted) == 0
    assert predicted[0] == pytest.approx(functional(y), abs=0.03 * y.std())


def test_huber_is_between_mean_and_median():
    y = skewed()
    X = np.ones((len(y), 3))
    model = make("GRURegressor", loss="huber", max_epochs=150, lr=0.05, batch_size=None)
    predicted = model.fit(X, y).predict(X)[0]
    assert np.median(y) < predicted < y.mean()


def test_weights_move_the_mean():
    y, weight = skewed(), np.linspace(0, 1, 400)
    X = np.ones((len(y), 3))
    model = make("GRURegressor", max_epochs=150, lr=0.05, batch_size=None, hidden_size=4)
    predicted = model.fit(X, np.sort(y), sample_weight=weight).predict(X)[0]
    expected = np.average(np.sort(y), weights=weight)
    assert predicted == pytest.approx(expected, rel=0.02)


def test_rates_are_never_negative(task):
    X, _, _ = task
    y = np.random.default_rng(0).poisson([np.exp(x[:, 0].mean()) for x in X])
    model = make("LSTMRegressor", loss="poisson", max_epochs=20).fit(X, y)
    far = [100 * x for x in X]
    assert (model.predict(far) >= 0).all()
    assert model.predict(X).mean() == pytest.approx(y.mean(), rel=0.3)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
def test_targets_in_other_units_give_predictions_in_them(loss, task):
    X, _, y = task
    model = make("LSTMRegressor", loss=loss, **EXACT)
    expected = model.fit(X, y).predict(X)
    got = model.fit(X, 3 + 20 * y).predict(X)
    np.testing.assert_allclose(got, 3 + 20 * expected, rtol=1e-6)
