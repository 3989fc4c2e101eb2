"""The most likely tags and their probabilities, against all sequences of tags."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from helpers.chains import BIO, enumerated
from sksequence.portable._chain import LinearChain


def scores(*shape):
    """Of whole halves, so that there are ties and sums are exact."""
    halves = st.integers(-4, 4).map(lambda n: n / 2)
    return npst.arrays(np.float64, shape, elements=halves)


@st.composite
def chains(draw):
    """A chain, some pairs of which may not be, and scores of some sequences."""
    n_tags = draw(st.integers(1, 4))
    transitions = draw(scores(n_tags, n_tags))
    start, end = draw(scores(n_tags)), draw(scores(n_tags))
    barred = draw(npst.arrays(bool, (n_tags, n_tags)))
    barred[0] = barred[:, 0] = False  # so that there is a way
    transitions[barred] = -np.inf
    lengths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    x = [draw(scores(n, n_tags)) for n in lengths]
    return LinearChain(transitions, start, end), x


@settings(deadline=None, max_examples=100)
@given(chains())
def test_answers_are_those_of_all_paths(drawn):
    chain, x = drawn
    lengths = np.array([len(one) for one in x])
    parts = chain.transitions, chain.start, chain.end
    expected = [enumerated(one, *parts) for one in x]
    rows = np.concatenate(x)
    best = np.concatenate([path for path, _ in expected])
    np.testing.assert_array_equal(chain.decode(rows, lengths), best)
    marginals = np.concatenate([shares for _, shares in expected])
    got = np.exp(chain.log_marginals(rows, lengths))
    np.testing.assert_allclose(got, marginals, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n_tags", [1, 3, 8, 37])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_answers_are_equal_to_the_bit_alone_and_in_any_batch(n_tags, dtype):
    rng = np.random.default_rng(n_tags)
    chain = LinearChain(*(rng.normal(size=s) for s in ((n_tags,) * 2, n_tags, n_tags)))
    lengths = rng.integers(1, 30, size=300)
    x = [rng.normal(size=(n, n_tags)).astype(dtype) for n in lengths]
    for method in (chain.decode, chain.log_marginals):
        alone = [method(one, np.array([len(one)])) for one in x]
        together = method(np.concatenate(x), lengths)
        np.testing.assert_array_equal(together, np.concatenate(alone))
        order = rng.permutation(300)[:77]
        again = method(np.concatenate([x[i] for i in order]), lengths[order])
        np.testing.assert_array_equal(again, np.concatenate([alone[i] for i in order]))


def test_what_may_not_be_has_probability_zero():
    rng = np.random.default_rng(0)
    allowed = np.where(BIO, 0.0, -np.inf)
    parts = allowed[:-1, :-1], allowed[-1, :-1], allowed[:-1, -1]
    chain, x = LinearChain(*parts), rng.normal(size=(200, 5)) * 3
    lengths = np.full(50, 4)
    for path in chain.decode(x, lengths).reshape(50, 4):
        around = np.array([5, *path, 5])
        assert BIO[around[:-1], around[1:]].all()
    logs = chain.log_marginals(x, lengths)
    first = logs.reshape(50, 4, 5)[:, 0]
    np.testing.assert_array_equal(np.isneginf(first), np.tile(~BIO[-1, :-1], (50, 1)))
    np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1, rtol=1e-12)
