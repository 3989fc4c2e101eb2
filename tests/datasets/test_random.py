"""A seed gives the same data anywhere; generators go on."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

from sksequence import datasets

MAKERS = {name: getattr(datasets, name) for name in datasets.__all__}
FEW = 4


def flat(made):
    """All numbers and labels of what a generator returns, end to end."""
    if isinstance(made, tuple | list):
        return np.concatenate([flat(one) for one in made])
    if isinstance(made, pd.DataFrame | pd.Series):
        return made.to_numpy().ravel()
    return np.asarray(made).ravel()


def same(some, other):
    return np.array_equal(some.astype(str), other.astype(str))


@pytest.mark.parametrize("name", MAKERS)
def test_a_seed_decides(name):
    make = MAKERS[name]
    first = flat(make(FEW, random_state=0))
    np.random.seed(3)
    assert same(flat(make(FEW, random_state=0)), first)
    assert same(flat(make(FEW, random_state=np.random.default_rng(0))), first)
    assert not same(flat(make(FEW, random_state=1)), first)
    assert not same(flat(make(FEW)), flat(make(FEW)))


@pytest.mark.parametrize("name", MAKERS)
def test_a_generator_goes_on(name):
    for rng in (np.random.default_rng(0), np.random.RandomState(0)):
        once, again = (flat(MAKERS[name](FEW, random_state=rng)) for _ in range(2))
        assert not same(once, again)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("value", [-1, "0", 1.5])
def test_what_is_no_seed_is_refused(name, value):
    with pytest.raises(ValueError, match=rf"'random_state' parameter of {name}"):
        MAKERS[name](FEW, random_state=value)


@pytest.mark.parametrize("name", MAKERS)
def test_counts_are_whole_numbers_from_one(name):
    parameters = inspect.signature(MAKERS[name]).parameters
    counts = [p for p in parameters if p.startswith("n_") or p == "size"]
    assert counts
    for count in counts:
        for value in (0, True, 2.5, "3", None):
            with pytest.raises((ValueError, TypeError), match=count):
                MAKERS[name](**{count: value})
