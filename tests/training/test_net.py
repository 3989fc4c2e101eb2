"""The net of skorch beneath an estimator: parameters, history, what it prints."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.metrics import get_scorer, log_loss, roc_auc_score
from skorch import NeuralNet
from skorch.callbacks import Checkpoint, EpochScoring

import sksequence
from helpers.comparing import pickled
from helpers.estimators import (
    ESTIMATORS,
    make,
    target_of,
)

# ---------------------------------------------------------------------------- parameters


def test_net_params_have_the_last_word(task):
    X, y, _ = task
    plain = make("GRUClassifier", batch_size=5, max_epochs=3).fit(X, y)
    given = {"batch_size": 5, "optimizer__betas": (0.9, 0.999), "verbose": 0}
    overridden = make("GRUClassifier", max_epochs=3, net_params=given).fit(X, y)
    np.testing.assert_array_equal(overridden.predict_proba(X), plain.predict_proba(X))
    betas = make("GRUClassifier", net_params={"optimizer__betas": (0.5, 0.6)}).fit(X, y)
    assert betas.net_.optimizer_.param_groups[0]["betas"] == (0.5, 0.6)
    assert (betas.predict_proba(X) != plain.predict_proba(X)).any()


# ------------------------------------------------------------------------- what it shows


@pytest.mark.parametrize("early_stopping", [False, True])
def test_history_says_of_each_epoch_what_it_promises(early_stopping, task):
    X, y, _ = task
    model = make("GRUClassifier", early_stopping=early_stopping, max_epochs=3).fit(X, y)
    keys = {"train_loss", "lr", "duration"} | (
        {"valid_loss"} if early_stopping else set()
    )
    assert len(model.history_) == model.n_epochs_ == 3
    for epoch in model.history_:
        assert set(epoch) == keys
        assert all(type(value) is float for value in epoch.values())
        assert epoch["duration"] > 0


def test_the_training_loss_is_the_mean_over_the_sequences(task):
    """With no step to speak of, the weights are those that the loss is taken with."""
    X, y, _ = task
    model = make("GRUClassifier", lr=1e-12, max_epochs=1).fit(X, y)
    expected = log_loss(y, model.predict_proba(X))
    assert model.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-5)


def test_batches_are_counted_by_their_sequences():
    """Also the last of them, and those of the validation set, which are two here."""
    X, y = np.random.default_rng(0).normal(size=(23, 4)), np.arange(23) % 2
    model = make("GRUClassifier", batch_size=5, early_stopping=True, max_epochs=2)
    for epoch in model.fit(X, y).net_.history:
        batches = epoch["batches"]
        sizes = [batch.get("train_batch_size") for batch in batches]
        assert sizes == [5, 5, 5, 5, 1, None]
        assert [batch.get("valid_batch_size") for batch in batches] == [None] * 5 + [2]
        assert (epoch["train_batch_count"], epoch["valid_batch_count"]) == (5, 1)


def test_predictions_are_those_of_evaluation_whatever_mode_a_layer_is_in(task):
    X, y, _ = task
    model = make("GRUClassifier", dropout=0.5).fit(X, y)
    expected = model.predict_proba(X)
    for layer in [model.net_.module_, model.net_.module_.dropout]:
        layer.train()
        np.testing.assert_array_equal(model.predict_proba(X), expected)
        assert not any(part.training for part in model.net_.module_.modules())


@pytest.mark.parametrize("early_stopping", [False, True])
def test_verbose_prints_a_line_per_epoch_and_nothing_else_does(
    early_stopping, task, capfd
):
    X, y, _ = task
    params = {"max_epochs": 3, "early_stopping": early_stopping}
    make("GRUClassifier", **params).fit(X, y).predict(X)
    assert capfd.readouterr() == ("", "")
    make("GRUClassifier", verbose=1, **params).fit(X, y)
    out, err = capfd.readouterr()
    assert out.split("\n")[0].split().count("lr") == 1
    numbers = [line.split()[0] for line in out.splitlines() if line.strip()[:1].isdigit()]
    assert (numbers, err) == (["1", "2", "3"], "")


def test_the_table_of_epochs_has_columns_of_one_width_and_marks_the_best(task, capfd):
    X, y, _ = task
    model = make(
        "GRUClassifier", verbose=1, max_epochs=8, early_stopping=True, lr=0.3, patience=8
    ).fit(X, y)
    head, rule, *lines = capfd.readouterr().out.splitlines()
    lines = [line for line in lines if line.strip()[0].isdigit()]
    assert head.split() == ["epoch", "train_loss", "valid_loss", "lr", "seconds"]
    assert rule == "-" * len(head)
    assert {len(line.removesuffix(" *")) for line in lines} == {len(head)}
    best = float("inf")
    for line, epoch in zip(lines, model.history_, strict=True):
        _, train, valid, *_ = map(float, line.removesuffix("*").split())
        assert train == pytest.approx(epoch["train_loss"], abs=5e-5)
        assert valid == pytest.approx(epoch["valid_loss"], abs=5e-5)
        assert line.endswith(" *") == (epoch["valid_loss"] < best)
        best = min(best, epoch["valid_loss"])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_net_is_a_genuine_one_that_speaks_briefly(name, task):
    model = make(name).fit(task[0], target_of(task, name))
    assert isinstance(model.net_, NeuralNet)
    assert len(repr(model.net_)) < 120
    assert "\n" not in repr(model.net_)


SCORES = {
    "GRUClassifier": ("accuracy", "roc_auc", "neg_log_loss"),
    "GRURegressor": ("r2", "neg_mean_absolute_error"),
    "RecurrentTagger": ("accuracy", "f1_macro", "neg_log_loss"),
    "RecurrentStepRegressor": ("r2", "neg_median_absolute_error"),
    "ConvLSTMRegressor": ("neg_mean_squared_error",),
}


def scoring_task(name, rng):
    """Sequences and targets, in words or large numbers, that take some learning."""
    X = [rng.normal(size=(n, 3)) for n in rng.integers(4, 9, size=60)]
    if name.startswith("ConvLSTM"):
        X = rng.normal(size=(60, 4, 4, 4))
        return X, 100 + 9 * X[:, -1]
    steps = [x[:, 0] for x in X]
    if "Step" not in name and name != "RecurrentTagger":
        steps = np.array([values.sum() for values in steps])
    if "Regressor" in name:
        return X, [1000 + 50 * v for v in steps] if "Step" in name else 1000 + 50 * steps
    words = np.array(["low", "high"])
    if name == "RecurrentTagger":
        return X, [words[(values > 0).astype(int)] for values in steps]
    return X, words[(steps > 0).astype(int)]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("use_caching", [False, True])
@pytest.mark.parametrize(("name", "scoring"), [(n, s) for n in SCORES for s in SCORES[n]])
def test_skorch_scores_probabilities_and_units_of_y(name, scoring, use_caching, weighted):
    rng = np.random.default_rng(0)
    X, y = scoring_task(name, rng)
    callbacks = [
        EpochScoring(scoring, name="held", use_caching=use_caching),
        EpochScoring(scoring, name="seen", on_train=True, use_caching=use_caching),
    ]
    params = {"class_weight": "balanced"} if weighted and "Regr" not in name else {}
    model = make(name, max_epochs=3, early_stopping=True, patience=9, **params)
    weight = rng.uniform(1, 2, 40) if weighted else None
    model.set_params(lr_schedule="constant", callbacks=callbacks, lr=1e-9)
    model.fit(X[:40], y[:40], weight, X_val=X[40:], y_val=y[40:])

    def flat(values):
        return np.concatenate([np.ravel(value) for value in values])

    def rows(values):
        return np.reshape(values, (len(values), -1)) if np.ndim(values) > 2 else values

    metric = get_scorer(scoring)
    for part, record in ((slice(40), "seen"), (slice(40, 60), "held")):
        by_step = name in ("RecurrentTagger", "RecurrentStepRegressor")
        method = "predict" if scoring in ("accuracy", "f1_macro") else None
        if method is None:
            method = "predict" if "Regressor" in name else "predict_proba"
        answers, truth = getattr(model, method)(X[part]), y[part]
        if by_step:
            truth = flat(truth)
            answers = np.concatenate(list(answers))
        if scoring == "roc_auc":
            answers = answers[:, 1]
        if scoring == "neg_log_loss":
            expected = -log_loss(truth, answers, labels=model.classes_)
        elif scoring == "roc_auc":
            expected = roc_auc_score(truth == "low", answers)
        else:
            expected = metric._sign * metric._score_func(
                rows(truth), rows(answers), **metric._kwargs
            )
        assert model.history_[-1][record] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["GRUClassifier", "GRURegressor", "RecurrentTagger"])
def test_the_net_answers_as_its_estimator(name):
    X, y = scoring_task(name, np.random.default_rng(0))
    model = make(name).fit(X, y)
    blocks = np.stack([x[:4] for x in X])
    for data in (X, X[:1], blocks, list(blocks)):
        found, expected = model.net_.predict(data), model.predict(data)
        assert len(found) == len(expected)
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    if name == "GRUClassifier":
        found = model.net_.predict_proba(blocks)
        np.testing.assert_array_equal(found, model.predict_proba(blocks))
        assert model.net_.score(X, y) == model.score(X, y)


def test_skorch_scores_every_epoch_as_the_estimator_itself_would():
    X = np.random.default_rng(0).normal(size=(60, 8))
    y = np.where(X.mean(axis=1) > 0, "high", "low")
    scoring = EpochScoring("accuracy", name="accuracy", on_train=False)
    model = make(
        "GRUClassifier",
        max_epochs=4,
        early_stopping=True,
        validation_fraction=0.3,
        patience=99,
        callbacks=[scoring],
    ).fit(X, y)
    best = min(range(4), key=lambda epoch: model.history_[epoch]["valid_loss"])
    seed_drawn_first = np.random.RandomState(0)
    seed_drawn_first.randint(np.iinfo(np.int32).max)
    split = sksequence._base.splitting.validation_split
    _, valid = split(60, 0.3, seed_drawn_first, classes=y)
    assert model.net_.history[best, "accuracy"] == model.score(X[valid], y[valid])


# -------------------------------------------------------------------------------- copies


def weights(module):
    return {name: value.numpy() for name, value in module.state_dict().items()}


def assert_same_weights(one, other):
    one, other = weights(one), weights(other)
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])


@pytest.mark.parametrize("through", [pickled, copy.deepcopy])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_net_is_copied_with_its_weights(name, early_stopping, through, task):
    model = make(name, bidirectional=True, early_stopping=early_stopping)
    net = model.fit(task[0], target_of(task, name)).net_
    back = through(net)
    assert_same_weights(back.module_, net.module_)
    assert_same_weights(through(net.module_), net.module_)
    assert back.history == net.history
    before = weights(net.module_)
    with torch.no_grad():
        for parameter in back.module_.parameters():
            parameter.zero_()
    assert all((before[key] == now).all() for key, now in weights(net.module_).items())


@pytest.mark.parametrize("options", [{}, {"early_stopping": True}], ids=str)
def test_a_callback_may_pickle_the_net_in_the_middle(options, task, tmp_path):
    """As skorch's Checkpoint does; without the data that the fit holds."""
    X, y, _ = task
    keep = Checkpoint(monitor=None, dirname=tmp_path, f_pickle="net.pkl")
    options = {**options, "checkpoint": tmp_path / "resume", "callbacks": [keep]}
    model = make("GRUClassifier", max_epochs=3, patience=9, **options).fit(X, y)
    net = pickle.loads((tmp_path / "net.pkl").read_bytes())
    assert len(net.history) == 3
    saved = torch.load(tmp_path / "params.pt", weights_only=True)
    found = net.module_.state_dict()
    assert all(torch.equal(found[name], value) for name, value in saved.items())
    assert net.train_split is None
    # Neither are the observers of a fit: those of the fitted net are there.
    assert [key for key, _ in net.callbacks_] == [key for key, _ in model.net_.callbacks_]
