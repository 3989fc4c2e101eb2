"""Epochs, batches and patience that fit the data: what "auto" means."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import sksequence
from helpers.comparing import pickled
from helpers.data import CUBE, LABELS, data_for
from helpers.estimators import ESTIMATORS, labels_for, make
from sksequence._base import budget
from sksequence._base.budget import resolve_budget

AUTO = {"max_epochs": "auto", "batch_size": "auto", "patience": "auto"}
X = np.random.default_rng(0).normal(size=(30, 6, 2))
Y = (X[:, :, 0].mean(axis=1) > 0).astype(int)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Budgets of few mini-batches, as the tests have few seconds."""
    monkeypatch.setattr(budget, "MIN_EPOCHS", 3)
    monkeypatch.setattr(budget, "MIN_BATCHES", 24)
    monkeypatch.setattr(budget, "MAX_EPOCHS", 12)
    monkeypatch.setattr(budget, "MIN_PATIENCE", 1)


def resolved(n, **params):
    return resolve_budget({**AUTO, "net_params": None, **params}, n)


def learnt(model):
    """Weights, moving averages, generator, settings, and losses."""
    fitted = model.__getstate__()["fitted"]
    history = [{k: v for k, v in e.items() if k != "duration"} for e in model.history_]
    return {**fitted, "history": history}


def assert_same_fit(first, second):
    np.testing.assert_equal(learnt(first), learnt(second))


# ------------------------------------------------------------------------------ the rule


@pytest.mark.parametrize(
    ("n", "batch_size", "n_batches"),
    [
        (1, 8, 1),
        (17, 8, 3),
        (80, 8, 10),
        (89, 8, 12),
        (90, 9, 10),
        (640, 64, 10),
        (6400, 64, 100),
    ],
)
def test_a_budget_is_epochs_or_batches_whichever_is_more(n, batch_size, n_batches):
    """Counted by hand: enough epochs for 24 batches, at least 3 and at most 12."""
    found = resolved(n)
    epochs = min(max(3, int(np.ceil(24 / n_batches))), 12)
    assert found == {
        "batch_size": batch_size,
        "max_epochs": epochs,
        "patience": max(1, epochs // 5),
    }


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"batch_size": 10}, {"max_epochs": 8}),  # 3 batches of 10
        ({"batch_size": np.int64(7)}, {"max_epochs": 5}),  # 5 batches of 7
        ({"batch_size": None}, {"max_epochs": 12}),  # 1 batch, so 24, but at most 12
        ({"max_epochs": 7}, {"batch_size": 8}),
        ({"net_params": {"batch_size": 5}}, {"batch_size": 8, "max_epochs": 4}),
        ({"net_params": {"batch_size": -1}}, {"batch_size": 8, "max_epochs": 12}),
        ({"net_params": {"max_epochs": 2}}, {"batch_size": 8, "max_epochs": 2}),
        ({"max_epochs": 2, "batch_size": 3}, {}),
    ],
    ids=str,
)
def test_numbers_that_are_given_stay_and_count(params, expected):
    found = resolved(30, **params)
    found.pop("patience")
    assert found == expected


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"max_epochs": 50}, 10),
        ({"max_epochs": 4}, 1),
        ({"max_epochs": 50, "net_params": {"max_epochs": 20}}, 4),
    ],
    ids=str,
)
def test_patience_is_a_fifth_of_the_epochs(params, expected):
    assert resolved(30, batch_size=5, **params)["patience"] == expected


# --------------------------------------------------------------------------- within a fit


@pytest.mark.parametrize("name", [*ESTIMATORS, "RecurrentTagger", "ConvLSTMRegressor"])
def test_auto_trains_as_its_numbers_do(name):
    data = data_for(name, list(CUBE), labels_for(name, len(CUBE)))
    auto = make(name, **{**AUTO, "patience": 10}).fit(*data)
    numbers = resolved(len(CUBE))  # 12: two batches of 8, so 12 epochs
    assert (numbers["batch_size"], numbers["max_epochs"]) == (8, 12)
    plain = make(name, max_epochs=12, batch_size=8, patience=10).fit(*data)
    assert auto.n_epochs_ == 12
    assert_same_fit(auto, plain)


