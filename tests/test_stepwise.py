"""An answer for every step: forms, losses, scores, chunks of long texts."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import make, ragged
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, f1_score, log_loss, mean_absolute_error
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
from skorch.callbacks import Callback

import sksequence._base.fitting
from sksequence._training import net as training_net
from sksequence.metrics import make_step_scorer, perplexity, perplexity_scorer
from sksequence.utils import check_sequence_estimator

TAGGER, REGRESSOR = "RecurrentTagger", "RecurrentStepRegressor"
BOTH = [TAGGER, REGRESSOR]
CELLS = ["rnn", "lstm", "gru"]

# Where an equation is compared, rounding should not be in the way.
EXACT = {"dtype": "float64", "batch_size": None, "max_epochs": 8}
# No step to speak of: the weights are those that the first loss was taken with.
STILL = {**EXACT, "max_epochs": 1, "lr": 1e-30}
# One plain step along the gradient.
ONE_STEP = {**EXACT, "max_epochs": 1, "optimizer": "sgd", "gradient_clip": None}

CONVOLVED = {"conv_channels": (6,), "conv_kernel_size": 3, "conv_stride": 2}
BRANCHED = {"parallel_channels": (4,), "parallel_kernel_size": 3}


@pytest.fixture(scope="module")
def task():
    """Unequal sequences; three classes of their running mean, and the mean itself."""
    rng = np.random.default_rng(0)
    X = ragged(rng.integers(4, 13, size=30))
    means = [x.cumsum(axis=0) / np.arange(1, len(x) + 1)[:, None] for x in X]
    codes = [np.digitize(mean[:, 0], [-0.3, 0.3]) for mean in means]
    return X, codes, [mean @ [2.0, -1.0] + 3 for mean in means]


def target_of(task, name):
    return task[1] if name == TAGGER else task[2]


def flat(items):
    return np.concatenate(list(items))


def answers(model, X):
    """All answers end to end."""
    return flat((model.predict_proba if hasattr(model, "classes_") else model.predict)(X))


def lengths_of(items):
    return [len(item) for item in items]


def as_objects(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def parameters(model):
    return {
        name: value.detach().numpy().copy()
        for name, value in model.net_.module_.named_parameters()
    }


def assert_same_weights(got, expected, **tolerance):
    got, expected = parameters(got), parameters(expected)
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(got[name], value, err_msg=name, **tolerance)


def differs(some, other):
    pairs = zip(parameters(some).values(), parameters(other).values(), strict=True)
    return any(np.abs(a - b).max() > 1e-6 for a, b in pairs)


# --------------------------------------------------------------------------------- forms


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"cell": "gru", "bidirectional": True, "num_layers": 2},
        {**CONVOLVED, **BRANCHED},
    ],
    ids=["plain", "bidirectional", "convolved"],
)
@pytest.mark.parametrize("form", ["list", "objects", "series", "block", "table"])
def test_answers_are_what_the_head_says_in_the_form_of_X(form, params):
    rng = np.random.default_rng(0)
    equal, n_channels = form in ("block", "table"), 1 + (form != "table")
    lengths = [7] * 6 if equal else [7, 5, 9, 6, 7, 4]
    X = [rng.normal(size=(n, n_channels)) for n in lengths]
    X = {
        "list": lambda: X,
        "objects": lambda: as_objects(X),
        "series": lambda: pd.Series(X),
        "block": lambda: np.array(X),
        "table": lambda: np.array(X)[:, :, 0],
    }[form]()
    y = [np.array(["a", "b", "c"])[rng.integers(0, 3, size=n)] for n in lengths]
    y = np.array(y) if equal else y
    model = make(TAGGER, **params, **{**EXACT, "max_epochs": 2}).fit(X, y)
    units, proba = model.transform(X), model.predict_proba(X)
    log_proba, labels = model.predict_log_proba(X), model.predict(X)
    if equal:
        assert labels.shape == (6, 7)
        assert proba.shape == log_proba.shape == (6, 7, 3)
        assert units.shape == (6, 7, len(model.get_feature_names_out()))
    else:
        for made in (units, proba, log_proba, labels):
            assert made.dtype == object
            assert made.shape == (6,)
            assert lengths_of(made) == lengths
    head = model.net_.module_.head
    weight, bias = head.weight.detach().numpy(), head.bias.detach().numpy()
    for i in range(6):
        expected = softmax(units[i] @ weight.T + bias, axis=1)
        np.testing.assert_allclose(proba[i], expected, rtol=1e-10)
        np.testing.assert_allclose(np.exp(log_proba[i]), proba[i], rtol=1e-10)
        np.testing.assert_array_equal(labels[i], model.classes_[proba[i].argmax(axis=1)])


@pytest.mark.parametrize("name", BOTH)
def test_a_block_is_its_list(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(8, 6, 2))
    y = (X[..., 0] > 0).astype(int)
    block, listed = make(name).fit(X, y), make(name).fit(list(X), list(y))
    assert_same_weights(block, listed, rtol=0)
    np.testing.assert_array_equal(
        block.predict(X), np.array(listed.predict(list(X)).tolist())
    )


@pytest.mark.parametrize(
    ("lengths", "n"), [((1,) * 5, 5), ((4, 1, 3), 3), ((4, 4), 2), ((3,), 1), ((1,), 1)]
)
def test_a_list_is_answered_by_as_many_arrays(lengths, n, task):
    model = make(TAGGER).fit(*task[:2])
    predicted = model.predict(ragged(lengths))
    assert predicted.dtype == object
    assert predicted.shape == (n,)
    assert tuple(map(len, predicted)) == lengths
    assert all(labels.dtype == model.classes_.dtype for labels in predicted)


@pytest.mark.parametrize(
    "form",
    [
        lambda y: [labels.tolist() for labels in y],
        tuple,
        as_objects,
        pd.Series,
        lambda y: pd.Series([labels.tolist() for labels in y]),
        lambda y: [pd.Series(labels) for labels in y],
        lambda y: [torch.from_numpy(labels) for labels in y],
    ],
    ids=["lists", "tuple", "objects", "series", "series of lists", "of series", "torch"],
)
@pytest.mark.parametrize("name", BOTH)
def test_targets_may_come_in_any_form(form, name, task):
    X, y = task[0], target_of(task, name)
    expected, got = make(name).fit(X, y), make(name).fit(X, form(y))
    assert_same_weights(got, expected, rtol=0)
    assert got.score(X, form(y)) == expected.score(X, y)


@pytest.mark.parametrize("form", [np.ndarray.tolist, pd.DataFrame, list])
def test_targets_of_a_block_may_come_in_any_form(form):
    X = np.random.default_rng(0).normal(size=(8, 6))
    y = (X > 0).astype(int)
    assert_same_weights(make(TAGGER).fit(X, form(y)), make(TAGGER).fit(X, y), rtol=0)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["no", "maybe", "yes, indeed"]),
        np.array(["b", "a", "c"], dtype=object),
        np.array([7, -2, 0]),
        np.array([2.0, 0.0, 1.0]),
        np.array([True, False]),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_labels_may_be_of_any_kind(labels, task):
    X, codes = task[0], [code % len(labels) for code in task[1]]
    classes = np.unique(labels)
    y = [labels[code] for code in codes]
    ranks = [np.searchsorted(classes, one) for one in y]
    model, expected = make(TAGGER).fit(X, y), make(TAGGER).fit(X, ranks)
    np.testing.assert_array_equal(model.classes_, classes)
    np.testing.assert_array_equal(answers(model, X), answers(expected, X))
    for got, rank in zip(model.predict(X), expected.predict(X), strict=True):
        np.testing.assert_array_equal(got, classes[rank])
    assert model.score(X, y) == expected.score(X, ranks)


def test_labels_of_unequal_width_keep_their_letters():
    X = [np.zeros(2), np.ones(3)]
    model = make(TAGGER).fit(X, [["a", "b"], ["longer", "a", "b"]])
    assert model.classes_.tolist() == ["a", "b", "longer"]


@pytest.mark.parametrize("equal", [False, True])
def test_labels_of_a_step_are_judged_one_by_one(equal, task):
    X = np.random.default_rng(0).normal(size=(40, 8, 2)) if equal else task[0]
    y = [(x > 0).astype(int) for x in X]
    y = np.array(y) if equal else y
    model = make(TAGGER, **{**EXACT, "max_epochs": 40, "lr": 0.05}).fit(X, y)
    head = model.net_.module_.head
    output = flat(model.transform(X)) @ head.weight.detach().numpy().T
    proba = expit(output + head.bias.detach().numpy())
    assert model.classes_.tolist() == [0, 1]
    np.testing.assert_allclose(answers(model, X), proba, rtol=1e-10)
    np.testing.assert_allclose(
        np.exp(flat(model.predict_log_proba(X))), proba, rtol=1e-10
    )
    np.testing.assert_array_equal(flat(model.predict(X)), proba > 0.5)
    assert lengths_of(model.predict(X)) == lengths_of(X)
    assert model.predict(X).shape == (y.shape if equal else (len(X),))
    assert abs(proba.sum(axis=1) - 1).max() > 0.5
    assert model.score(X, y) == accuracy_score(flat(y), proba > 0.5) > 0.9


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("equal", [False, True])
def test_numbers_are_what_the_head_says_in_units_of_y(equal, n_outputs, standardize):
    X = ragged([6] * 6 if equal else [6, 4, 9, 5, 8, 3])
    y = [5 + 20 * np.column_stack([x[:, 0], x[:, 1] ** 2])[:, :n_outputs] for x in X]
    y = [one[:, 0] for one in y] if n_outputs == 1 else y
    X, y = (np.array(X), np.array(y)) if equal else (X, y)
    model = make(REGRESSOR, **EXACT, standardize=standardize).fit(X, y)
    head = model.net_.module_.head
    expected = flat(model.transform(X)) @ head.weight.detach().numpy().T
    expected = expected + head.bias.detach().numpy()
    steps = flat(y).reshape(-1, n_outputs)
    if standardize:
        expected = steps.mean(axis=0) + steps.std(axis=0) * expected
    predicted = model.predict(X)
    if equal:
        assert predicted.shape == y.shape
    else:
        assert [one.shape for one in predicted] == [one.shape for one in y]
    got = flat(predicted).reshape(-1, n_outputs)
    np.testing.assert_allclose(got, expected, rtol=1e-9)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
def test_targets_in_other_units_give_predictions_in_them(loss, task):
    X, _, y = task
    model = make(REGRESSOR, loss=loss, **EXACT)
    expected = flat(model.fit(X, y).predict(X))
    got = flat(model.fit(X, [3 + 20 * one for one in y]).predict(X))
    np.testing.assert_allclose(got, 3 + 20 * expected, rtol=1e-6)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("cell", CELLS)
def test_what_needs_memory_is_learnt(cell, name):
    """The parity of the signs so far, or their sum."""
    rng = np.random.default_rng(0)
    X = [rng.choice([-1.0, 1.0], size=n) for n in rng.integers(3, 9, size=150)]
    if name == TAGGER:
        y = [np.where(x.cumsum() > 0.5, "above", "not") for x in X]
    else:
        y = [x.cumsum() for x in X]
    model = make(name, cell=cell, hidden_size=16, max_epochs=15, lr=0.02)
    assert model.fit(X[:100], y[:100]).score(X[100:], y[100:]) > 0.95


@pytest.mark.parametrize(
    ("given", "expected"), [("f4", "f4"), ("f8", "f8"), ("i8", "f8")]
)
@pytest.mark.parametrize("name", BOTH)
def test_answers_have_the_precision_of_X(name, given, expected, task):
    X = [(10 * x).astype(given) for x in task[0]]
    model = make(name).fit(X, target_of(task, name))
    assert answers(model, X).dtype == expected
    assert flat(model.transform(X)).dtype == expected


# ---------------------------------------------------------------------------------- loss


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


# -------------------------------------------------------------------------------- scores


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


# ------------------------------------------------------------------------ model selection


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


# ---------------------------------------------------------------- causality and strides


def futures(x):
    """For each step, the sequence with another end from there on."""
    for step in range(len(x)):
        other = x.copy()
        other[step:] = 5 - 2 * other[step:]
        yield other


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("kernels", "strides", "params"),
    [
        ((), (), {}),
        ((), (), BRANCHED),
        ((3,), (1,), {}),
        ((3,), (2,), {}),
        ((4,), (3,), {"num_layers": 2}),
        ((3,), (2,), BRANCHED),
        ((5,), (5,), {}),
        ((2, 3), (2, 3), {}),
    ],
    ids=str,
)
def test_an_answer_for_every_step_that_knows_no_later_one(kernels, strides, params, cell):
    if strides:
        params = params | {"conv_channels": (6,) * len(strides)}
        params |= {"conv_kernel_size": kernels, "conv_stride": strides}
    X = ragged((7, 11, 12, 13, 5, 6))
    y = [x[:, 0].cumsum() for x in X]
    model = make(REGRESSOR, cell=cell, **params).fit(X, y)
    predicted = model.predict(X)
    assert lengths_of(predicted) == lengths_of(X)
    for i in (1, 2, 3):
        changed = model.predict(list(futures(X[i])))
        for step, other in enumerate(changed):
            assert len(other) == len(X[i])
            np.testing.assert_array_equal(other[:step], predicted[i][:step])
        assert (changed[0] != predicted[i]).any()
        twice = model.predict(np.array([X[i], X[i]]))
        np.testing.assert_array_equal(twice, [predicted[i], predicted[i]])
    # A block of steps is one step for the recurrence; it is known when it is complete.
    total = int(np.prod(strides, dtype=int))
    units = model.transform(X)[1][:, :8]
    for step in range(len(units)):
        block = (step + 1) // total
        expected = units[block * total - 1] if block else np.zeros(8)
        np.testing.assert_array_equal(units[step], expected)
    assert len(np.unique(units, axis=0)) == len(units) // total + (total > 1)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_with_both_directions_the_first_answer_knows_the_last_step(stride, cell):
    params = {"conv_channels": (6,), "conv_kernel_size": 3, "conv_stride": stride}
    X = ragged((7, 11, 12, 13, 5, 6))
    model = make(REGRESSOR, cell=cell, bidirectional=True, **params)
    model.fit(X, [x[:, 0] for x in X])
    predicted = model.predict(X)
    assert lengths_of(predicted) == lengths_of(X)
    changed = []
    for x in X:
        x = x.copy()
        x[-1] += 5
        changed.append(x)
    for before, after in zip(predicted, model.predict(changed), strict=True):
        assert before[0] != after[0]


@pytest.mark.parametrize("params", [{}, BRANCHED, CONVOLVED], ids=str)
def test_a_beginning_is_answered_as_in_the_whole(params):
    X = ragged((13, 12))
    model = make(TAGGER, **params).fit(X, [x[:, 0] > 0 for x in X])
    whole = model.predict_proba(X)
    for n in range(3, 12):
        for got, expected in zip(
            model.predict_proba([x[:n] for x in X]), whole, strict=True
        ):
            np.testing.assert_allclose(got, expected[:n], rtol=1e-5)


# -------------------------------------------------------- truncated backpropagation


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("chunk", [12, 100])
def test_a_chunk_that_holds_all_is_plain_training(chunk, cell, name, task):
    X, y = task[0], target_of(task, name)
    assert max(lengths_of(X)) == 12
    params = {"cell": cell, "dtype": "float64", "num_layers": 2}
    plain = make(name, **params).fit(X, y)
    chunked = make(name, bptt_steps=chunk, **params).fit(X, y)
    assert_same_weights(chunked, plain, rtol=1e-7, atol=1e-12)
    assert chunked.history_[1]["train_loss"] == pytest.approx(
        plain.history_[1]["train_loss"], rel=1e-9
    )


def trained_by_hand(module, X, y, chunk, lr):
    """Truncated backpropagation of a chunk's mean loss, sequence by sequence."""
    module = copy.deepcopy(module).train()
    states, losses = [None] * len(X), []
    for begin in range(0, max(map(len, X)), chunk):
        total, count = 0.0, 0
        for i, (x, labels) in enumerate(zip(X, y, strict=True)):
            if len(x) <= begin:
                continue
            part = torch.from_numpy(x[begin : begin + chunk])[None]
            truth = torch.from_numpy(labels[begin : begin + chunk])
            output, state = module.advance(part, states[i])
            total = total + torch.nn.functional.cross_entropy(
                output[0], truth, reduction="sum"
            )
            count += len(truth)
            states[i] = [
                tuple(s.detach() for s in one) if isinstance(one, tuple) else one.detach()
                for one in state
            ]
        loss = total / count
        module.zero_grad()
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for parameter in module.parameters():
                parameter -= lr * parameter.grad
    return module, losses


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("chunk", [1, 3, 5])
def test_chunks_are_trained_on_in_turn_with_the_state_of_the_last(chunk, equal, cell):
    X = ragged([8] * 5 if equal else (8, 3, 5, 11, 6))
    y = [np.digitize(x[:, 0].cumsum(), [-1, 1]) for x in X]
    params = {"cell": cell, "num_layers": 2, "standardize": False}
    still = make(TAGGER, **STILL, **params).fit(X, y)
    X_fit, y_fit = (np.array(X), np.array(y)) if equal else (X, y)
    model = make(TAGGER, **ONE_STEP, lr=0.5, bptt_steps=chunk, **params)
    model.fit(X_fit, y_fit)
    module, losses = trained_by_hand(still.net_.module_, X, y, chunk, lr=0.5)
    for (name, got), expected in zip(
        parameters(model).items(), module.parameters(), strict=True
    ):
        np.testing.assert_allclose(
            got, expected.detach().numpy(), rtol=1e-8, atol=1e-12, err_msg=name
        )
    if equal:
        assert model.history_[0]["train_loss"] == pytest.approx(np.mean(losses))
    # Gradients were cut: another training than the whole.
    if chunk > 1:
        assert differs(model, make(TAGGER, **ONE_STEP, lr=0.5, **params).fit(X, y))


