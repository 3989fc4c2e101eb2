"""Inspection: whether a network is worth it, how it was trained, what it looks at."""

from .attention import AttentionDisplay, attention_weights
from .baselines import BaselineReport, baseline_report
from .forecast import ForecastDisplay
from .history import HistoryDisplay
from .memory import MemoryDisplay, memory_curve
from .occlusion import OcclusionDisplay, occlusion_importance
from .tags import TagConfusionDisplay

__all__ = [
    "AttentionDisplay",
    "BaselineReport",
    "ForecastDisplay",
    "HistoryDisplay",
    "MemoryDisplay",
    "OcclusionDisplay",
    "TagConfusionDisplay",
    "attention_weights",
    "baseline_report",
    "memory_curve",
    "occlusion_importance",
]
