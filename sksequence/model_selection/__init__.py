"""Halving search over epochs, splitters along time, and predictions of steps by folds."""

from .halving import HalvingEpochSearchCV
from .panel import PanelTimeSeriesSplit
from .purged import PurgedKFold
from .steps import cross_val_predict_steps

__all__ = [
    "HalvingEpochSearchCV",
    "PanelTimeSeriesSplit",
    "PurgedKFold",
    "cross_val_predict_steps",
]
