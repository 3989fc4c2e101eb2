"""Recurrent neural networks that behave like scikit-learn's own estimators."""

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
]
