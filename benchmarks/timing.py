"""How long a call takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def seconds_of(call: Callable, *arguments: Any, **keywords: Any) -> float:
    """Call, and return the seconds that it took."""
    start = time.perf_counter()
    call(*arguments, **keywords)
    return time.perf_counter() - start
