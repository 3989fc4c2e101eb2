"""Fixtures of all tests."""

from __future__ import annotations

import os

# Let scikit-learn check array API input too; read when scipy is first imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
import torch

pytest.register_assert_rewrite("helpers")

# For type checkers, not to be run.
collect_ignore = ["typing/users.py"]


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def on_the_cpu(request, monkeypatch):
    """Let ``device="auto"`` mean the CPU, for which equal bits are promised."""
    if request.path.name != "test_gpu.py" and torch.cuda.is_available():
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
        # Processes that a test starts do not see it either.
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def task():
    """Sequences of unequal length whose mean tells all; codes for X and numbers."""
    rng = np.random.default_rng(5)
    X = [
        rng.normal(size=(n, 2)) + rng.normal(size=2) for n in rng.integers(5, 15, size=60)
    ]
    means = np.array([x.mean(axis=0) for x in X])
    return X, np.digitize(means[:, 0], [-0.6, 0.6]), means @ [2.0, -1.0] + 3
