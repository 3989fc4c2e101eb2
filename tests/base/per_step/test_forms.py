"""An answer for every step: forms of X and y, labels, numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit, softmax
from sklearn.metrics import accuracy_score

from helpers.data import objects, ragged
from helpers.estimators import EXACT, make, target_of
from helpers.step_task import (
    BOTH,
    BRANCHED,
    CELLS,
    CONVOLVED,
    REGRESSOR,
    TAGGER,
    answers,
    assert_same_weights,
    flat,
    lengths_of,
)


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
        "objects": lambda: objects(X),
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
        objects,
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
