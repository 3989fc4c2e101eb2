"""Distributions and quantiles of every step."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import d2_pinball_score, r2_score

from helpers.estimators import EXACT, make
from helpers.step_task import REGRESSOR, STILL, flat, lengths_of
from sksequence.metrics import make_quantile_scorer, pinball_loss

LEVELS = (0.1, 0.5, 0.9)
QUANTILES = {"loss": "quantile", "quantile": LEVELS}
LOSSES = [{"loss": name} for name in ("gaussian", "student_t", "negative_binomial")]
every_loss = pytest.mark.parametrize(
    "params", [*LOSSES, QUANTILES], ids=lambda params: params["loss"]
)


def counts(X, n_outputs):
    rng = np.random.default_rng(0)
    shape = () if n_outputs is None else (n_outputs,)
    return [rng.poisson(5, size=(len(x), *shape)).astype(float) for x in X]


@every_loss
@pytest.mark.parametrize("n_outputs", [None, 2])
@pytest.mark.parametrize("equal", [False, True])
def test_answers_have_the_form_of_y(equal, n_outputs, params, task):
    X = np.array([x[:4] for x in task[0]]) if equal else task[0]
    y = counts(X, n_outputs)
    y = np.array(y) if equal else y
    model = make(REGRESSOR, **params).fit(X, y)
    own = (3,) if params["loss"] == "quantile" else ()
    asked = [(model.predict(X), own), (model.predict(X, quantiles=[0.1, 0.9]), (2,))]
    if not own:
        mean, std = model.predict(X, return_std=True)
        asked += [(mean, ()), (std, ()), (model.sample_y(X, 4), (4,))]
        np.testing.assert_array_equal(flat(mean), flat(model.predict(X)))
    for found, last in asked:
        assert [np.shape(item) for item in found] == [np.shape(one) + last for one in y]
        assert (found.dtype == object) != equal


@every_loss
@pytest.mark.parametrize("n_outputs", [None, 2])
def test_the_score_counts_steps(n_outputs, params, task):
    X, weight = task[0], np.linspace(0.2, 2, 30)
    y = counts(X, n_outputs)
    model = make(REGRESSOR, **params).fit(X, y)
    truth, predicted = flat(y), flat(model.predict(X))
    of_steps = np.repeat(weight, lengths_of(X))
    if params["loss"] == "quantile":
        expected = np.mean(
            [
                d2_pinball_score(
                    truth, predicted[..., i], alpha=q, sample_weight=of_steps
                )
                for i, q in enumerate(LEVELS)
            ]
        )
    else:
        expected = r2_score(truth, predicted, sample_weight=of_steps)
    assert model.score(X, y, weight) == pytest.approx(expected, rel=1e-9)


def test_the_likelihood_is_the_mean_over_all_steps_that_are_given(task):
    X, rng = task[0], np.random.default_rng(0)
    y = [np.where(rng.random(one.shape) < 0.3, np.nan, one) for one in counts(X, 2)]
    model = make(REGRESSOR, **STILL, loss="gaussian").fit(X, y)
    mean, std = map(flat, model.predict(X, return_std=True))
    truth = flat(y)
    scale = np.nanstd(truth, axis=0)
    expected = np.nanmean(-stats.norm.logpdf(truth, mean, std) - np.log(scale))
    assert model.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-6)


@every_loss
@pytest.mark.parametrize("n_outputs", [None, 2])
@pytest.mark.parametrize("named", [False, True])
def test_scorers_watch_the_validation_set(named, n_outputs, params, task):
    """Scorers of users get the sequences, those of scikit-learn by name all steps."""
    X, y = task[0], counts(task[0], n_outputs)
    scorer = make_quantile_scorer(
        pinball_loss, quantiles=(0.1, 0.9), greater_is_better=False
    )
    if named and params["loss"] == "quantile":
        pytest.skip("scikit-learn's scorers are of one answer for each target")
    model = make(
        REGRESSOR,
        **params,
        early_stopping=True,
        scoring="r2" if named else scorer,
        max_epochs=3,
    )
    model.fit(X[:20], y[:20], X_val=X[20:], y_val=y[20:])
    best = max(epoch["valid_score"] for epoch in model.history_)
    found = (model.score if named else lambda *of: scorer(model, *of))(X[20:], y[20:])
    assert best == pytest.approx(found, rel=1e-5)


@every_loss
def test_truncated_backpropagation(params, task):
    X, y = task[0], counts(task[0], 2)
    whole = make(REGRESSOR, **params, **EXACT, bptt_steps=100).fit(X, y)
    plain = make(REGRESSOR, **params, **EXACT).fit(X, y)
    np.testing.assert_allclose(flat(whole.predict(X)), flat(plain.predict(X)), rtol=1e-7)
