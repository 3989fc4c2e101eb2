"""Compiled CPU kernels of recurrent layers, for arrays of torch or numpy."""

from .compiler import Kernels, load
from .layout import LANES, MOST_CHAINS, VECTOR_BYTES, Layout

__all__ = ["LANES", "MOST_CHAINS", "VECTOR_BYTES", "Kernels", "Layout", "load"]
