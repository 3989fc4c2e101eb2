"""Input validation: convert what users pass to sequences and numbers.

Imports numpy, scipy and scikit-learn only, not torch.
"""

from .categories import Categories, Texts, code_items, find_categorical
from .channels import check_channels, names_of_targets
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
from .containers import column_values, columns_of, is_frame, opened, unnested
from .data import FitData, at_rows, check_fit_data, fill_missing
from .distributions import check_levels
from .entities import Entities, combined, one_entity, read_entities
from .fitted import Fitted, from_plain
from .horizons import Horizons
from .labels import (
    check_classes,
    check_labels,
    plain_labels,
    warn_if_ignored_elsewhere,
    warn_if_one_hot,
    weigh_classes,
)
from .local_scale import LocalScale, find_target_channels, target_shape_of
from .lookup import column_at, find_column, index_of, listed, lookup
from .losses import LOSSES, check_quantile, find_loss
from .missing import check_times, mean_gap, observed_moments, since_start
from .naming import names_its_caller, names_itself, naming
from .nested import (
    beside,
    last_of,
    named,
    own_name,
    predicts_distribution,
    quantiles_of,
)
from .padding import count_padding
from .readings import (
    NumberReading,
    Reading,
    StaticColumns,
    TokenReading,
    standardised,
)
from .schemes import find_scheme
from .scoring import d2_of_quantiles, pair_steps, score_given, score_numbers, score_steps
from .sequences import (
    AnySequences,
    Sequences,
    StoredSequences,
    count_within,
    first_rows_of,
    fit_channel_scaler,
    fit_scaler,
    overlapping_begins,
)
from .signals import Signals, lower_limit
from .static import Columns, check_columns, split_static
from .steps import (
    arrange_steps,
    check_step_weights,
    flatten_answers,
    flatten_steps,
    given_steps,
    lengths_of,
    split_last,
    spread_targets,
    weights_ahead,
)
from .tags import Tags
from .targets import Frames, Labels, Numbers, Target, check_numbers, exceeds_float32
from .time_order import check_order, find_times, steps_of
from .times import Times, read_times, time_positions, time_ranks
from .tokens import check_tokens
from .transcripts import Transcripts, read_transcripts
from .translations import Translations

__all__ = [
    "FRAMES",
    "LOSSES",
    "STEPS",
    "AnySequences",
    "Categories",
    "Columns",
    "Entities",
    "FitData",
    "Fitted",
    "Form",
    "Frames",
    "Horizons",
    "Labels",
    "Layout",
    "LocalScale",
    "NumberReading",
    "Numbers",
    "Reading",
    "Sequences",
    "Signals",
    "StaticColumns",
    "StoredSequences",
    "Tags",
    "Target",
    "Texts",
    "Times",
    "TokenReading",
    "Transcripts",
    "Translations",
    "arrange_steps",
    "as_numbers",
    "at_rows",
    "beside",
    "check_channels",
    "check_classes",
    "check_columns",
    "check_fit_data",
    "check_groups",
    "check_labels",
    "check_levels",
    "check_numbers",
    "check_order",
    "check_quantile",
    "check_sequences",
    "check_step_weights",
    "check_times",
    "check_tokens",
    "check_weights",
    "code_items",
    "column_at",
    "column_values",
    "columns_of",
    "combined",
    "count_padding",
    "count_within",
    "d2_of_quantiles",
    "exceeds_float32",
    "fill_missing",
    "find_categorical",
    "find_column",
    "find_loss",
    "find_scheme",
    "find_target_channels",
    "find_times",
    "first_rows_of",
    "fit_channel_scaler",
    "fit_scaler",
    "flatten_answers",
    "flatten_steps",
    "from_plain",
    "given_steps",
    "index_of",
    "is_frame",
    "last_of",
    "lengths_of",
    "listed",
    "lists_sequences",
    "lookup",
    "lower_limit",
    "mean_gap",
    "named",
    "names_its_caller",
    "names_itself",
    "names_of_targets",
    "naming",
    "observed_moments",
    "one_entity",
    "opened",
    "overlapping_begins",
    "own_name",
    "pair_steps",
    "plain_labels",
    "predicts_distribution",
    "quantiles_of",
    "read_entities",
    "read_times",
    "read_transcripts",
    "score_given",
    "score_numbers",
    "score_steps",
    "since_start",
    "split_last",
    "split_static",
    "spread_targets",
    "standardised",
    "steps_of",
    "target_shape_of",
    "time_positions",
    "time_ranks",
    "unnested",
    "warn_if_ignored_elsewhere",
    "warn_if_one_hot",
    "weigh_classes",
    "weights_ahead",
    "without_wrapping",
]
