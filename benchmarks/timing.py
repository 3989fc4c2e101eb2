"""Timing of calls, and ratios of times."""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from types import ModuleType
from typing import Any

import torch
from accuracy import cpu_model

Run = Callable[[], object]
Part = Callable[[int], Iterator[str]]


def seconds_of(call: Callable, *arguments: Any, **keywords: Any) -> float:
    """Call, and return the seconds that it took."""
    start = time.perf_counter()
    call(*arguments, **keywords)
    return time.perf_counter() - start


def ratios(theirs: Run, ours: Run, pairs: int, repeats: int = 10) -> list[float]:
    """Time both alternately, each ``repeats`` times in a row; return theirs / ours."""

    def several(run: Run) -> None:
        for _ in range(repeats):
            run()

    several(theirs), several(ours)
    return [seconds_of(several, theirs) / seconds_of(several, ours) for _ in range(pairs)]


def print_parts(
    description: str, parts: Sequence[Part], pairs: int, libraries: Sequence[ModuleType]
) -> None:
    """Print versions and the selected tables, measured on one thread.

    Each part is called with the number of pairs, ``pairs`` by default.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--pairs", type=int, default=pairs)
    names = [part.__name__ for part in parts]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    options = parser.parse_args()
    torch.set_num_threads(1)
    versions = (f"{library.__name__} {library.__version__}" for library in libraries)
    python = f"Python {platform.python_version()}"
    print(", ".join([str(date.today()), cpu_model(), python, *versions]))
    for part in parts:
        if part.__name__ in options.only:
            for line in part(options.pairs):
                print(line, flush=True)
