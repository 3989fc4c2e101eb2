"""What users pass becomes sequences and numbers, or an error that says what is wrong.

numpy, scipy and scikit-learn alone: no torch.
"""

from .checks import (
    FRAMES,
    STEPS,
    Layout,
    as_numbers,
    check_groups,
    check_sequences,
    check_weights,
    lists_sequences,
    without_wrapping,
)
from .sequences import (
    AnySequences,
    Sequences,
    StoredSequences,
    fit_channel_scaler,
    fit_scaler,
)
from .steps import flatten_steps, score_steps
from .times import time_positions, time_ranks
from .tokens import check_tokens

__all__ = [
    "FRAMES",
    "STEPS",
    "AnySequences",
    "Layout",
    "Sequences",
    "StoredSequences",
    "as_numbers",
    "check_groups",
    "check_sequences",
    "check_tokens",
    "check_weights",
    "fit_channel_scaler",
    "fit_scaler",
    "flatten_steps",
    "lists_sequences",
    "score_steps",
    "time_positions",
    "time_ranks",
    "without_wrapping",
]
