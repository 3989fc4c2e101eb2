"""Training in mixed precision, against the same training in full precision."""

from __future__ import annotations

import pickle
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from helpers.data import ragged
from helpers.estimators import make
from sksequence._training.precision import make_autocast
from sksequence.nn import RecurrentLayer, RecurrentStack, recurrent

X, Y = ragged(), np.arange(8) % 2
LOWER = ["bfloat16", "float16"]
lower = pytest.mark.parametrize("precision", LOWER)
OWN = ["indrnn", "mingru", "minlstm", "qrnn"]
HYBRID = {
    "conv_channels": (4,),
    "conv_kernel_size": 3,
    "parallel_channels": (3, 4),
    "parallel_kernel_size": 2,
    "parallel_residual": 1,
    "parallel_bottleneck": 1,
    "parallel_squeeze": 1,
    "pooling": "attention",
    "bidirectional": True,
    "early_stopping": True,
    "dropout": 0.1,
}


def weights_of(model):
    return [p.detach().cpu().numpy().copy() for p in model.net_.module_.parameters()]


def losses_of(model):
    return [epoch["train_loss"] for epoch in model.history_]


@lower
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("LSTMClassifier", {}),
        ("GRUClassifier", HYBRID),
        ("SimpleRNNRegressor", {"optimizer": "sgd"}),
        ("GRURegressor", {"missing": "decay"}),
    ],
)
def test_it_is_close_to_full_precision_and_a_refit_is_equal(name, params, precision):
    one, again = (make(name, mixed_precision=precision, **params).fit(X, Y) for _ in "ab")
    full = make(name, **params).fit(X, Y)
    for first, second, third in zip(*map(weights_of, (one, again, full)), strict=True):
        assert first.dtype == np.float32
        np.testing.assert_array_equal(first, second)
        np.testing.assert_allclose(first, third, atol=0.05)
    assert losses_of(one) == losses_of(again) != losses_of(full)
    np.testing.assert_allclose(losses_of(one), losses_of(full), rtol=0.1)


@lower
def test_films_and_chunks_of_steps_train_in_lower_precision_too(precision):
    films = np.random.default_rng(0).normal(size=(6, 2, 5, 5, 1))
    steps = [np.arange(len(x)) % 2 for x in X]
    for model, data in (
        (make("ConvLSTMClassifier", mixed_precision=precision, hidden_size=2), films),
        (make("RecurrentTagger", mixed_precision=precision, bptt_steps=3), X),
    ):
        y = np.arange(6) % 2 if data is films else steps
        full = model.__class__(**{**model.get_params(), "mixed_precision": None})
        model.fit(data, y)
        full.fit(data, y)
        assert losses_of(model) != losses_of(full)
        np.testing.assert_allclose(losses_of(model), losses_of(full), rtol=0.05)


class Heads(Callback):
    """Write down in which precision the head answers in training and beside it."""

    def on_train_begin(self, net, **kwargs):
        self.found = set()
        head = net.module_.head
        self.hook = head.register_forward_hook(
            lambda layer, x, y: self.found.add((layer.training, y.dtype))
        )

    def on_train_end(self, net, **kwargs):
        self.hook.remove()


@lower
def test_training_alone_is_in_lower_precision(precision):
    heads = Heads()
    model = make("LSTMClassifier", mixed_precision=precision, callbacks=[heads])
    model.fit(X, Y)
    assert heads.found == {(True, getattr(torch, precision))}
    full = make("LSTMClassifier").fit(X, Y)
    full.net_.module_.load_state_dict(model.net_.module_.state_dict())
    np.testing.assert_array_equal(model.predict_proba(X), full.predict_proba(X))


