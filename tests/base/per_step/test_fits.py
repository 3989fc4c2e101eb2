"""Early stopping, storing, refits and interrupts."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss
from skorch.callbacks import Callback

from helpers.comparing import pickled
from helpers.data import ragged
from helpers.estimators import make, target_of
from helpers.step_task import BOTH, BRANCHED, CONVOLVED, REGRESSOR, TAGGER, answers, flat
from sksequence.utils import check_sequence_estimator


@pytest.mark.parametrize("bptt_steps", [None, 4])
@pytest.mark.parametrize("name", BOTH)
def test_training_stops_and_keeps_the_best_weights(name, bptt_steps, splits):
    rng = np.random.default_rng(1)
    X = ragged(rng.integers(4, 9, size=40))
    noise = [rng.integers(0, 2, size=len(x)) for x in X]
    model = make(
        name,
        **{"early_stopping": True, "patience": 3, "max_epochs": 60, "lr": 0.03},
        **{"validation_fraction": 0.3, "batch_size": 20, "bptt_steps": bptt_steps},
    ).fit(X, noise)
    ((train, valid),) = splits
    losses = [epoch["valid_loss"] for epoch in model.history_]
    assert len(losses) == model.n_epochs_ < 60
    assert sorted([*train, *valid]) == list(range(40))
    assert len(valid) == 12
    part, truth = [X[i] for i in valid], flat(noise[i] for i in valid)
    if name == TAGGER:
        loss = log_loss(truth, answers(model, part))
    else:
        scale = flat(noise[i] for i in train).var()
        loss = ((answers(model, part) - truth) ** 2).mean() / scale
    assert loss == pytest.approx(min(losses), rel=1e-4)


def test_groups_never_straddle(splits, task):
    X, y, _ = task
    groups = np.arange(len(X)) // 5
    make(TAGGER, early_stopping=True, validation_fraction=1 / 3).fit(X, y, groups=groups)
    ((train, valid),) = splits
    assert not set(groups[train]) & set(groups[valid])
    assert len(valid) == 10


@pytest.mark.parametrize("through", [pickled, copy.deepcopy])
@pytest.mark.parametrize("name", BOTH)
def test_what_is_stored_comes_back_to_the_bit(name, through, task):
    X, y = task[0], target_of(task, name)
    model = make(name, bptt_steps=5, early_stopping=True, num_layers=2).fit(X, y)
    expected = answers(model, X)
    model.set_params(hidden_size=3, num_layers=1, bptt_steps=None)
    back = through(model)
    np.testing.assert_array_equal(answers(back, X), expected)
    assert back.history_ == model.history_
    assert back.get_params() == model.get_params()


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 0.3, "num_layers": 2, "early_stopping": True},
        {"bptt_steps": 5, "dropout": 0.3, "batch_size": 4},
        {**CONVOLVED, **BRANCHED, "bidirectional": True},
    ],
    ids=["dropout", "bptt", "convolved"],
)
@pytest.mark.parametrize("name", BOTH)
def test_a_refit_is_equal_to_the_bit(name, params, task):
    X, y = task[0], target_of(task, name)
    model = make(name, **params)
    expected = answers(model.fit(X, y), X)
    np.testing.assert_array_equal(answers(model.fit(X, y), X), expected)
    np.testing.assert_array_equal(answers(clone(model).fit(X, y), X), expected)
    other = clone(model).set_params(random_state=1).fit(X, y)
    assert (answers(other, X) != expected).any()


class Interrupt(Callback):
    """Press Ctrl-C in the middle of an epoch."""

    def on_batch_end(self, net, **kwargs):
        if len(net.history[-1, "batches"]) == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("bptt_steps", [None, 4])
@pytest.mark.parametrize("fit", ["fit", "partial_fit"])
@pytest.mark.parametrize("name", BOTH)
def test_an_interrupt_leaves_the_estimator_as_it_was(name, fit, bptt_steps, task):
    X, y = task[0], target_of(task, name)
    model = make(name, bptt_steps=bptt_steps, callbacks=[Interrupt()], batch_size=8)
    before = dict(vars(model))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert vars(model) == before
    expected = answers(model.set_params(callbacks=None).fit(X, y), X)
    going_on = answers(pickled(model).partial_fit(X, y), X)
    before = dict(vars(model))
    with pytest.raises(KeyboardInterrupt):
        getattr(model.set_params(callbacks=[Interrupt()]), fit)(X, y)
    model.set_params(callbacks=None)
    assert vars(model) == before
    np.testing.assert_array_equal(answers(model, X), expected)
    np.testing.assert_array_equal(answers(model.partial_fit(X, y), X), going_on)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        (TAGGER, CONVOLVED),
        (TAGGER, {"embedding_dim": 4, "bidirectional": True, **CONVOLVED, **BRANCHED}),
        (REGRESSOR, {"bptt_steps": 6, "cell": "gru", "num_layers": 2}),
    ],
    ids=["strided", "tokens", "bptt"],
)
def test_the_contract_is_kept(name, params):
    results = check_sequence_estimator(make(name, **params))
    skipped = {result["name"] for result in results if result["status"] == "skipped"}
    expected = {"renamed_labels"} if name == REGRESSOR else set()
    assert skipped == expected | ({"causal"} if params.get("bidirectional") else set())
