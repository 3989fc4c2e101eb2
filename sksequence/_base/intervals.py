"""Ranges of numbers for the validation of hyperparameters.

They stand here and not with those of :mod:`sksequence._inputs.intervals`, since a fit
checks many of them: each check in another room would be two moves between rooms.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._inputs.borrowed import Interval


class Number(Interval):
    """Interval of numbers; True and False are none, though Python's bool is an int.

    Examples
    --------
    >>> from numbers import Integral
    >>> count = Number(Integral, 1, None, closed="left")
    >>> count.is_satisfied_by(1), count.is_satisfied_by(True)
    (True, False)
    """

    def is_satisfied_by(self, val: Any) -> bool:
        return not isinstance(val, bool | np.bool_) and super().is_satisfied_by(val)
