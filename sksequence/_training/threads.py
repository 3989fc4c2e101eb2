"""Threads and memory: ours while we compute, and not a moment longer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..nn._compiled import has_kernels
from ..nn._threads import kernel_threads
from ..nn._workspace import WORKSPACE

_lock = threading.Lock()
_inside = 0
_callers_number = 1


@contextmanager
def threads(number: int, network: dict[str, Any]) -> Iterator[None]:
    """Compute in so many threads.

    Where kernels run the recurrence, they get all of them and torch one: torch's threads
    wait for their next turn so busily that they leave the others no time.
    """
    by_kernels = number > 1 and has_kernels(network)
    with torch_threads(1 if by_kernels else number), kernel_threads(number):
        yield


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Give torch ``number`` threads, and the caller its own number back at the end.

    float32 training depends on the number of threads, and the workers of a search would
    each take all cores. One part of the number belongs to the thread (OpenMP), another to
    the process (MKL): each thread restores what it found, and of several inside at once
    the last one out restores what the first one found.
    """
    global _inside, _callers_number
    with _lock:
        # Asked for even where it is not needed: torch reads it lazily, once a thread.
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
