"""Several quantiles and distributions in one fit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import sksequence
from helpers.comparing import weights_of
from helpers.estimators import EXACT, make
from sksequence.metrics import (
    crps_scorer,
    interval_coverage,
    make_quantile_scorer,
    pinball_loss,
)

LEVELS = (0.1, 0.5, 0.9)
DISTRIBUTIONS = ["gaussian", "student_t", "negative_binomial"]
LOSSES = [{"loss": name} for name in DISTRIBUTIONS]
BOTH = [*LOSSES, {"loss": "quantile", "quantile": LEVELS}]
LEARNING = {
    "hidden_size": 16,
    "pooling": "last",
    "max_epochs": 40,
    "batch_size": 64,
    "lr": 0.01,
}
every_loss = pytest.mark.parametrize("params", BOTH, ids=lambda p: p["loss"])
distributions = pytest.mark.parametrize("params", LOSSES, ids=lambda p: p["loss"])

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 7, 2))
COUNTS = RNG.poisson(4, size=(40, 3, 2)).astype(float)
FORMS = {
    "one": COUNTS[:, 0, 0],
    "several": COUNTS[:, 0],
    "horizons": COUNTS,
}


@pytest.fixture(scope="module")
def noisy():
    """Numbers whose mean and noise follow from the first and the last step."""
    rng = np.random.default_rng(1)
    X = rng.uniform(-1, 1, size=(3000, 4))
    mean, std = 10 + 5 * X[:, 0], np.exp(X[:, -1])
    return X, mean, std, mean + std * rng.normal(size=len(X))


# ------------------------------------------------------------------- what is recovered


def test_quantiles_of_known_noise_are_recovered(noisy):
    X, mean, std, y = noisy
    model = make("GRURegressor", loss="quantile", quantile=LEVELS, **LEARNING)
    found = model.fit(X, y).predict(X)
    expected = mean[:, None] + std[:, None] * stats.norm.ppf(LEVELS)
    assert np.abs(found - expected).mean() < 0.25
    assert not (np.diff(found) < 0).any()
    covered = (y[:, None] <= found).mean(axis=0)
    np.testing.assert_allclose(covered, LEVELS, atol=0.03)


@pytest.mark.parametrize("loss", ["gaussian", "student_t"])
def test_mean_and_noise_are_recovered(loss, noisy):
    X, mean, std, y = noisy
    model = make("GRURegressor", loss=loss, **LEARNING).fit(X, y)
    found = model.predict(X, return_std=True)
    assert np.abs(found[0] - mean).mean() < 0.2
    assert np.abs(np.log(found[1] / std)).mean() < 0.15
    np.testing.assert_array_equal(model.predict(X), found[0])
    interval = model.predict(X, quantiles=[0.1, 0.9])
    assert interval_coverage(y, interval) == pytest.approx(0.8, abs=0.03)


def test_heavy_tails_are_recovered():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(3000, 3))
    noise = rng.standard_t(4, size=len(X))
    y = 3 * X[:, 0] + noise
    model = make("GRURegressor", loss="student_t", **LEARNING).fit(X, y)
    found = model.predict(X, quantiles=[0.01, 0.25, 0.75, 0.99]) - 3 * X[:, :1]
    expected = stats.t.ppf([0.01, 0.25, 0.75, 0.99], 4)
    np.testing.assert_allclose(found.mean(axis=0), expected, rtol=0.2)


def test_counts_are_recovered():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(3000, 4))
    rate = 30 * np.exp(X[:, -1])
    y = rng.negative_binomial(4, 4 / (4 + rate))
    model = make("GRURegressor", loss="negative_binomial", **LEARNING).fit(X, y)
    mean, std = model.predict(X, return_std=True)
    assert np.abs(np.log(mean / rate)).mean() < 0.1
    expected = np.sqrt(rate + rate**2 / 4)
    assert np.abs(np.log(std / expected)).mean() < 0.12
    drawn = model.sample_y(X, 5)
    np.testing.assert_array_equal(drawn, np.rint(drawn))
    quantiles = model.predict(X, quantiles=[0.25, 0.5, 0.75])
    np.testing.assert_array_equal(quantiles, np.rint(quantiles))
    assert (y <= quantiles[:, 1]).mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("params", [{"loss": "gaussian"}, BOTH[-1]])
def test_a_constant_target_has_a_finite_loss(params):
    model = make("GRURegressor", **params, max_epochs=60).fit(X, np.full(len(X), 7.0))
    assert np.isfinite([epoch["train_loss"] for epoch in model.history_]).all()
    np.testing.assert_allclose(model.predict(X), 7, atol=1)


# -------------------------------------------------------------------- shapes and units


@every_loss
@pytest.mark.parametrize("form", FORMS)
def test_answers_have_the_form_of_y(form, params):
    y = FORMS[form]
    model = make("GRURegressor", **params).fit(X, y)
    own = (3,) if params["loss"] == "quantile" else ()
    assert model.predict(X).shape == y.shape + own
    assert model.predict(X, quantiles=[0.1, 0.9]).shape == (*y.shape, 2)
    if not own:
        mean, std = model.predict(X, return_std=True)
        assert mean.shape == std.shape == y.shape
        assert model.sample_y(X, 4).shape == (*y.shape, 4)
        assert model.predict(X.astype(np.float32), return_std=True)[1].dtype == np.float32


@every_loss
def test_steps_and_targets_are_the_same_as_columns(params):
    flat = COUNTS.reshape(len(COUNTS), -1)
    model = make("GRURegressor", **params).fit(X, COUNTS)
    other = make("GRURegressor", **params).fit(X, flat)
    own = (3,) if params["loss"] == "quantile" else ()
    np.testing.assert_array_equal(
        model.predict(X).reshape(*flat.shape, *own), other.predict(X)
    )
    assert model.score(X, COUNTS) == pytest.approx(other.score(X, flat), rel=1e-12)


@pytest.mark.parametrize("params", [*LOSSES[:2], BOTH[-1]], ids=lambda p: p["loss"])
def test_targets_in_other_units_give_answers_in_them(params):
    y = X[:, 0, 0] + RNG.normal(size=len(X))
    model = make("GRURegressor", **params, **EXACT).fit(X, y)
    other = make("GRURegressor", **params, **EXACT).fit(X, 3 + 20 * y)
    np.testing.assert_allclose(other.predict(X), 3 + 20 * model.predict(X), rtol=1e-6)
    if params["loss"] != "quantile":
        std = model.predict(X, return_std=True)[1]
        np.testing.assert_allclose(other.predict(X, return_std=True)[1], 20 * std)
        for name, options in (
            ("sample_y", {"n_samples": 3}),
            ("predict", {"quantiles": [0.2, 0.7]}),
        ):
            expected = 3 + 20 * getattr(model, name)(X, **options)
            np.testing.assert_allclose(
                getattr(other, name)(X, **options), expected, rtol=1e-6
            )


@pytest.mark.parametrize("standardize", [False, True])
def test_the_loss_of_counts_is_the_likelihood_of_the_counts(standardize):
    y = COUNTS[:, 0]
    still = {**EXACT, "max_epochs": 1, "lr": 1e-30, "standardize": standardize}
    model = make("GRURegressor", loss="negative_binomial", **still).fit(X, y)
    mean, std = model.predict(X, return_std=True)
    size = mean**2 / (std**2 - mean)
    expected = -stats.nbinom.logpmf(y, size, size / (size + mean)).mean()
    assert model.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-6)


def test_samples_follow_the_random_state():
    model = make("GRURegressor", loss="gaussian").fit(X, FORMS["one"])
    mean, std = model.predict(X, return_std=True)
    drawn = model.sample_y(X, 20000)
    np.testing.assert_allclose(drawn.mean(axis=1), mean, atol=0.05 * std.max())
    np.testing.assert_allclose(drawn.std(axis=1), std, rtol=0.03)
    np.testing.assert_array_equal(model.sample_y(X), model.sample_y(X, random_state=0))
    rng = np.random.RandomState(0)
    first, second = (
        model.sample_y(X, random_state=rng),
        model.sample_y(X, random_state=rng),
    )
    assert (first != second).all()


def test_targets_too_fine_for_float32_are_answered_in_float64():
    z = X.sum(axis=(1, 2))
    for params in (LOSSES[0], BOTH[-1]):
        model = make("GRURegressor", **params).fit(X, 1e9 + 10 * z)
        plain = make("GRURegressor", **params).fit(X, z)
        found = model.predict(X.astype(np.float32))
        assert found.dtype == np.float64
        np.testing.assert_allclose((found - 1e9) / 10, plain.predict(X), atol=1e-3)


# -------------------------------------------------------------------- scores and weights


@every_loss
def test_the_score_is_that_of_the_mean_or_of_the_quantiles(params):
    y, weight = FORMS["several"], np.arange(len(X)) % 4
    model = make("GRURegressor", **params).fit(X, y)
    found, predicted = model.score(X, y, weight), model.predict(X)
    if params["loss"] != "quantile":
        assert found == pytest.approx(r2_score(y, predicted, sample_weight=weight))
        return
    each = [
        d2_pinball_score(y, predicted[..., i], alpha=q, sample_weight=weight)
        for i, q in enumerate(LEVELS)
    ]
    assert found == pytest.approx(np.mean(each))


@every_loss
def test_missing_numbers_do_not_count(params):
    y = np.where(RNG.random((len(X), 2)) < 0.3, np.nan, FORMS["several"])
    model = make("GRURegressor", **params).fit(X, y)
    predicted, given = model.predict(X), ~np.isnan(y)
    if params["loss"] == "quantile":
        each = [
            d2_pinball_score(y[g, j], predicted[g, j, i], alpha=q)
            for j, g in enumerate(given.T)
            for i, q in enumerate(LEVELS)
        ]
        assert model.score(X, y) == pytest.approx(np.mean(each))
    kept = np.flatnonzero(given.any(axis=1))
    part = make("GRURegressor", **params).fit(X[kept], y[kept])
    np.testing.assert_array_equal(part.predict(X), predicted)


@every_loss
def test_weight_is_repetition(params):
    y, times = FORMS["several"], np.arange(len(X)) % 3
    weighted = make("GRURegressor", **params, **EXACT).fit(X, y, sample_weight=times)
    repeated = make("GRURegressor", **params, **EXACT)
    repeated.fit(np.repeat(X, times, axis=0), np.repeat(y, times, axis=0))
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-5)


# --------------------------------------------------------------------- continued fits


@every_loss
def test_fits_continue(params):
    y = FORMS["several"]
    model = make("GRURegressor", **params, warm_start=True).fit(X, y)
    first = model.predict(X)
    again = pickle.loads(pickle.dumps(model))
    for other in (model, again):
        other.fit(X, y)
        other.partial_fit(X, y)
    assert not np.array_equal(model.predict(X), first)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


@pytest.mark.parametrize("other", [(0.1, 0.9), 0.5, (0.1, 0.5, 0.8)])
def test_other_quantiles_cannot_continue_a_fit(other):
    for first, then in ((LEVELS, other), (other, LEVELS)):
        params = {"loss": "quantile", "quantile": first, "warm_start": True}
        for y in FORMS.values():
            model = make("GRURegressor", **params).fit(X, y)
            before = model.set_params(quantile=then).predict(X)
            with pytest.raises(ValueError, match=r"quantile=.* cannot continue a fit"):
                model.fit(X, y)
            np.testing.assert_array_equal(model.predict(X), before)


def test_one_quantile_may_follow_another():
    model = make("GRURegressor", loss="quantile", quantile=0.5, warm_start=True)
    model.fit(X, FORMS["one"])
    before = weights_of(model).copy()
    model.set_params(quantile=0.9).fit(X, FORMS["one"])
    assert (weights_of(model) != before).any()


@every_loss
def test_files_and_copies_answer_the_same(params, tmp_path):
    for form, y in FORMS.items():
        model = make("GRURegressor", **params).fit(X, y)
        model.save(tmp_path / form)
        for other in (sksequence.load(tmp_path / form), clone(model).fit(X, y)):
            np.testing.assert_array_equal(other.predict(X), model.predict(X))
            assert other.score(X, y) == model.score(X, y)


@pytest.mark.parametrize("form", [list, np.array])
def test_levels_may_be_any_sequence(form, tmp_path):
    expected = make("GRURegressor", loss="quantile", quantile=LEVELS)
    expected.fit(X, FORMS["one"])
    model = make("GRURegressor", loss="quantile", quantile=form(LEVELS))
    model = clone(model).fit(X, FORMS["one"])
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    again = sksequence.load(model.save(tmp_path / "m") and tmp_path / "m")
    np.testing.assert_array_equal(again.predict(X), expected.predict(X))
    assert tuple(again.quantile) == LEVELS


# ------------------------------------------------------------------ within scikit-learn


@every_loss
@pytest.mark.parametrize("form", FORMS)
def test_scorers_watch_the_validation_set(form, params):
    y = FORMS[form]
    scorer = make_quantile_scorer(
        pinball_loss, quantiles=(0.1, 0.9), greater_is_better=False
    )
    model = make(
        "GRURegressor", **params, early_stopping=True, scoring=scorer, max_epochs=3
    )
    model.fit(X[:30], y[:30], X_val=X[30:], y_val=y[30:])
    last = min(epoch["valid_loss"] for epoch in model.history_)
    assert np.isfinite(last)
    best = max(epoch["valid_score"] for epoch in model.history_)
    expected = scorer(model, X[30:], y[30:])
    assert best == pytest.approx(expected, rel=1e-5)


def test_the_scorer_of_deviations_watches_the_validation_set():
    for y in FORMS.values():
        model = make(
            "GRURegressor",
            loss="gaussian",
            early_stopping=True,
            scoring=crps_scorer,
            max_epochs=3,
        )
        model.fit(X[:30], y[:30], X_val=X[30:], y_val=y[30:])
        best = max(epoch["valid_score"] for epoch in model.history_)
        assert best == pytest.approx(crps_scorer(model, X[30:], y[30:]), rel=1e-5)


def test_searches_over_several_quantiles():
    grid = {"quantile": [(0.1, 0.9), (0.1, 0.5, 0.9), (0.05, 0.1, 0.9)]}
    scorer = make_quantile_scorer(
        pinball_loss, quantiles=(0.1, 0.9), greater_is_better=False
    )
    model = make("GRURegressor", loss="quantile")
    search = GridSearchCV(model, grid, cv=2, scoring=scorer).fit(X, FORMS["one"])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    by_default = GridSearchCV(model, grid, cv=2).fit(X, FORMS["one"])
    assert np.isfinite(by_default.cv_results_["mean_test_score"]).all()


def test_pipelines_pass_on_what_is_asked():
    flat = X[..., 0]
    model = make_pipeline(StandardScaler(), make("GRURegressor", loss="gaussian"))
    model.fit(flat, FORMS["one"])
    alone = clone(model[-1]).fit(model[0].transform(flat), FORMS["one"])
    scaled = model[0].transform(flat)
    for options in ({"return_std": True}, {"quantiles": [0.1, 0.9]}):
        np.testing.assert_array_equal(
            model.predict(flat, **options), alone.predict(scaled, **options)
        )


LEARNS = {"hidden_size": 16, "max_epochs": 50, "lr": 0.02, "random_state": 0}


def failures_expected(estimator):
    found = {
        "check_sample_weight_equivalence_on_dense_data": (
            "a repeated row changes what shares a mini-batch with what"
        )
    }
    if estimator.loss == "quantile":
        for name in ("check_regressor_multioutput", "check_regressors_train"):
            found[name] = "several quantiles are an axis of their own"
    return found


@pytest.mark.no_cover
@parametrize_with_checks(
    [sksequence.GRURegressor(**LEARNS, **params) for params in (LOSSES[0], BOTH[-1])],
    expected_failed_checks=failures_expected,
)
def test_scikit_learn_cannot_tell_them_from_its_own(estimator, check):
    check(estimator)


# ---------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("params", [{}, {"loss": "poisson"}, BOTH[-1]])
def test_other_losses_have_no_deviation(params):
    model = make("GRURegressor", **params).fit(X, FORMS["one"])
    asked = [
        ("return_std=True", lambda: model.predict(X, return_std=True)),
        ("sample_y", lambda: model.sample_y(X)),
    ]
    if params.get("loss") != "quantile":
        asked.append(("quantiles", lambda: model.predict(X, quantiles=[0.5])))
    for name, ask in asked:
        known = "one of gaussian, student_t, negative_binomial"
        with pytest.raises(ValueError, match=f"{name} needs a fit with .*{known}"):
            ask()


def test_what_cannot_be_asked_is_told():
    model = make("GRURegressor", **BOTH[-1]).fit(X, FORMS["one"])
    with pytest.raises(ValueError, match=r"among those of the fit, .* got \(0.2, 0.9\)"):
        model.predict(X, quantiles=[0.2, 0.9])
    with pytest.raises(ValueError, match=r"quantiles must be .* increasing"):
        model.predict(X, quantiles=[0.9, 0.1])
    model = make("GRURegressor", loss="gaussian").fit(X, FORMS["one"])
    with pytest.raises(ValueError, match=r"quantiles must be .* increasing"):
        model.predict(X, quantiles=[0.1, 1.0])
    with pytest.raises(ValueError, match="must not be asked for in one call"):
        model.predict(X, return_std=True, quantiles=[0.1])
    for n in (0, -1, 1.5, True, "a"):
        with pytest.raises(ValueError, match="n_samples must be an int of at least 1"):
            model.sample_y(X, n)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (FORMS["one"] - 9, r"negative_binomial.* got y with minimum -"),
        (np.zeros(len(X)), r"negative_binomial.* and sum 0"),
        (FORMS["one"] + 0.5, r"whole numbers, got \d+\.5\. .* loss=\"poisson\""),
        (FORMS["horizons"] + 0.25, r"whole numbers, got \d+\.25"),
    ],
)
def test_counts_are_whole_and_not_negative(y, words):
    model = make("GRURegressor", loss="negative_binomial")
    with pytest.raises(ValueError, match=words):
        model.fit(X, y)
    assert not hasattr(model, "net_")


@every_loss
def test_frames_have_no_distribution_but_numbers_of_videos_have(params):
    films = RNG.normal(size=(12, 3, 4, 4))
    model = make("ConvLSTMRegressor", **params)
    with pytest.raises(ValueError, match=r"numbers alone.*got y of shape \(12, 4, 4\)"):
        model.fit(films, np.abs(np.rint(films[:, -1])))
    y = COUNTS[:12, 0]
    own = (3,) if params["loss"] == "quantile" else ()
    assert model.fit(films, y).predict(films).shape == y.shape + own
    assert model.predict(films, quantiles=[0.1, 0.9]).shape == (*y.shape, 2)
    if not own:
        assert model.predict(films, return_std=True)[1].shape == y.shape


# --------------------------------------------------- sequences normalised; the decoder

WALKS = RNG.normal(size=(40, 13)).cumsum(axis=1) + 1000 * RNG.normal(size=(40, 1))
AHEAD = WALKS[:, 10:]


@pytest.mark.parametrize("params", [*LOSSES[:2], BOTH[-1]], ids=lambda p: p["loss"])
@pytest.mark.parametrize("how", ["last", "window"])
def test_normalised_sequences_have_deviations_of_their_spread(how, params):
    """As of a model of the normalised sequences, by hand."""
    level, spread = WALKS[:, 9:10], np.ones((40, 1))
    if how == "window":
        level = WALKS[:, :10].mean(axis=1, keepdims=True)
        spread = WALKS[:, :10].std(axis=1, keepdims=True)
    model = make("GRURegressor", **params, normalize=how, **EXACT)
    model.fit(WALKS[:, :10], AHEAD)
    other = make("GRURegressor", **params, **EXACT)
    x = (WALKS[:, :10] - level) / spread
    other.fit(x, (AHEAD - level) / spread)
    more = {"rtol": 1e-6, "atol": 1e-6}
    levels = [0.1, 0.9]
    expected = other.predict(x, quantiles=levels) * spread[..., None] + level[..., None]
    found = model.predict(WALKS[:, :10], quantiles=levels)
    np.testing.assert_allclose(found, expected, **more)
    if params["loss"] == "quantile":
        assert not (np.diff(model.predict(WALKS[:, :10])) < 0).any()
        return
    mean, std = other.predict(x, return_std=True)
    found = model.predict(WALKS[:, :10], return_std=True)
    np.testing.assert_allclose(found[0], mean * spread + level, **more)
    np.testing.assert_allclose(found[1], std * spread, **more)
    drawn = other.sample_y(x, 3) * spread[..., None] + level[..., None]
    np.testing.assert_allclose(model.sample_y(WALKS[:, :10], 3), drawn, **more)


def test_counts_are_not_normalised():
    model = make("GRURegressor", loss="negative_binomial", normalize="window")
    with pytest.raises(ValueError, match="normalize must be None with loss"):
        model.fit(X[..., 0], FORMS["one"])


@every_loss
@pytest.mark.parametrize("form", ["several", "horizons"])
def test_a_decoder_has_the_parameters_of_each_step(form, params):
    y = FORMS[form]
    model = make("GRURegressor", **params, decoder=True).fit(X, y)
    own = (3,) if params["loss"] == "quantile" else ()
    assert model.predict(X).shape == y.shape + own
    # A later step of X does not change what is predicted for an earlier step of y.
    changed = X.copy()
    changed[:, -1] += 1
    before, after = model.predict(X), model.predict(changed)
    np.testing.assert_array_equal(before[:, 0], after[:, 0])
    assert (before[:, -1] != after[:, -1]).any()
    if not own:
        before, after = (model.predict(x, return_std=True)[1] for x in (X, changed))
        np.testing.assert_array_equal(before[:, 0], after[:, 0])
        assert (before[:, -1] != after[:, -1]).any()
