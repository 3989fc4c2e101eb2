"""Preprocessing for recurrent networks: windows, panels, text, and steps."""

from .forecasts import make_windows, merge_forecasts
from .padding import trim_padding
from .panels import from_long, to_long
from .stepwise import StepwiseTransformer
from .tokenizer import SequenceTokenizer
from .windows import SlidingWindow

__all__ = [
    "SequenceTokenizer",
    "SlidingWindow",
    "StepwiseTransformer",
    "from_long",
    "make_windows",
    "merge_forecasts",
    "to_long",
    "trim_padding",
]
