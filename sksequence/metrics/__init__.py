"""Metrics and scorers of steps, and of predicted quantiles and distributions."""

from .scorers import (
    QuantileScorer,
    StdScorer,
    crps_scorer,
    interval_coverage_scorer,
    interval_width_scorer,
    make_quantile_scorer,
    make_std_scorer,
    pinball_scorer,
)
from .steps import (
    StepScorer,
    flatten_steps,
    make_step_scorer,
    perplexity,
    perplexity_scorer,
)
from .uncertainty import (
    crps_gaussian,
    crps_quantiles,
    crps_samples,
    interval_coverage,
    interval_width,
    pinball_loss,
)

__all__ = [
    "QuantileScorer",
    "StdScorer",
    "StepScorer",
    "crps_gaussian",
    "crps_quantiles",
    "crps_samples",
    "crps_scorer",
    "flatten_steps",
    "interval_coverage",
    "interval_coverage_scorer",
    "interval_width",
    "interval_width_scorer",
    "make_quantile_scorer",
    "make_std_scorer",
    "make_step_scorer",
    "perplexity",
    "perplexity_scorer",
    "pinball_loss",
    "pinball_scorer",
]
