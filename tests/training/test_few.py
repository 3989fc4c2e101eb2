"""Predictions for few sequences, whatever has been done to the network before."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from helpers.kernels import KERNELS_ARE_ON
from sksequence import GRUClassifier, LSTMRegressor
from sksequence._training.borrowed_torch import Snapshot
from sksequence._training.few import FewAnswers

pytestmark = KERNELS_ARE_ON
RNG = np.random.default_rng(0)
RAGGED = [RNG.normal(size=(n, 2)) for n in RNG.integers(3, 20, 30)]
LABELS = np.arange(30) % 3


@pytest.fixture
def model():
    return GRUClassifier(hidden_size=16, max_epochs=1, random_state=0).fit(RAGGED, LABELS)


@pytest.fixture
def answered(monkeypatch):
    """The number of sequences of each prediction that the network did not make."""
    numbers, answer = [], FewAnswers.answer

    def counted(self, dataset):
        outputs = answer(self, dataset)
        if outputs is not None:
            numbers.append(len(outputs))
        return outputs

    monkeypatch.setattr(FewAnswers, "answer", counted)
    return numbers


def assert_alone_as_together(model, X=RAGGED, method="predict_proba"):
    together = getattr(model, method)(X)
    for size in (1, 3):
        parts = [X[i : i + size] for i in range(0, len(X), size)]
        alone = np.concatenate([getattr(model, method)(part) for part in parts])
        np.testing.assert_array_equal(alone, together)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("shape", [(30, 7), (30, 7, 2)])
def test_few_have_the_predictions_of_many(answered, shape, dtype):
    X = (4 * RNG.normal(size=shape)).astype(dtype)
    model = LSTMRegressor(hidden_size=16, max_epochs=1, random_state=0).fit(X, X[:, -1])
    assert_alone_as_together(model, X, "predict")
    assert answered == [1] * 30 + [3] * 10


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_few_unequal_ones_too(answered, model, method):
    assert_alone_as_together(model, method=method)
    assert answered == [1] * 30 + [3] * 10


def test_what_the_network_is_asked_beside_predictions_it_answers(answered, model):
    assert_alone_as_together(model, method="transform")
    assert not answered


def replace_weight(module):
    head = module.head
    head.weight = nn.Parameter(head.weight.detach() + 1)


def replace_data(module):
    module.head.bias.data = module.head.bias.detach() + torch.arange(3.0)


def replace_layer(module):
    module.pool = nn.Sequential()
    module.pool.forward = lambda steps, lengths, final: steps.amax(1) + 1


def load_others(module):
    module.load_state_dict({n: w + 0.1 for n, w in module.state_dict().items()})


def add_in_place(module):
    with torch.no_grad():
        module.recurrence.layers[0].ahead.weight_hh_l0.add_(1)


@pytest.mark.parametrize(
    "change", [replace_weight, replace_data, replace_layer, load_others, add_in_place]
)
def test_predictions_follow_what_is_done_to_the_network(model, change):
    before = model.predict_proba(RAGGED[:1])
    change(model.net_.module_)
    assert not np.array_equal(model.predict_proba(RAGGED[:1]), before)
    if change is not replace_layer:  # of another pooling, which sees padding
        assert_alone_as_together(model)


def test_hooks_are_called(answered, model):
    seen = []
    model.predict(RAGGED[:1])
    answered.clear()
    hook = model.net_.module_.recurrence.register_forward_hook(
        lambda _, inputs, output: seen.append(len(inputs[0]))
    )
    model.predict(RAGGED[:1])
    assert seen
    assert not answered
    hook.remove()
    model.predict(RAGGED[:1])
    assert answered == [1]


def test_a_network_left_in_training_predicts_without_dropout():
    model = GRUClassifier(dropout=0.5, max_epochs=1, random_state=0).fit(RAGGED, LABELS)
    expected = model.predict_proba(RAGGED[:1])
    for part in (model.net_.module_, model.net_.module_.dropout):
        part.train()
        np.testing.assert_array_equal(model.predict_proba(RAGGED[:1]), expected)


def test_a_fit_and_a_copy_have_their_own_predictions(model):
    before = model.predict_proba(RAGGED[:1])
    copied = pickle.loads(pickle.dumps(model))
    other = clone(model).set_params(random_state=1).fit(RAGGED, LABELS)
    model.set_params(random_state=1).fit(RAGGED, LABELS)
    np.testing.assert_array_equal(copied.predict_proba(RAGGED[:1]), before)
    found = model.predict_proba(RAGGED[:1])
    np.testing.assert_array_equal(found, other.predict_proba(RAGGED[:1]))
    assert not np.array_equal(found, before)
    model.partial_fit(RAGGED, LABELS)
    assert not np.array_equal(model.predict_proba(RAGGED[:1]), found)


def test_threads_do_not_meet(model):
    expected = model.predict_proba(RAGGED)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(model.predict_proba, [[x] for x in RAGGED * 10]))
    np.testing.assert_array_equal(np.concatenate(found), np.tile(expected, (10, 1)))


def test_a_snapshot_holds_until_something_is_replaced():
    module = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2))).eval()
    snapshot = Snapshot(module)
    assert snapshot.holds()
    with torch.no_grad():
        module[0].weight.add_(1)
    assert snapshot.holds()
    module[1][0].register_parameter("another", nn.Parameter(torch.zeros(1)))
    assert not snapshot.holds()
    snapshot = Snapshot(module)
    module[1][0].train()
    assert not snapshot.holds()
    module.eval()
    assert snapshot.holds()
    module[1].append(nn.ReLU())
    assert not snapshot.holds()
    snapshot = Snapshot(module)
    module.double()
    assert not snapshot.holds()
