"""Searches, splitters along time, and predictions of steps by folds."""

from .halving import HalvingEpochSearchCV
from .panel import PanelTimeSeriesSplit
from .purged import PurgedKFold
from .searches import GridSearchCV, RandomizedSearchCV
from .steps import cross_val_predict_steps

__all__ = [
    "GridSearchCV",
    "HalvingEpochSearchCV",
    "PanelTimeSeriesSplit",
    "PurgedKFold",
    "RandomizedSearchCV",
    "cross_val_predict_steps",
]
