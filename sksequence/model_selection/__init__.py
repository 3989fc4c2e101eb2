"""Folds along time, for windows that overlap and for panels of many entities."""

from .panel import PanelTimeSeriesSplit
from .purged import PurgedKFold

__all__ = ["PanelTimeSeriesSplit", "PurgedKFold"]
