"""Ensembles: several networks from different seeds as one estimator."""

from .classifier import DeepEnsembleClassifier
from .regressor import DeepEnsembleRegressor

__all__ = ["DeepEnsembleClassifier", "DeepEnsembleRegressor"]
