"""Halving search over epochs, and time series splitters for windows and panels."""

from .halving import HalvingEpochSearchCV
from .panel import PanelTimeSeriesSplit
from .purged import PurgedKFold

__all__ = ["HalvingEpochSearchCV", "PanelTimeSeriesSplit", "PurgedKFold"]
