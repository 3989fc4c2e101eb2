"""Recurrent neural networks that behave like scikit-learn's own estimators."""

from .estimators import (
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
