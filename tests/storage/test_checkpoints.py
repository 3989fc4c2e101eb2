"""Fits that are ended from outside, and go on as if they had not been."""

from __future__ import annotations

import multiprocessing
import os
import random

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, KFold

import sksequence
from helpers.data import data_for, ragged
from helpers.estimators import make
from sksequence._base import budget
from sksequence._storage.checkpoints import CHECKPOINT, Checkpoint

LENGTHS = np.random.default_rng(0).integers(4, 12, 30)
X = [x.cumsum(axis=0) for x in ragged(LENGTHS)]
Y = np.arange(30) % 2


class Ended(Exception):
    """As if somebody had pulled the plug."""


@pytest.fixture
def end_after(monkeypatch):
    """Let fits end when so many epochs are kept; None lets them be."""
    keep = Checkpoint.keep

    def end_after(n_epochs):
        def keep_and_end(self, progress, *, is_done):
            keep(self, progress, is_done=is_done)
            if not is_done and len(progress["history"]) == n_epochs:
                raise Ended

        monkeypatch.setattr(Checkpoint, "keep", keep_and_end)

    return end_after


def learnt(model):
    """All that a fit has made, but for the time that it took."""
    fitted = model.__getstate__()["fitted"]
    history = [{k: v for k, v in e.items() if k != "duration"} for e in model.history_]
    return {**fitted, "history": history}


def assert_same(first, second):
    np.testing.assert_equal(learnt(first), learnt(second))


