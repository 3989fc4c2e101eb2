"""Recurrent neural networks that behave like scikit-learn's own estimators."""

from importlib import import_module
from typing import TYPE_CHECKING

from ._version import __version__ as __version__
from .estimators import (
    ConvLSTMClassifier,
    ConvLSTMRegressor,
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RecurrentClassifier,
    RecurrentRegressor,
    RecurrentStepRegressor,
    RecurrentTagger,
    SimpleRNNClassifier,
    SimpleRNNRegressor,
)
from .persistence import load, save

__all__ = [
    "ConvLSTMClassifier",
    "ConvLSTMRegressor",
    "GRUClassifier",
    "GRURegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "RecurrentClassifier",
    "RecurrentRegressor",
    "RecurrentStepRegressor",
    "RecurrentTagger",
    "SimpleRNNClassifier",
    "SimpleRNNRegressor",
    "load",
    "save",
]

_SUBMODULES = {
    *("forecasting", "metrics", "model_selection", "nn", "portable", "preprocessing"),
    "utils",
}

if not TYPE_CHECKING:  # for type checkers every name would be an attribute

    def __getattr__(name: str):
        """Import a public module when it is first used: some take long, as torch does."""
        if name in _SUBMODULES:
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES})
