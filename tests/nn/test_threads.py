"""Work that threads share."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from sksequence.nn._threads import count_threads, kernel_threads, share_out


def test_each_item_is_taken_once_by_as_many_threads():
    taken, by, together = [], set(), threading.Barrier(2, timeout=10)

    def work(item):
        if item < 2:
            together.wait()  # both threads are here at once
        taken.append(item)
        by.add(threading.get_ident())
        # Within, kernels and torch have one thread.
        assert count_threads() == 1
        assert threading.current_thread() is threading.main_thread() or (
            torch.get_num_threads() == 1
        )

    with kernel_threads(2):
        share_out(work, range(20), 2)
    assert sorted(taken) == list(range(20))
    assert len(by) == 2


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_nothing_else_is_begun(error):
    begun, done = [], []

    def work(item):
        begun.append(item)
        if threading.current_thread() is threading.main_thread():
            raise error("here")
        time.sleep(0.05)
        done.append(item)

    with pytest.raises(error, match="here"):
        share_out(work, range(1000), 2)
    assert len(begun) < 50
    # What the other thread had begun is done, as it writes into memory of ours.
    assert len(done) == len(begun) - 1


def test_an_error_of_another_thread_is_ours():
    def work(item):
        if threading.current_thread() is not threading.main_thread():
            raise ValueError("there")
        time.sleep(0.01)

    with pytest.raises(ValueError, match="there"):
        share_out(work, range(1000), 2)
