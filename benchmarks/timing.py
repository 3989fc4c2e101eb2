"""How long a call takes, and how much longer than another."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Run = Callable[[], object]


def seconds_of(call: Callable, *arguments: Any, **keywords: Any) -> float:
    """Call, and return the seconds that it took."""
    start = time.perf_counter()
    call(*arguments, **keywords)
    return time.perf_counter() - start


def ratios(theirs: Run, ours: Run, pairs: int, repeats: int = 10) -> list[float]:
    """Time both in turn, each some times in a row, and return theirs / ours."""

    def several(run: Run) -> None:
        for _ in range(repeats):
            run()

    several(theirs), several(ours)
    return [seconds_of(several, theirs) / seconds_of(several, ours) for _ in range(pairs)]
