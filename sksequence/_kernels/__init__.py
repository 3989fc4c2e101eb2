"""Compiled CPU kernels of recurrent layers, for arrays of torch or numpy."""

from .compiler import Kernel, Kernels, load
from .layout import (
    LANES,
    MOST_CHAINS,
    VECTOR_BYTES,
    Layout,
    ScanLayout,
    reads_only_input,
)

__all__ = [
    "LANES",
    "MOST_CHAINS",
    "VECTOR_BYTES",
    "Kernel",
    "Kernels",
    "Layout",
    "ScanLayout",
    "load",
    "reads_only_input",
]
