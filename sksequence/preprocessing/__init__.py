"""What stands before a recurrent network: transformers that return sequences."""

from .tokenizer import SequenceTokenizer

__all__ = ["SequenceTokenizer"]
