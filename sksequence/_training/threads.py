"""Set the number of threads during a computation, and restore it afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch

from ..nn._compiled import has_kernels
from ..nn._threads import kernel_threads
from ..nn._workspace import WORKSPACE

_lock = threading.Lock()
_inside = 0
_callers_number = 1
_of_kernels: ContextVar[int] = ContextVar("sksequence_threads", default=1)


@contextmanager
def threads(number: int, network: dict[str, Any]) -> Iterator[None]:
    """Compute with the given number of threads.

    If compiled kernels run the recurrence, they get all threads and torch gets one, since
    torch's idle threads spin and would take time from the kernels.
    """
    by_kernels = number > 1 and has_kernels(network)
    token = _of_kernels.set(number if by_kernels else 1)
    try:
        with torch_threads(1 if by_kernels else number), kernel_threads(number):
            yield
    finally:
        _of_kernels.reset(token)


def count_kernel_threads() -> int:
    """Return the number of threads for what kernels run, one where they do not."""
    return _of_kernels.get()


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Set the number of torch threads, and restore the caller's number at the end.

    Results of float32 training depend on the number of threads, and otherwise every
    worker of a search would use all cores. One part of the setting belongs to the thread
    (OpenMP), another to the process (MKL): each thread restores the number that it
    found, and the last of several concurrent threads restores what the first one found.
    """
    global _inside, _callers_number
    with _lock:
        # Always read the number: torch initialises it lazily, once per thread.
        mine = torch.get_num_threads()
        if _inside == 0:
            _callers_number = mine
        torch.set_num_threads(number)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            torch.set_num_threads(mine if _inside else _callers_number)
            if not _inside:
                WORKSPACE.clear()
