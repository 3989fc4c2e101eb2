"""Utilities: the contract of sequence estimators, and their use in other libraries."""

from .contract import check_sequence_estimator
from .frozen import FrozenSequenceEstimator
from .quantile import QuantileView

__all__ = ["FrozenSequenceEstimator", "QuantileView", "check_sequence_estimator"]
