"""Fitted networks in numpy alone: whole sequences, and streams of single steps.

The modules import numpy, each other and recurrent cells, and nothing else, so that they
can be written into one file that runs where there is nothing else.
"""

from . import _earlier
from .predictor import NumpyPredictor
from .stream import Stream

__all__ = ["NumpyPredictor", "Stream"]

del _earlier
