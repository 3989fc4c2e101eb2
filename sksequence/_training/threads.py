"""How many threads torch may use, while we compute and not a moment longer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_inside = 0
_callers_number = 1


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Give torch ``number`` threads, and the caller its own number back at the end.

    float32 training depends on the number of threads, and the workers of a search would
    each take all cores. The number belongs to the process, so of several threads inside
    at once the last one out restores it.
    """
    global _inside, _callers_number
    with _lock:
        if _inside == 0:
            _callers_number = torch.get_num_threads()
        _inside += 1
        torch.set_num_threads(number)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                torch.set_num_threads(_callers_number)
