"""The mean of several regressors, and the mixture of their distributions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from helpers.estimators import make
from sksequence import LSTMRegressor, WindowForecaster
from sksequence.ensemble import DeepEnsembleRegressor
from sksequence.metrics import crps_scorer
from sksequence.preprocessing import StepwiseTransformer
from sksequence.utils import check_sequence_estimator

N = 50
RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 2)) for n in RNG.integers(4, 10, size=N)]
COUNTS = np.random.default_rng(1).poisson(4, size=(N, 3, 2)).astype(float)
FORMS = {"one": COUNTS[:, 0, 0], "several": COUNTS[:, 0], "horizons": COUNTS}
DISTRIBUTIONS = ("gaussian", "student_t", "negative_binomial")


def fitted(form="one", n=3, **params):
    network = make("GRURegressor", **{"max_epochs": 3, "lr": 0.02, **params})
    return DeepEnsembleRegressor(network, n, random_state=0).fit(X, FORMS[form])


@pytest.mark.parametrize("form", FORMS)
def test_predictions_are_the_mean_and_their_spread(form):
    model = fitted(form)
    members = np.stack([member.predict(X) for member in model.estimators_])
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == FORMS[form].shape
    np.testing.assert_allclose(mean, members.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(std, members.std(axis=0), rtol=1e-10)
    np.testing.assert_array_equal(model.predict(X), mean)
    truth, flat = FORMS[form].reshape(N, -1), mean.reshape(N, -1)
    assert model.score(X, FORMS[form]) == pytest.approx(r2_score(truth, flat))
    weight = np.arange(N)
    assert model.score(X, FORMS[form], weight) == pytest.approx(
        r2_score(truth, flat, sample_weight=weight)
    )


@pytest.mark.parametrize("loss", DISTRIBUTIONS)
@pytest.mark.parametrize("form", FORMS)
def test_the_deviation_is_that_of_the_mixture(form, loss):
    model = fitted(form, loss=loss)
    moments = [member.predict(X, return_std=True) for member in model.estimators_]
    means, stds = (np.stack(part) for part in zip(*moments, strict=True))
    mean, std = model.predict(X, return_std=True)
    # The second moment of a mixture is the mean of theirs.
    second = (means**2 + stds**2).mean(axis=0)
    np.testing.assert_allclose(std**2, second - means.mean(axis=0) ** 2, rtol=1e-9)
    np.testing.assert_array_equal(model.predict(X), mean)
    samples = model.sample_y(X, n_samples=4000, random_state=0)
    assert samples.shape == (*FORMS[form].shape, 4000)
    error = np.abs(samples.mean(axis=-1) - mean) / (std / np.sqrt(4000))
    assert error.mean() < 1.5
    if loss != "student_t":  # whose variance samples tell slowly
        np.testing.assert_allclose(samples.std(axis=-1), std, rtol=0.15)


def test_members_that_disagree_widen_the_mixture():
    class Sure:
        def __init__(self, mean):
            self.mean = mean

        def predict(self, X, return_std=False):
            mean = np.full(len(X), self.mean)
            return (mean, np.full(len(X), 3.0)) if return_std else mean

        def sample_y(self, X, n_samples, random_state):
            return np.tile(self.predict(X)[:, None], n_samples)

    model = DeepEnsembleRegressor()
    model.estimators_, model._has_std, model._levels = [Sure(-4.0), Sure(4.0)], True, ()
    mean, std = model.predict(np.zeros((2, 3)), return_std=True)
    np.testing.assert_array_equal(mean, [0, 0])
    np.testing.assert_array_equal(std, [5, 5])
    samples = model.sample_y(np.zeros((2, 3)), 100)
    assert set(np.unique(samples)) == {-4.0, 4.0}
    assert 30 < (samples[0] > 0).sum() < 70
    np.testing.assert_array_equal(samples, model.sample_y(np.zeros((2, 3)), 100))


@pytest.mark.parametrize("form", FORMS)
def test_quantiles_are_averaged_and_do_not_cross(form):
    model = fitted(form, loss="quantile", quantile=(0.1, 0.5, 0.9))
    members = np.stack([member.predict(X) for member in model.estimators_])
    found = model.predict(X)
    np.testing.assert_allclose(found, members.mean(axis=0), rtol=1e-14)
    assert found.shape == (*FORMS[form].shape, 3)
    assert (np.diff(found) >= 0).all()
    np.testing.assert_array_equal(model.predict(X, quantiles=[0.9]), found[..., 2:])
    truth, flat = FORMS[form].reshape(N, -1), found.reshape(N, -1, 3)
    expected = [
        d2_pinball_score(truth, flat[..., i], alpha=q)
        for i, q in enumerate((0.1, 0.5, 0.9))
    ]
    assert model.score(X, FORMS[form]) == pytest.approx(np.mean(expected))


def test_what_has_no_formula_or_no_distribution_is_refused():
    gaussian, plain = fitted(n=1, loss="gaussian"), fitted(n=1)
    with pytest.raises(ValueError, match=r"np\.quantile\(ensemble\.sample_y\(X, 1000\)"):
        gaussian.predict(X, quantiles=[0.1])
    with pytest.raises(ValueError, match="must not be asked for in one call"):
        gaussian.predict(X, return_std=True, quantiles=[0.1])
    with pytest.raises(ValueError, match="sample_y needs a fit with the loss of a dist"):
        plain.sample_y(X)
    with pytest.raises(ValueError, match="quantiles needs a fit with the loss of"):
        plain.predict(X, quantiles=[0.1])
    with pytest.raises(ValueError, match=r"n_samples must be an int .* got 0"):
        gaussian.sample_y(X, n_samples=0)


def test_the_loss_is_found_in_a_pipeline_and_when_it_is_changed_later():
    network = make("GRURegressor", loss="gaussian")
    pipeline = make_pipeline(StepwiseTransformer(StandardScaler()), network)
    model = DeepEnsembleRegressor(pipeline, 2, random_state=0).fit(X, FORMS["one"])
    _, std = model.predict(X, return_std=True)
    spread = np.std([member.predict(X) for member in model.estimators_], axis=0)
    assert (std > spread).all()
    model.set_params(estimator__gruregressor__loss="squared_error")
    np.testing.assert_array_equal(model.predict(X, return_std=True)[1], std)


FRAMES = np.random.default_rng(0).normal(size=(12, 5, 4, 3))


@pytest.mark.parametrize(
    ("name", "data", "y"),
    [
        ("GRURegressor", X, FORMS["one"]),
        ("GRURegressor", X, FORMS["several"]),
        ("LSTMRegressor", X, FORMS["horizons"]),
        ("ConvLSTMRegressor", FRAMES, FRAMES[:, 0, 0, 0]),
        ("ConvLSTMRegressor", FRAMES, FRAMES[:, 0]),
        ("ConvLSTMRegressor", FRAMES, FRAMES[:, :2]),
    ],
    ids=["one", "several", "horizons", "films", "frame", "frames"],
)
def test_an_ensemble_of_one_is_its_member(name, data, y):
    network = make(name, hidden_size=2, max_epochs=1)
    model = DeepEnsembleRegressor(network, 1, random_state=0).fit(data, y)
    (member,) = model.estimators_
    mean, std = model.predict(data, return_std=True)
    np.testing.assert_array_equal(mean, member.predict(data))
    np.testing.assert_array_equal(std, 0)
    weight = np.arange(len(y)) + 1
    assert model.score(data, y) == member.score(data, y)
    assert model.score(data, y, weight) == member.score(data, y, weight)


def test_missing_outputs_and_scores_of_distributions():
    y = COUNTS[:, 0].copy()
    y[::3, 1] = np.nan
    model = DeepEnsembleRegressor(make("GRURegressor"), 2, random_state=0).fit(X, y)
    given = ~np.isnan(y[:, 1])
    predicted = model.predict(X)
    expected = [
        r2_score(y[:, 0], predicted[:, 0]),
        r2_score(y[given, 1], predicted[given, 1]),
    ]
    assert model.score(X, y) == pytest.approx(np.mean(expected))
    gaussian = fitted(loss="gaussian")
    assert crps_scorer(gaussian, X, FORMS["one"]) < 0


def test_single_precision_stays_single_and_rows_are_alone():
    model = fitted(n=9, max_epochs=1)
    single = [x.astype(np.float32) for x in X]
    assert {part.dtype for part in model.predict(single, return_std=True)} == {
        np.dtype(np.float32)
    }
    mean, std = model.predict(X, return_std=True)
    for i in range(0, N, 11):
        one, spread = model.predict([X[i]], return_std=True)
        assert (one[0], spread[0]) == (mean[i], std[i])


def test_partial_fit_and_the_default():
    model = DeepEnsembleRegressor(make("GRURegressor"), 2, random_state=0)
    for _ in range(2):
        model.partial_fit(X, FORMS["one"], sample_weight=np.ones(N))
    assert [member.n_epochs_ for member in model.estimators_] == [2, 2]
    default = DeepEnsembleRegressor(n_estimators=1).fit(X[:10], FORMS["one"][:10])
    assert type(default.estimators_[0]) is LSTMRegressor


def test_a_forecaster_forecasts_with_an_ensemble():
    series = np.sin(np.arange(120) / 3)[:, None]
    network = make("GRURegressor", decoder=True, max_epochs=3)
    ensemble = DeepEnsembleRegressor(network, 2, random_state=0)
    for strategy in ("direct", "decoder", "recursive"):
        if strategy != "decoder":
            ensemble.set_params(estimator__decoder=False)
        model = WindowForecaster(ensemble, length=12, horizon=3, strategy=strategy)
        ahead = model.fit(series).predict()
        alone = [
            WindowForecaster(
                ensemble.estimator.set_params(random_state=seed),
                length=12,
                horizon=3,
                strategy=strategy,
            )
            .fit(series)
            .predict()
            for seed in (m.random_state for m in model.regressor_.estimators_)
        ]
        if strategy != "recursive":  # which feeds back the mean
            np.testing.assert_allclose(ahead, np.mean(alone, axis=0), rtol=1e-6)
        assert ahead.shape == (3, 1)


def failures_expected(estimator):
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "a repeated row changes what shares a mini-batch with what"
        )
    }


@pytest.mark.no_cover
@parametrize_with_checks(
    [
        DeepEnsembleRegressor(
            make("GRURegressor", hidden_size=16, max_epochs=15, lr=0.05), 2
        )
    ],
    expected_failed_checks=failures_expected,
)
def test_scikit_learn_takes_it_for_its_own(estimator, check):
    check(estimator)


def test_an_ensemble_keeps_the_contract():
    model = DeepEnsembleRegressor(make("GRURegressor", hidden_size=4), 2)
    results = check_sequence_estimator(model)
    assert all(r["status"] != "failed" for r in results)
