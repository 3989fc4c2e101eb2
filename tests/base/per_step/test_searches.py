"""Cross-validation and searches of sequences of steps."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.metrics import r2_score as r2
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RandomizedSearchCV,
    cross_val_predict,
    cross_validate,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from helpers.estimators import make
from helpers.step_task import REGRESSOR, TAGGER, answers, flat, lengths_of
from sksequence.metrics import make_step_scorer, perplexity_scorer

F1 = make_step_scorer(f1_score, average="macro")


def test_cross_validation_of_unequal_sequences(task):
    X, y, _ = task
    model = make(TAGGER)
    scoring = {"f1": F1, "perplexity": perplexity_scorer}
    got = cross_validate(model, X, y, cv=3, scoring=scoring, error_score="raise")
    plain = cross_validate(model, X, y, cv=3, error_score="raise")["test_score"]
    predicted = cross_val_predict(model, X, y, cv=3)
    assert lengths_of(predicted) == lengths_of(X)
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        X_test, truth = [X[i] for i in test], [y[i] for i in test]
        part = clone(model).fit([X[i] for i in train], [y[i] for i in train])
        own = flat(part.predict(X_test))
        np.testing.assert_array_equal(flat(predicted[test]), own)
        assert plain[fold] == accuracy_score(flat(truth), own)
        assert got["test_f1"][fold] == f1_score(flat(truth), own, average="macro")
        loss = log_loss(flat(truth), answers(part, X_test), labels=[0, 1, 2])
        assert got["test_perplexity"][fold] == pytest.approx(-np.exp(loss), rel=1e-6)


def test_a_search_in_processes_finds_what_it_finds_alone(task):
    X, y, _ = task
    searches = [
        GridSearchCV(
            make_pipeline(FunctionTransformer(), make(TAGGER)),
            {"recurrenttagger__lr": [1e-4, 0.1]},
            scoring=F1,
            cv=2,
            n_jobs=n_jobs,
            error_score="raise",
        ).fit(X, y)
        for n_jobs in (1, 2)
    ]
    results = [search.cv_results_["mean_test_score"] for search in searches]
    np.testing.assert_array_equal(*results)
    assert searches[0].best_params_["recurrenttagger__lr"] == 0.1
    np.testing.assert_array_equal(*(answers(search, X) for search in searches))
    assert searches[0].score(X, y) == F1(searches[0].best_estimator_, X, y)
    assert perplexity_scorer(searches[0], X, y) == perplexity_scorer(
        searches[0].best_estimator_[-1], X, y
    )


def test_a_random_search_of_a_regressor(task):
    X, _, y = task
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    search = RandomizedSearchCV(
        make(REGRESSOR, max_epochs=10),
        {"lr": [1e-5, 0.02], "bptt_steps": [None, 6]},
        n_iter=4,
        cv=2,
        random_state=0,
        error_score="raise",
    ).fit(X_train, y_train)
    assert search.best_params_["lr"] == 0.02
    assert search.score(X_test, y_test) == pytest.approx(
        r2(flat(y_test), flat(search.predict(X_test)))
    )
