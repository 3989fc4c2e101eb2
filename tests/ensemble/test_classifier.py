"""The mean of several classifiers: its probabilities, labels and spread."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_param_validation,
    check_sample_weight_equivalence_on_dense_data,
    parametrize_with_checks,
)

from helpers.data import objects
from helpers.estimators import make
from sksequence import LSTMClassifier
from sksequence.ensemble import DeepEnsembleClassifier
from sksequence.preprocessing import StepwiseTransformer
from sksequence.utils import check_sequence_estimator


def small(name="GRUClassifier", n=3, **params):
    network = make(name, **{"max_epochs": 4, "lr": 0.02, **params})
    return DeepEnsembleClassifier(network, n, random_state=0)


@pytest.fixture(scope="module")
def labelled(task):
    X, codes, _ = task
    return X, np.array(["high", "low", "mid"])[[2, 0, 1]][codes]


@pytest.fixture(scope="module")
def fitted(labelled):
    return small().fit(*labelled)


# ------------------------------------------------------------------------------- answers


def test_probabilities_are_the_mean_of_the_members(labelled, fitted):
    X, y = labelled
    members = np.stack([member.predict_proba(X) for member in fitted.estimators_])
    proba, std = fitted.predict_proba(X, return_std=True)
    np.testing.assert_allclose(proba, members.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(std, members.std(axis=0), rtol=1e-10)
    np.testing.assert_array_equal(fitted.predict_proba(X), proba)
    np.testing.assert_allclose(fitted.predict_log_proba(X), np.log(proba), rtol=1e-10)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert fitted.classes_.tolist() == ["high", "low", "mid"]
    assert fitted.predict(X).tolist() == fitted.classes_[proba.argmax(axis=1)].tolist()
    assert fitted.score(X, y) == np.mean(fitted.predict(X) == y)
    weight = np.arange(len(X))
    expected = np.average(fitted.predict(X) == y, weights=weight)
    assert fitted.score(X, y, sample_weight=weight) == pytest.approx(expected)


def test_a_vote_is_overruled_by_the_mean_of_the_probabilities():
    class Sure:
        def __init__(self, p):
            self.p = p

        def predict_proba(self, X):
            return np.tile([1 - self.p, self.p], (len(X), 1))

    model = DeepEnsembleClassifier()
    model.estimators_ = [Sure(0.45), Sure(0.45), Sure(0.9)]
    model.classes_, model._is_multilabel = np.array(["no", "yes"]), False
    assert model.predict(np.zeros((1, 3))).tolist() == ["yes"]


def test_logarithms_stay_finite_where_probabilities_are_zero(labelled):
    X, y = labelled
    model = small("SimpleRNNClassifier", n=2).fit(X, y)
    for member in model.estimators_:
        for parameter in member.net_.module_.parameters():
            parameter.data *= 1000
    logs = model.predict_log_proba(X)
    assert (model.predict_proba(X) == 0).any()
    assert np.isfinite(logs).all()
    assert logs.min() < -700


def test_single_precision_stays_single(labelled, fitted):
    X = [x.astype(np.float32) for x in labelled[0]]
    for answer in (
        *fitted.predict_proba(X, return_std=True),
        fitted.predict_log_proba(X),
    ):
        assert answer.dtype == np.float32


@pytest.mark.parametrize("n", [3, 17])
def test_a_sequence_has_the_same_bits_alone(labelled, n):
    X, y = labelled
    model = small(n=n, hidden_size=3, max_epochs=1).fit(X, y)
    proba, std = model.predict_proba(X, return_std=True)
    for i in range(0, 60, 13):
        one, spread = model.predict_proba([X[i]], return_std=True)
        np.testing.assert_array_equal(one[0], proba[i])
        np.testing.assert_array_equal(spread[0], std[i])


def test_several_labels(labelled):
    X, y = labelled
    several = np.column_stack([y == "low", y != "mid", [len(x) > 9 for x in X]])
    model = small().fit(X, several.astype(int))
    proba = model.predict_proba(X)
    assert proba.shape == (60, 3)
    np.testing.assert_array_equal(model.predict(X), (proba > 0.5).astype(int))
    exact = (model.predict(X) == several).all(axis=1)
    assert model.score(X, several) == exact.mean()
    np.testing.assert_array_equal(model.classes_, np.arange(3))


# --------------------------------------------------------------------- what members read


def lists(X):
    return X


def block(X):
    return np.stack([x[:5] for x in X])


def rectangle(X):
    return np.stack([x[:5, 0] for x in X])


def pandas(X):
    return pd.DataFrame(rectangle(X), columns=[*"abcde"])


def with_static(X):
    return pd.DataFrame(
        {"series": X, "length": list(map(len, X)), "site": ["a", "b", "c"] * 20}
    )


def tokens(X):
    return [np.digitize(x[:, 0], [-1, 0, 1]) for x in X]


def films(X):
    return [np.repeat(x[:, 0], 12).reshape(-1, 3, 4) for x in X]


READ = {
    "lists": (lists, "LSTMClassifier", {}),
    "objects": (objects, "GRUClassifier", {}),
    "block": (block, "RecurrentClassifier", {"cell": "mingru"}),
    "rectangle": (rectangle, "SimpleRNNClassifier", {}),
    "pandas": (pandas, "GRUClassifier", {}),
    "polars": (lambda X: pl.DataFrame(pandas(X)), "GRUClassifier", {}),
    "static": (with_static, "GRUClassifier", {}),
    "tokens": (tokens, "GRUClassifier", {"embedding_dim": 3}),
    "films": (films, "ConvLSTMClassifier", {"hidden_size": 2, "max_epochs": 1}),
}


@pytest.mark.parametrize("form", READ)
def test_whatever_a_member_reads(labelled, form):
    made, name, params = READ[form]
    X, y = made(labelled[0]), labelled[1]
    model = small(name, n=2, **params).fit(X, y)
    members = [member.predict_proba(X) for member in model.estimators_]
    np.testing.assert_allclose(model.predict_proba(X), np.mean(members, 0), rtol=1e-6)
    for name in ("n_features_in_", "feature_names_in_"):
        expected = getattr(model.estimators_[0], name, None)
        np.testing.assert_array_equal(getattr(model, name, None), expected)


def test_names_of_an_earlier_fit_are_forgotten(labelled):
    X, y = labelled
    model = small(n=1).fit(pandas(X), y)
    assert model.feature_names_in_.tolist() == [*"abcde"]
    assert not hasattr(model.fit(rectangle(X), y), "feature_names_in_")


def test_weights_groups_and_a_validation_set_reach_every_member(labelled):
    X, y = labelled
    weight, groups = np.arange(60) % 3, np.arange(60) // 4
    validation = {"X_val": X[40:], "y_val": y[40:]}
    for given, params in (
        ({"sample_weight": weight[:40]}, {}),
        ({"groups": groups[:40]}, {"early_stopping": True}),
        (validation, {"early_stopping": True}),
    ):
        model = small(n=2, **params).fit(X[:40], y[:40], **given)
        plain = small(n=2, **params).fit(X[:40], y[:40])
        assert not np.array_equal(model.predict_proba(X), plain.predict_proba(X))
        for member in model.estimators_:
            alone = clone(member).fit(X[:40], y[:40], **given)
            np.testing.assert_array_equal(member.predict_proba(X), alone.predict_proba(X))


# --------------------------------------------------------------------- what users rely on


def test_the_network_is_searched_through_the_ensemble(labelled):
    X, y = labelled
    grid = {"estimator__hidden_size": [2, 5], "n_estimators": [1, 2]}
    search = GridSearchCV(small(), grid, cv=2).fit(X, y)
    best = search.best_estimator_
    assert len(best.estimators_) == search.best_params_["n_estimators"]
    size = search.best_params_["estimator__hidden_size"]
    assert {member.hidden_size for member in best.estimators_} == {size}
    assert len(set(search.cv_results_["mean_test_score"])) > 1


def test_ensembles_in_other_estimators(labelled):
    X, y = labelled
    pipeline = make_pipeline(StepwiseTransformer(StandardScaler()), small(n=2))
    assert cross_val_score(pipeline, X, y, cv=2).shape == (2,)
    calibrated = CalibratedClassifierCV(small(n=2), cv=2).fit(X, y)
    assert calibrated.predict_proba(X).shape == (60, 3)


def test_none_stands_for_an_lstm(labelled):
    X, y = labelled
    model = DeepEnsembleClassifier(n_estimators=1, random_state=0).fit(X[:20], y[:20])
    (member,) = model.estimators_
    assert type(member) is LSTMClassifier
    assert {**member.get_params(), "random_state": None} == LSTMClassifier().get_params()
    assert model.estimator is None


def test_a_prediction_needs_a_fit(labelled):
    for ask in ("predict", "predict_proba", "predict_log_proba"):
        with pytest.raises(NotFittedError):
            getattr(DeepEnsembleClassifier(), ask)(labelled[0])


def test_tags_are_those_of_the_network():
    tags = DeepEnsembleClassifier(
        make("GRUClassifier", missing="mask")
    ).__sklearn_tags__()
    assert tags.input_tags.allow_nan
    assert tags.input_tags.three_d_array
    assert tags.classifier_tags.multi_label
    tags = get_tags(DeepEnsembleClassifier())
    assert not tags.input_tags.allow_nan
    assert tags.estimator_type == "classifier"


# ----------------------------------------------------------------- scikit-learn, contract


def failures_expected(estimator):
    if estimator.estimator.dtype == "float64":
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "a repeated row changes what shares a mini-batch with what"
        )
    }


@pytest.mark.no_cover
@parametrize_with_checks(
    [
        DeepEnsembleClassifier(
            make("GRUClassifier", hidden_size=16, max_epochs=15, lr=0.05), 2
        )
    ],
    expected_failed_checks=failures_expected,
)
def test_scikit_learn_takes_it_for_its_own(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_weights_equal_repetition_and_parameters_are_validated():
    network = make(
        "LSTMClassifier", dtype="float64", batch_size=None, max_epochs=15, lr=0.05
    )
    model = DeepEnsembleClassifier(network, 2)
    check_sample_weight_equivalence_on_dense_data("DeepEnsembleClassifier", model)
    check_param_validation("DeepEnsembleClassifier", small())


@pytest.mark.parametrize("params", [{}, {"embedding_dim": 3}, {"missing": "decay"}])
def test_an_ensemble_keeps_the_contract(params):
    if params and os.environ.get("SKSEQUENCE_TESTS") != "full":
        params = {**params, "max_epochs": 1}
    model = small(n=2, hidden_size=4, **params)
    results = check_sequence_estimator(model)
    skipped = {r["name"] for r in results if r["status"] == "skipped"}
    assert skipped == {"both_ends_used", "causal", "gradients"}
    assert all(r["status"] != "failed" for r in results)
