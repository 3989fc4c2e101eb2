"""Cheap models that a network should be ahead of."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .._inputs.types import RandomState
from ._features import (
    LastValue,
    PaddedSteps,
    RandomConvolutions,
    Summaries,
    TokenCounts,
)
from ._reading import NUMBERS, TOKENS, network_of, reading_of

_ALPHAS = np.logspace(-3, 3, 10)


def make_baselines(estimator: Any, random_state: RandomState) -> dict[str, Any]:
    """Return the models by name, each in the place of the network in ``estimator``."""
    network = network_of(estimator)
    if is_classifier(estimator):
        models = {"most frequent class": DummyClassifier()}
        ridge, neighbour = RidgeClassifierCV, KNeighborsClassifier
    else:
        models = {"mean": DummyRegressor()}
        ridge, neighbour = RidgeCV, KNeighborsRegressor
    how = reading_of(network)
    if how["reads"] == NUMBERS and not is_classifier(estimator):
        models["last value"] = LastValue(**how)
    if how["reads"] == TOKENS:
        counts = TokenCounts(**how)
        models["ridge on tokens and pairs"] = make_pipeline(counts, ridge(_ALPHAS))
        models["nearest neighbour"] = make_pipeline(clone(counts), neighbour(1))
    else:
        scale = StandardScaler()
        models["ridge on summaries"] = make_pipeline(
            Summaries(**how), scale, ridge(_ALPHAS)
        )
        models["nearest neighbour"] = make_pipeline(PaddedSteps(**how), neighbour(1))
    models["random convolutions"] = make_pipeline(
        RandomConvolutions(**how, random_state=random_state),
        StandardScaler(),
        ridge(_ALPHAS),
    )
    return {name: _in_place(estimator, model) for name, model in models.items()}


def _in_place(estimator: Any, model: Any) -> Any:
    """Return a model behind the steps of a Pipeline, and with targets transformed."""
    if isinstance(estimator, Pipeline):
        *before, (name, last) = estimator.steps
        steps = [(own, clone(step, safe=False)) for own, step in before]
        return Pipeline([*steps, (name, _in_place(last, model))])
    if (inner := getattr(estimator, "estimator", None)) is not None:
        return _in_place(inner, model)  # searches and ensembles are of no use to it
    if (inner := getattr(estimator, "regressor", None)) is not None:
        return clone(estimator).set_params(regressor=_in_place(inner, model))
    return model
