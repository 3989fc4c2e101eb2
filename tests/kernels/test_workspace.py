"""Memory that kernels use again."""

from __future__ import annotations

import gc

import numpy as np

from helpers.estimators import make
from helpers.kernels import KERNELS_ARE_ON
from sksequence.nn import _compiled
from sksequence.nn._workspace import Workspace

pytestmark = KERNELS_ARE_ON


def test_memory_is_lent_once_at_a_time_and_again_afterwards():
    workspace = Workspace()
    first, second = workspace.borrow(1000), workspace.borrow(1000)
    assert first.address != second.address
    address = first.address
    del first
    third = workspace.borrow(900)
    assert third.address == address
    del second, third
    workspace._take_back()
    assert len(workspace._free) == 2
    # What is too small goes when something larger comes.
    large = workspace.borrow(5000)
    assert len(workspace._free) == 1
    workspace.clear()
    assert not workspace._free
    del large
    workspace._take_back()
    assert len(workspace._free) == 1


def test_a_fit_leaves_no_memory_behind():
    gc.collect()  # what other tests have left
    _compiled.WORKSPACE.clear()
    X = np.random.default_rng(0).normal(size=(200, 50, 3))
    make("GRUClassifier", hidden_size=32).fit(X, X[:, 0, 0] > 0)
    gc.collect()
    assert not _compiled.WORKSPACE._free
