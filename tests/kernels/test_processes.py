"""Kernels in several processes and threads."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from helpers.kernels import KERNELS_ARE_ON, run
from sksequence._cells import CELLS, RNN
from sksequence._kernels import compiler, files
from sksequence.nn import RecurrentLayer, _compiled

pytestmark = KERNELS_ARE_ON

# ------------------------------------------------------------------------------ compiling


COMPILE = """
import logging, sys, time
from sksequence import _kernels
from sksequence._kernels import compiler, ready
ready.DIRECTORY /= "none"
if sys.argv[1] == "hang":
    def hang(*_):
        print("compiling", flush=True)
        time.sleep(600)
    compiler._compile = hang
else:
    inner = compiler._compile
    def counted(*args):
        print("compiled", flush=True)
        time.sleep(2)  # or one would be ready before the other begins
        return inner(*args)
    compiler._compile = counted
print("ready", flush=True)
assert _kernels.load("pooling", 32) is not None
"""


def _start(how, directory):
    environment = {**os.environ, "SKSEQUENCE_CACHE_DIR": str(directory)}
    arguments = [sys.executable, "-c", COMPILE, how]
    return subprocess.Popen(arguments, env=environment, text=True, stdout=subprocess.PIPE)


def test_of_two_processes_one_compiles_and_the_other_waits(tmp_path):
    processes = [_start("compile", tmp_path) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert "".join(said).count("compiled") == 1
    assert files.read(next(tmp_path.glob("pooling*.kernels"))) is not None


def test_a_process_that_is_killed_keeps_nobody_waiting(tmp_path):
    hanging = _start("hang", tmp_path)
    while hanging.stdout.readline().strip() != "compiling":
        assert hanging.poll() is None
    waiting = _start("compile", tmp_path)
    assert waiting.stdout.readline().strip() == "ready"
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(1)
    assert list(tmp_path.glob("*.kernels")) == []
    hanging.kill()
    hanging.communicate()
    said, _ = waiting.communicate(timeout=120)
    assert (waiting.returncode, said.split()) == (0, ["compiled"])
    assert len(list(tmp_path.glob("*.kernels"))) == 1


def test_without_locks_both_compile(fresh, monkeypatch, compiled):
    """As on some network file systems: twice the work, and the same kernels."""

    def refuse(*_):
        raise OSError("no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(compiler, "_compile", lambda *_: compiled)
    assert compiler.load("recurrence", 32, RNN) is not None
    assert len(list(fresh.glob("*.kernels"))) == 1


# ------------------------------------------------------------------------------ computing


def _train_elsewhere(seed):
    """With two threads; all but our own are torch's, which no fork survives."""
    torch.set_num_threads(2)
    torch.manual_seed(seed)
    layer = nn.LSTM(2, 8, batch_first=True)
    steps, *_ = _compiled.recurrence(layer, torch.randn(70, 12, 2))
    gradients = torch.autograd.grad(steps.sum(), list(layer.parameters()))
    return [tensor.detach().numpy() for tensor in (steps, *gradients)]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_forked_and_spawned_processes_compute_the_same(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    before = torch.get_num_threads()
    here = _train_elsewhere(0)
    torch.set_num_threads(before)
    with warnings.catch_warnings():
        # Python says that forking with threads may go wrong; here it must not.
        warnings.simplefilter("ignore", DeprecationWarning)
        with multiprocessing.get_context(method).Pool(1) as pool:
            there = pool.apply_async(_train_elsewhere, (0,)).get(timeout=120)
    for ours, theirs in zip(here, there, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("cell", CELLS)
def test_no_number_of_threads_changes_a_bit(cell):
    torch.manual_seed(2)
    layer = RecurrentLayer(4, 24, cell=cell, bidirectional=True)
    x, lengths = torch.randn(600, 7, 4), torch.randint(1, 8, (600,))
    upstream = [torch.randn(600, 7, 48), torch.randn(600, 48)]
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results.append(run(layer, x, lengths, upstream))
    finally:
        torch.set_num_threads(before)
    for others in results[1:]:
        assert all(map(torch.equal, results[0], others))


@pytest.mark.parametrize("cell", CELLS)
def test_two_threads_at_once_do_not_meet(cell):
    torch.manual_seed(3)
    layers = [RecurrentLayer(4, 24, cell=cell) for _ in range(2)]
    x = torch.randn(100, 30, 4)
    upstream = [torch.randn(100, 30, 24), torch.randn(100, 24)]
    expected = [run(layer, x, None, upstream) for layer in layers]
    wrong = []

    def repeat(layer, one):
        for _ in range(10):
            if not all(map(torch.equal, run(layer, x, None, upstream), one)):
                wrong.append(layer)

    threads = [
        threading.Thread(target=repeat, args=pair)
        for pair in zip(layers, expected, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
