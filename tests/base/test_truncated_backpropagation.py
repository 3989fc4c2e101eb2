"""Truncated backpropagation in estimators of whole sequences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.data import ragged
from helpers.estimators import make

WHOLE = ["LSTMClassifier", "SimpleRNNClassifier", "GRURegressor", "RecurrentRegressor"]
EXACT = {"dtype": "float64", "standardize": False}


def task(name, lengths=(8, 3, 5, 11, 6, 12, 7, 9)):
    X = ragged(lengths)
    y = np.array([x[:, 0].sum() for x in X])
    return X, y > 0 if "Classifier" in name else y


def weights_of(model):
    return [p.detach().numpy() for p in model.net_.module_.parameters()]


def assert_close(model, other):
    for a, b in zip(weights_of(model), weights_of(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("name", WHOLE)
def test_a_chunk_that_holds_all_is_plain_training(name, pooling):
    X, y = task(name)
    plain = make(name, pooling=pooling, **EXACT).fit(X, y)
    assert_close(make(name, pooling=pooling, bptt_steps=12, **EXACT).fit(X, y), plain)
    cut = make(name, pooling=pooling, bptt_steps=3, **EXACT).fit(X, y)
    pairs = zip(weights_of(cut), weights_of(plain), strict=True)
    assert any(not np.allclose(a, b, rtol=1e-4) for a, b in pairs)


def test_one_step_of_gradient_descent_is_that_of_chunks():
    """The gradient of a step is that of the loss through its chunk alone."""
    X, y = task("GRURegressor", lengths=(8,) * 6)
    params = {"pooling": "mean", "optimizer": "sgd", "gradient_clip": None}
    params |= {"max_epochs": 1, "batch_size": None, "lr": 0.5, **EXACT}
    still = make("GRURegressor", **params | {"lr": 1e-300}).fit(X, y)
    model = make("GRURegressor", **params, bptt_steps=3).fit(X, y)
    module, parts, states = still.net_.module_.train(), [], None
    x = torch.tensor(np.array(X))
    for begin in range(0, 8, 3):
        states = None if states is None else [s.detach() for s in states]
        part, states = module.recurrence.advance(x[:, begin : begin + 3], states)
        parts.append(part)
    output = module.head(torch.cat(parts, 1).mean(1))[:, 0]
    loss = ((output - torch.tensor(y)) ** 2).mean()
    loss.backward()
    assert model.history_[0]["train_loss"] == pytest.approx(loss.item(), rel=1e-6)
    for got, old in zip(weights_of(model), module.parameters(), strict=True):
        expected = (old - 0.5 * old.grad).detach().numpy()
        np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-10)


def test_convolutions_and_transcripts_are_trained_in_chunks_too():
    X, y = task("LSTMClassifier")
    params = {"conv_channels": (4,), "conv_kernel_size": 3}
    params |= {"parallel_channels": (3,), "parallel_kernel_size": 3}
    plain = make("LSTMClassifier", **params, **EXACT).fit(X, y)
    assert_close(
        make("LSTMClassifier", **params, bptt_steps=50, **EXACT).fit(X, y), plain
    )
    text = ["ab", "a", "b", "ab", "ba", "bab", "a", "b"]
    params = {"bidirectional": False, **EXACT}
    plain = make("RecurrentTranscriber", **params).fit(X, text)
    assert_close(
        make("RecurrentTranscriber", **params, bptt_steps=50).fit(X, text), plain
    )
    make("RecurrentTranscriber", **params, bptt_steps=2).fit(X, text).predict(X)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"bidirectional": True}, "bptt_steps=4 needs bidirectional=False"),
        ({"missing": "decay"}, 'bptt_steps=4 needs .*missing="decay"'),
        ({"recurrent_dropout": 0.2}, "recurrent_dropout must be 0 with bptt_steps=4"),
    ],
)
def test_the_state_says_all(params, words):
    X, y = task("LSTMClassifier")
    model = make("LSTMClassifier", bptt_steps=4, **params)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=words):
        model.fit(X, y)
    assert vars(model) == before
