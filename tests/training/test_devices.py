"""Devices that are there, and those that are not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.estimators import make
from sksequence._training import settings_here
from sksequence._training.devices import find_device


@pytest.fixture
def gpus(monkeypatch):
    """Pretend that the machine has so many."""

    def pretend(n):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: n > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: n)

    return pretend


@pytest.mark.parametrize(
    ("n", "asked", "found"),
    [
        (0, "auto", "cpu"),
        (2, "auto", "cuda"),
        (2, "cpu", "cpu"),
        (2, "cuda", "cuda"),
        (2, "cuda:1", "cuda:1"),
    ],
)
def test_a_device_that_is_there_is_found(n, asked, found, gpus):
    gpus(n)
    assert find_device(asked) == found


@pytest.mark.parametrize(
    ("n", "asked", "words"),
    [
        (0, "cuda", "'cuda' is not available.*0 CUDA"),
        (2, "cuda:2", "'cuda:2' is not available.*2 CUDA"),
        (2, "meta", "'meta' is not available"),
        (2, "gpu", "device must be .*'gpu'"),
        (2, "cuda:x", "device must be .*'cuda:x'"),
        (2, "", "device must be .*''"),
    ],
)
def test_a_device_that_is_not_there_is_refused(n, asked, words, gpus):
    gpus(n)
    with pytest.raises(ValueError, match=words):
        find_device(asked)


def test_settings_from_another_machine_come_to_this_one(gpus):
    gpus(1)
    settings = {"device": "cuda", "lr": 0.1}
    assert settings_here(settings) is settings
    gpus(0)
    with pytest.warns(UserWarning, match="not available.*onto the CPU"):
        assert settings_here(settings) == {"device": "cpu", "lr": 0.1}
    assert settings["device"] == "cuda"


def test_auto_is_the_cpu_where_there_is_nothing_else(task):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    X, y, _ = task
    auto, cpu = (
        make("GRUClassifier", device=device).fit(X, y) for device in ("auto", "cpu")
    )
    np.testing.assert_array_equal(auto.predict_proba(X), cpu.predict_proba(X))
    assert auto.net_.device == "cpu"
