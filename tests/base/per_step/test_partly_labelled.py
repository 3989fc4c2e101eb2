"""Weights of single steps, and steps without a target."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.metrics import r2_score as r2

from helpers.data import objects
from helpers.estimators import EXACT, make, target_of
from helpers.step_task import (
    BOTH,
    ONE_STEP,
    REGRESSOR,
    STILL,
    TAGGER,
    answers,
    assert_same_weights,
    flat,
    lengths_of,
    parameters,
)
from sksequence.metrics import make_step_scorer, perplexity


def step_weights(y, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.uniform(0.1, 3, size=len(one)) for one in y]


def dropped(y, seed=0):
    """For each step whether its target is kept; at least one is, in each sequence."""
    rng = np.random.default_rng(seed)
    kept = [rng.random(len(one)) < 0.6 for one in y]
    for one in kept:
        one[0] = True
    return kept


def lacking(y, kept, missing=np.nan):
    """Targets, some of them missing."""
    parts = []
    for one, given in zip(y, kept, strict=True):
        part = one.astype(object if missing is not np.nan else float)
        part[~given] = missing
        parts.append(part)
    return parts


FORMS = {
    "lists": lambda w: [one.tolist() for one in w],
    "objects": objects,
    "series": lambda w: pd.Series(w),
    "of series": lambda w: [pd.Series(one) for one in w],
}


# ------------------------------------------------------------------- weights of steps


@pytest.mark.parametrize("bptt_steps", [None, 50])
def test_each_step_counts_as_much_as_it_weighs(bptt_steps, task):
    """In the loss, and in the gradient of the head, a linear layer under a softmax."""
    X, y, _ = task
    weight = step_weights(y)
    params = {"bptt_steps": bptt_steps}
    still = make(TAGGER, **STILL, **params).fit(X, y, sample_weight=weight)
    moved = make(TAGGER, **ONE_STEP, lr=0.5, **params).fit(X, y, sample_weight=weight)
    proba = answers(still, X)
    expected = log_loss(flat(y), proba, sample_weight=flat(weight))
    assert still.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-9)
    error = (proba - np.eye(3)[flat(y)]) * (flat(weight) / flat(weight).sum())[:, None]
    before, after = parameters(still), parameters(moved)
    for name, gradient in {
        "head.bias": error.sum(axis=0),
        "head.weight": error.T @ flat(still.transform(X)),
    }.items():
        np.testing.assert_allclose(
            before[name] - after[name], 0.5 * gradient, rtol=1e-7, atol=1e-12
        )


def test_steps_weigh_in_the_scale_of_targets(task):
    X, _, y = task
    weight = step_weights(y)
    model = make(REGRESSOR, **STILL).fit(X, y, sample_weight=weight)
    truth, predicted, weight = flat(y), flat(model.predict(X)), flat(weight)
    mean = np.average(truth, weights=weight)
    variance = np.average((truth - mean) ** 2, weights=weight)
    expected = np.average((predicted - truth) ** 2, weights=weight) / variance
    assert model.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("name", BOTH)
def test_equal_weights_of_steps_are_that_of_their_sequence(name, early_stopping, task):
    X, y = task[0], target_of(task, name)
    # Steps weigh their targets alone, not the scale of their channels.
    params = {"standardize": False, "early_stopping": early_stopping}
    weight = np.random.default_rng(0).integers(0, 3, size=len(X)).astype(float)
    whole = make(name, **params).fit(X, y, sample_weight=weight)
    spread = [np.full(len(x), w) for x, w in zip(X, weight, strict=True)]
    steps = make(name, **params).fit(X, y, sample_weight=spread)
    assert_same_weights(steps, whole, rtol=0)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_weights_of_steps_may_come_in_any_form(form, task):
    X, y, _ = task
    weight = step_weights(y)
    expected = make(TAGGER).fit(X, y, sample_weight=weight)
    got = make(TAGGER).fit(X, y, sample_weight=form(weight))
    assert_same_weights(got, expected, rtol=0)


@pytest.mark.parametrize("form", [np.asarray, np.ndarray.tolist, pd.DataFrame])
def test_weights_of_a_block_are_a_block(form):
    X = np.random.default_rng(0).normal(size=(8, 6))
    y, weight = (X > 0).astype(int), np.abs(X)
    expected = make(TAGGER).fit(list(X), list(y), sample_weight=list(weight))
    got = make(TAGGER).fit(X, y, sample_weight=form(weight))
    assert_same_weights(got, expected, rtol=0)


def test_a_call_to_partial_fit_weighs_steps(task):
    X, y, _ = task
    weight = step_weights(y)
    params = {"max_epochs": 1, "lr_schedule": "constant"}
    expected = make(TAGGER, **params).fit(X, y, sample_weight=weight)
    got = make(TAGGER, **params).partial_fit(X, y, [0, 1, 2], weight)
    assert_same_weights(got, expected, rtol=0)


@pytest.mark.parametrize("name", BOTH)
def test_scores_weigh_steps(name, task):
    X, y = task[0], target_of(task, name)
    weight, model = step_weights(y), make(name).fit(X, y)
    truth, predicted, weights = flat(y), flat(model.predict(X)), flat(weight)
    metric = accuracy_score if name == TAGGER else r2
    expected = metric(truth, predicted, sample_weight=weights)
    assert model.score(X, y, sample_weight=weight) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        ([[1, 1], [1, 1, 1]], r"shape \(2,\) for sequence 0, expected \(3,\)"),
        ([[1, 1, 1]], "weights for 1 sequences, expected them for 2"),
        ([[1, 1, -1], [1, 1, 1]], "Negative values in sample_weight: -1"),
        ([[1, 1, np.nan], [1, 1, 1]], "sample_weight contains NaN"),
        ([[0, 0, 0], [0, 0, 0]], "zero everywhere"),
        ([[1, 1, "x"], [1, 1, 1]], "sample_weight of sequence 0 holds text"),
        ([[0, 1, 1], [1, 1, 1]], "zero wherever y is given"),
    ],
)
def test_weights_of_no_use_are_refused(weight, words):
    X, y = [[1.0, 2, 3], [3.0, 2, 1]], [[0, np.nan, np.nan], [np.nan] * 3]
    y = y if "wherever" in words else [[0, 1, 0], [1, 0, 1]]
    with pytest.raises(ValueError, match=words):
        make(TAGGER).fit(X, y, sample_weight=weight)


def test_weights_of_steps_are_for_answers_for_every_step(task):
    X, codes, _ = task
    with pytest.raises(ValueError, match="sample_weight"):
        make("GRUClassifier").fit(X, [c[0] for c in codes], step_weights(codes))


# ---------------------------------------------------------------- steps without a target


@pytest.mark.parametrize("bptt_steps", [None, 4])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("missing", [np.nan, None, pd.NA], ids=str)
@pytest.mark.parametrize("name", BOTH)
def test_a_missing_target_is_one_without_weight(
    name, missing, early_stopping, bptt_steps, task
):
    X, y = task[0], target_of(task, name)
    kept = dropped(y)
    params = {"early_stopping": early_stopping, "bptt_steps": bptt_steps}
    lacked = make(name, **params).fit(X, lacking(y, kept, missing))
    weighed = make(name, **params).fit(X, y, sample_weight=[1.0 * one for one in kept])
    assert_same_weights(lacked, weighed, rtol=0)
    assert answers(lacked, X).shape == answers(weighed, X).shape


@pytest.mark.parametrize("missing", [np.nan, None], ids=str)
def test_labels_that_are_text_may_be_missing(missing, task):
    X, codes, _ = task
    kept, words = dropped(codes), np.array(["no", "maybe", "yes"])
    y = [
        [words[code] if given else missing for code, given in zip(*pair, strict=True)]
        for pair in zip(codes, kept, strict=True)
    ]
    ranks = [np.array([1, 0, 2])[one] for one in codes]
    # A sequence without any label is a list of numbers to numpy.
    y[3], kept[3] = [missing] * len(X[3]), np.zeros(len(X[3]), dtype=bool)
    model = make(TAGGER).fit(X, y)
    expected = make(TAGGER).fit(X, lacking(ranks, kept))
    assert model.classes_.tolist() == sorted(words)
    assert_same_weights(model, expected, rtol=0)
    assert model.score(X, y) == expected.score(X, lacking(ranks, kept))


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("name", BOTH)
def test_a_sequence_without_targets_is_absent(name, early_stopping, task):
    X, y = task[0], [1.0 * one for one in target_of(task, name)]
    for i in (0, 7, 20):
        y[i] = np.full(len(X[i]), np.nan)
    kept = [i for i in range(len(X)) if i not in (0, 7, 20)]
    params = {"early_stopping": early_stopping}
    whole = make(name, **params).fit(X, y)
    part = make(name, **params).fit([X[i] for i in kept], [y[i] for i in kept])
    assert_same_weights(whole, part, rtol=0)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0, 2: 0.5}], ids=str)
def test_weights_of_classes_count_the_labels_that_there_are(class_weight, task):
    X, y, _ = task
    kept = dropped(y)
    model = make(TAGGER, **STILL, class_weight=class_weight).fit(X, lacking(y, kept))
    given = flat(kept)
    truth, proba = flat(y)[given], answers(model, X)[given]
    counts = np.bincount(truth)
    if class_weight == "balanced":
        class_weight = dict(enumerate(len(truth) / (3 * counts)))
    weight = [class_weight.get(code, 1.0) for code in truth]
    expected = log_loss(truth, proba, sample_weight=weight)
    assert model.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-9)


def test_several_labels_are_missing_together(task):
    X = task[0]
    y = [(x > [0, 0.5]).astype(float) for x in X]
    kept = dropped(y)
    weighed = make(TAGGER).fit(X, y, sample_weight=[1.0 * one for one in kept])
    assert_same_weights(make(TAGGER).fit(X, lacking(y, kept)), weighed, rtol=0)
    y[4][0, 1] = np.nan
    with pytest.raises(ValueError, match="y contains NaN"):
        make(TAGGER).fit(X, y)


def test_scores_count_the_steps_that_have_a_target(task):
    X, codes, values = task
    kept = dropped(codes)
    given = flat(kept)
    tagger, regressor = make(TAGGER).fit(X, codes), make(REGRESSOR).fit(X, values)
    truth, said = flat(codes)[given], flat(tagger.predict(X))[given]
    lacked = lacking(codes, kept, None)
    assert tagger.score(X, lacked) == accuracy_score(truth, said)
    scorer = make_step_scorer(f1_score, average="macro")
    expected = f1_score(truth, said, average="macro")
    assert scorer(tagger, X, lacked) == pytest.approx(expected, rel=1e-12)
    proba = tagger.predict_proba(X)
    expected = np.exp(log_loss(truth, flat(proba)[given]))
    got = perplexity(lacked, proba, classes=[0, 1, 2])
    assert got == pytest.approx(expected, rel=1e-9)
    expected = r2(flat(values)[given], flat(regressor.predict(X))[given])
    assert regressor.score(X, lacking(values, kept)) == pytest.approx(expected, rel=1e-12)


def test_outputs_of_a_step_may_be_missing_one_by_one(task):
    """The loss is the mean over all numbers that are given."""
    X = task[0]
    y = [np.column_stack([one, -(one**2)]) for one in task[2]]
    rng = np.random.default_rng(0)
    y = [np.where(rng.random(one.shape) < 0.3, np.nan, one) for one in y]
    model = make(REGRESSOR, **STILL).fit(X, y)
    truth, predicted = flat(y), flat(model.predict(X))
    errors = (predicted - truth) / np.nanstd(truth, axis=0)
    expected = np.nanmean(errors**2)
    assert model.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-8)
    given = ~np.isnan(truth)
    scores = [r2(truth[g, i], predicted[g, i]) for i, g in enumerate(given.T)]
    assert model.score(X, y) == pytest.approx(np.mean(scores), rel=1e-12)


@pytest.mark.parametrize("name", BOTH)
def test_without_any_target_nothing_is_fitted_or_scored(name, task):
    X, y = task[0], target_of(task, name)
    nothing = [np.full(len(x), np.nan) for x in X]
    with pytest.raises(ValueError, match="expected a target for at least one step"):
        make(name).fit(X, nothing)
    with pytest.raises(ValueError, match="no target to score"):
        make(name).fit(X, y).score(X, nothing)


@pytest.mark.parametrize("name", BOTH)
def test_a_checkpoint_knows_the_steps_that_it_was_made_of(name, task, tmp_path):
    X, y = task[0], target_of(task, name)
    weight = step_weights(y)
    model = make(name, checkpoint=tmp_path / "progress")
    model.fit(X, y, sample_weight=weight)
    with pytest.raises(ValueError, match="sample_weight has changed"):
        model.fit(X, y, sample_weight=step_weights(y, seed=1))
    with pytest.raises(ValueError, match="y has changed"):
        model.fit(X, lacking(y, dropped(y)), sample_weight=weight)


@pytest.mark.parametrize("dtype", [int, float])
def test_minus_100_is_a_class_with_a_warning(dtype, task):
    X, codes, _ = task
    y = [np.where(code == 0, -100, code).astype(dtype) for code in codes]
    with pytest.warns(UserWarning, match="-100, which is a class.* NaN or None"):
        model = make(TAGGER).fit(X, y)
    assert model.classes_.tolist() == [-100, 1, 2]
    assert lengths_of(model.predict(X)) == lengths_of(X)


def test_targets_are_learnt_from_a_few_labels():
    """A running sum's sign, known at one step in four."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=n) for n in rng.integers(5, 15, 120)]
    truth = [np.where(x.cumsum() > 0, "above", "below") for x in X]
    y = [[t if rng.random() < 0.25 else None for t in one] for one in truth]
    model = make(TAGGER, hidden_size=16, max_epochs=40, lr=0.02).fit(X[:100], y[:100])
    assert model.score(X[100:], truth[100:]) > 0.85


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_network_of_double_precision_is_as_exact(early_stopping, task):
    X, y, _ = task
    kept = dropped(y)
    params = {**EXACT, "early_stopping": early_stopping}
    lacked = make(TAGGER, **params).fit(X, lacking(y, kept))
    weighed = make(TAGGER, **params).fit(X, y, sample_weight=[7.0 * k for k in kept])
    np.testing.assert_array_equal(answers(lacked, X), answers(weighed, X))
