"""What stands before a recurrent network: tables, texts and steps made ready."""

from .panels import from_long, to_long
from .stepwise import StepwiseTransformer
from .tokenizer import SequenceTokenizer

__all__ = ["SequenceTokenizer", "StepwiseTransformer", "from_long", "to_long"]
