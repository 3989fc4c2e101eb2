"""Backpropagation through chunks of a sequence, with the state of the last."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from helpers.data import ragged
from helpers.estimators import make, target_of
from helpers.step_task import (
    BOTH,
    BRANCHED,
    CELLS,
    ONE_STEP,
    STILL,
    TAGGER,
    assert_same_weights,
    differs,
    lengths_of,
    parameters,
)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("chunk", [12, 100])
def test_a_chunk_that_holds_all_is_plain_training(chunk, cell, name, task):
    X, y = task[0], target_of(task, name)
    assert max(lengths_of(X)) == 12
    params = {"cell": cell, "dtype": "float64", "num_layers": 2}
    plain = make(name, **params).fit(X, y)
    chunked = make(name, bptt_steps=chunk, **params).fit(X, y)
    assert_same_weights(chunked, plain, rtol=1e-7, atol=1e-12)
    assert chunked.history_[1]["train_loss"] == pytest.approx(
        plain.history_[1]["train_loss"], rel=1e-9
    )


def trained_by_hand(module, X, y, chunk, lr):
    """Truncated backpropagation of a chunk's mean loss, sequence by sequence."""
    module = copy.deepcopy(module).train()
    states, losses = [None] * len(X), []
    for begin in range(0, max(map(len, X)), chunk):
        total, count = 0.0, 0
        for i, (x, labels) in enumerate(zip(X, y, strict=True)):
            if len(x) <= begin:
                continue
            part = torch.from_numpy(x[begin : begin + chunk])[None]
            truth = torch.from_numpy(labels[begin : begin + chunk])
            output, state = module.advance(part, states[i])
            total = total + torch.nn.functional.cross_entropy(
                output[0], truth, reduction="sum"
            )
            count += len(truth)
            states[i] = [
                tuple(s.detach() for s in one) if isinstance(one, tuple) else one.detach()
                for one in state
            ]
        loss = total / count
        module.zero_grad()
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for parameter in module.parameters():
                parameter -= lr * parameter.grad
    return module, losses


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("chunk", [1, 3, 5])
def test_chunks_are_trained_on_in_turn_with_the_state_of_the_last(chunk, equal, cell):
    X = ragged([8] * 5 if equal else (8, 3, 5, 11, 6))
    y = [np.digitize(x[:, 0].cumsum(), [-1, 1]) for x in X]
    params = {"cell": cell, "num_layers": 2, "standardize": False}
    still = make(TAGGER, **STILL, **params).fit(X, y)
    X_fit, y_fit = (np.array(X), np.array(y)) if equal else (X, y)
    model = make(TAGGER, **ONE_STEP, lr=0.5, bptt_steps=chunk, **params)
    model.fit(X_fit, y_fit)
    module, losses = trained_by_hand(still.net_.module_, X, y, chunk, lr=0.5)
    for (name, got), expected in zip(
        parameters(model).items(), module.parameters(), strict=True
    ):
        np.testing.assert_allclose(
            got, expected.detach().numpy(), rtol=1e-8, atol=1e-12, err_msg=name
        )
    if equal:
        assert model.history_[0]["train_loss"] == pytest.approx(np.mean(losses))
    # Gradients were cut: another training than the whole.
    if chunk > 1:
        assert differs(model, make(TAGGER, **ONE_STEP, lr=0.5, **params).fit(X, y))


class Steps(Callback):
    """Count the optimizer's steps, and the steps of time in each."""

    def __init__(self, seen):
        self.seen = seen

    def on_batch_end(self, net, batch, training, **kwargs):
        if training:
            self.seen.append(tuple(batch[0]["X"].shape[:2]))


@pytest.mark.parametrize("batch_size", [None, 2])
def test_a_sequence_that_has_ended_leaves_the_batch(batch_size):
    seen = []
    X = ragged((9, 4, 7, 12))
    model = make(TAGGER, bptt_steps=4, batch_size=batch_size, max_epochs=1)
    model.set_params(callbacks=[Steps(seen)]).fit(X, [x[:, 0] > 0 for x in X])
    if batch_size is None:
        assert seen == [(4, 4), (3, 4), (2, 4)]
    else:  # sorted by length: 4 and 7 together, 9 and 12
        assert sorted(seen) == [(1, 3), *[(2, 4)] * 4]


def first_element_task(n=120, n_steps=12, seed=0):
    """What the first step says holds to the end; all others say nothing."""
    X = np.zeros((n, n_steps))
    X[:, 0] = np.random.default_rng(seed).choice([-1.0, 1.0], size=n)
    return X, np.repeat(X[:, :1] > 0, n_steps, axis=1)


def test_the_state_goes_on_from_chunk_to_chunk():
    X, y = first_element_task()
    params = {"hidden_size": 8, "max_epochs": 12, "lr": 0.03}
    carried = make(TAGGER, bptt_steps=4, **params).fit(X, y)
    assert carried.score(*first_element_task(seed=1)) == 1
    pieces = [part.reshape(-1, 4) for part in (X, y)]
    cut = make(TAGGER, **params).fit(*pieces)
    assert cut.score(*pieces) < 0.75


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"bidirectional": True}, "bidirectional=False"),
        ({"conv_channels": (4,), "conv_kernel_size": 3}, "conv_channels"),
        (BRANCHED, "parallel_channels"),
    ],
    ids=["bidirectional", "conv", "parallel"],
)
def test_chunks_need_a_state_that_says_all(params, reason, name, task):
    model = make(name, bptt_steps=4, **params)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=rf"bptt_steps=4 needs .*{reason}"):
        model.fit(task[0], target_of(task, name))
    assert vars(model) == before


@pytest.mark.parametrize("value", [0, -1, 2.5, "4"])
def test_chunks_have_steps(value, task):
    with pytest.raises(ValueError, match="bptt_steps"):
        make(TAGGER, bptt_steps=value).fit(*task[:2])
