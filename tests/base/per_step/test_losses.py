"""Losses over the steps that there are."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from helpers.estimators import EXACT, make, target_of
from helpers.step_task import (
    BOTH,
    ONE_STEP,
    REGRESSOR,
    STILL,
    TAGGER,
    answers,
    flat,
    lengths_of,
    parameters,
)

WEIGHTINGS = {
    "none": {},
    "sample": {"sample_weight": np.linspace(0.1, 3, 30)},
    "class": {"class_weight": {0: 3.0, 2: 0.5}},
    "class of none": {"class_weight": {0: 0.0, 2: 2.0}},
    "balanced": {"class_weight": "balanced"},
    "both": {
        "sample_weight": np.linspace(0.1, 3, 30),
        "class_weight": {0: 3.0, 2: 0.5},
    },
    "both balanced": {
        "sample_weight": np.linspace(0.1, 3, 30),
        "class_weight": "balanced",
    },
}


def weight_of_steps(y, sample_weight=None, class_weight=None):
    """What each step counts, by the definition."""
    steps = flat(y)
    weight = np.ones(len(steps))
    if sample_weight is not None:
        weight = np.repeat(sample_weight, lengths_of(y))
    if class_weight == "balanced":
        counts = {code: weight[steps == code].sum() for code in np.unique(steps)}
        return weight * [weight.sum() / (len(counts) * counts[s]) for s in steps]
    return weight * [(class_weight or {}).get(code, 1.0) for code in steps]


@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("weighting", WEIGHTINGS.values(), ids=WEIGHTINGS)
def test_the_loss_is_the_mean_over_all_steps_that_there_are(weighting, equal, task):
    X, y = ([one[:4] for one in part] if equal else part for part in task[:2])
    X = np.array(X) if equal else X
    fit = {"sample_weight": weighting.get("sample_weight")}
    params = {"class_weight": weighting.get("class_weight")}
    model = make(TAGGER, **STILL, **params).fit(X, y, **fit)
    proba, weight = answers(model, X), weight_of_steps(y, **weighting)
    expected = log_loss(flat(y), proba, sample_weight=weight)
    assert model.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("bptt_steps", [None, 50])
@pytest.mark.parametrize("weighting", WEIGHTINGS.values(), ids=WEIGHTINGS)
def test_the_gradient_is_the_mean_over_all_steps_that_there_are(
    weighting, bptt_steps, task
):
    """That of the head, a linear layer under a softmax, by hand."""
    X, y, _ = task
    fit = {"sample_weight": weighting.get("sample_weight")}
    params = {"class_weight": weighting.get("class_weight"), "bptt_steps": bptt_steps}
    still = make(TAGGER, **STILL, **params).fit(X, y, **fit)
    moved = make(TAGGER, **ONE_STEP, lr=0.5, **params).fit(X, y, **fit)
    error = answers(still, X) - np.eye(3)[flat(y)]
    weight = weight_of_steps(y, **weighting)
    error *= weight[:, None] / weight.sum()
    before, after = parameters(still), parameters(moved)
    for name, gradient in {
        "head.bias": error.sum(axis=0),
        "head.weight": error.T @ flat(still.transform(X)),
    }.items():
        np.testing.assert_allclose(
            before[name] - after[name], 0.5 * gradient, rtol=1e-7, atol=1e-12
        )


def pinball(output, y, quantile=0.8):
    return np.where(y > output, quantile * (y - output), (1 - quantile) * (output - y))


def huber(output, y):
    error = np.abs(output - y)
    return np.where(error < 1, error**2 / 2, error - 0.5)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize(
    ("params", "loss"),
    [
        ({"loss": "squared_error"}, lambda output, y: (output - y) ** 2),
        ({"loss": "absolute_error"}, lambda output, y: np.abs(output - y)),
        ({"loss": "huber"}, huber),
        ({"loss": "quantile", "quantile": 0.8}, pinball),
        ({"loss": "poisson"}, lambda output, y: np.exp(output) - y * output),
    ],
    ids=["squared", "absolute", "huber", "quantile", "poisson"],
)
def test_every_loss_is_its_formulas_mean_over_the_steps(
    params, loss, n_outputs, standardize, task
):
    X, weight = task[0], np.linspace(0.2, 2, 30)
    y = [np.exp(x[:, :n_outputs]).squeeze() * (2 + x[0, 0] ** 2) for x in X]
    model = make(REGRESSOR, **STILL, **params, standardize=standardize)
    model.fit(X, y, sample_weight=weight)
    per_step = np.repeat(weight, lengths_of(y))
    truth, predicted = (
        flat(part).reshape(-1, n_outputs) for part in (y, model.predict(X))
    )
    center, scale = 0.0, 1.0
    if standardize:
        center = np.average(truth, axis=0, weights=per_step)
        scale = np.sqrt(np.average((truth - center) ** 2, axis=0, weights=per_step))
    if params["loss"] == "poisson":
        # Relative to the mean rate; the network says its logarithm.
        center, scale = 0.0, center if standardize else 1.0
    output = (predicted - center) / scale
    output = np.log(output) if params["loss"] == "poisson" else output
    losses = loss(output, (truth - center) / scale).mean(axis=1)
    expected = np.average(losses, weights=per_step)
    assert model.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    "class_weight", [None, [{1: 3.0}, {0: 0.5}], "balanced"], ids=str
)
def test_the_loss_of_several_labels(class_weight, task):
    X = task[0]
    y = [(x > [0, 0.5]).astype(int) for x in X]
    model = make(TAGGER, **STILL, class_weight=class_weight).fit(X, y)
    truth, proba = flat(y), answers(model, X)
    losses = -(truth * np.log(proba) + (1 - truth) * np.log(1 - proba)).mean(axis=1)
    weight = np.ones(len(truth))
    for i, column in enumerate(truth.T):
        wanted = class_weight
        if wanted == "balanced":
            wanted = len(column) / (2 * np.bincount(column))
        elif wanted is not None:
            wanted = [wanted[i].get(0, 1.0), wanted[i].get(1, 1.0)]
        weight *= 1.0 if wanted is None else np.array(wanted)[column]
    expected = np.average(losses, weights=weight)
    assert model.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("bptt_steps", [None, 5])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("name", BOTH)
def test_zero_weight_is_absence(name, early_stopping, bptt_steps, task):
    X, y = task[0], target_of(task, name)
    weight = np.random.default_rng(0).integers(0, 3, size=len(X)).astype(float)
    kept = np.flatnonzero(weight)
    params = {"early_stopping": early_stopping, "bptt_steps": bptt_steps}
    whole = make(name, **params).fit(X, y, sample_weight=weight)
    part = make(name, **params).fit(
        [X[i] for i in kept], [y[i] for i in kept], sample_weight=weight[kept]
    )
    np.testing.assert_array_equal(answers(whole, X), answers(part, X))


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("name", BOTH)
def test_weight_is_repetition(name, class_weight, task):
    X, y = task[0], target_of(task, name)
    times = np.random.default_rng(1).integers(0, 4, size=len(X))
    params = EXACT | ({"class_weight": class_weight} if name == TAGGER else {})
    weighted = make(name, **params).fit(X, y, sample_weight=times)
    repeated = make(name, **params).fit(
        [x for x, n in zip(X, times, strict=True) for _ in range(n)],
        [one for one, n in zip(y, times, strict=True) for _ in range(n)],
    )
    np.testing.assert_allclose(answers(weighted, X), answers(repeated, X), rtol=1e-6)
