"""Numbers: what each loss predicts, and in which units."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import r2_score

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


# ----------------------------------------------------------- targets too fine for float32

FINE = {"far from zero": (1e9, 10.0), "huge": (1e38, 1e37), "tiny": (0.0, 1e-40)}


@pytest.mark.parametrize(("mean", "scale"), FINE.values(), ids=FINE)
def test_float32_X_does_not_round_the_answers(mean, scale):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 6)).astype(np.float32)
    z = X.sum(axis=1, dtype=float)
    model = make("GRURegressor", max_epochs=20, lr=0.03, hidden_size=12)
    predicted = model.fit(X, mean + scale * z).predict(X)
    assert predicted.dtype == np.float64
    # The same answers as for targets of scale one.
    expected = make("GRURegressor", max_epochs=20, lr=0.03, hidden_size=12).fit(X, z)
    standard = (predicted - mean) / scale
    np.testing.assert_allclose(standard, expected.predict(X), atol=2e-4)
    assert model.score(X, mean + scale * z) > 0.5
    np.testing.assert_array_equal(model.predict(X), model.predict(X.astype(float)))
    exported = model.to_numpy().predict(X)
    assert exported.dtype == np.float64
    np.testing.assert_allclose((exported - mean) / scale, standard, atol=1e-5)


def test_several_outputs_are_as_fine_as_the_finest_needs():
    X = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    y = np.c_[X[:, 0], 1e9 + X[:, 1]]
    model = make("GRURegressor").fit(X, y)
    assert model.predict(X).dtype == np.float64
    assert make("GRURegressor").fit(X, y[:, 0]).predict(X).dtype == np.float32
    steps = [np.c_[x, 1e9 + x] for x in X]
    assert make("RecurrentStepRegressor").fit(X, steps).predict(X).dtype == np.float64


def test_frames_far_from_zero_are_not_rounded():
    films = np.random.default_rng(0).normal(size=(8, 3, 4, 4))
    y = films[:, -1]
    plain = make("ConvLSTMRegressor").fit(films, y)
    far = make("ConvLSTMRegressor").fit(films, 1e6 + 0.01 * y)
    predicted = far.predict(films.astype(np.float32))
    assert predicted.dtype == np.float64
    np.testing.assert_allclose((predicted - 1e6) / 0.01, plain.predict(films), atol=1e-3)


def some_missing(X, seed=0):
    """Two outputs, of which about a third is missing."""
    rng = np.random.default_rng(seed)
    y = np.array([[3 + x[:, 0].mean(), 20 * x[-1, 1]] for x in X])
    return np.where(rng.random(y.shape) < 0.3, np.nan, y)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
def test_outputs_may_be_missing_one_by_one(standardize, weighted, task):
    """The loss is the mean over all numbers that are given, and so is its gradient."""
    X, y = task[0], some_missing(task[0])
    weight = np.linspace(0.2, 2, len(X)) if weighted else np.ones(len(X))
    each = np.where(np.isnan(y), 0, weight[:, None])
    one = {**EXACT, "max_epochs": 1, "standardize": standardize}
    sgd = {"optimizer": "sgd", "gradient_clip": None, "lr": 0.5}
    still = make("GRURegressor", **one, lr=1e-30).fit(X, y, sample_weight=weight)
    moved = make("GRURegressor", **one, **sgd).fit(X, y, sample_weight=weight)
    scale = np.ones(2)
    if standardize:
        columns = [np.ma.masked_invalid(column) for column in y.T]
        means = [np.ma.average(column, weights=weight) for column in columns]
        scale = [
            np.sqrt(np.ma.average((column - mean) ** 2, weights=weight))
            for column, mean in zip(columns, means, strict=True)
        ]
    errors = np.nan_to_num((still.predict(X) - y) / scale)
    loss = (each * errors**2).sum() / each.sum()
    assert still.history_[0]["train_loss"] == pytest.approx(loss, rel=1e-8)
    gradient = 2 * (each * errors).sum(axis=0) / each.sum()
    step = still.net_.module_.head.bias - moved.net_.module_.head.bias
    np.testing.assert_allclose(step.detach().numpy(), 0.5 * gradient, rtol=1e-7)


def test_a_score_counts_the_numbers_that_are_given(task):
    X, y = task[0], some_missing(task[0])
    weight, given = np.linspace(0, 2, len(X)), ~np.isnan(y)
    model = make("GRURegressor").fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == y.shape
    expected = np.mean(
        [
            r2_score(y[g, i], predicted[g, i], sample_weight=weight[g])
            for i, g in enumerate(given.T)
        ]
    )
    got = model.score(X, y, sample_weight=weight)
    assert got == pytest.approx(expected, rel=1e-12)
    as_objects = np.where(given, y, None)
    assert model.score(X, as_objects, weight) == got


def test_an_output_that_is_never_given_is_refused(task):
    X, y = task[0], some_missing(task[0])
    y[:, 1] = np.nan
    for standardize in (True, False):
        with pytest.raises(ValueError, match="no value for output 1"):
            make("GRURegressor", standardize=standardize).fit(X, y)


def test_rows_without_any_number_are_absent(task):
    X, y = task[0], some_missing(task[0])
    y[::5] = np.nan
    kept = np.flatnonzero(~np.isnan(y).all(axis=1))
    whole = make("GRURegressor").fit(X, y)
    part = make("GRURegressor").fit([X[i] for i in kept], y[kept])
    np.testing.assert_array_equal(whole.predict(X), part.predict(X))


def test_a_lone_number_must_not_be_missing(task):
    X, _, y = task
    y = np.where(np.arange(len(y)) == 3, np.nan, y)
    for form in (y, y[:, None], y.tolist()):
        with pytest.raises(ValueError, match="y contains NaN"):
            make("GRURegressor").fit(X, form)