KINDS = {
    "plain": ("GRUClassifier", {}),
    "dropout": ("LSTMClassifier", {"dropout": 0.3}),
    "stopping": ("GRUClassifier", {"early_stopping": True, "patience": 2}),
    "plateau": ("GRUClassifier", {"lr_schedule": "plateau", "early_stopping": True}),
    "momentum": (
        "SimpleRNNClassifier",
        {"optimizer": "sgd", "net_params": {"optimizer__momentum": 0.9}},
    ),
    "normalised": ("LSTMClassifier", {"conv_channels": (4,), "conv_kernel_size": 3}),
    "numbers": ("GRURegressor", {"lr_schedule": "constant"}),
    "own scale": ("GRURegressor", {"normalize": "window", "target_channels": 0}),
    "chunks": ("RecurrentTagger", {"bptt_steps": 3}),
    "budget": ("GRUClassifier", {"batch_size": "auto", "patience": "auto"}),
    "moving average": (
        "GRUClassifier",
        {"average_weights": "ema", "early_stopping": True, "dropout": 0.3},
    ),
    "mean at the end": ("LSTMClassifier", {"average_weights": "swa", "dropout": 0.3}),
    "warm-up": ("GRUClassifier", {"lr_warmup": 0.4}),
    "changed": (
        "GRUClassifier",
        {"augment": ("crop", "warp", "scale", "jitter", "mixup"), "dropout": 0.2},
    ),
    "changed chunks": ("RecurrentTagger", {"augment": "jitter", "bptt_steps": 3}),
    "films": ("ConvLSTMClassifier", {"hidden_size": 3}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_that_was_ended_goes_on_to_the_bit(kind, tmp_path, end_after):
    name, params = KINDS[kind]
    params = {"max_epochs": 6, "lr": 0.05, **params}
    data, path = data_for(name, X, Y), tmp_path / "fit.checkpoint"
    expected = make(name, **params).fit(*data)
    for n_epochs in (1, 2, 4):
        end_after(n_epochs)
        model = make(name, checkpoint=path, **params)
        with pytest.raises(Ended):
            model.fit(*data)
        assert not hasattr(model, "net_")
    end_after(None)
    model = make(name, checkpoint=path, **params).fit(*data)
    assert_same(model, expected)
    assert [entry.name for entry in tmp_path.iterdir()] == ["fit.checkpoint"]


def test_a_fit_goes_on_with_the_budget_that_it_began_with(
    tmp_path, end_after, monkeypatch
):
    """Also where another version would count it otherwise."""
    auto = {"max_epochs": "auto", "batch_size": "auto", "early_stopping": True}
    monkeypatch.setattr(budget, "MIN_EPOCHS", 4)
    monkeypatch.setattr(budget, "MIN_BATCHES", 20)
    expected = make("GRUClassifier", **auto).fit(X, Y)
    path = tmp_path / "fit"
    end_after(2)
    with pytest.raises(Ended):
        make("GRUClassifier", checkpoint=path, **auto).fit(X, Y)
    end_after(None)
    monkeypatch.setattr(budget, "MIN_BATCHES", 999)
    monkeypatch.setattr(budget, "SMALLEST_BATCH", 3)
    model = make("GRUClassifier", checkpoint=path, **auto).fit(X, Y)
    assert model.n_epochs_ == 5  # of 28 sequences in batches of 8
    assert_same(model, expected)


def test_a_fit_that_had_ended_is_not_repeated(tmp_path, monkeypatch):
    params = {"checkpoint": str(tmp_path / "fit"), "early_stopping": True}
    first = make("GRUClassifier", **params, max_epochs=5).fit(X, Y)
    monkeypatch.setattr("sksequence._training.train", None)
    assert_same(make("GRUClassifier", **params, max_epochs=5).fit(X, Y), first)


def test_what_was_drawn_is_kept_where_there_is_no_seed(tmp_path, end_after):
    params = {"max_epochs": 4, "early_stopping": True, "random_state": None}
    end_after(2)
    with pytest.raises(Ended):
        make("GRUClassifier", checkpoint=tmp_path / "fit", **params).fit(X, Y)
    content = sksequence._storage.read(tmp_path / "fit", CHECKPOINT).tree
    end_after(None)
    model = make("GRUClassifier", checkpoint=tmp_path / "fit", **params).fit(X, Y)
    losses = [epoch["train_loss"] for epoch in content["progress"]["history"]]
    assert [epoch["train_loss"] for epoch in model.history_[:2]] == losses


def test_a_warm_start_has_a_checkpoint_of_its_own(tmp_path, end_after):
    def go_on(checkpoint=None):
        model = make("GRUClassifier", warm_start=True).fit(X, Y)
        return model.set_params(checkpoint=checkpoint, max_epochs=4)

    expected = go_on().fit(X, Y)
    end_after(2)
    with pytest.raises(Ended):
        go_on(tmp_path / "fit").fit(X, Y)
    end_after(None)
    assert_same(go_on(tmp_path / "fit").fit(X, Y), expected)
    with pytest.raises(ValueError, match="earlier_fit has changed"):
        make("GRUClassifier", max_epochs=4, checkpoint=tmp_path / "fit").fit(X, Y)


def test_partial_fit_keeps_nothing(tmp_path):
    model = make("GRUClassifier", checkpoint=tmp_path / "fit")
    model.partial_fit(X, Y, classes=[0, 1])
    assert not list(tmp_path.iterdir())


# ----------------------------------------------------------------------------- real kills


def fit_alone(path):
    make("GRUClassifier", checkpoint=path, max_epochs=40, dropout=0.2).fit(X, Y)


@pytest.mark.skipif(os.name != "posix", reason="there is no fork, nor such a kill")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_twenty_kills_at_random_moments_change_nothing(tmp_path):
    expected = make("GRUClassifier", max_epochs=40, dropout=0.2).fit(X, Y)
    path, rng = tmp_path / "fit", random.Random(0)
    n_kills = n_epochs_found = 0
    while n_kills < 20:
        child = multiprocessing.get_context("fork").Process(
            target=fit_alone, args=(path,), daemon=True
        )
        child.start()
        child.join(rng.uniform(0, 0.4))
        child.kill()
        child.join()
        if child.exitcode == 0:  # it was through: once more from the beginning
            path.unlink()
            continue
        n_kills += 1
        if path.exists():
            kept = sksequence._storage.read(path, CHECKPOINT)
            n_epochs_found += kept.tree["progress"] is not None
    assert n_epochs_found
    fit_alone(path)
    assert_same(make_again(path), expected)


def make_again(path):
    return make("GRUClassifier", checkpoint=path, max_epochs=40, dropout=0.2).fit(X, Y)


# ------------------------------------------------------------------------------- searches


def test_a_search_that_was_ended_repeats_no_fit(tmp_path, monkeypatch):
    import sksequence._training as training

    train, calls = training.train, []

    def count(*args, **kwargs):
        if len(calls) == limit:
            raise Ended
        calls.append(args)
        train(*args, **kwargs)

    monkeypatch.setattr(training, "train", count)

    def search(**params):
        model = make("RecurrentClassifier", max_epochs=1, **params)
        grid = {"cell": ["rnn", "gru"], "hidden_size": [3, 4]}
        return GridSearchCV(model, grid, cv=KFold(2), error_score="raise").fit(X, Y)

    limit = None
    expected = search()
    assert len(calls) == 4 * 2 + 1
    calls.clear()
    limit = 5
    folder = f"{tmp_path / 'fits'}{os.sep}"
    with pytest.raises(Ended):
        search(checkpoint=folder)
    limit = None
    calls.clear()
    found = search(checkpoint=folder)
    assert len(calls) == 4  # five of nine had been there
    assert len(os.listdir(folder)) == 9
    for name in ("mean_test_score", "split0_test_score", "split1_test_score"):
        assert np.array_equal(found.cv_results_[name], expected.cv_results_[name])
    assert np.array_equal(found.predict_proba(X), expected.predict_proba(X))


# ------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("params", "data", "message"),
    [
        ({"lr": 0.5}, (X, Y), r"lr was 0\.005 and is 0\.5"),
        ({"hidden_size": 9}, (X, Y), "hidden_size was 8 and is 9"),
        ({"random_state": 1}, (X, Y), "random_state was 0 and is 1"),
        ({"max_epochs": 3}, (X, Y), "max_epochs was 2 and is 3"),
        ({}, (X[:29], Y[:29]), "X has changed; y has changed"),
        ({}, ([X[0] + 1e-9, *X[1:]], Y), "X has changed"),
        ({}, (X, 1 - Y), "y has changed"),
        ({}, (X, Y + 1), "classes has changed"),
        ({}, (X, Y, np.ones(30)), "sample_weight has changed"),
    ],
    ids=str,
)
def test_the_checkpoint_of_another_fit_is_refused(params, data, message, tmp_path):
    path = tmp_path / "fit"
    make("GRUClassifier", checkpoint=path).fit(X, Y)
    before = path.read_bytes()
    model = make("GRUClassifier", checkpoint=path, **params)
    with pytest.raises(ValueError, match=f"another fit: .*{message}") as caught:
        model.fit(*data)
    assert "remove the file" in str(caught.value)
    assert path.read_bytes() == before
    assert not hasattr(model, "net_")


def test_what_does_not_matter_may_change(tmp_path, capsys):
    path = tmp_path / "fit"
    first = make("GRUClassifier", checkpoint=path).fit(X, Y)
    again = make("GRUClassifier", checkpoint=path, verbose=1)
    assert np.array_equal(again.fit(X, Y).predict_proba(X), first.predict_proba(X))


def test_of_another_class_or_kind(tmp_path):
    model = make("GRUClassifier", checkpoint=tmp_path / "fit").fit(X, Y)
    with pytest.raises(ValueError, match="is of GRUClassifier, not LSTMClassifier"):
        make("LSTMClassifier", checkpoint=tmp_path / "fit").fit(X, Y)
    model.save(tmp_path / "model")
    with pytest.raises(ValueError, match="estimator"):
        make("GRUClassifier", checkpoint=tmp_path / "model").fit(X, Y)
    loaded = sksequence.load(tmp_path / "model")
    assert loaded.checkpoint == str(tmp_path / "fit")
    with pytest.raises(ValueError, match="checkpoint"):
        sksequence.load(tmp_path / "fit")


def test_damage_is_told(tmp_path):
    path = tmp_path / "fit"
    make("GRUClassifier", checkpoint=path).fit(X, Y)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=str(path)):
        make("GRUClassifier", checkpoint=path).fit(X, Y)
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_ends_a_fit_before_it_begins(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        make(
            "GRUClassifier", checkpoint=tmp_path / "nowhere" / "fit", max_epochs=10**6
        ).fit(X, Y)
    with pytest.raises(ValueError, match="checkpoint"):
        make("GRUClassifier", checkpoint=5).fit(X, Y)
