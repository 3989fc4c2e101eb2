"""Compiled CPU kernels of recurrent layers, for arrays of torch or numpy."""

from .compiler import Kernel, Kernels, load
from .layout import (
    LANES,
    MOST_CHAINS,
    ROWS,
    SPAN,
    VECTOR_BYTES,
    Buffers,
    Layout,
    ScanLayout,
    arrange,
    reads_only_input,
)

__all__ = [
    "LANES",
    "MOST_CHAINS",
    "ROWS",
    "SPAN",
    "VECTOR_BYTES",
    "Buffers",
    "Kernel",
    "Kernels",
    "Layout",
    "ScanLayout",
    "arrange",
    "load",
    "reads_only_input",
]
