"""What stands before a recurrent network: transformers that return sequences."""

from .forecasts import make_windows, merge_forecasts
from .tokenizer import SequenceTokenizer
from .windows import SlidingWindow

__all__ = ["SequenceTokenizer", "SlidingWindow", "make_windows", "merge_forecasts"]
