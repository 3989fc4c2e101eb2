"""Means of the weights along the training, against the weights of a fit without them."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from sklearn.metrics import log_loss
from skorch.callbacks import Callback
from torch.optim.swa_utils import AveragedModel

import sksequence
from helpers.comparing import pickled
from helpers.data import data_for
from helpers.estimators import make, target_of

AVERAGES = ("ema", "swa")
NAMES = (
    *("GRUClassifier", "LSTMRegressor", "RecurrentTagger", "ConvLSTMClassifier"),
    "RecurrentTranslator",
)


class Recorder(Callback):
    """Keep copies of the module after each mini-batch and each epoch."""

    def __init__(self):
        self.batches, self.epochs = [], []

    def on_batch_end(self, net, training, **kwargs):
        if training:
            self.batches.append(copy.deepcopy(net.module_))

    def on_epoch_end(self, net, **kwargs):
        self.epochs.append(copy.deepcopy(net.module_))


def flat(module):
    return np.concatenate([w.numpy().ravel() for w in module.state_dict().values()])


def fit(name, task, recorder=None, **params):
    callbacks = None if recorder is None else [recorder]
    options = {"max_epochs": 9, "dtype": "float64", "lr": 0.02, "dropout": 0.2}
    model = make(name, callbacks=callbacks, **{**options, **params})
    return model.fit(*data_for(name, task[0], target_of(task, name)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("decay", [0.5, 0.99])
def test_the_moving_average_is_corrected_for_its_beginning(name, decay, task):
    plain = Recorder()
    fit(name, task, plain)
    model = fit(name, task, average_weights="ema", ema_decay=decay)
    trained = np.array([flat(module) for module in plain.batches])
    shares = decay ** np.arange(len(trained))[::-1]
    expected = shares @ trained / shares.sum()
    np.testing.assert_allclose(flat(model.net_.module_), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("max_epochs", "n_last"), [(1, 1), (3, 1), (9, 2), (16, 4)])
def test_the_mean_is_of_the_last_quarter_of_all_epochs(name, max_epochs, n_last, task):
    """As torch's own takes it."""
    plain = Recorder()
    fit(name, task, plain, max_epochs=max_epochs)
    model = fit(name, task, average_weights="swa", max_epochs=max_epochs)
    mean = AveragedModel(plain.epochs[0])
    for module in plain.epochs[-n_last:]:
        mean.update_parameters(module)
    expected = flat(mean.module)
    np.testing.assert_allclose(flat(model.net_.module_), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("average", AVERAGES)
def test_the_training_itself_is_the_same(average, task):
    plain, averaged = Recorder(), Recorder()
    expected = fit("GRUClassifier", task, plain)
    model = fit("GRUClassifier", task, averaged, average_weights=average)
    for one, other in zip(plain.batches, averaged.batches, strict=True):
        np.testing.assert_array_equal(flat(one), flat(other))
    losses = [[e["train_loss"] for e in m.history_] for m in (model, expected)]
    assert losses[0] == losses[1]
    assert (flat(model.net_.module_) != flat(expected.net_.module_)).any()


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("scoring", [None, "neg_log_loss"])
def test_the_validation_is_of_the_mean(average, scoring, task):
    X, y, _ = task
    held = X[40:], y[40:]
    options = {"early_stopping": True, "patience": 99, "scoring": scoring}
    recorder = Recorder()
    model = make(
        "GRUClassifier",
        **{"max_epochs": 8, "lr": 0.1, "average_weights": average, **options},
        callbacks=[recorder],
    ).fit(X[:40], y[:40], X_val=held[0], y_val=held[1])
    losses = [epoch["valid_loss"] for epoch in model.history_]
    for module, loss, epoch in zip(recorder.epochs, losses, model.history_, strict=True):
        other = pickled(model.set_params(callbacks=None))
        other.net_.module_.load_state_dict(module.state_dict())
        expected = log_loss(held[1], other.predict_proba(held[0]))
        assert loss == pytest.approx(expected, rel=1e-5)
        if scoring is not None:
            assert epoch["valid_score"] == pytest.approx(-expected, rel=1e-5)
    best = recorder.epochs[int(np.argmin(losses))]
    np.testing.assert_array_equal(flat(model.net_.module_), flat(best))


@pytest.mark.parametrize("average", AVERAGES)
def test_it_is_stored_once(average, task, tmp_path):
    X, y, _ = task
    plain = make("GRUClassifier", max_epochs=4).fit(X, y)
    model = make("GRUClassifier", max_epochs=4, average_weights=average).fit(X, y)
    net = model.__getstate__()["fitted"]["net"]
    assert net.keys() == plain.__getstate__()["fitted"]["net"].keys()
    assert net["weights"].keys() == plain.net_.module_.state_dict().keys()
    assert model.net_.average is None
    model.save(tmp_path / "model.safetensors")
    for other in (pickled(model), sksequence.load(tmp_path / "model.safetensors")):
        np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("average", AVERAGES)
def test_a_callback_may_pickle_the_net_with_the_mean(average, task):
    X, y, _ = task
    pickles = []

    class Keeping(Callback):
        def on_epoch_end(self, net, **kwargs):
            pickles.append(pickle.dumps(net.module_))

    options = {"average_weights": average, "max_epochs": 4}
    model = make("GRUClassifier", callbacks=[Keeping()], **options).fit(X, y)
    np.testing.assert_array_equal(
        flat(pickle.loads(pickles[-1])), flat(model.net_.module_)
    )


@pytest.mark.parametrize("average", AVERAGES)
def test_partial_fit_keeps_the_last_weights(average, task):
    X, y, _ = task
    models = [make("GRUClassifier", average_weights=name) for name in (None, average)]
    for model in models:
        model.partial_fit(X, y, classes=np.unique(y)).partial_fit(X, y)
    np.testing.assert_array_equal(*(flat(model.net_.module_) for model in models))


def test_a_warm_start_begins_with_the_mean(task):
    X, y, _ = task
    model = make("GRUClassifier", warm_start=True, average_weights="ema").fit(X, y)
    other = pickled(model).set_params(average_weights=None)
    losses = [[e["train_loss"] for e in m.fit(X, y).history_] for m in (model, other)]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 4


def test_means_of_noisy_weights_are_nearer_to_the_best_ones():
    """Steps of a constant rate wander about the optimum; their mean does not."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 4, 2))
    y = X[:, :, 0].sum(axis=1) + rng.normal(size=80)
    options = {"optimizer": "sgd", "lr": 0.1, "lr_schedule": "constant"}
    options |= {"max_epochs": 60, "batch_size": 2, "hidden_size": 4}
    losses = {}
    for average in (None, *AVERAGES):
        model = make("GRURegressor", average_weights=average, **options).fit(X, y)
        losses[average] = np.square(model.predict(X) - y).mean()
    assert max(losses["ema"], losses["swa"]) < losses[None]
