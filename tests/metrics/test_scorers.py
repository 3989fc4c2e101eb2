"""Scorers of sequences, quantiles and distributions, for searches."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.model_selection import GridSearchCV, cross_validate

from helpers.estimators import make
from sksequence.metrics import (
    bleu,
    bleu_scorer,
    character_error_rate,
    character_error_rate_scorer,
    chunk_f1,
    chunk_f1_scorer,
    crps_gaussian,
    crps_quantiles,
    crps_scorer,
    exact_share,
    exact_share_scorer,
    interval_coverage,
    interval_coverage_scorer,
    interval_width,
    interval_width_scorer,
    make_quantile_scorer,
    make_sequence_scorer,
    make_std_scorer,
    pinball_loss,
    pinball_scorer,
    token_error_rate,
    token_error_rate_scorer,
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


# --------------------------------------------------------------- scorers of sequences


class Answers:
    """Predicts what it was given, whatever X is."""

    def __init__(self, answers):
        self.answers = answers

    def predict(self, X):
        return self.answers


@pytest.mark.parametrize(
    ("scorer", "metric", "sign"),
    [
        (token_error_rate_scorer, token_error_rate, -1),
        (character_error_rate_scorer, character_error_rate, -1),
        (exact_share_scorer, exact_share, 1),
        (bleu_scorer, bleu, 1),
    ],
    ids=["tokens", "characters", "exact", "bleu"],
)
def test_scorers_of_texts_score_what_is_predicted(scorer, metric, sign):
    truth = ["one two three four five", "a b c d"]
    given = ["one two three four", "a b c d"]
    for one in (scorer, pickle.loads(pickle.dumps(scorer))):
        got = one(Answers(given), None, truth)
        assert got == pytest.approx(sign * metric(truth, given))
    weight = [1, 3]
    if metric is not bleu:
        got = scorer(Answers(given), None, truth, sample_weight=weight)
        expected = sign * metric(truth, given, sample_weight=weight)
        assert got == pytest.approx(expected)


def test_chunks_are_scored_in_searches_and_early_stopping():
    rng = np.random.default_rng(0)
    y = [["O", "B-a", "I-a", "O"][: rng.integers(1, 5)] for _ in range(24)]
    X = [np.array([[tag == "O", tag[0] == "I"] for tag in tags], float) for tags in y]
    params = {"crf": True, "tag_scheme": "bio", "cell": "gru"}
    grid = {"max_epochs": [1, 40]}
    search = GridSearchCV(
        make("RecurrentTagger", lr=0.02, **params), grid, cv=2, scoring=chunk_f1_scorer
    )
    assert search.fit(X, y).best_params_ == {"max_epochs": 40}
    predicted = search.predict(X)
    expected = chunk_f1(y, predicted)
    assert chunk_f1_scorer(search, X, y) == pytest.approx(expected)
    macro = make_sequence_scorer(chunk_f1, greater_is_better=False, average="macro")
    assert macro(search, X, y) == pytest.approx(-chunk_f1(y, predicted, average="macro"))
    stopped = make(
        "RecurrentTagger",
        **params,
        early_stopping=True,
        max_epochs=6,
        scoring=chunk_f1_scorer,
    ).fit(X, y, sample_weight=np.arange(24) % 2 + 1, X_val=X[:9], y_val=y[:9])
    best = max(one["valid_score"] for one in stopped.history_)
    assert chunk_f1_scorer(stopped, X[:9], y[:9]) == pytest.approx(best)
