"""Run kernels in several threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from threading import Lock
from typing import TypeVar

import torch

Item = TypeVar("Item")

_number: ContextVar[int | None] = ContextVar("sksequence_kernel_threads", default=None)


@contextmanager
def kernel_threads(number: int) -> Iterator[None]:
    """Set the number of threads of kernels; the default is torch's number."""
    token = _number.set(number)
    try:
        yield
    finally:
        _number.reset(token)


def count_threads() -> int:
    """Return the number of threads that kernels may use."""
    return _number.get() or torch.get_num_threads()


def share(work: Callable[[int], None], workers: int) -> None:
    """Call ``work`` with 0, 1, ..., each in its own thread, 0 in the current one."""
    if workers == 1:
        work(0)
        return
    others = [_pool().submit(work, worker) for worker in range(1, workers)]
    try:
        work(0)
    finally:
        # Also wait after an error: the threads write into memory that is freed later.
        wait(others)
    for other in others:
        other.result()


def share_out(work: Callable[[Item], None], items: Iterable[Item], number: int) -> None:
    """Call ``work`` with each item, in as many threads, which take one after the other.

    Kernels and torch's operations have one thread within each. After an error, or an
    interrupt, no other item is begun.
    """
    lock, rest = Lock(), iter(items)

    def take_turns(worker: int) -> None:
        nonlocal rest
        if worker:
            torch.set_num_threads(1)  # of a thread of the pool, which has no other use
        try:
            with kernel_threads(1):
                while True:
                    with lock:
                        item = next(rest, None)
                    if item is None:
                        return
                    work(item)
        except BaseException:
            rest = iter(())
            raise

    share(take_turns, number)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="sksequence")


if hasattr(os, "register_at_fork"):
    # A forked process inherits the pool, but not its threads.
    os.register_at_fork(after_in_child=_pool.cache_clear)
