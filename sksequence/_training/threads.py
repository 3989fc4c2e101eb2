"""Threads and memory: ours while we compute, and not a moment longer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..nn._workspace import WORKSPACE

_lock = threading.Lock()
_inside = 0
_callers_number = 1


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
