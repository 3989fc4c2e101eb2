"""Ranges of numbers for the validation of parameters."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from .borrowed import Interval


class Count(Interval):
    """Whole numbers from one; True is none, though Python's bool is an int.

    Examples
    --------
    >>> Count().is_satisfied_by(1), Count().is_satisfied_by(True)
    (True, False)
    >>> print(Count())
    an int in the range [1, inf)
    """

    def __init__(self) -> None:
        super().__init__(Integral, 1, None, closed="left")

    def is_satisfied_by(self, val: Any) -> bool:
        return not isinstance(val, bool | np.bool_) and super().is_satisfied_by(val)