@lower
def test_a_recurrence_stays_in_full_precision_on_the_cpu(precision):
    layer = RecurrentLayer(2, 4, cell="lstm")
    x = torch.randn(3, 5, 2)
    with torch.autocast("cpu", getattr(torch, precision)):
        steps, final = layer(x)
        advanced, _ = layer.advance(x)
    expected = layer(x)
    assert torch.equal(steps, expected[0])
    assert torch.equal(final, expected[1])
    assert torch.equal(advanced, steps)


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Let recurrences run in lower precision, as those of a GPU do."""
    monkeypatch.setattr(recurrent, "_recurrent_autocast", lambda x: nullcontext())


@lower
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", *OWN])
def test_a_recurrence_in_lower_precision_gives_full_precision(
    cell, precision, as_on_a_gpu
):
    """Its states are read by layers of either precision, or by the next chunk."""
    options = {} if cell in OWN else {"recurrent_dropout": 0.5, "layer_norm": True}
    stack = RecurrentStack(2, 4, num_layers=2, cell=cell, bidirectional=True, **options)
    layer = RecurrentLayer(2, 4, cell=cell, **options).eval()
    x = torch.randn(3, 5, 2)
    expected, found = stack.eval()(x)[0], []
    with torch.autocast("cpu", getattr(torch, precision)):
        found.append((stack(x)[0], expected))
        found.append((stack(x.to(getattr(torch, precision)))[0], expected))
        first, state = layer.advance(x[:, :2])
        second, state = layer.advance(x[:, 2:].to(getattr(torch, precision)), state)
    found.append((torch.cat([first, second], 1), layer(x)[0]))
    for lowered, full in found:
        assert lowered.dtype == full.dtype == torch.float32
        torch.testing.assert_close(lowered, full, rtol=0.1, atol=0.1)
        assert not torch.equal(lowered, full)
    parts = state if isinstance(state, tuple) else (state,)
    assert {part.dtype for part in parts} == {torch.float32}


@lower
def test_a_fit_of_several_layers_is_close_to_full_precision(precision, as_on_a_gpu):
    params = {**HYBRID, "num_layers": 2, "cell": "mingru", "early_stopping": False}
    one, full = (
        make("RecurrentClassifier", mixed_precision=lower, **params).fit(X, Y)
        for lower in (precision, None)
    )
    np.testing.assert_allclose(losses_of(one), losses_of(full), rtol=0.1)
    assert losses_of(one) != losses_of(full)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_double_and_lower_precision_exclude_each_other(method):
    model = make("GRUClassifier", mixed_precision="bfloat16", dtype="float64")
    arguments = {"classes": [0, 1]} if method == "partial_fit" else {}
    before = dict(vars(model))
    with pytest.raises(ValueError, match="needs dtype='float32', got 'float64'"):
        getattr(model, method)(X, Y, **arguments)
    assert vars(model) == before


def test_what_a_device_or_an_optimizer_cannot_do_is_refused():
    with pytest.raises(ValueError, match="'bfloat16' is not available on device='meta'"):
        make_autocast("bfloat16", "meta")
    model = make("GRUClassifier", mixed_precision="float16", optimizer=torch.optim.LBFGS)
    with pytest.raises(ValueError, match="LBFGS does not support"):
        model.fit(X, Y)
    assert not hasattr(model, "net_")


# --------------------------------------------------------------------- the loss is scaled


class Spoil(Callback):
    """Make gradients infinite in some batches, and write down what is seen of them."""

    def __init__(self, batches):
        self.batches = batches

    def on_train_begin(self, net, **kwargs):
        self.norms, self.scales, self.seen = [], [], 0
        self.hook = net.module_.head.bias.register_hook(self.spoil)

    def spoil(self, gradient):
        self.seen += 1
        return gradient * torch.inf if self.seen in self.batches else gradient

    def on_grad_computed(self, net, named_parameters, **kwargs):
        squares = [p.grad.square().sum() for _, p in named_parameters]
        self.norms.append(float(torch.stack(squares).sum().sqrt()))

    def on_batch_end(self, net, **kwargs):
        self.scales.append(net.scaler.get_scale() if net.scaler else None)

    def on_train_end(self, net, **kwargs):
        self.hook.remove()


def spoilt(batches=(), **params):
    spoil = Spoil(batches)
    keywords = {"batch_size": 4, "lr_schedule": "constant", **params}
    model = make("GRUClassifier", callbacks=[spoil], **keywords)
    return model, spoil


def test_gradients_are_clipped_as_they_are_without_a_scale():
    for clip in (None, 0.01):
        params = {"gradient_clip": clip, "max_epochs": 1}
        scaled, norms = spoilt(mixed_precision="float16", **params)
        plain, expected = spoilt(**params)
        scaled.fit(X, Y)
        plain.fit(X, Y)
        np.testing.assert_allclose(norms.norms, expected.norms, rtol=0.02)
    assert max(norms.norms) == pytest.approx(0.01, rel=1e-3)


def test_a_step_with_an_infinite_gradient_is_left_out():
    model, spoil = spoilt([1, 2], mixed_precision="float16", max_epochs=1)
    model.fit(X, Y)
    assert spoil.scales == [2.0**15, 2.0**14]
    unmoved, _ = spoilt(range(100), mixed_precision="float16", max_epochs=2)
    other, _ = spoilt([2], mixed_precision="float16", max_epochs=1)
    before, after, moved = map(weights_of, (model, unmoved.fit(X, Y), other.fit(X, Y)))
    for one, same, different in zip(before, after, moved, strict=True):
        np.testing.assert_array_equal(one, same)
        assert (one != different).any()


def test_gradients_that_stay_infinite_are_refused():
    model, _ = spoilt(range(100), mixed_precision="float16", max_epochs=30)
    with pytest.raises(ValueError, match="diverged: a gradient is not finite"):
        model.fit(X, Y)
    assert not hasattr(model, "net_")


def test_the_scale_goes_on_and_is_stored():
    model, spoil = spoilt([1], mixed_precision="float16")
    model.partial_fit(X, Y, classes=[0, 1])
    spoil.batches = []
    restored = pickle.loads(pickle.dumps(model))
    model.partial_fit(X, Y)
    restored.partial_fit(X, Y)
    assert restored.net_.scaler.get_scale() == model.net_.scaler.get_scale() == 2.0**15
    for one, other in zip(weights_of(model), weights_of(restored), strict=True):
        np.testing.assert_array_equal(one, other)
