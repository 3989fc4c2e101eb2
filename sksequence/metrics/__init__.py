"""Metrics and scorers of steps, sequences, quantiles and distributions."""

from .chunks import chunk_f1
from .edits import character_error_rate, edit_distance, exact_share, token_error_rate
from .scorers import (
    QuantileScorer,
    SequenceScorer,
    StdScorer,
    bleu_scorer,
    character_error_rate_scorer,
    chunk_f1_scorer,
    crps_scorer,
    exact_share_scorer,
    interval_coverage_scorer,
    interval_width_scorer,
    make_quantile_scorer,
    make_sequence_scorer,
    make_std_scorer,
    pinball_scorer,
    token_error_rate_scorer,
)
from .steps import (
    StepScorer,
    flatten_steps,
    make_step_scorer,
    perplexity,
    perplexity_scorer,
)
from .translation import bleu
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
    "SequenceScorer",
    "StdScorer",
    "StepScorer",
    "bleu",
    "bleu_scorer",
    "character_error_rate",
    "character_error_rate_scorer",
    "chunk_f1",
    "chunk_f1_scorer",
    "crps_gaussian",
    "crps_quantiles",
    "crps_samples",
    "crps_scorer",
    "edit_distance",
    "exact_share",
    "exact_share_scorer",
    "flatten_steps",
    "interval_coverage",
    "interval_coverage_scorer",
    "interval_width",
    "interval_width_scorer",
    "make_quantile_scorer",
    "make_sequence_scorer",
    "make_std_scorer",
    "make_step_scorer",
    "perplexity",
    "perplexity_scorer",
    "pinball_loss",
    "pinball_scorer",
    "token_error_rate",
    "token_error_rate_scorer",
]
