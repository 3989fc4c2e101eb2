"""Named sets of hyperparameters, and spaces for searches."""

import dataclasses
import inspect

import numpy as np
import pytest
from sklearn.model_selection import ParameterGrid, RandomizedSearchCV

import sksequence
from helpers.estimators import ESTIMATORS, FAST, PUBLIC, labels_for, make
from sksequence import GRUClassifier, LSTMClassifier

PRESETS = ("fast", "default", "accurate")
EVERY = pytest.mark.parametrize("name", PUBLIC)


@EVERY
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_valid_hyperparameters(name, preset):
    model = getattr(sksequence, name).from_preset(preset, random_state=3)
    model._validate_params()
    assert type(model).__name__ == name
    assert model.random_state == 3


@EVERY
def test_the_preset_default_has_the_defaults(name):
    cls = getattr(sksequence, name)
    assert cls.from_preset("default").get_params() == cls().get_params()


def test_changes_come_before_the_preset():
    model = LSTMClassifier.from_preset("fast", hidden_size=5)
    fast = LSTMClassifier.from_preset("fast").get_params()
    assert fast["hidden_size"] != 5
    assert model.get_params() == {**fast, "hidden_size": 5}


def test_unknown_presets_are_named():
    with pytest.raises(ValueError, match=r"one of .*'fast'.*got 'tiny'"):
        LSTMClassifier.from_preset("tiny")
    with pytest.raises(TypeError, match="hiden_size"):
        LSTMClassifier.from_preset("fast", hiden_size=3)


@pytest.mark.parametrize(
    ("changes", "is_of_numbers", "expected"),
    [
        ({}, True, (True, 64, 100, 16)),
        ({"missing": "error"}, True, (True, 64, 100, 16)),
        ({"embedding_dim": 8}, False, (True, 64, 10, 32)),
        ({"missing": "decay"}, False, (False, 64, "auto", "auto")),
        ({"missing": "mask"}, True, (False, 64, "auto", "auto")),
        ({"categorical_features": [0]}, False, (False, 64, "auto", "auto")),
    ],
    ids=str,
)
def test_the_accurate_preset_suits_what_is_read(changes, is_of_numbers, expected):
    model = LSTMClassifier.from_preset("accurate", **changes)
    names = ("bidirectional", "hidden_size", "max_epochs", "batch_size")
    assert tuple(getattr(model, name) for name in names) == expected
    assert model.random_convolutions == "auto"
    X = np.random.default_rng(0).integers(0, 3, size=(20, 12, 1)).astype(np.float32)
    y = np.arange(20) % 2
    model.set_params(max_epochs=1, random_state=0).fit(X, y)
    assert (model._network["random_convolutions"] > 0) == is_of_numbers
    assert model.predict(X).shape == (20,)


def test_random_convolutions_are_for_classes():
    model = sksequence.GRURegressor.from_preset("accurate")
    assert model.random_convolutions == 0
    assert model.max_epochs == "auto"


@EVERY
def test_every_value_of_a_space_is_allowed_and_the_default_is_among_them(name):
    cls = getattr(sksequence, name)
    space = cls.search_space()
    assert set(space) <= set(inspect.signature(cls).parameters)
    assert len(space) >= 7
    defaults = {field.name: field.default for field in dataclasses.fields(cls)}
    for parameter, values in space.items():
        assert len(values) == len(set(values)) > 1
        default = defaults[parameter]
        assert default in values or parameter == "num_layers"
        for value in values:
            cls(**{parameter: value})._validate_params()


def test_a_causal_space_has_no_backward_direction():
    space, causal = GRUClassifier.search_space(), GRUClassifier.search_space(causal=True)
    assert space.pop("bidirectional") == [False, True]
    assert causal == space


def test_a_space_belongs_to_the_caller():
    GRUClassifier.search_space()["lr"].clear()
    assert GRUClassifier.search_space()["lr"]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_search_takes_a_space_as_it_is(name):
    X = np.random.default_rng(0).normal(size=(24, 9))
    search = RandomizedSearchCV(
        make(name, max_epochs=1),
        type(make(name)).search_space() | {"hidden_size": [4, 8]},
        n_iter=4,
        cv=2,
        random_state=0,
        error_score="raise",
    )
    search.fit(X, labels_for(name, len(X)))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("causal", [False, True])
def test_values_of_a_space_can_be_combined(causal):
    """The network of each pair of values can be fitted."""
    X = np.random.default_rng(0).normal(size=(8, 6))
    space = GRUClassifier.search_space(causal=causal)
    names = [name for name in space if name not in {"lr", "batch_size", "weight_decay"}]
    smaller = {name: space[name][-2:] for name in names} | {"hidden_size": [3]}
    grid = list(ParameterGrid(smaller))
    chosen = np.random.default_rng(0).choice(len(grid), size=20, replace=False)
    for i in chosen:
        model = GRUClassifier(**{**FAST, "max_epochs": 1, **grid[i]})
        assert model.fit(X, np.arange(8) % 2).n_epochs_ == 1
