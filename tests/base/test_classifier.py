"""Labels of any kind, and the probabilities of classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit

import sksequence
from helpers.data import data_for, objects
from helpers.estimators import CLASSIFIERS, EXACT, make


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["b", "a", "c"]),
        np.array(["b", "a", "c"], dtype=object),
        np.array([7, -2, 0]),
        np.array([2.0, 0.0, 1.0]),
        pd.Series(["b", "a", "c"], dtype="category"),
        pd.Series([3, 1, 2], dtype="Int64"),
        pd.Series(["b", "a", "c"], dtype="string"),
        np.array([True, False]),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_labels_may_be_of_any_kind(labels, task):
    X, codes, _ = task
    codes = codes % len(labels)
    y = labels[codes] if isinstance(labels, np.ndarray) else labels.take(codes)
    y = y if isinstance(y, np.ndarray) else y.reset_index(drop=True)
    classes = sorted(set(labels))
    ranks = np.array([classes.index(label) for label in labels])[codes]

    model = make("GRUClassifier").fit(X, y)
    expected = make("GRUClassifier").fit(X, ranks)
    assert list(model.classes_) == classes
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    assert list(model.predict(X)) == [classes[i] for i in expected.predict(X)]
    assert model.score(X, y) == expected.score(X, ranks)


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("n_classes", [1, 2, 3])
def test_probabilities_follow_the_classes(name, n_classes, task):
    X, codes, _ = task
    y = np.array(["x", "y", "z"])[codes % n_classes]
    model = make(name, max_epochs=10, lr=0.01).fit(X, y)
    proba = model.predict_proba(X)
    assert proba.shape == (len(X), n_classes)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), model.classes_[proba.argmax(axis=1)])
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), proba, rtol=1e-12)
    # Columns mean what classes_ says: the true class is the likeliest on the whole.
    of_truth = proba[np.arange(len(X)), np.searchsorted(model.classes_, y)]
    assert of_truth.mean() >= 1 / n_classes


def test_log_probabilities_stay_finite_where_probabilities_vanish(task):
    X, codes, _ = task
    model = make("GRUClassifier").fit(X, codes)
    with torch.no_grad():
        model.net_.module_.head.weight.mul_(1e5)
    assert (model.predict_proba(X) == 0).any()
    assert np.isfinite(model.predict_log_proba(X)).all()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_labels_of_a_sequence_are_judged_one_by_one(name, task):
    X, _, _ = task
    y = np.array([x.mean(axis=0) > 0 for x in X]).astype(int)
    model = make(name, hidden_size=16, max_epochs=40, lr=0.02, pooling="mean").fit(X, y)
    proba = model.predict_proba(X)
    assert model.classes_.tolist() == [0, 1]
    np.testing.assert_array_equal(model.predict(X), proba > 0.5)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), proba, rtol=1e-12)
    assert abs(proba.sum(axis=1) - 1).max() > 0.5
    assert model.score(X, y) > 0.8


def test_labels_of_a_sequence_have_logistic_probabilities(task):
    X, codes, _ = task
    y = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 1]])[codes]
    model = make("LSTMClassifier", **EXACT).fit(X, y)
    head = model.net_.module_.head
    output = model.transform(X) @ head.weight.detach().numpy().T
    expected = expit(output + head.bias.detach().numpy())
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-10)


OF_EVERY_CLASSIFIER = ["GRUClassifier", "ConvLSTMClassifier", "RecurrentTagger"]


def labels_for(name, X, rows):
    """Labels of the sequences, or of all of their steps."""
    if name != "RecurrentTagger":
        return rows
    return [rows[[i] * len(x)] for i, x in enumerate(X)]


@pytest.mark.parametrize("name", OF_EVERY_CLASSIFIER)
@pytest.mark.parametrize("values", [(1, 2), (-1, 1), (0, 5)])
def test_several_labels_that_are_no_zeros_and_ones_are_refused(name, values, task):
    X, codes, _ = task
    X, _ = data_for(name, X, codes)
    rows = np.array(values)[np.column_stack([codes % 2, codes > 1])]
    with pytest.raises(ValueError, match="zeros and ones"):
        make(name).fit(X, labels_for(name, X, rows))
    # Nor are right predictions counted as wrong ones.
    model = make(name).fit(X, labels_for(name, X, rows == values[1]))
    with pytest.raises(ValueError, match="zeros and ones"):
        model.score(X, labels_for(name, X, rows))


@pytest.mark.parametrize("name", OF_EVERY_CLASSIFIER)
def test_one_hot_classes_are_warned_of(name, task):
    X, codes, _ = task
    X, _ = data_for(name, X, codes)
    with pytest.warns(UserWarning, match="argmax"):
        model = make(name).fit(X, labels_for(name, X, np.eye(3, dtype=int)[codes]))
    assert model.classes_.tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["GRUClassifier", "RecurrentTagger"])
@pytest.mark.parametrize(
    "classes",
    [
        objects([3, 1, 2]),
        objects([False, True]),
        objects([np.str_("b"), np.str_("a")]),
        np.array([2, 0, 1], np.longdouble),
        np.array([2, 0, 1], np.float16),
        np.array([2, 0, 1], ">u2"),
        np.array(["2020-01-01", "2021-01-01"], "M8[D]"),
        np.array(["a\udcff", "b"]),
    ],
    ids=lambda classes: f"{classes.dtype} {type(classes[0]).__name__}",
)
def test_what_fits_also_scores_and_is_stored(name, classes, task, tmp_path):
    X, codes, _ = task
    codes = codes % len(classes)
    y = labels_for(name, X, classes[codes])
    known = sorted(classes.tolist())
    ranks = np.array([known.index(x) for x in classes.tolist()])[codes]
    ranks = labels_for(name, X, ranks)
    model, expected = make(name).fit(X, y), make(name).fit(X, ranks)
    assert model.classes_.tolist() == known
    assert model.score(X, y) == expected.score(X, ranks)
    said = np.concatenate([np.atleast_1d(x) for x in model.predict(X)]).tolist()
    right = np.concatenate([np.atleast_1d(x) for x in expected.predict(X)])
    assert said == [known[i] for i in right]
    model.save(tmp_path / "model")
    again = sksequence.load(tmp_path / "model")
    model.to_numpy(tmp_path / "model.py")
    model.to_onnx(tmp_path / "model.onnx")
    for other in (again, model.to_numpy()):
        got = np.concatenate([np.atleast_1d(x) for x in other.predict(X)]).tolist()
        assert got == said
    parts = make(name).partial_fit(X, y, classes=classes)
    assert parts.save(tmp_path / "model").classes_.tolist() == known
