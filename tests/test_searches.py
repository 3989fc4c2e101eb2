"""Searches of scikit-learn, and the one of ours, over estimators that may fail.

The subjects are those of ``sklearn/model_selection/tests/test_search.py``, as far as an
estimator can get them wrong: errors of candidates, kinds of scores, and refits.
"""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.metrics import accuracy_score, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, PredefinedSplit, RandomizedSearchCV

from helpers.data import CUBE, LABELS, MULTILABEL, ragged
from helpers.estimators import make
from sksequence.model_selection import HalvingEpochSearchCV

ROUNDS = {"min_resources": 1, "max_resources": 2, "factor": 2, "random_state": 0}
FAILING = {"hidden_size": [2, -1, 3]}


def grid(params, name="GRUClassifier", **options):
    return GridSearchCV(make(name), params, **{"cv": 2, **options})


def halving(params, name="GRUClassifier", **options):
    return HalvingEpochSearchCV(make(name), params, **{"cv": 2, **ROUNDS, **options})


every_search = pytest.mark.parametrize("search", [grid, halving])


# ------------------------------------------------------------------- candidates that fail


@every_search
def test_a_candidate_that_fails_is_last_and_said(search):
    with pytest.warns() as caught:
        found = search(FAILING).fit(CUBE, LABELS)
    failed = [one for one in caught if one.category is FitFailedWarning]
    assert "'hidden_size' parameter of GRUClassifier" in str(failed[0].message)
    scores = found.cv_results_["mean_test_score"]
    sizes = np.array([p["hidden_size"] for p in found.cv_results_["params"]])
    np.testing.assert_array_equal(np.isnan(scores), sizes == -1)
    assert found.best_params_["hidden_size"] != -1


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"hidden_size": [2, -1]}, "hidden_size"),
        ({"optimizer": ["adam", "no"]}, "optimizer"),
        ({"conv_kernel_size": [99], "conv_channels": [(2,)]}, "kernel_size=99"),
        ({"net_params": [{"batch_size": 0}]}, "batch_size"),
    ],
    ids=["value", "choice", "data", "nested"],
)
def test_an_error_may_be_raised(bad, words):
    with pytest.raises(ValueError, match=words):
        grid(bad, error_score="raise").fit(CUBE, LABELS)


@every_search
def test_an_error_may_have_a_score(search):
    with pytest.warns(FitFailedWarning):
        found = search(FAILING, error_score=-7).fit(CUBE, LABELS)
    results = found.cv_results_
    sizes = [p["hidden_size"] for p in results["params"]]
    assert results["mean_test_score"][sizes.index(-1)] == -7


@every_search
def test_if_all_candidates_fail_the_search_does(search):
    with pytest.raises(ValueError, match="All the 4 fits failed"):
        search({"hidden_size": [-1, -2]}).fit(CUBE, LABELS)


def test_a_score_that_fails_is_not_the_fits_failure():
    def broken(estimator, X, y):
        if estimator.hidden_size == 2:
            raise KeyError("no score")
        return estimator.score(X, y)

    with pytest.warns() as caught:
        found = grid({"hidden_size": [2, 3]}, scoring=broken).fit(CUBE, LABELS)
    assert not [one for one in caught if one.category is FitFailedWarning]
    assert "no score" in str(caught[0].message)
    np.testing.assert_array_equal(
        np.isnan(found.cv_results_["mean_test_score"]), [True, False]
    )


# --------------------------------------------------------------------------------- scores


@every_search
def test_a_function_of_the_fitted_candidate_scores_it(search):
    found = search(
        {"hidden_size": [2, 5, 3]},
        scoring=lambda estimator, X, y: float(estimator.net_.module_.head.in_features),
    ).fit(CUBE, LABELS)
    assert found.best_params_["hidden_size"] == 5


def test_scores_of_a_search_are_those_of_fits_by_hand():
    fold = np.arange(len(CUBE)) % 3
    params = {"hidden_size": [2, 4], "cell": ["rnn", "gru"]}
    found = grid(params, "RecurrentClassifier", cv=PredefinedSplit(fold))
    results = found.fit(CUBE, LABELS).cv_results_
    for i, chosen in enumerate(results["params"]):
        for k in range(3):
            model = make("RecurrentClassifier", **chosen)
            model.fit(CUBE[fold != k], LABELS[fold != k])
            score = model.score(CUBE[fold == k], LABELS[fold == k])
            assert results[f"split{k}_test_score"][i] == score
    best = np.argmax(results["mean_test_score"])
    assert found.best_params_ == results["params"][best]


