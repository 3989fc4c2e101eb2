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
    RecurrentDetector,
    RecurrentRegressor,
    RecurrentStepRegressor,
    RecurrentTagger,
    RecurrentTranscriber,
    RecurrentTranslator,
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
    "RecurrentDetector",
    "RecurrentRegressor",
    "RecurrentStepRegressor",
    "RecurrentTagger",
    "RecurrentTranscriber",
    "RecurrentTranslator",
    "SimpleRNNClassifier",
    "SimpleRNNRegressor",
    "WindowForecaster",
    "load",
    "save",
]

_SUBMODULES = {
    *("datasets", "ensemble", "forecasting", "inspection", "metrics", "nn"),
    *("model_selection", "portable", "preprocessing", "utils"),
}

# Classes whose modules are imported when they are first used.
_LATER = {"WindowForecaster": "forecasting"}

if TYPE_CHECKING:
    from .forecasting import WindowForecaster
else:  # for type checkers every name would be an attribute

    def __getattr__(name: str):
        """Import what is used first: some modules take long, as torch does."""
        if name in _SUBMODULES:
            return import_module(f"{__name__}.{name}")
        if name in _LATER:
            return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES, *_LATER})
