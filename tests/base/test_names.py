"""Errors name the class that was called, not a base of it."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest

import sksequence
from helpers.data import CUBE, LABELS
from helpers.estimators import PUBLIC, make
from sksequence.ensemble import DeepEnsembleClassifier, DeepEnsembleRegressor

CLASSES = [getattr(sksequence, name) for name in PUBLIC]
CLASSES += [DeepEnsembleClassifier, DeepEnsembleRegressor]


def methods_of(cls):
    """Public methods that this package defines; scikit-learn's say what they say."""
    for name, value in inspect.getmembers(cls, callable):
        module = getattr(inspect.unwrap(value), "__module__", None) or ""
        if not name.startswith("_") and module.startswith("sksequence"):
            yield name


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_wrong_call_names_the_class(cls):
    asked = list(methods_of(cls))
    assert {"fit", "predict", "save"} <= set(asked)
    for name in asked:
        for arguments, options in (((), {"no_such": 1}), (range(12), {})):
            with pytest.raises(TypeError) as info:
                getattr(cls(), name)(*arguments, **options)
            said = str(info.value)
            assert said.startswith(f"{cls.__name__}.{name}() "), said
            assert "no_such" in said or "argument" in said


@pytest.mark.parametrize("name", PUBLIC)
def test_a_wrong_hyperparameter_names_the_class(name):
    cls = getattr(sksequence, name)
    for arguments, options in (((), {"no_such": 3}), ((3,), {})):
        with pytest.raises(TypeError, match=rf"^{name}\.__init__\(\) "):
            cls(*arguments, **options)


def test_other_errors_are_as_they_are():
    class Loud(sksequence.GRUClassifier):
        def _check_y(self, *args):
            raise TypeError("something else")

    with pytest.raises(TypeError, match=r"^something else$"):
        Loud(max_epochs=1).fit(CUBE, LABELS)


def test_methods_are_what_they_were():
    model = make("GRUClassifier").fit(CUBE, LABELS)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(CUBE), model.predict_proba(CUBE))
    base = next(
        b for b in sksequence.GRUClassifier.__mro__[1:] if "predict_proba" in vars(b)
    )
    own = sksequence.GRUClassifier.predict_proba
    assert own.__doc__ == base.predict_proba.__doc__
    assert inspect.signature(own) == inspect.signature(base.predict_proba)
    assert own.__code__ is base.predict_proba.__code__