class Steps(Callback):
    """Count the optimizer's steps, and the steps of time in each."""

    def __init__(self, seen):
        self.seen = seen

    def on_batch_end(self, net, batch, training, **kwargs):
        if training:
            self.seen.append(tuple(batch[0]["X"].shape[:2]))


@pytest.mark.parametrize("batch_size", [None, 2])
def test_a_sequence_that_has_ended_leaves_the_batch(batch_size):
    seen = []
    X = ragged((9, 4, 7, 12))
    model = make(TAGGER, bptt_steps=4, batch_size=batch_size, max_epochs=1)
    model.set_params(callbacks=[Steps(seen)]).fit(X, [x[:, 0] > 0 for x in X])
    if batch_size is None:
        assert seen == [(4, 4), (3, 4), (2, 4)]
    else:  # sorted by length: 4 and 7 together, 9 and 12
        assert sorted(seen) == [(1, 3), *[(2, 4)] * 4]


def first_element_task(n=120, n_steps=12, seed=0):
    """What the first step says holds to the end; all others say nothing."""
    X = np.zeros((n, n_steps))
    X[:, 0] = np.random.default_rng(seed).choice([-1.0, 1.0], size=n)
    return X, np.repeat(X[:, :1] > 0, n_steps, axis=1)


def test_the_state_goes_on_from_chunk_to_chunk():
    X, y = first_element_task()
    params = {"hidden_size": 8, "max_epochs": 12, "lr": 0.03}
    carried = make(TAGGER, bptt_steps=4, **params).fit(X, y)
    assert carried.score(*first_element_task(seed=1)) == 1
    pieces = [part.reshape(-1, 4) for part in (X, y)]
    cut = make(TAGGER, **params).fit(*pieces)
    assert cut.score(*pieces) < 0.75


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"bidirectional": True}, "bidirectional=False"),
        ({"conv_channels": (4,), "conv_kernel_size": 3}, "conv_channels"),
        (BRANCHED, "parallel_channels"),
    ],
    ids=["bidirectional", "conv", "parallel"],
)
def test_chunks_need_a_state_that_says_all(params, reason, name, task):
    model = make(name, bptt_steps=4, **params)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=rf"bptt_steps=4 needs .*{reason}"):
        model.fit(task[0], target_of(task, name))
    assert vars(model) == before


