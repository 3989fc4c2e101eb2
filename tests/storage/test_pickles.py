"""Estimators through pickle, copy, joblib and skops."""

from __future__ import annotations

import copy
import io
import pickle

import joblib
import numpy as np
import pytest

from helpers.comparing import answers, pickled
from helpers.estimators import (
    ESTIMATORS,
    labels_for,
    make,
    target_of,
)


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def through_skops(model):
    from skops import io as skops_io

    data = skops_io.dumps(model)
    return skops_io.loads(data, trusted=skops_io.get_untrusted_types(data=data))


@pytest.mark.parametrize(
    "through", [pickled, copy.deepcopy, through_joblib, through_skops]
)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_is_stored_comes_back_to_the_bit(name, through, task):
    X, y = task[0], target_of(task, name)
    params = {"num_layers": 2, "dropout": 0.2, "parallel_channels": (3,)}
    params |= {"parallel_kernel_size": 3, "early_stopping": True}
    model = make(name, **params).fit(X, y)
    expected, units = answers(model, X), model.transform(X)
    # For a next fit: they say nothing about the network that is there.
    model.set_params(hidden_size=3, num_layers=1, dropout=0.0, parallel_channels=())
    back = through(model)
    np.testing.assert_array_equal(answers(back, X), expected)
    np.testing.assert_array_equal(back.transform(X), units)
    assert back.get_params() == model.get_params()
    assert back.history_ == model.history_
    np.testing.assert_array_equal(answers(model, X), expected)


@pytest.mark.parametrize(
    "through", [pickled, copy.deepcopy, through_joblib, through_skops]
)
def test_an_unfitted_estimator_comes_back_as_well(through):
    model = make("GRUClassifier", hidden_size=(4, 3), num_layers=2)
    assert through(model).get_params() == model.get_params()


def leaves(state):
    if isinstance(state, dict):
        for key, value in state.items():
            yield from leaves(key)
            yield from leaves(value)
    elif isinstance(state, list | tuple):
        for value in state:
            yield from leaves(value)
    else:
        yield state


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_the_state_is_numpy_and_plain_python(name, optimizer, task):
    X, y = task[0], target_of(task, name)
    model = make(name, optimizer=optimizer, early_stopping=True, lr_schedule="plateau")
    kinds = {type(leaf) for leaf in leaves(model.fit(X, y).__getstate__())}
    foreign = {
        kind
        for kind in kinds
        if kind.__module__.partition(".")[0] not in ("builtins", "numpy")
    }
    assert not foreign


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor"])
def test_no_training_data_are_stored(name):
    sizes = []
    for n in (20, 2000):
        X = np.random.default_rng(0).normal(size=(n, 10))
        model = make(name, max_epochs=1, early_stopping=True, batch_size=500)
        sizes.append(len(pickle.dumps(model.fit(X, labels_for(name, n)))))
    assert abs(sizes[1] - sizes[0]) < 200
