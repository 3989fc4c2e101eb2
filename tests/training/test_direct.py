"""Fits whose steps are made without autograd beside fits with it: equal to the bit."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EpochScoring, LRScheduler
from torch import nn

from helpers.data import ragged
from helpers.estimators import make
from helpers.kernels import KERNELS_ARE_ON
from sksequence._training import net as nets
from sksequence._training.callbacks import GradientClipping
from sksequence._training.direct import DirectSteps, direct_steps
from sksequence._training.state import state_of, to_plain

pytestmark = KERNELS_ARE_ON
LENGTHS = np.random.default_rng(0).integers(3, 12, 40)
X = ragged(LENGTHS)
LABELS = np.array([x[:, 0].mean() > 0 for x in X]) + np.array([len(x) > 8 for x in X])
NUMBERS = np.array([x.sum() for x in X])
SETTINGS = {"max_epochs": 4, "batch_size": 7, "lr": 0.02}


class Watching(Callback):
    """A callback of batches, with which autograd serves."""

    def on_batch_end(self, net, **kwargs):
        assert net.direct is None


class Recording(Callback):
    """Notes at the end of each epoch whether its steps were made without autograd."""

    def __init__(self):
        self.direct = []

    def on_epoch_end(self, net, **kwargs):
        self.direct.append(net.direct is not None)


def learnt(model):
    """All that training leaves, but for the time that it took."""
    history = [{k: v for k, v in e.items() if k != "duration"} for e in model.history_]
    batches = [epoch["batches"] for epoch in model.net_.history]
    return state_of(model.net_), history, batches


def fit(name, *, callbacks=(), y=None, **params):
    y = y if y is not None else NUMBERS if name.endswith("Regressor") else LABELS
    weight = params.pop("sample_weight", None)
    model = make(name, **{**SETTINGS, **params}, callbacks=list(callbacks))
    return model.fit(X, y, sample_weight=weight)


def assert_same(first, second):
    np.testing.assert_equal(learnt(first), learnt(second))


KINDS = {
    "plain": ("LSTMClassifier", {}),
    "a hundred steps": ("GRUClassifier", {"max_epochs": 17}),
    "the whole set at once": ("GRUClassifier", {"batch_size": None}),
    "one sequence at a time": ("SimpleRNNClassifier", {"batch_size": 1}),
    "double precision": ("LSTMClassifier", {"dtype": "float64"}),
    "layers": ("GRUClassifier", {"num_layers": 2, "dropout": 0.3}),
    "both directions": ("LSTMClassifier", {"bidirectional": True, "pooling": "mean"}),
    "dropout everywhere": (
        "GRUClassifier",
        {"dropout": 0.2, "recurrent_dropout": 0.2, "recurrent_output_dropout": 0.2},
    ),
    "attention": ("GRUClassifier", {"pooling": "attention"}),
    "last": ("SimpleRNNClassifier", {"pooling": "last", "nonlinearity": "relu"}),
    "another cell": ("RecurrentClassifier", {"cell": "mingru"}),
    "segments": ("GRUClassifier", {"pooling_segments": 2}),
    "random convolutions": (
        "GRUClassifier",
        {"random_convolutions": 84, "dropout": 0.3, "recurrent_output_dropout": 0.3},
    ),
    "random convolutions of changed sequences": (
        "GRUClassifier",
        {"random_convolutions": 84, "augment": ("crop", "jitter")},
    ),
    "convolutions": (
        "LSTMClassifier",
        {"conv_channels": (3, 4), "conv_kernel_size": 2, "dropout": 0.3},
    ),
    "a branch": ("GRUClassifier", {"parallel_channels": (3,), "parallel_kernel_size": 2}),
    "a branch, moving average": (
        "GRUClassifier",
        {
            "parallel_channels": (3,),
            "parallel_kernel_size": 2,
            "average_weights": "ema",
            "early_stopping": True,
        },
    ),
    "clipped": ("LSTMClassifier", {"gradient_clip": 1e-3}),
    "not clipped": ("LSTMClassifier", {"gradient_clip": None}),
    "weights of classes": ("GRUClassifier", {"class_weight": "balanced"}),
    "weights": ("GRUClassifier", {"sample_weight": np.arange(40) % 3 + 0.5}),
    "smoothed": ("GRUClassifier", {"label_smoothing": 0.1}),
    "several labels": ("GRUClassifier", {"y": np.arange(80).reshape(40, 2) % 3 > 0}),
    "numbers": ("LSTMRegressor", {}),
    "weighted numbers": ("LSTMRegressor", {"sample_weight": np.arange(40) + 1.0}),
    "several numbers": ("GRURegressor", {"y": np.stack([NUMBERS, -NUMBERS], axis=1)}),
    "missing numbers": (
        "GRURegressor",
        {"y": np.where(np.arange(80).reshape(40, 2) % 3, 1.0, np.nan)},
    ),
    "absolute error": ("GRURegressor", {"loss": "absolute_error"}),
    "huber": ("GRURegressor", {"loss": "huber"}),
    "quantile": ("GRURegressor", {"loss": "quantile", "quantile": 0.2}),
    "quantiles": ("GRURegressor", {"loss": "quantile", "quantile": (0.2, 0.5)}),
    "poisson": ("GRURegressor", {"loss": "poisson", "y": LENGTHS * 1.0}),
    "gaussian": ("GRURegressor", {"loss": "gaussian"}),
    "student": ("GRURegressor", {"loss": "student_t"}),
    "counts": ("GRURegressor", {"loss": "negative_binomial", "y": LENGTHS}),
    "decoupled decay": ("GRUClassifier", {"optimizer": "adamw", "weight_decay": 0.1}),
    "decay": ("GRUClassifier", {"weight_decay": 0.1}),
    "a rate for each layer": (
        "GRUClassifier",
        {
            "gradient_clip": 0.1,
            "net_params": {
                "optimizer__param_groups": [
                    ("head*", {"lr": 0.1}),
                    ("*hh*", {"lr": 0.01}),
                ]
            },
        },
    ),
    "constant rate": ("GRUClassifier", {"lr_schedule": "constant"}),
    "warm-up": ("GRUClassifier", {"lr_warmup": 0.5}),
    "plateau": ("GRUClassifier", {"lr_schedule": "plateau", "max_epochs": 9}),
    "stopping": ("GRUClassifier", {"early_stopping": True, "max_epochs": 9}),
    "moving average": ("GRUClassifier", {"average_weights": "ema"}),
    "changed sequences": ("GRUClassifier", {"augment": ("crop", "jitter", "mixup")}),
    "two threads": ("GRUClassifier", {"n_jobs": 2, "batch_size": 40}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_fits_have_the_bits_of_autograd(kind):
    name, params = KINDS[kind]
    recording = Recording()
    alone = fit(name, callbacks=[recording], **params)
    assert all(recording.direct)
    assert len(recording.direct) == len(alone.history_)
    assert_same(alone, fit(name, callbacks=[Watching()], **params))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"dropout": 0.3, "gradient_clip": 0.01},
        {"parallel_channels": (4,), "parallel_kernel_size": 2},
    ],
    ids=str,
)
def test_fits_of_tokens_have_the_bits_of_autograd(params):
    rng = np.random.default_rng(0)
    tokens = [rng.integers(0, 30, n) for n in LENGTHS]
    y = np.array([np.isin([3, 7], row).any() for row in tokens])
    recording = Recording()
    models = [
        make("GRUClassifier", **SETTINGS, embedding_dim=5, callbacks=[callback], **params)
        for callback in (recording, Watching())
    ]
    assert_same(*(model.fit(tokens, y) for model in models))
    assert recording.direct == [True] * 4


MORE = {
    "another optimizer": {"optimizer": "sgd"},
    "an optimizer of torch": {"optimizer": torch.optim.Adam},
    "a residual branch": {
        "parallel_channels": (3,),
        "parallel_kernel_size": 2,
        "parallel_residual": 1,
    },
    "normalised layers": {"layer_norm": True},
    "mixed precision": {"mixed_precision": "bfloat16"},
    "a callback of gradients": {
        "callbacks": [
            type("Own", (Callback,), {"on_grad_computed": lambda *_, **__: 0})()
        ]
    },
    "clipping of one's own": {"callbacks": [GradientClipping(0.5)]},
    "a rate for each batch": {
        "lr_schedule": "constant",
        "callbacks": [LRScheduler("StepLR", step_size=2, step_every="batch")],
    },
}


@pytest.mark.parametrize("more", MORE)
def test_where_more_is_asked_for_autograd_serves(more):
    recording, params = Recording(), dict(MORE[more])
    callbacks = [*params.pop("callbacks", []), recording]
    fit("GRUClassifier", callbacks=callbacks, **params)
    assert recording.direct == [False] * 4


# -------------------------------------------------------- what happens between the epochs


def freeze(net):
    net.module_.head.bias.requires_grad_(False)


def turn_dropout_on(net):
    net.module_.dropout.p = 0.5


def move_weights(net):
    weight = net.module_.head.weight
    weight.data = weight.data.clone().mul_(2)


def replace_head(net):
    size = net.module_.head.in_features, net.module_.head.out_features
    head = nn.Linear(*size)
    with torch.no_grad():
        head.weight.fill_(0.1), head.bias.zero_()
    net.module_.head = head


def forget_averages(net):
    net.optimizer_.state.clear()


def load_averages(net):
    net.optimizer_.load_state_dict(copy.deepcopy(net.optimizer_.state_dict()))


def remove_gradients(net):
    net.optimizer_.zero_grad()


def change_the_rate(net):
    net.set_params(lr=0.1)


def clip_harder(net):
    net.set_params(callbacks__gradient_clip__max_norm=1e-3)


def hook_the_head(net):
    net.module_.head.register_forward_hook(lambda layer, read, output: 2 * output)


def hook_a_gradient(net):
    net.module_.head.weight.register_hook(lambda gradient: -gradient)


def evaluate(net):
    net.module_.eval()


CHANGES = [
    *(freeze, turn_dropout_on, move_weights, replace_head, forget_averages),
    *(load_averages, remove_gradients, change_the_rate, clip_harder, hook_the_head),
    *(hook_a_gradient, evaluate),
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_callback_changes_after_an_epoch_counts_in_the_next(change):
    class Changing(Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2:
                change(net)

    kind = {"lr_schedule": "constant"}
    changed = fit("GRUClassifier", callbacks=[Changing()], **kind)
    assert_same(changed, fit("GRUClassifier", callbacks=[Changing(), Watching()], **kind))


class Storing(Callback):
    """Copies the net at the end of each epoch."""

    def __init__(self):
        self.found = []

    def on_epoch_end(self, net, **kwargs):
        copies = copy.deepcopy(net), pickle.loads(pickle.dumps(net))
        assert all(other.direct is None for other in copies)
        gradients = [p.grad for p in net.module_.parameters()]
        states = [state_of(other) for other in (net, *copies)]
        self.found.append((to_plain(gradients), states))


def test_callbacks_of_epochs_find_the_net_as_with_autograd():
    """They may score it, copy it, and store it."""
    scoring = EpochScoring("accuracy", name="accuracy", on_train=True)
    some, others = Storing(), Storing()
    alone = fit("GRUClassifier", callbacks=[some, scoring])
    assert_same(alone, fit("GRUClassifier", callbacks=[others, scoring, Watching()]))
    np.testing.assert_equal(some.found, others.found)
    assert len(some.found) == 4


# -------------------------------------------------------------------------- interruptions


def test_an_interrupted_step_leaves_the_estimator_and_the_next_fit_as_they_were(
    monkeypatch,
):
    model = fit("LSTMClassifier")
    expected, made = learnt(model), []
    make_step = DirectSteps.make

    def interrupted(self, batch, order):
        made.append(batch)
        if len(made) == 9:
            raise KeyboardInterrupt
        return make_step(self, batch, order)

    with monkeypatch.context() as patch:
        patch.setattr(DirectSteps, "make", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, NUMBERS > 0)
    np.testing.assert_equal(learnt(model), expected)
    assert_same(model.fit(X, LABELS), fit("LSTMClassifier"))


def test_a_fitted_net_holds_no_memory_of_its_steps():
    net = fit("GRUClassifier").net_
    assert net.direct is None
    assert all(weight.grad is None for weight in net.module_.parameters())


def test_a_fit_goes_on_with_the_other_steps_to_the_bit():
    """Of the two halves of a training, either may be without autograd."""
    for first, second in (([], [Watching()]), ([Watching()], [])):
        halves = fit("GRUClassifier", callbacks=first, warm_start=True)
        halves.set_params(callbacks=second).fit(X, LABELS)
        whole = fit("GRUClassifier", warm_start=True).fit(X, LABELS)
        assert_same(halves, whole)


def test_fits_in_threads_do_not_share_memory():
    names = ["GRUClassifier", "LSTMClassifier", "GRURegressor", "LSTMRegressor"] * 2
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(fit, names))
    for name, model in zip(names, together, strict=True):
        assert_same(model, fit(name))


def test_steps_are_kept_from_epoch_to_epoch(monkeypatch):
    found = []
    monkeypatch.setattr(
        nets, "direct_steps", lambda net: found.append(direct_steps(net)) or found[-1]
    )
    fit("GRUClassifier")
    assert len(found) == 4
    assert len({id(steps) for steps in found}) == 1