@pytest.mark.parametrize("value", [0, -1, 2.5, "4"])
def test_chunks_have_steps(value, task):
    with pytest.raises(ValueError, match="bptt_steps"):
        make(TAGGER, bptt_steps=value).fit(*task[:2])


def pickled(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("bptt_steps", [None, 5])
@pytest.mark.parametrize("name", BOTH)
def test_partial_fit_goes_on_across_pickling(name, bptt_steps, task):
    X, y = task[0], target_of(task, name)
    classes = {"classes": [0, 1, 2]} if name == TAGGER else {}
    params = {"bptt_steps": bptt_steps, "dropout": 0.2, "num_layers": 2}
    through, across = make(name, **params), make(name, **params)
    for epoch in range(1, 4):
        through.partial_fit(X, y, **classes)
        across = pickled(across.partial_fit(X, y, **classes))
        assert through.n_epochs_ == len(across.history_) == epoch
        assert len(through.net_.carried) == 0
    np.testing.assert_array_equal(answers(across, X), answers(through, X))
    # A first pass is what a fit of one epoch is.
    first = make(name, **params).partial_fit(X, y, **classes)
    once = make(name, **params, max_epochs=1, lr_schedule="constant").fit(X, y)
    np.testing.assert_array_equal(answers(first, X), answers(once, X))


@pytest.mark.parametrize("bptt_steps", [None, 5])
@pytest.mark.parametrize("name", BOTH)
def test_a_warm_start_goes_on(name, bptt_steps, task):
    X, y = task[0], target_of(task, name)
    params = {"warm_start": True, "bptt_steps": bptt_steps, "lr_schedule": "constant"}
    first = make(name, **params).fit(X, y)
    across = pickled(first).fit(X, y)
    through = first.fit(X, y)
    assert through.n_epochs_ == len(through.history_) == 4
    np.testing.assert_array_equal(answers(across, X), answers(through, X))
    at_once = make(name, **params, max_epochs=4).fit(X, y)
    np.testing.assert_array_equal(answers(at_once, X), answers(through, X))


@pytest.mark.parametrize("form", [list, as_objects], ids=["list", "objects"])
def test_a_first_partial_fit_needs_the_classes(form, task):
    X, y, _ = task
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        make(TAGGER).partial_fit(X, form(y))


def test_a_first_partial_fit_on_a_block_needs_the_classes():
    X = np.random.default_rng(0).normal(size=(6, 5))
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        make(TAGGER).partial_fit(X, (X > 0).astype(int))


@pytest.mark.parametrize("equal", [False, True])
def test_a_first_partial_fit_of_several_labels_knows_them(equal):
    X = ragged([5] * 4 if equal else (5, 7, 4, 6))
    y = [(x > 0).astype(int) for x in X]
    X, y = (np.array(X), np.array(y)) if equal else (X, y)
    assert make(TAGGER).partial_fit(X, y).classes_.tolist() == [0, 1]


def test_later_classes_must_have_been_announced(task):
    X, y, _ = task
    model = make(TAGGER).partial_fit(X, y, classes=[0, 1, 2, 9])
    assert flat(model.predict_proba(X)).shape[1] == 4
    expected = answers(model, X)
    with pytest.raises(ValueError, match=r"not in \[0 1 2 9\]: \[5\]"):
        model.partial_fit(X[:1], [np.full(len(X[0]), 5)])
    np.testing.assert_array_equal(answers(model, X), expected)


# -------------------------------------------------------------------- very long sequences


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "params",
    [
        {"cell": "rnn"},
        {"cell": "lstm"},
        {"cell": "gru", "num_layers": 2, "hidden_size": (5, 16)},
        {"cell": "gru", "embedding_dim": 3},
    ],
    ids=["rnn", "lstm", "gru", "tokens"],
)
def test_pieces_are_the_whole_to_the_bit(params, dtype, monkeypatch):
    """The state goes on, whatever is left over at the end."""
    rng = np.random.default_rng(0)
    lengths = (64, 16, 17, 18, 33, 40, 97, 120)
    if "embedding_dim" in params:
        X = [rng.integers(0, 5, size=n) for n in lengths]
    else:
        X = [rng.normal(size=(n, 3)) for n in lengths]
    model = make(TAGGER, dtype=dtype, **params).fit(X, [x > 0 for x in X])
    calls = []
    advance = type(model.net_.module_).advance

    def spying(self, part, *rest):
        calls.append(part.shape[1])
        return advance(self, part, *rest)

    monkeypatch.setattr(type(model.net_.module_), "advance", spying)
    whole = [answers(model, [x]) for x in X]
    assert not calls
    monkeypatch.setattr(training_net, "_CHUNK_VALUES", 16 * 8 * 64)
    for x, expected in zip(X, whole, strict=True):
        np.testing.assert_array_equal(answers(model, [x]), expected)
    assert calls[:4] == [16, 16, 16, 16]
    assert min(calls) > 1
    np.testing.assert_array_equal(answers(model, X), flat(whole))


