"""Scores that count steps."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import sklearn.metrics
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    f1_score,
    get_scorer,
    log_loss,
    make_scorer,
    mean_absolute_error,
)
from sklearn.metrics import r2_score as r2
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from helpers.data import objects
from helpers.estimators import make, target_of
from helpers.step_task import REGRESSOR, TAGGER, answers, flat, lengths_of, running_means
from sksequence.metrics import (
    flatten_steps,
    make_step_scorer,
    perplexity,
    perplexity_scorer,
)


@pytest.fixture(scope="module")
def task():
    return running_means()


@pytest.fixture(scope="module")
def fitted(task):
    X, codes, values = task
    tagger = make(TAGGER, max_epochs=5, lr=0.02).fit(X, codes)
    regressor = make(REGRESSOR, max_epochs=5, lr=0.02).fit(X, values)
    return {TAGGER: tagger, REGRESSOR: regressor}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("name", "metric", "options"),
    [
        (TAGGER, f1_score, {"average": "macro"}),
        (TAGGER, log_loss, {"response_method": "predict_proba", "labels": [0, 1, 2]}),
        (REGRESSOR, mean_absolute_error, {"greater_is_better": False}),
    ],
    ids=["f1", "log loss", "absolute error"],
)
def test_scores_count_steps(name, metric, options, weighted, task, fitted):
    X, y, model = task[0], target_of(task, name), fitted[name]
    weight = np.linspace(0, 2, len(X)) if weighted else None
    steps = {"sample_weight": np.repeat(weight, lengths_of(X))} if weighted else {}
    own = {
        key: value for key, value in options.items() if key in ("average", "labels")
    } | steps
    answered = getattr(model, options.get("response_method", "predict"))(X)
    sign = 1 if options.get("greater_is_better", True) else -1
    expected = sign * metric(flat(y), flat(answered), **own)
    scorer = make_step_scorer(metric, **options)
    assert scorer(model, X, y, sample_weight=weight) == pytest.approx(expected, rel=1e-12)
    again = pickle.loads(pickle.dumps(scorer))
    assert again(model, X, y, sample_weight=weight) == pytest.approx(expected, rel=1e-12)
    plain = accuracy_score if name == TAGGER else r2
    expected = plain(flat(y), flat(model.predict(X)), **steps)
    assert model.score(X, y, sample_weight=weight) == pytest.approx(expected, rel=1e-12)


def test_several_outputs_are_scored_as_sklearn_does(task):
    X = task[0]
    y = [np.column_stack([one, -(one**2)]) for one in task[2]]
    model = make(REGRESSOR).fit(X, y)
    expected = r2(flat(y), flat(model.predict(X)))
    assert model.score(X, y) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("names", [None, np.array(["x", "y", "z"])], ids=["ids", "text"])
@pytest.mark.parametrize("weighted", [False, True])
def test_perplexity_is_the_exponential_of_the_log_loss(names, weighted, task):
    X, codes, _ = task
    y = codes if names is None else [names[code] for code in codes]
    model = make(TAGGER).fit(X, y)
    weight = np.linspace(0, 2, len(X)) if weighted else None
    per_step = np.repeat(weight, lengths_of(X)) if weighted else None
    expected = np.exp(log_loss(flat(y), answers(model, X), sample_weight=per_step))
    proba = model.predict_proba(X)
    got = perplexity(y, proba, classes=model.classes_, sample_weight=weight)
    assert got == pytest.approx(expected, rel=1e-9)
    assert perplexity_scorer(model, X, y, weight) == pytest.approx(-expected, rel=1e-9)


@pytest.mark.parametrize(
    ("truth", "proba", "weight", "expected"),
    [
        ([[0], [1, 1]], [[[0.5, 0.5]], [[0.75, 0.25]] * 2], None, 32 ** (1 / 3)),
        ([[0], [1, 1]], [[[0.5, 0.5]], [[0.75, 0.25]] * 2], [1, 0], 2),
        ([[0], [1, 1]], [[[0.5, 0.5]], [[0.75, 0.25]] * 2], [2, 1], 64 ** (1 / 4)),
        ([[0, 1]], [[[1.0, 0.0], [0.0, 1.0]]], None, 1),
        ([[1, 1]], [[[1.0, 0.0], [0.0, 1.0]]], None, np.inf),
        ([[0, 7]], [[[0.5, 0.5], [0.5, 0.5]]], None, np.inf),
        ([[-1, 0]], [[[0.5, 0.5], [0.5, 0.5]]], None, np.inf),
        # What has no weight is not there, however unlikely.
        ([[0], [1]], [[[1.0, 0.0]], [[1.0, 0.0]]], [1, 0], 1),
    ],
)
def test_perplexity_by_hand(truth, proba, weight, expected):
    got = perplexity(truth, proba, classes=[0, 1], sample_weight=weight)
    assert got == pytest.approx(expected, rel=1e-12)


def test_scores_of_other_lengths_name_the_sequence(task, fitted):
    X, y = list(task[0]), list(task[1])
    y[3] = y[3][:-1]
    words = rf"{len(y[3])} target\(s\) for sequence 3, which has {len(X[3])} step"
    for score in (fitted[TAGGER].score, make_step_scorer(f1_score)):
        args = (X, y) if score == fitted[TAGGER].score else (fitted[TAGGER], X, y)
        with pytest.raises(ValueError, match=words):
            score(*args)


# ---------------------------------------------------------------- scikit-learn's scorers


def forms_of(task, form):
    """Sequences of unequal length, or a block of their first steps."""
    X, codes, values = task
    if form == "list":
        return X, codes, values
    return (np.array([item[:4] for item in part]) for part in (X, codes, values))


@pytest.mark.parametrize("form", ["list", "block"])
@pytest.mark.parametrize(
    "name", ["accuracy", "f1_macro", "balanced_accuracy", "neg_log_loss", "roc_auc_ovr"]
)
def test_scorers_of_scikit_learn_say_what_to_use_for_steps(name, form, task):
    X, y, _ = forms_of(task, form)
    for model in (make(TAGGER), make_pipeline(make(TAGGER))):
        with pytest.raises(ValueError, match=r"Pass scoring=.*make_step_scorer") as told:
            cross_val_score(model, X, y, cv=2, scoring=name, error_score="raise")
    # What it says is what the scorer would be.
    code = str(told.value).partition("scoring=sksequence.metrics.")[2].removesuffix(".")
    names = {"make_step_scorer": make_step_scorer, **vars(sklearn.metrics)}
    scorer, theirs = eval(code, names), get_scorer(name)
    model = make(TAGGER).fit(X, y)
    answers = flat(getattr(model, scorer.response_method)(X))
    # The same metric of the rows, by a scorer of scikit-learn.
    rows = _Rows(model.classes_, answers)
    assert scorer(model, X, y) == pytest.approx(theirs(rows, None, flat(y)), rel=1e-12)


class _Rows(ClassifierMixin, BaseEstimator):
    """A classifier whose answers are known."""

    def __init__(self, classes, answers):
        self.classes_, self.answers = classes, answers

    def predict(self, X):
        return self.answers

    predict_proba = predict

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True


def test_scorers_of_numbers_say_what_to_use_for_steps(task):
    X, _, y = task
    with pytest.raises(ValueError, match=r"make_step_scorer\(r2_score\)"):
        cross_val_score(make(REGRESSOR), X, y, cv=2, scoring="r2", error_score="raise")
    # Of a block the mean over the steps is the mean over the columns.
    X, _, y = forms_of(task, "block")
    name = "neg_mean_absolute_error"
    theirs = cross_val_score(make(REGRESSOR), X, y, cv=2, scoring=name)
    scorer = make_step_scorer(mean_absolute_error, greater_is_better=False)
    ours = cross_val_score(make(REGRESSOR), X, y, cv=2, scoring=scorer)
    np.testing.assert_allclose(theirs, ours, rtol=1e-12)


def test_metrics_of_users_may_read_sequences(task):
    X, y, _ = task

    def first_step(y_true, y_pred):
        return np.mean([t[0] == p[0] for t, p in zip(y_true, y_pred, strict=True)])

    model = make(TAGGER).fit(X, y)
    expected = np.mean([t[0] == p[0] for t, p in zip(y, model.predict(X), strict=True)])
    assert make_scorer(first_step)(model, X, y) == expected


def test_searches_use_scorers_of_steps(task):
    X, y, _ = task
    scorer = make_step_scorer(f1_score, average="macro")
    search = GridSearchCV(make(TAGGER), {"lr": [0.01, 0.02]}, cv=2, scoring=scorer)
    assert np.isfinite(search.fit(X, y).cv_results_["mean_test_score"]).all()


# --------------------------------------------------------------------------- flat arrays

TRUTH = [["B-x", "I-x", "O", None], ["I-x", "B-y"], [None], ["B-y"]]
SAID = [["B-x", "I-x", "I-x", "B-y"], ["I-x", "O"], ["O"], ["B-y"]]
FLAT = ["B-x", "I-x", "O", "I-x", "B-y", "B-y"], ["B-x", "I-x", "I-x", "I-x", "O", "B-y"]


@pytest.mark.parametrize(
    "form", [list, objects, lambda y: [np.array(one, dtype=object) for one in y]]
)
def test_flat_steps_are_those_with_a_target(form):
    truth, said = flatten_steps(form(TRUTH), form(SAID))
    assert (truth.tolist(), said.tolist()) == FLAT
    expected = classification_report(*FLAT, zero_division=0)
    assert classification_report(truth, said, zero_division=0) == expected
    assert (confusion_matrix(truth, said) == confusion_matrix(*FLAT)).all()


def test_entities_do_not_extend_over_sequences():
    """For seqeval, which takes I-x after I-x of another sequence for one entity."""
    truth, said = flatten_steps(TRUTH, SAID, separator="none")
    expected = [
        ["B-x", "I-x", "O", "none", "I-x", "B-y", "none", "none", "B-y"],
        ["B-x", "I-x", "I-x", "none", "I-x", "O", "none", "none", "B-y"],
    ]
    assert [truth.tolist(), said.tolist()] == expected


def test_flat_steps_of_predictions(task, fitted):
    X, codes, values = task
    for name, y in ((TAGGER, codes), (REGRESSOR, values)):
        predicted = fitted[name].predict(X)
        truth, said = flatten_steps(y, predicted)
        np.testing.assert_array_equal(truth, flat(y))
        np.testing.assert_array_equal(said, flat(predicted))
    with pytest.raises(ValueError, match=r"target\(s\) for sequence 0"):
        flatten_steps([codes[0][1:], *codes[1:]], codes)
