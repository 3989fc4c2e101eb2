"""Optimizers against torch's own."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from helpers.comparing import weights_of
from helpers.estimators import make
from helpers.training import problem, same
from sksequence._training.optimizers import OPTIMIZERS, Adam, AdamW

# ---------------------------------------------------------------------------- optimizers


PAIRS = [(Adam, torch.optim.Adam), (AdamW, torch.optim.AdamW)]
SETTINGS = {"lr": 0.01, "weight_decay": 0.1, "betas": (0.8, 0.99), "eps": 1e-6}
both_kinds = pytest.mark.parametrize(("ours", "theirs"), PAIRS)


def _train(optimizer, backward, steps):
    for i in steps:
        backward(i)
        optimizer.step()


def _weights(network):
    return [p.detach().clone() for p in network.parameters()]


def _close(some, others):
    return all(torch.allclose(a, b, atol=1e-6) for a, b in zip(some, others, strict=True))


@both_kinds
def test_adam_is_torchs_to_the_bit(ours, theirs):
    one, other = problem(), problem()
    a = ours(one[0].parameters(), **SETTINGS)
    b = theirs(other[0].parameters(), **SETTINGS, fused=True)
    for i in range(20):
        _train(a, one[1], [i])
        _train(b, other[1], [i])
        assert same(_weights(one[0]), _weights(other[0])), i


@both_kinds
def test_adam_takes_groups_and_skips_what_has_no_gradient(ours, theirs):
    one, other = problem(), problem()

    def groups(network):
        network[0].bias.requires_grad_(False)
        return [
            {"params": network[0].parameters(), "lr": 0.1},
            {"params": list(network[2].parameters()), "weight_decay": 0.0},
        ]

    before = one[0][0].bias.clone()
    _train(ours(groups(one[0]), **SETTINGS), one[1], range(5))
    _train(theirs(groups(other[0]), **SETTINGS, fused=True), other[1], range(5))
    assert same(_weights(one[0]), _weights(other[0]))
    assert torch.equal(one[0][0].bias, before)


@both_kinds
def test_prepared_steps_are_those_of_step(ours, theirs):
    """Until they are prepared again, also with a state that was loaded meanwhile."""
    one, other = problem(), problem()
    prepared, plain = (o[0] for o in (one, other))
    a, b = ours(prepared.parameters(), **SETTINGS), ours(plain.parameters(), **SETTINGS)
    for _, backward in (one, other):
        backward(0)
    for epoch in range(3):
        for optimizer in (a, b):
            optimizer.param_groups[0]["lr"] = 0.1 / (epoch + 1)
        step = a.prepare_steps()
        for _ in range(5):
            step()
            b.step()
        assert same(_weights(prepared), _weights(plain))
        states = [optimizer.state_dict() for optimizer in (a, b)]
        torch.testing.assert_close(*states, rtol=0, atol=0)
        a.load_state_dict(copy.deepcopy(states[1]))
    assert [state["step"].item() for state in a.state.values()] == [15] * 4


def test_prepared_steps_skip_what_has_no_gradient():
    network, backward = problem()
    network[0].requires_grad_(False)
    groups = [{"params": layer.parameters()} for layer in (network[0], network[2])]
    backward(0)
    before = _weights(network)
    optimizer = Adam(groups)
    optimizer.prepare_steps()()
    moved = [
        not torch.equal(*pair) for pair in zip(before, _weights(network), strict=True)
    ]
    assert moved == [False, False, True, True]


@both_kinds
def test_a_state_goes_on_as_if_nothing_had_happened(ours, theirs):
    network, backward = problem()
    _train(ours(network.parameters(), **SETTINGS), backward, range(20))
    expected = _weights(network)
    for successor, is_same in ((ours, same), (theirs, _close)):
        network, backward = problem()
        first = ours(network.parameters(), **SETTINGS)
        _train(first, backward, range(10))
        second = successor(network.parameters(), lr=1.0)
        second.load_state_dict(first.state_dict())
        _train(second, backward, range(10, 20))
        assert is_same(_weights(network), expected)


@both_kinds
def test_a_state_from_another_device_comes_to_that_of_the_weights(ours, theirs):
    """Also the count of steps, which the kernel for a GPU refuses to read on a CPU."""
    network, backward = problem()
    optimizer = ours(network.parameters(), **SETTINGS)
    _train(optimizer, backward, range(3))
    elsewhere = copy.deepcopy(network).to("meta")
    moved = ours(elsewhere.parameters(), **SETTINGS)
    moved.load_state_dict(optimizer.state_dict())
    found = [x for state in moved.state.values() for x in state.values()]
    assert {x.device.type for x in found} == {"meta"}
    assert len(found) == 12
    # A state is not moved out of the optimizer that it came from.
    assert {x.device.type for s in optimizer.state.values() for x in s.values()} == {
        "cpu"
    }


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_a_schedule_sets_the_rate(name):
    network, backward = problem()
    optimizer = OPTIMIZERS[name](network.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    rates = []
    for i in range(4):
        rates.append(optimizer.param_groups[0]["lr"])
        _train(optimizer, backward, [i])
        schedule.step()
    expected = (1 + np.cos(np.pi * np.arange(4) / 4)) / 2
    np.testing.assert_allclose(rates, expected)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad_leaves_no_gradient(set_to_none):
    network, backward = problem()
    optimizer = Adam(network.parameters())
    backward(0)
    optimizer.zero_grad(set_to_none=set_to_none)
    grads = [p.grad for p in network.parameters()]
    assert all(g is None if set_to_none else not g.any() for g in grads)


def test_a_closure_is_called_with_gradients_and_answers_the_loss():
    weight = torch.tensor([2.0], requires_grad=True)

    def closure():
        loss = weight.square().sum()
        loss.backward()
        return loss

    assert Adam([weight]).step(closure).item() == 4
    assert weight.item() < 2


# --------------------------------------------------------------------- within estimators


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [
        ("adam", torch.optim.Adam),
        ("adamw", torch.optim.AdamW),
        ("rmsprop", torch.optim.RMSprop),
        ("sgd", torch.optim.SGD),
    ],
)
def test_an_optimizer_by_its_name_is_torchs_own(name, optimizer, task):
    X, y, _ = task
    params = {"weight_decay": 0.01, "lr": 0.01, "max_epochs": 5}
    by_name = make("GRUClassifier", optimizer=name, **params).fit(X, y)
    by_class = make("GRUClassifier", optimizer=optimizer, **params).fit(X, y)
    np.testing.assert_allclose(
        by_name.predict_proba(X), by_class.predict_proba(X), rtol=1e-4
    )
    assert by_name.history_[-1]["train_loss"] < by_name.history_[0]["train_loss"]


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
def test_weight_decay_shrinks_the_weights(optimizer, task):
    X, y, _ = task
    norms = [
        np.linalg.norm(
            weights_of(
                make(
                    "GRUClassifier",
                    **{"optimizer": optimizer, "weight_decay": decay, "lr": 0.01},
                    max_epochs=10,
                ).fit(X, y)
            )
        )
        for decay in (0, 1.0)
    ]
    assert norms[1] < 0.97 * norms[0]