def test_the_sequences_that_are_held_out_do_not_count():
    options = {"early_stopping": True, "validation_fraction": 0.3, "lr": 0.3}
    auto = make("GRUClassifier", **{**options, **AUTO}).fit(X, Y)
    numbers = resolved(21)  # 30 less 9: three batches
    assert numbers == {"batch_size": 8, "max_epochs": 8, "patience": 1}
    assert_same_fit(auto, make("GRUClassifier", **{**options, **numbers}).fit(X, Y))
    losses = [epoch["valid_loss"] for epoch in auto.history_]
    assert len(losses) == 8 or len(losses) - 1 - np.argmin(losses) == 1


def test_sequences_without_weight_do_not_count_either():
    weight = np.repeat([1.0, 0.0], [8, 22])
    model = make("GRUClassifier", **AUTO).fit(X, Y, weight)
    assert model.n_epochs_ == resolved(8)["max_epochs"] == 12


def test_the_schedule_goes_down_over_the_epochs_there_are():
    model = make("GRUClassifier", lr=0.01, lr_schedule="cosine", **AUTO).fit(X, Y)
    n = resolved(30)["max_epochs"]  # four batches of 8: 6 epochs
    expected = 0.01 * (1 + np.cos(np.pi * np.arange(n) / n)) / 2
    np.testing.assert_allclose([e["lr"] for e in model.history_], expected, rtol=1e-6)


def test_partial_fit_is_one_pass_in_batches_that_fit_the_call():
    model = make("GRUClassifier", **AUTO)
    model.partial_fit(X, Y, classes=[0, 1]).partial_fit(np.tile(X, (4, 1, 1)), [*Y] * 4)
    assert model.n_epochs_ == 2
    sizes = [b["train_batch_size"] for b in model.net_.history[-1]["batches"]]
    assert sizes == [12] * 10


def test_a_warm_start_has_the_budget_of_its_data():
    model = make("GRUClassifier", warm_start=True, **AUTO).fit(X, Y)
    first = model.n_epochs_
    model.fit(X[:8], Y[:8])
    assert (first, model.n_epochs_) == (6, 6 + 12)


# --------------------------------------------------------------- stored, copied, searched


def test_it_is_copied_and_stored_as_it_was_given(tmp_path):
    model = make("GRUClassifier", **AUTO).fit(X, Y)
    model.save(tmp_path / "model.safetensors")
    for other in (pickled(model), sksequence.load(tmp_path / "model.safetensors")):
        np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
        assert other._settings == model._settings
        assert {name: other.get_params()[name] for name in AUTO} == AUTO
    assert_same_fit(clone(model).fit(X, Y), model)


def test_a_search_tells_auto_from_numbers():
    grid = {"max_epochs": ["auto", 2], "batch_size": ["auto", None]}
    search = GridSearchCV(make("GRUClassifier"), grid, cv=2).fit(X, Y)
    best = make("GRUClassifier", **search.best_params_).fit(X, Y)
    np.testing.assert_array_equal(search.predict_proba(X), best.predict_proba(X))


@pytest.mark.parametrize("name", ["max_epochs", "batch_size"])
def test_a_net_takes_numbers_alone(name):
    with pytest.raises(ValueError, match=f"{name}.*'auto'"):
        make("GRUClassifier", net_params={name: "auto"}).fit(CUBE, LABELS)


def test_memory_errors_say_the_number(monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("DefaultCPUAllocator: not enough memory")

    monkeypatch.setattr("sksequence._training.train", fail)
    with pytest.raises(MemoryError, match="batches of 8"):
        make("GRUClassifier", **AUTO).fit(X, Y)