@pytest.mark.parametrize("name", BOTH)
def test_twenty_thousand_steps_come_in_pieces(name, task, monkeypatch):
    long = np.random.default_rng(0).normal(size=(2**14 + 1, 2))
    model = make(name, bptt_steps=6).fit(task[0], target_of(task, name))
    in_pieces = answers(model, [long])
    assert in_pieces.shape[0] == len(long)
    monkeypatch.setattr(training_net, "_CHUNK_VALUES", 2**26)
    np.testing.assert_array_equal(in_pieces, answers(model, [long]))


# -------------------------------------------------- stopping, callbacks, storing, refits


@pytest.fixture
def splits(monkeypatch):
    """The parts of every early-stopping split made, in turn."""
    made = []
    split = sksequence._base.fitting.validation_split

    def spying(*args, **kwargs):
        made.append(split(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(sksequence._base.fitting, "validation_split", spying)
    return made


@pytest.mark.parametrize("bptt_steps", [None, 4])
@pytest.mark.parametrize("name", BOTH)
def test_training_stops_and_keeps_the_best_weights(name, bptt_steps, splits):
    rng = np.random.default_rng(1)
    X = ragged(rng.integers(4, 9, size=40))
    noise = [rng.integers(0, 2, size=len(x)) for x in X]
    model = make(
        name,
        **{"early_stopping": True, "patience": 3, "max_epochs": 60, "lr": 0.03},
        **{"validation_fraction": 0.3, "batch_size": 20, "bptt_steps": bptt_steps},
    ).fit(X, noise)
    ((train, valid),) = splits
    losses = [epoch["valid_loss"] for epoch in model.history_]
    assert len(losses) == model.n_epochs_ < 60
    assert sorted([*train, *valid]) == list(range(40))
    assert len(valid) == 12
    part, truth = [X[i] for i in valid], flat(noise[i] for i in valid)
    if name == TAGGER:
        loss = log_loss(truth, answers(model, part))
    else:
        scale = flat(noise[i] for i in train).var()
        loss = ((answers(model, part) - truth) ** 2).mean() / scale
    assert loss == pytest.approx(min(losses), rel=1e-4)


def test_groups_never_straddle(splits, task):
    X, y, _ = task
    groups = np.arange(len(X)) // 5
    make(TAGGER, early_stopping=True, validation_fraction=1 / 3).fit(X, y, groups=groups)
    ((train, valid),) = splits
    assert not set(groups[train]) & set(groups[valid])
    assert len(valid) == 10


@pytest.mark.parametrize("through", [pickled, copy.deepcopy])
@pytest.mark.parametrize("name", BOTH)
def test_what_is_stored_comes_back_to_the_bit(name, through, task):
    X, y = task[0], target_of(task, name)
    model = make(name, bptt_steps=5, early_stopping=True, num_layers=2).fit(X, y)
    expected = answers(model, X)
    model.set_params(hidden_size=3, num_layers=1, bptt_steps=None)
    back = through(model)
    np.testing.assert_array_equal(answers(back, X), expected)
    assert back.history_ == model.history_
    assert back.get_params() == model.get_params()


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 0.3, "num_layers": 2, "early_stopping": True},
        {"bptt_steps": 5, "dropout": 0.3, "batch_size": 4},
        {**CONVOLVED, **BRANCHED, "bidirectional": True},
    ],
    ids=["dropout", "bptt", "convolved"],
)
@pytest.mark.parametrize("name", BOTH)
def test_a_refit_is_equal_to_the_bit(name, params, task):
    X, y = task[0], target_of(task, name)
    model = make(name, **params)
    expected = answers(model.fit(X, y), X)
    np.testing.assert_array_equal(answers(model.fit(X, y), X), expected)
    np.testing.assert_array_equal(answers(clone(model).fit(X, y), X), expected)
    other = clone(model).set_params(random_state=1).fit(X, y)
    assert (answers(other, X) != expected).any()


