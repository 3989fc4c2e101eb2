"""What scikit-learn's tests ask of its own networks, asked of ours.

Their subjects are those of ``sklearn/neural_network/tests/test_mlp.py``; of which the
other files here have what is not in this one.
"""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import DataConversionWarning
from torch.nn import functional as F

from helpers.data import CUBE, LABELS, MULTILABEL, NUMBERS, data_for
from helpers.estimators import CLASSIFIERS, ESTIMATORS, PUBLIC, labels_for, make

# Steps in the direction of a gradient, on everything at once.
DESCENT = {
    "optimizer": "sgd",
    "batch_size": None,
    "gradient_clip": None,
    "lr_schedule": "constant",
    "dtype": "float64",
}


def losses_of(model, name="train_loss"):
    return [epoch[name] for epoch in model.history_]


# ----------------------------------------------------------------------- steps and losses


@pytest.mark.parametrize("name", PUBLIC)
def test_small_steps_downhill_never_raise_the_loss(name):
    X, y = data_for(name, list(CUBE), labels_for(name, len(CUBE)))
    lr = 1e-3 if name.startswith("Conv") else 1e-2
    losses = losses_of(make(name, max_epochs=8, lr=lr, **DESCENT).fit(X, y))
    assert (np.diff(losses) < 0).all()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_step_is_the_gradient_of_the_mean_loss_times_the_rate(name):
    """Where theirs has a page of arithmetic, this has torch's autograd."""
    y = labels_for(name, len(CUBE))
    options = {**DESCENT, "standardize": False, "lr": 0.1, "warm_start": True}
    options["net_params"] = {"optimizer__momentum": 0}
    model = make(name, max_epochs=1, **options).fit(CUBE, y)
    before = copy.deepcopy(model.net_.module_).train()
    outputs = before(torch.from_numpy(CUBE))
    if name in CLASSIFIERS:
        loss = F.cross_entropy(outputs, torch.from_numpy(y))
    else:
        loss = (outputs[:, 0] - torch.from_numpy(y)).square().mean()
    loss.backward()
    model.fit(CUBE, y)
    assert losses_of(model)[-1] == pytest.approx(float(loss.detach()))
    pairs = zip(before.parameters(), model.net_.module_.parameters(), strict=True)
    for old, new in pairs:
        torch.testing.assert_close(new, old - 0.1 * old.grad, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_more_weights_decay_the_smaller_they_are(name):
    X, y = CUBE, labels_for(name, len(CUBE))
    norms = []
    for decay in (0.0, 0.1, 1.0, 10.0):
        options = {"weight_decay": decay, "optimizer": "adamw", "max_epochs": 30}
        module = make(name, **options).fit(X, y).net_.module_
        norms.append(float(sum(p.detach().square().sum() for p in module.parameters())))
    assert norms == sorted(norms, reverse=True)
    assert norms[-1] < norms[0] / 2


# ------------------------------------------------------------------------ several outputs


def test_several_labels_are_learnt():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5, 2))
    y = np.column_stack([X[:, -1, 0] > 0, X[:, -1, 1] > 0, X[:, -1].sum(1) > 0])
    model = make("GRUClassifier", hidden_size=16, max_epochs=30, lr=0.02).fit(X, 1 * y)
    assert model.score(X, y) > 0.95
    assert model.predict(X).shape == y.shape
    probabilities = model.predict_proba(X)
    np.testing.assert_array_equal(model.predict(X), probabilities > 0.5)


def test_several_numbers_are_learnt():
    X = np.random.default_rng(0).normal(size=(200, 5, 2))
    y = np.column_stack([X[:, -1].sum(1), X[:, -1, 0] - 2 * X[:, -1, 1]])
    model = make("GRURegressor", hidden_size=16, max_epochs=30, lr=0.02).fit(X, y)
    assert model.score(X, y) > 0.95


# ----------------------------------------------------------------- epoch by epoch, and on


