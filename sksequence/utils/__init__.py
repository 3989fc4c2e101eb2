"""Utilities: the contract of sequence estimators, and their use in other libraries."""

from .contract import check_sequence_estimator
from .frozen import FrozenSequenceEstimator

__all__ = ["FrozenSequenceEstimator", "check_sequence_estimator"]
