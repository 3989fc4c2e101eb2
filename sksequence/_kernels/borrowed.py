"""What the kernels use of numba and llvmlite that these do not promise to keep.

No other module names any of it. Without one of the names there are no kernels, one
warning, and torch's layers; ``tests/test_borrowed.py`` takes the names away.
"""

from llvmlite import ir
from numba.core import cgutils, config
from numba.core.typing.templates import AbstractTemplate, infer_global, signature

__all__ = ["AbstractTemplate", "cgutils", "config", "infer_global", "ir", "signature"]
