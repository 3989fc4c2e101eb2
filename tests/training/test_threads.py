"""Threads of a fit, and those of its caller."""

from __future__ import annotations

import threading
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from helpers.data import ragged
from helpers.estimators import FAST, make
from sksequence import GRUClassifier, _kernels
from sksequence._training import torch_threads

# ------------------------------------------------------------------------------- threads


@pytest.fixture
def callers_threads():
    """The caller uses three threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(before)


def test_threads_are_ours_inside_and_the_callers_outside(callers_threads):
    with torch_threads(1):
        assert torch.get_num_threads() == 1
        with torch_threads(2):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == callers_threads


def test_threads_are_given_back_after_an_error(callers_threads):
    with pytest.raises(RuntimeError, match="inside"), torch_threads(1):
        raise RuntimeError("inside")
    assert torch.get_num_threads() == callers_threads


@pytest.mark.parametrize("first_out", [0, 1])
@pytest.mark.parametrize("nested", [False, True])
def test_each_thread_gets_its_number_back_however_they_overlap(
    callers_threads, nested, first_out
):
    """OpenMP keeps a number for each thread, and one for the threads yet to come."""
    within, after = {}, {}
    all_inside = threading.Barrier(2, timeout=10)
    first_is_out = threading.Event()

    def work(me):
        torch.set_num_threads(callers_threads)
        with torch_threads(1), torch_threads(1) if nested else nullcontext():
            all_inside.wait()
            if me != first_out:
                first_is_out.wait(10)
            within[me] = torch.get_num_threads()
        after[me] = torch.get_num_threads()
        first_is_out.set()

    _in_threads(work, [0, 1])
    assert within == {0: 1, 1: 1}
    assert after == {0: callers_threads, 1: callers_threads}
    _in_threads(lambda me: after.update({me: torch.get_num_threads()}), [2])
    assert after[2] == callers_threads


def _in_threads(work, names):
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)


def test_a_fit_keeps_to_its_threads_and_gives_them_back(callers_threads, monkeypatch):
    numbers, told = [], torch.set_num_threads
    monkeypatch.setattr(torch, "set_num_threads", lambda n: [numbers.append(n), told(n)])
    X, y = ragged(), np.arange(8) % 2
    GRUClassifier(**FAST).fit(X, y).predict(X)
    assert set(numbers) == {1, callers_threads}
    # Kernels take two themselves; without them it is torch that gets two.
    GRUClassifier(**FAST, n_jobs=2).fit(X, y)
    assert set(numbers) == {1, callers_threads}
    monkeypatch.setattr(_kernels, "load", lambda *_: None)
    GRUClassifier(**FAST, n_jobs=2).fit(X, y)
    assert set(numbers) == {1, 2, callers_threads}
    assert torch.get_num_threads() == callers_threads


# --------------------------------------------------------------------- within estimators


@pytest.mark.parametrize("n_jobs", [None, 1, -1])
def test_the_caller_has_its_threads_back_also_after_a_failure(n_jobs, task):
    X, _, y = task
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        model = make("GRURegressor", n_jobs=n_jobs).fit(X, y)
        model.predict(X)
        assert torch.get_num_threads() == 3
        model.set_params(optimizer="sgd", lr=1e38, gradient_clip=None, max_epochs=9)
        with pytest.raises(ValueError, match="diverged"):
            model.fit(X, y)
        with pytest.raises(ValueError, match="features"):
            model.predict([x[:, :1] for x in X])
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("name", ["GRUClassifier", "LSTMRegressor", "RecurrentTagger"])
def test_no_number_of_threads_changes_predictions(name):
    lengths = np.random.default_rng(0).integers(3, 40, size=300)
    for X in (ragged(lengths), np.array(ragged([9] * 70))):
        y = [x[:, 0] > 0 for x in X] if name == "RecurrentTagger" else [len(x) for x in X]
        y = np.array(y) if isinstance(X, np.ndarray) else y
        if name == "GRUClassifier":
            y = np.arange(len(X)) % 3
        model = make(name, max_epochs=1).fit(X, y)
        expected = model.predict(X), model.transform(X)
        for n_jobs in (2, 3):
            model.set_params(n_jobs=n_jobs)
            for got, right in zip(
                (model.predict(X), model.transform(X)), expected, strict=True
            ):
                for a, b in zip(got, right, strict=True):
                    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("params", [{}, {"num_layers": 2}, {"bidirectional": True}])
@pytest.mark.parametrize("cell", ["gru", "mingru"])
def test_no_number_of_threads_changes_a_fit_with_max_pooling(cell, params):
    """In blocks of a chain, which are more than the chains; and of one sequence."""
    for n, n_steps in ((32 * 18, 5), (20, 30)):
        X = ragged(np.random.default_rng(0).integers(2, n_steps + 1, size=n))
        params = {"cell": cell, "pooling": "max", "hidden_size": 40, **params}
        fits = [
            make("RecurrentClassifier", **params, batch_size=None, n_jobs=n_jobs)
            for n_jobs in (1, 2, 3)
        ]
        weights = [
            [p.detach().numpy() for p in fit.net_.module_.parameters()]
            for fit in (model.fit(X, np.arange(n) % 2) for model in fits)
        ]
        for others in weights[1:]:
            for a, b in zip(others, weights[0], strict=True):
                np.testing.assert_array_equal(a, b)


def test_an_interrupt_ends_a_prediction_of_two_threads(monkeypatch):
    X = ragged([5] * 2000)
    model = GRUClassifier(**FAST).fit(X, np.arange(2000) % 2)
    module, begun = type(model.net_.module_), []
    forward = module.forward

    def interrupted(self, *args, **kwargs):
        begun.append(threading.current_thread())
        if begun[-1] is threading.main_thread():
            raise KeyboardInterrupt
        return forward(self, *args, **kwargs)

    model.set_params(n_jobs=2)
    expected = model.predict(X)
    monkeypatch.setattr(module, "forward", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.predict(X)
    assert len(begun) <= 8
    monkeypatch.setattr(module, "forward", forward)
    np.testing.assert_array_equal(model.predict(X), expected)
