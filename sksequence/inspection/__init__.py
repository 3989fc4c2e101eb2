"""Inspection: whether a network is worth it."""

from .baselines import BaselineReport, baseline_report

__all__ = ["BaselineReport", "baseline_report"]
