"""Recurrent neural networks that behave like scikit-learn's own estimators."""

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

__version__ = "0.1.0.dev0"

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
