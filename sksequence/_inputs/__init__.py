"""Input validation: convert what users pass to sequences and numbers.

Imports numpy, scipy and scikit-learn only, not torch.
"""

from .checks import (
    FRAMES,
    STEPS,
    Form,
    Layout,
    as_numbers,
    check_groups,
    check_sequences,
    check_weights,
    lists_sequences,
    without_wrapping,
)
from .data import FitData, at_rows, check_fit_data
from .fitted import Fitted, from_plain
from .labels import check_classes, check_labels, weigh_classes
from .losses import LOSSES
from .missing import check_times, mean_gap, observed_moments, since_start
from .readings import (
    NumberReading,
    Reading,
    StaticColumns,
    TokenReading,
    standardised,
)
from .sequences import (
    AnySequences,
    Sequences,
    StoredSequences,
    count_within,
    fit_channel_scaler,
    fit_scaler,
    overlapping_begins,
)
from .static import Columns, check_columns, split_static
from .steps import arrange_steps, flatten_steps, score_steps
from .targets import Frames, Labels, Numbers, Target, check_numbers
from .times import time_positions, time_ranks
from .tokens import check_tokens

__all__ = [
    "FRAMES",
    "LOSSES",
    "STEPS",
    "AnySequences",
    "Columns",
    "FitData",
    "Fitted",
    "Form",
    "Frames",
    "Labels",
    "Layout",
    "NumberReading",
    "Numbers",
    "Reading",
    "Sequences",
    "StaticColumns",
    "StoredSequences",
    "Target",
    "TokenReading",
    "arrange_steps",
    "as_numbers",
    "at_rows",
    "check_classes",
    "check_columns",
    "check_fit_data",
    "check_groups",
    "check_labels",
    "check_numbers",
    "check_sequences",
    "check_times",
    "check_tokens",
    "check_weights",
    "count_within",
    "fit_channel_scaler",
    "fit_scaler",
    "flatten_steps",
    "from_plain",
    "lists_sequences",
    "mean_gap",
    "observed_moments",
    "overlapping_begins",
    "score_steps",
    "since_start",
    "split_static",
    "standardised",
    "time_positions",
    "time_ranks",
    "weigh_classes",
    "without_wrapping",
]
