"""Input validation: convert what users pass to sequences and numbers.

Imports numpy, scipy and scikit-learn only, not torch.
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
from .missing import check_times, mean_gap, observed_moments, since_start
from .sequences import (
    AnySequences,
    Sequences,
    StoredSequences,
    count_within,
    fit_channel_scaler,
    fit_scaler,
)
from .static import Columns, check_columns, split_static
from .steps import arrange_steps, flatten_steps, score_steps
from .times import time_positions, time_ranks
from .tokens import check_tokens

__all__ = [
    "FRAMES",
    "STEPS",
    "AnySequences",
    "Columns",
    "Layout",
    "Sequences",
    "StoredSequences",
    "arrange_steps",
    "as_numbers",
    "check_columns",
    "check_groups",
    "check_sequences",
    "check_times",
    "check_tokens",
    "check_weights",
    "count_within",
    "fit_channel_scaler",
    "fit_scaler",
    "flatten_steps",
    "lists_sequences",
    "mean_gap",
    "observed_moments",
    "score_steps",
    "since_start",
    "split_static",
    "time_positions",
    "time_ranks",
    "without_wrapping",
]
