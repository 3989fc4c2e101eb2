"""Scores that count steps."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss, mean_absolute_error
from sklearn.metrics import r2_score as r2

from helpers.estimators import make, target_of
from helpers.step_task import REGRESSOR, TAGGER, answers, flat, lengths_of, running_means
from sksequence.metrics import make_step_scorer, perplexity, perplexity_scorer


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