@pytest.mark.parametrize("name", ["GRUClassifier", "GRURegressor", "RecurrentTagger"])
def test_partial_fit_learns_what_a_fit_does(name):
    """Full batches leave nothing to be drawn."""
    X, y = data_for(name, list(CUBE), labels_for(name, len(CUBE)))
    options = {**DESCENT, "optimizer": "adam", "standardize": False}
    fitted = make(name, max_epochs=5, **options).fit(X, y)
    step_by_step = make(name, **options)
    classes = {} if name == "GRURegressor" else {"classes": fitted.classes_}
    for _ in range(5):
        step_by_step.partial_fit(X, y, **classes)
    assert step_by_step.n_epochs_ == fitted.n_epochs_ == 5
    np.testing.assert_allclose(losses_of(step_by_step), losses_of(fitted), rtol=1e-12)
    for ours, theirs in zip(step_by_step.predict(X), fitted.predict(X), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_classes_that_a_call_does_not_show_are_kept():
    model = make("GRUClassifier").partial_fit(CUBE, LABELS, classes=[0, 1, 2])
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    model.partial_fit(CUBE, LABELS + 1, classes=[2, 1, 0])
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    assert model.predict_proba(CUBE).shape == (len(CUBE), 3)


@pytest.mark.parametrize("classes", [[0, 1], [0, 1, 2, 3], [0, 1, 5]])
def test_other_classes_in_a_later_call_are_refused(classes):
    model = make("GRUClassifier").partial_fit(CUBE, LABELS, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="classes must be those of the first call"):
        model.partial_fit(CUBE, LABELS, classes=classes)


@pytest.mark.parametrize("y", [LABELS + 5, LABELS.astype(str), LABELS * 7], ids=str)
def test_a_warm_start_with_other_classes_is_refused(y):
    model = make("GRUClassifier", warm_start=True).fit(CUBE, LABELS)
    before = model.predict_proba(CUBE)
    with pytest.raises(ValueError, match="classes that are not in"):
        model.fit(CUBE, y)
    np.testing.assert_array_equal(model.predict_proba(CUBE), before)


def test_a_warm_start_trains_all_its_epochs_each_time():
    model = make("GRUClassifier", warm_start=True, max_epochs=3)
    for n in (3, 6, 9):
        assert model.fit(CUBE, LABELS).n_epochs_ == len(model.history_) == n


# ------------------------------------------------------------------------- early stopping


STOPPING = {"early_stopping": True, "validation_fraction": 0.3, "lr": 0.3}


@pytest.mark.parametrize("patience", [1, 3])
def test_training_ends_after_so_many_epochs_without_a_better_one(patience, task):
    X, y, _ = task
    model = make("GRUClassifier", patience=patience, max_epochs=60, **STOPPING).fit(X, y)
    losses = losses_of(model, "valid_loss")
    assert model.n_epochs_ == len(losses) < 60
    assert len(losses) - 1 - np.argmin(losses) == patience


def test_with_patience_for_all_epochs_there_are_all(task):
    X, y, _ = task
    model = make("GRUClassifier", patience=20, max_epochs=20, **STOPPING).fit(X, y)
    assert model.n_epochs_ == 20


def test_a_warm_start_may_stop_early_again(task):
    X, y, _ = task
    options = {"warm_start": True, "patience": 2, "max_epochs": 20, **STOPPING}
    model = make("GRUClassifier", **options).fit(X, y)
    first = model.n_epochs_
    model.fit(X, y)
    assert first < model.n_epochs_ < first + 20
    assert model.n_epochs_ == len(model.history_)
    assert all("valid_loss" in epoch for epoch in model.history_)


def test_partial_fit_after_an_early_stop_trains_on_all(task):
    """For one epoch, on every sequence, and from the best weights."""
    X, y, _ = task
    model = make("GRUClassifier", patience=2, max_epochs=20, **STOPPING).fit(X, y)
    best, n = copy.deepcopy(model), model.n_epochs_
    model.partial_fit(X, y)
    assert (model.n_epochs_, set(model.history_[-1])) == (
        n + 1,
        {"train_loss", "lr", "duration"},
    )
    sizes = [batch["train_batch_size"] for batch in model.net_.history[-1]["batches"]]
    assert sum(sizes) == len(X)
    assert (model.predict_proba(X) != best.predict_proba(X)).any()


def test_validation_within_a_fit_does_not_warn_of_names(recwarn):
    """Held out rows are not read without the names that the table has."""
    table = pd.DataFrame(CUBE[..., 0], columns=list("abcdef"))
    model = make("GRUClassifier", early_stopping=True, scoring="accuracy")
    model.fit(table, LABELS)
    assert "valid_score" in model.history_[0]
    np.testing.assert_array_equal(model.feature_names_in_, list("abcdef"))
    assert not [one for one in recwarn if "feature names" in str(one.message)]


# -------------------------------------------------------------------------- what y may be


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_column_is_a_vector_with_a_warning(name):
    y = labels_for(name, len(CUBE))
    expected = make(name).fit(CUBE, y).predict(CUBE)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = make(name).fit(CUBE, y[:, None])
    np.testing.assert_array_equal(model.predict(CUBE), expected)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_several_labels_of_the_same_have_one_probability_each(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = make(name).fit(CUBE, MULTILABEL)
    assert model.predict_proba(CUBE).shape == MULTILABEL.shape
    assert set(np.unique(model.predict(CUBE))) <= {0, 1}


def test_numbers_are_no_classes():
    with pytest.raises(ValueError, match="Unknown label type"):
        make("GRUClassifier").fit(CUBE, NUMBERS)
