"""Private names of numba and llvmlite that the kernels use.

No other module uses them. If one of them is missing, there are no kernels: a warning is
raised once, and torch's layers are used. ``tests/test_borrowed.py`` tests this by
removing the names.
"""

from llvmlite import ir
from numba.core import cgutils, config
from numba.core.typing.templates import AbstractTemplate, infer_global, signature

__all__ = ["AbstractTemplate", "cgutils", "config", "infer_global", "ir", "signature"]