class Interrupt(Callback):
    """Press Ctrl-C in the middle of an epoch."""

    def on_batch_end(self, net, **kwargs):
        if len(net.history[-1, "batches"]) == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("bptt_steps", [None, 4])
@pytest.mark.parametrize("fit", ["fit", "partial_fit"])
@pytest.mark.parametrize("name", BOTH)
def test_an_interrupt_leaves_the_estimator_as_it_was(name, fit, bptt_steps, task):
    X, y = task[0], target_of(task, name)
    model = make(name, bptt_steps=bptt_steps, callbacks=[Interrupt()], batch_size=8)
    before = dict(vars(model))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert vars(model) == before
    expected = answers(model.set_params(callbacks=None).fit(X, y), X)
    going_on = answers(pickled(model).partial_fit(X, y), X)
    before = dict(vars(model))
    with pytest.raises(KeyboardInterrupt):
        getattr(model.set_params(callbacks=[Interrupt()]), fit)(X, y)
    model.set_params(callbacks=None)
    assert vars(model) == before
    np.testing.assert_array_equal(answers(model, X), expected)
    np.testing.assert_array_equal(answers(model.partial_fit(X, y), X), going_on)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        (TAGGER, CONVOLVED),
        (TAGGER, {"embedding_dim": 4, "bidirectional": True, **CONVOLVED, **BRANCHED}),
        (REGRESSOR, {"bptt_steps": 6, "cell": "gru", "num_layers": 2}),
    ],
    ids=["strided", "tokens", "bptt"],
)
def test_the_contract_is_kept(name, params):
    results = check_sequence_estimator(make(name, **params))
    skipped = {result["name"] for result in results if result["status"] == "skipped"}
    expected = {"renamed_labels"} if name == REGRESSOR else set()
    assert skipped == expected | ({"causal"} if params.get("bidirectional") else set())


