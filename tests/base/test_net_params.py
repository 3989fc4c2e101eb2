"""Parameters of the net that a user gives: those that a fit uses, and no others."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EpochScoring

from helpers.data import CUBE, LABELS
from helpers.estimators import make

# What an estimator sets itself, and what skorch does not know.
NOT_ITS_OWN = [
    *("dataset", "train_split", "iterator_train", "iterator_valid", "criterion"),
    *("iterator_train__shuffle", "iterator_valid__num_workers", "use_caching"),
    *("criterion__weight", "callbacks", "warm_start", "module", "classes"),
    *("module__hidden_size", "width", "max_epoch"),
]
REFUSED = {
    "max_epochs": [-1, 0, "x", True, None, 1.5],
    "batch_size": [0, -2, "x", True, None],
    "lr": [None, 0, "x", True, float("inf")],
    "optimizer": ["adagrad", 3],
    "optimizer__betas": [3, (0.9,), (0.9, 1.0), (0.9, "x")],
    "optimizer__eps": [-1.0, "x", None],
    "optimizer__width": [1],
    "device": ["gpu", "cpu:3", "cpu:256", 0],
    "verbose": ["x", -1],
    "compile": ["x", None],
    "callbacks__x": [1, None],
    "callbacks__gradient_clip__width": [1],
    "predict_nonlinearity": [len],
    **{name: [None, list, 3] for name in NOT_ITS_OWN},
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in REFUSED for value in REFUSED[name]]
)
def test_what_a_fit_would_ignore_or_trip_over_is_refused_by_name(
    name, value, monkeypatch
):
    monkeypatch.setattr("sksequence._training.train", None)
    words = name.rpartition("__")[2] if name.startswith("optimizer") else name
    model = make("GRUClassifier", net_params={name: value})
    with pytest.raises((ValueError, TypeError), match=re.escape(words)) as refused:
        model.fit(CUBE, LABELS)
    assert "net_params" in str(refused.value) or name == "device"
    assert not hasattr(model, "net_")


@pytest.mark.parametrize(
    ("given", "params"),
    [
        ({"max_epochs": 3}, {"max_epochs": 3, "lr_schedule": "constant"}),
        ({"batch_size": np.int64(5)}, {"batch_size": 5}),
        ({"batch_size": -1}, {"batch_size": None}),
        ({"lr": 0.01}, {"lr": 0.01}),
        ({"optimizer": "sgd"}, {"optimizer": "sgd"}),
        ({"optimizer": torch.optim.SGD}, {"optimizer": "sgd"}),
        ({"optimizer__weight_decay": 0.1}, {"weight_decay": 0.1}),
        ({"callbacks__gradient_clip": None}, {"gradient_clip": None}),
        ({"callbacks__gradient_clip__max_norm": 0.01}, {"gradient_clip": 0.01}),
        ({"device": "cpu:0", "verbose": 0}, {}),
        ({"predict_nonlinearity": None, "torch_load_kwargs": {}}, {}),
    ],
)
def test_what_is_a_hyperparameter_too_means_the_same(given, params):
    plain = {"lr_schedule": "constant"}
    found = make("GRUClassifier", **plain, net_params=given).fit(CUBE, LABELS)
    expected = make("GRUClassifier", **plain | params).fit(CUBE, LABELS)
    np.testing.assert_array_equal(found.predict_proba(CUBE), expected.predict_proba(CUBE))


class Broken(Callback):
    def initialize(self):
        raise ValueError("is broken")


@pytest.mark.parametrize(
    ("callbacks", "words"),
    [
        ([Broken()], "is broken"),
        ([EpochScoring({"a": "accuracy"})], "Dict not supported"),
        ([("one", Callback()), ("one", Callback())], "duplicate.*'one'"),
    ],
)
def test_a_bad_callback_is_blamed_itself(callbacks, words):
    with pytest.raises(TypeError, match=f"^callbacks must be.*{words}") as refused:
        make("GRUClassifier", callbacks=callbacks).fit(CUBE, LABELS)
    assert "optimizer" not in str(refused.value)
