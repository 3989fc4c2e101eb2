"""Recurrent layers as machine code for the CPU, of arrays that torch or numpy holds."""

from .compiler import Kernels, load
from .layout import LANES, MOST_CHAINS, VECTOR_BYTES, Layout

__all__ = ["LANES", "MOST_CHAINS", "VECTOR_BYTES", "Kernels", "Layout", "load"]
