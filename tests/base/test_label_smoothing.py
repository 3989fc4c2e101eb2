"""Smoothed labels, as hyperparameter of estimators."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss
from skorch.callbacks import Callback

from helpers.data import CUBE, LABELS, MULTILABEL, data_for, ragged
from helpers.estimators import CLASSIFIERS, EXACT, make

X = ragged(np.random.default_rng(0).integers(4, 12, 30))
Y = np.arange(30) % 3
NAMES = [*CLASSIFIERS, "ConvLSTMClassifier", "RecurrentTagger"]
# No step to speak of: the weights are those that the losses are taken with.
STILL = {"lr": 1e-12, "max_epochs": 1}


def flat(answers):
    """One row for each target."""
    return np.concatenate(list(answers)) if np.ndim(answers[0]) == 2 else answers


@pytest.mark.parametrize("name", NAMES)
def test_the_training_loss_is_of_smoothed_labels(name):
    data = data_for(name, X, Y)
    model = make(name, label_smoothing=0.3, **STILL).fit(*data)
    proba = flat(model.predict_proba(data[0]))
    classes = np.hstack(list(data[1]))
    k = proba.shape[1]
    true = proba[np.arange(len(proba)), np.searchsorted(model.classes_, classes)]
    of_each = -0.7 * np.log(true) - 0.3 / k * np.log(proba).sum(axis=1)
    # Batches of unequal length count by their sequences.
    tolerance = 0.02 if name == "RecurrentTagger" else 1e-5
    assert model.history_[0]["train_loss"] == pytest.approx(of_each.mean(), rel=tolerance)


class Predicting(Callback):
    """Sets the network, and not its loss, to evaluation within the training."""

    def on_batch_end(self, net, **kwargs):
        net.predict(X[:2])


@pytest.mark.parametrize("callbacks", [None, [Predicting()]])
def test_the_validation_loss_is_of_the_labels_themselves(callbacks):
    held = ragged([5, 8, 3, 9], seed=1), np.array([0, 1, 2, 0])
    options = {"early_stopping": True, "label_smoothing": 0.5, "callbacks": callbacks}
    model = make("GRUClassifier", **{**STILL, "max_epochs": 2}, **options)
    model.fit(X, Y, X_val=held[0], y_val=held[1])
    expected = log_loss(held[1], model.predict_proba(held[0]))
    for epoch in model.history_:
        assert epoch["valid_loss"] == pytest.approx(expected, rel=1e-5)
        assert epoch["train_loss"] != pytest.approx(
            log_loss(Y, model.predict_proba(X)), rel=1e-3
        )


@pytest.mark.parametrize("smoothing", [0.1, 0.3])
def test_what_is_learnt_is_as_certain_as_the_smoothed_labels(smoothing):
    """Sequences that tell their class: its probability is what remains of one."""
    items = np.eye(3)[np.arange(30) % 3][:, None].repeat(4, axis=1)
    options = {"max_epochs": 200, "lr": 0.02, "dtype": "float64"}
    model = make("GRUClassifier", label_smoothing=smoothing, **options)
    proba = model.fit(items, np.arange(30) % 3).predict_proba(items)
    expected = 1 - smoothing + smoothing / 3
    np.testing.assert_allclose(proba.max(axis=1), expected, atol=2e-3)
    several = make("GRUClassifier", label_smoothing=smoothing, **options)
    labels = 1 - items[:, 0].astype(int)
    proba = several.fit(items, labels).predict_proba(items)
    expected = np.where(labels == 1, 1 - smoothing / 2, smoothing / 2)
    np.testing.assert_allclose(proba, expected, atol=2e-3)


@pytest.mark.parametrize("y", [LABELS, MULTILABEL], ids=["classes", "several labels"])
def test_a_weight_of_two_counts_as_two_targets(y):
    options = {**EXACT, "label_smoothing": 0.2, "standardize": False}
    weight = np.where(np.arange(len(y)) % 3 == 0, 2, 1)
    weighted = make("GRUClassifier", **options).fit(CUBE, y, weight)
    rows = np.repeat(np.arange(len(y)), weight)
    repeated = make("GRUClassifier", **options).fit(CUBE[rows], y[rows])
    np.testing.assert_allclose(
        weighted.predict_proba(CUBE), repeated.predict_proba(CUBE), rtol=1e-9
    )


def test_the_weight_of_a_class_is_that_of_its_targets():
    options = {**EXACT, "label_smoothing": 0.2, "standardize": False}
    by_class = make("GRUClassifier", class_weight={0: 3, 1: 1}, **options)
    by_sample = make("GRUClassifier", **options)
    expected = by_sample.fit(CUBE, LABELS, np.where(LABELS == 0, 3.0, 1.0))
    np.testing.assert_allclose(
        by_class.fit(CUBE, LABELS).predict_proba(CUBE),
        expected.predict_proba(CUBE),
        rtol=1e-9,
    )


def test_a_chain_of_tags_has_no_labels_to_smooth():
    y = (CUBE[..., 0] > 0).astype(int)
    with pytest.raises(ValueError, match="label_smoothing must be 0 with crf=True"):
        make("RecurrentTagger", crf=True, label_smoothing=0.1).fit(CUBE, y)