@pytest.mark.parametrize(
    "scoring",
    [
        ["accuracy", "neg_log_loss"],
        {"accuracy": make_scorer(accuracy_score), "neg_log_loss": "neg_log_loss"},
        lambda model, X, y: {
            "accuracy": model.score(X, y),
            "neg_log_loss": -log_loss(y, model.predict_proba(X)),
        },
    ],
    ids=["names", "scorers", "function"],
)
def test_several_scores_at_once(scoring):
    params = {"hidden_size": [2, 4], "lr": [0.001, 0.05]}
    found = grid(params, scoring=scoring, refit="neg_log_loss", return_train_score=True)
    results = found.fit(CUBE, LABELS).cv_results_
    for name in ("accuracy", "neg_log_loss"):
        alone = grid(params, scoring=name, return_train_score=True).fit(CUBE, LABELS)
        for part in ("train", "test"):
            np.testing.assert_allclose(
                results[f"mean_{part}_{name}"],
                alone.cv_results_[f"mean_{part}_score"],
                rtol=1e-6,
            )
    assert found.best_index_ == np.argmax(results["mean_test_neg_log_loss"])


def test_a_function_may_choose_the_best():
    found = grid(
        {"hidden_size": [4, 2, 3]},
        refit=lambda results: int(np.argmin(results["param_hidden_size"].astype(int))),
    ).fit(CUBE, LABELS)
    assert found.best_params_ == {"hidden_size": 2}
    assert found.best_estimator_.hidden_size == 2


# --------------------------------------------------------------------------------- refits


@every_search
def test_without_a_refit_there_is_nothing_to_predict_with(search):
    found = search({"hidden_size": [2, 3]}, refit=False).fit(CUBE, LABELS)
    assert not hasattr(found, "best_estimator_")
    assert set(found.best_params_) >= {"hidden_size"}
    with pytest.raises((AttributeError, NotFittedError)):
        found.predict(CUBE)


@every_search
def test_the_refit_is_a_fit_of_the_best_on_all(search):
    found = search({"hidden_size": [2, 3]}).fit(CUBE, LABELS)
    best = make("GRUClassifier", **found.best_params_).fit(CUBE, LABELS)
    for method in ("predict", "predict_proba", "predict_log_proba", "transform"):
        ours, theirs = (getattr(one, method)(CUBE) for one in (found, best))
        np.testing.assert_array_equal(ours, theirs)
    assert found.score(CUBE, LABELS) == best.score(CUBE, LABELS)
    assert (found.n_features_in_, list(found.classes_)) == (2, [0, 1])
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.predict(CUBE), found.predict(CUBE))


@every_search
def test_a_search_does_not_fit_the_estimator_it_is_given(search):
    found = search({"hidden_size": [2, 3]})
    before = found.estimator.get_params()
    found.fit(CUBE, LABELS)
    assert found.estimator.get_params() == before
    assert not hasattr(found.estimator, "net_")
    assert clone(found).get_params().keys() == found.get_params().keys()


# -------------------------------------------------------------------------- what X may be


def test_random_searches_draw_the_same_again():
    def search():
        drawn = {"lr": loguniform(1e-3, 1e-1), "hidden_size": range(2, 5)}
        options = {"n_iter": 3, "cv": 2, "random_state": 0}
        return RandomizedSearchCV(make("GRUClassifier"), drawn, **options)

    one, other = (search().fit(CUBE, LABELS).cv_results_ for _ in range(2))
    assert one["params"] == other["params"]
    np.testing.assert_array_equal(one["mean_test_score"], other["mean_test_score"])


@every_search
def test_lists_tables_and_several_labels_are_searched(search):
    params = {"hidden_size": [2, 3]}
    unequal = ragged(np.arange(12) % 5 + 3)
    for X, y in (
        (unequal, LABELS),
        (pd.DataFrame(CUBE[..., 0]).add_prefix("t"), pd.Series(LABELS)),
        (CUBE, MULTILABEL),
    ):
        found = search(params).fit(X, y)
        assert np.isfinite(found.cv_results_["mean_test_score"]).all()
        assert np.shape(found.predict(X)) == np.shape(y)


def test_weights_reach_the_fits_of_a_search():
    """Weights of zero are sequences that are not there."""
    weight = np.where(np.arange(len(CUBE)) < 8, 1.0, 0.0)
    fold = np.arange(len(CUBE)) // 2 % 2
    options = {"dtype": "float64", "batch_size": None}
    found = GridSearchCV(
        make("GRUClassifier", **options),
        {"hidden_size": [2, 3]},
        cv=PredefinedSplit(fold),
    ).fit(CUBE, LABELS, sample_weight=weight)
    best = make("GRUClassifier", **options, **found.best_params_)
    best.fit(CUBE[:8], LABELS[:8])
    np.testing.assert_allclose(found.predict_proba(CUBE), best.predict_proba(CUBE))
