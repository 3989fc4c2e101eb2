"""Work of kernels, shared among threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import torch

_number: ContextVar[int | None] = ContextVar("sksequence_kernel_threads", default=None)


@contextmanager
def kernel_threads(number: int) -> Iterator[None]:
    """Give kernels so many threads; otherwise they take as many as torch has."""
    token = _number.set(number)
    try:
        yield
    finally:
        _number.reset(token)


def count_threads() -> int:
    """Return how many threads kernels may use."""
    return _number.get() or torch.get_num_threads()


def share(work: Callable[[int], None], workers: int) -> None:
    """Call ``work`` with 0, 1, ..., each in its own thread, the first one in this."""
    if workers == 1:
        work(0)
        return
    others = [_pool().submit(work, worker) for worker in range(1, workers)]
    try:
        work(0)
    finally:
        # Whatever happens, nobody is left writing into memory that is no longer ours.
        wait(others)
    for other in others:
        other.result()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="sksequence")


if hasattr(os, "register_at_fork"):
    # A forked process has the pool, but none of its threads.
    os.register_at_fork(after_in_child=_pool.cache_clear)
