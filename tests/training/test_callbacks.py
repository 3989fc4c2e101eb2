"""What happens between batches and epochs: rates, clipping, callbacks of skorch."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    LRScheduler,
    PassthroughScoring,
)
from torch import nn

from helpers.data import ragged
from helpers.estimators import FAST, make
from helpers.training import problem, same
from sksequence import GRUClassifier
from sksequence._training.callbacks import GradientClipping
from sksequence._training.net import SequenceNet
from sksequence._training.optimizers import Adam

# ------------------------------------------------------------------- between the batches


@pytest.mark.parametrize("max_norm", [1e-3, 0.5, 1e3])
def test_a_gradient_is_clipped_as_torch_does_it(max_norm):
    one, other = problem(), problem()
    for network, backward in (one, other):
        backward(0)
        network[0].bias.grad = None
    optimizer = Adam(one[0].parameters())
    GradientClipping(max_norm).on_grad_computed(SimpleNamespace(optimizer_=optimizer))
    nn.utils.clip_grad_norm_(other[0].parameters(), max_norm)
    clipped, expected = (
        [p.grad for p in network.parameters() if p.grad is not None]
        for network in (one[0], other[0])
    )
    assert len(clipped) == 3
    assert same(clipped, expected)


class Listening(Callback):
    def __init__(self):
        self.heard = []

    def on_batch_begin(self, net, batch, training, **kwargs):
        self.heard.append(("begin", training))

    def on_batch_end(self, net, batch, training, loss, y_pred, **kwargs):
        self.heard.append(("end", training))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_callbacks_hear_of_every_batch_and_the_others_are_not_asked(optimizer):
    listening, by_instance, grads = Listening(), Callback(), []
    by_instance.on_grad_computed = lambda net, named_parameters, **_: grads.append(
        [name for name, p in named_parameters if p.grad is not None]
    )
    model = GRUClassifier(
        **{**FAST, "batch_size": 4, "early_stopping": True},
        lr_schedule="constant",
        optimizer=optimizer,
        callbacks=[("one", listening), ("two", by_instance)],
    )
    found = []
    original = SequenceNet._find_listeners

    def find(net, hook):
        found.append(original(net, hook))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SequenceNet, "_find_listeners", find)
        model.fit(ragged(), np.arange(8) % 2)
    # Six of eight are trained on, in two batches, and two watched.
    train, valid = [("begin", True), ("end", True)], [("begin", False), ("end", False)]
    assert listening.heard == 2 * (2 * train + valid)
    every = [name for name, _ in model.net_.module_.named_parameters()]
    assert grads == [every] * 4
    assert [len(callbacks) for callbacks in found] == 2 * [1, 2, 1]
    assert model.net_.listeners == {}


# --------------------------------------------------------------------- within estimators


def rates(task, **params):
    return np.array(
        [
            epoch["lr"]
            for epoch in make("GRUClassifier", lr=0.01, **params).fit(*task[:2]).history_
        ]
    )


def test_a_constant_rate_is_constant(task):
    np.testing.assert_allclose(rates(task, lr_schedule="constant", max_epochs=4), 0.01)


def test_the_cosine_goes_down_to_zero(task):
    expected = 0.01 * (1 + np.cos(np.pi * np.arange(8) / 8)) / 2
    got = rates(task, lr_schedule="cosine", max_epochs=8)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize(("share", "n_warmup"), [(0.2, 2), (0.25, 3), (0.99, 9)])
def test_the_rate_goes_up_before_its_schedule_begins(schedule, share, n_warmup, task):
    got = rates(task, lr_schedule=schedule, lr_warmup=share, max_epochs=10)
    up = 0.01 * np.arange(1, n_warmup + 1) / (n_warmup + 1)
    n = 10 - n_warmup
    down = 0.01 * (1 + np.cos(np.pi * np.arange(n) / n)) / 2
    then = down if schedule == "cosine" else np.full(n, 0.01)
    np.testing.assert_allclose(got, np.append(up, then), rtol=1e-6)


def test_a_single_epoch_has_no_warm_up(task):
    np.testing.assert_allclose(rates(task, lr_warmup=0.5, max_epochs=1), 0.01)


def test_a_warm_up_and_a_plateau_exclude_each_other(task):
    with pytest.raises(
        ValueError, match='lr_warmup must be 0 with lr_schedule="plateau"'
    ):
        rates(task, lr_schedule="plateau", lr_warmup=0.1)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_rate_is_halved_on_a_plateau(early_stopping):
    """Zeros in, zeros out: the loss is zero from the start, and stays there."""
    X, y = np.zeros((20, 4)), np.zeros(20)
    model = make(
        "GRURegressor",
        **{"lr": 0.01, "lr_schedule": "plateau", "max_epochs": 20, "patience": 99},
        early_stopping=early_stopping,
    ).fit(X, y)
    got = [epoch["lr"] for epoch in model.history_]
    assert got == [0.01] * 7 + [0.005] * 6 + [0.0025] * 6 + [0.00125]


class GradientNorms(Callback):
    def __init__(self, norms):
        self.norms = norms

    def on_grad_computed(self, net, named_parameters, **kwargs):
        squares = [parameter.grad.square().sum() for _, parameter in named_parameters]
        self.norms.append(float(torch.stack(squares).sum().sqrt()))


@pytest.mark.parametrize("clip", [1e-3, 0.05, None])
def test_the_gradient_is_no_longer_than_its_clip(clip, task):
    X, y, _ = task
    norms = []
    make("LSTMClassifier", gradient_clip=clip, callbacks=[GradientNorms(norms)]).fit(X, y)
    assert len(norms) == 2 * 4
    if clip is None:
        assert max(norms) > 0.05
    else:
        assert max(norms) == pytest.approx(clip, rel=1e-3)


def test_callbacks_of_skorch_take_part(task, tmp_path):
    X, y, _ = task
    model = make(
        "GRUClassifier",
        max_epochs=6,
        lr=0.01,
        lr_schedule="constant",
        callbacks=[
            ("steps", LRScheduler("StepLR", step_size=2, gamma=0.1)),
            Checkpoint(dirname=tmp_path, monitor="train_loss_best"),
        ],
    ).fit(X, y)
    got = [epoch["lr"] for epoch in model.history_]
    np.testing.assert_allclose(got, [1e-2] * 2 + [1e-3] * 2 + [1e-4] * 2)
    saved = torch.load(tmp_path / "params.pt", weights_only=True)
    assert saved.keys() == model.net_.module_.state_dict().keys()


def test_a_callback_of_skorch_may_stop_the_training(task):
    X, y, _ = task
    stop = EarlyStopping(monitor="train_loss", patience=1, threshold=1e9, sink=str)
    model = make("GRUClassifier", max_epochs=50, callbacks=[stop]).fit(X, y)
    assert model.n_epochs_ == len(model.history_) < 5


# ------------------------------------------------------------------------- between epochs


@pytest.mark.parametrize("early_stopping", [False, True])
def test_losses_of_epochs_are_the_means_that_skorch_records(early_stopping):
    """Weighted by the sizes of the batches, and marked where they are the best so far."""
    X, y = ragged(np.arange(3, 26)), np.arange(23) % 2
    params = {"batch_size": 4, "max_epochs": 6, "lr": 0.3}
    model = make("GRUClassifier", early_stopping=early_stopping, patience=9, **params)
    history = model.fit(X, y).net_.history
    means = {"train_loss": True} | ({"valid_loss": False} if early_stopping else {})
    for name, on_train in means.items():
        theirs = PassthroughScoring(name=name, on_train=on_train)
        theirs.initialize()
        for i, epoch in enumerate(history):
            again = type(history)([{"batches": epoch["batches"]}])
            theirs.on_epoch_end(SimpleNamespace(history=again))
            for column in (name, f"{name}_best"):
                assert again[0][column] == epoch[column], i
                assert type(again[0][column]) is type(epoch[column])
    assert early_stopping or "valid_loss" not in history[0]
