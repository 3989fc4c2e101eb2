"""Who gives a parameter the name that another library has for it is told ours."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import sksequence
from helpers.estimators import PUBLIC, make
from sksequence._inputs.other_names import ELSEWHERE, OURS
from sksequence.ensemble import DeepEnsembleClassifier, DeepEnsembleRegressor
from sksequence.preprocessing import SequenceTokenizer, SlidingWindow

OTHERS = [sksequence.WindowForecaster, DeepEnsembleClassifier, DeepEnsembleRegressor]
OTHERS += [SequenceTokenizer, SlidingWindow]
CLASSES = [getattr(sksequence, name) for name in PUBLIC] + OTHERS


def parameters_of(cls):
    return set(inspect.signature(cls).parameters)


def pairs_of(cls):
    """Names of others, each with our names of which this class has one."""
    own = parameters_of(cls)
    return [
        (name, next(ours for ours in known if ours in own))
        for name, known in OURS.items()
        if name not in own and own & set(known)
    ]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_error_of_a_call_names_ours(cls):
    assert len(pairs_of(cls)) > 1
    for name, ours in pairs_of(cls):
        with pytest.raises(TypeError) as info:
            cls(**{name: 3})
        assert str(info.value) == (
            f"{cls.__name__} has no parameter {name!r}: ours is {ours}"
        )


@pytest.mark.parametrize("name", PUBLIC)
def test_the_error_of_set_params_names_ours(name):
    said = f"^{name} has no parameter 'units': ours is hidden_size; no 'epochs': "
    with pytest.raises(ValueError, match=said):
        make(name).set_params(units=3, lr=0.1, epochs=3)


def test_those_of_a_search_and_of_nested_parameters_do():
    said = "^GRURegressor has no parameter 'learning_rate': ours is lr$"
    network, X, y = make("GRURegressor"), np.ones((6, 4)), np.arange(6.0)
    with pytest.raises(ValueError, match=said):
        GridSearchCV(network, {"learning_rate": [0.1]}, cv=2).fit(X, y)
    forecaster = sksequence.WindowForecaster(network, length=2, horizon=1)
    with pytest.raises(ValueError, match=said):
        forecaster.set_params(regressor__learning_rate=0.1)
    said = "^GRURegressor has no parameter 'n_layers': ours is num_layers$"
    with pytest.raises(TypeError, match=said):
        sksequence.GRURegressor.from_preset("fast", n_layers=2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("epochs", "; ours is max_epochs, a parameter of LSTMClassifier itself"),
        ("lr", "; it is a parameter of LSTMClassifier itself"),
        ("validation_data", "; fit takes X_val and y_val"),
        ("no_such", ""),
    ],
)
def test_a_parameter_that_is_given_to_fit_is_sent_to_where_it_belongs(given, said):
    with pytest.raises(TypeError) as info:
        make("LSTMClassifier").fit(np.ones((4, 3)), [0, 1, 0, 1], **{given: 3})
    unexpected = f"LSTMClassifier.fit() got an unexpected keyword argument '{given}'"
    assert str(info.value) == unexpected + said


def test_what_is_no_parameter_is_found_elsewhere():
    said = "'cell': the cell is a parameter of RecurrentClassifier and "
    with pytest.raises(TypeError, match=said):
        sksequence.LSTMClassifier(cell="gru")
    with pytest.raises(TypeError, match="'return_sequences': RecurrentTagger and "):
        sksequence.GRURegressor(return_sequences=True)


def test_slips_of_the_pen_are_understood_and_all_else_is_not():
    with pytest.raises(TypeError, match=r"'hiden_size': ours is hidden_size$"):
        sksequence.LSTMClassifier(hiden_size=3)
    with pytest.raises(TypeError, match=r"__init__\(\) got an unexpected .* 'colour'$"):
        sksequence.LSTMClassifier(colour=3)
    with pytest.raises(ValueError, match=r"^Invalid parameter 'colour' for estimator"):
        sksequence.LSTMClassifier().set_params(colour=3)


def test_ours_are_parameters_that_there_are():
    offered = set().union(*map(parameters_of, CLASSES))
    assert {ours for known in OURS.values() for ours in known} <= offered
    assert not set(OURS) & set(ELSEWHERE)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_known_names_are_set_as_ever(cls):
    needed = {"length": 2, "horizon": 1} if cls is sksequence.WindowForecaster else {}
    needed |= {"length": 2} if cls is SlidingWindow else {}
    if cls is sksequence.WindowForecaster:
        needed["regressor"] = make("GRURegressor")
    model = clone(cls(**needed))
    name, default = next(
        (name, value)
        for name, value in model.get_params(deep=False).items()
        if isinstance(value, int | str | None) and name not in needed
    )
    assert model.set_params(**{name: default}) is model
    assert next(iter(inspect.signature(cls.__init__).parameters)) == "self"