# -------------------------------------------------------------------------------- errors


X_BAD = ragged((4, 3, 5))
GOOD = [np.array([0, 1, 0, 1]), np.array([0, 1, 1]), np.array([1, 0, 0, 1, 0])]


def with_target(i, target):
    y = list(GOOD)
    y[i] = target
    return y


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    ("y", "words"),
    [
        (with_target(1, [0, 1]), r"2 target\(s\) for sequence 1, which has 3 step"),
        (with_target(2, [0] * 6), r"6 target\(s\) for sequence 2, which has 5 step"),
        (with_target(2, []), r"0 target\(s\) for sequence 2"),
        ([0, 1, 0], "RecurrentClassifier"),
        (np.array([0, 1, 0]), "RecurrentClassifier"),
        (pd.Series([0, 1, 0]), "RecurrentClassifier"),
        (with_target(1, 1), r"shape \(\) for sequence 1"),
        (with_target(1, np.zeros((3, 2), int)), r"shape \(3, 2\) for sequence 1"),
        (with_target(0, np.zeros((4, 1, 1))), r"shape \(4, 1, 1\) for sequence 0"),
        ([np.eye(4, 2), np.eye(3, 3), np.eye(5, 2)], "3 outputs per step for sequence 1"),
        (with_target(1, [0, np.nan, 1]), "NaN"),
        (with_target(1, [0, None, 1]), "NaN|None"),
        (with_target(1, [0, np.inf, 1]), "infinity"),
        (None, "y is None"),
        (7, "targets of each sequence"),
        (GOOD[:2], r"inconsistent numbers of samples: \[3, 2\]"),
        ([*GOOD, GOOD[0]], r"inconsistent numbers of samples: \[3, 4\]"),
        ([], "y holds no sequence's targets"),
    ],
    ids=[
        "too few",
        "too many",
        "none",
        "one each",
        "one each, array",
        "one each, series",
        "one",
        "two ranks",
        "three ranks",
        "outputs",
        "NaN",
        "None in it",
        "infinity",
        "None",
        "number",
        "fewer",
        "more",
        "empty",
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_targets_of_no_use_are_refused(y, words, name):
    model = make(name)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=words):
        model.fit(X_BAD, y)
    assert vars(model) == before


