"""What the tests share: fast hyperparameters, the public classes, small data."""

from __future__ import annotations

import os
import random
import struct
from itertools import combinations, product

# Let scikit-learn check array API input too; read when scipy is first imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
import torch

import sksequence

# For type checkers, not to be run.
collect_ignore = ["typing/users.py"]

FAST = {"hidden_size": 8, "max_epochs": 2, "random_state": 0}

PUBLIC = [name for name in sksequence.__all__ if name != "load"]
# Those that read steps and answer once for each sequence.
CELLS = ("SimpleRNN", "LSTM", "GRU", "Recurrent")
CLASSIFIERS = sorted(f"{cell}Classifier" for cell in CELLS)
REGRESSORS = sorted(f"{cell}Regressor" for cell in CELLS)
ESTIMATORS = CLASSIFIERS + REGRESSORS


def make(name, **params):
    """A fast estimator of the public class with that name."""
    return getattr(sksequence, name)(**{**FAST, **params})


def ragged(lengths=(9, 4, 7, 12, 5, 8, 6, 10), n_channels=2, seed=0):
    """Sequences of unequal length, (n_steps_i, n_channels) each."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n_steps, n_channels)) for n_steps in lengths]


def labels_for(name, n, seed=0):
    """Two classes in turn for a classifier, numbers for a regressor."""
    if name.endswith("Classifier"):
        return np.arange(n) % 2
    return np.random.default_rng(seed).normal(size=n)


def assert_same(a, b):
    """Two trees of plain data are of the same types, and equal to the bit."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert_same(list(a.items()), list(b.items()))
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    elif isinstance(a, np.ndarray | np.generic):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        if a.dtype == object:
            assert_same(a.tolist(), b.tolist())
        else:
            assert a.tobytes() == b.tobytes()
    elif isinstance(a, np.random.RandomState):
        assert_same(a.get_state(legacy=False), b.get_state(legacy=False))
    elif isinstance(a, float):
        assert struct.pack(">d", a) == struct.pack(">d", b)
    else:
        assert a == b


# ------------------------------------------------- many factors, and all pairs of levels


def draw_choices(factors, n, seed=0):
    """Draw n choices of levels; take the one of many that brings the most new pairs."""
    rng = random.Random(seed)
    sizes = [len(levels) for levels in factors.values()]
    choices, seen = [], set()
    for _ in range(n):
        candidates = [tuple(rng.randrange(size) for size in sizes) for _ in range(50)]
        choices.append(max(candidates, key=lambda choice: len(_pairs_of(choice) - seen)))
        seen |= _pairs_of(choices[-1])
    return choices


def levels_of(factors, choice):
    """The levels of a choice, by the names of the factors."""
    return {
        name: levels[i] for (name, levels), i in zip(factors.items(), choice, strict=True)
    }


def pairs_not_drawn(factors, choices):
    """Pairs of levels that are in none of the choices."""
    every = {
        ((i, a), (j, b))
        for (i, first), (j, second) in combinations(enumerate(factors.values()), 2)
        for a, b in product(range(len(first)), range(len(second)))
    }
    return every - set().union(*map(_pairs_of, choices))


def _pairs_of(choice):
    """All pairs of levels in a choice of one level, by number, for each factor."""
    return set(combinations(enumerate(choice), 2))


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def rng():
    return np.random.default_rng(0)