@pytest.mark.parametrize(
    ("y", "words"),
    [
        ([["a", "b", "a", "b"], [1, 2, 1], ["a"] * 5], "mixes"),
        ([["a", "b", "a", 1], ["a"] * 3, ["a"] * 5], "mixes"),
        ([x[:, 0] for x in X_BAD], "[Cc]lassif"),
        ([np.arange(2 * n).reshape(n, 2) for n in (4, 3, 5)], "zeros and ones"),
    ],
    ids=["mixed sequences", "mixed steps", "numbers", "several classes"],
)
def test_labels_of_no_use_are_refused(y, words):
    with pytest.raises(ValueError, match=words):
        make(TAGGER).fit(X_BAD, y)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("listed", [False, True])
def test_a_mask_is_not_ignored(name, listed):
    X, y = np.zeros((4, 3)), np.ma.masked_equal(np.arange(12).reshape(4, 3) % 2, 1)
    X, y = (list(X), list(y)) if listed else (X, y)
    with pytest.raises(TypeError, match="mask"):
        make(name).fit(X, y)


@pytest.mark.parametrize("name", BOTH)
def test_nothing_is_answered_before_fit(name, task):
    X, y = task[0], target_of(task, name)
    model = make(name)
    methods = ["predict", "transform"]
    if name == TAGGER:
        methods += ["predict_proba", "predict_log_proba"]
        with pytest.raises(NotFittedError):
            model.generate([1], 3)
    for method in methods:
        with pytest.raises(NotFittedError):
            getattr(model, method)(X)
    with pytest.raises(NotFittedError):
        model.score(X, y)
