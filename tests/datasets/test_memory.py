"""Tasks that need memory: what they are, and who can learn them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sksequence.datasets import make_adding, make_order, make_parity

LENGTHS = [20, (5, 30)]


def lengths_of(X):
    return {len(x) for x in X}


@pytest.mark.parametrize("n_steps", LENGTHS)
def test_one_number_is_marked_in_each_half_and_the_target_is_their_sum(n_steps):
    X, y = make_adding(300, n_steps, random_state=0)
    for x, target in zip(X, y, strict=True):
        first, second = np.flatnonzero(x[:, 1])
        assert first < len(x) // 2 <= second
        assert target == pytest.approx(x[first, 0] + x[second, 0])
    assert np.var(y) == pytest.approx(1 / 6, rel=0.2)


def test_marks_are_anywhere():
    X, _ = make_adding(2000, 10, random_state=0)
    np.testing.assert_allclose(X[:, :, 1].mean(axis=0), 0.2, atol=0.04)


@pytest.mark.parametrize("n_steps", LENGTHS)
def test_parity_is_that_of_the_bits_so_far(n_steps):
    X, y = make_parity(100, n_steps, each_step=True, random_state=0)
    _, last = make_parity(100, n_steps, random_state=0)
    for x, own, end in zip(X, y, last, strict=True):
        assert set(x) <= {0.0, 1.0}
        assert list(own) == [
            ["even", "odd"][int(x[: t + 1].sum()) % 2] for t in range(len(x))
        ]
        assert own[-1] == end
    assert 0.4 < np.mean(last == "odd") < 0.6


@pytest.mark.parametrize("n_steps", LENGTHS)
def test_the_order_of_the_events_is_the_label(n_steps):
    X, y = make_order(300, n_steps, random_state=0)
    assert list(y) == ["AB" if x[:, 0].argmax() < x[:, 1].argmax() else "BA" for x in X]


def test_no_summary_of_steps_knows_the_order():
    X, y = make_order(1000, random_state=0)
    bags = np.concatenate([X.mean(axis=1), X.max(axis=1), X.std(axis=1)], axis=1)
    assert LogisticRegression().fit(bags[:600], y[:600]).score(bags[600:], y[600:]) < 0.56


@pytest.mark.parametrize("make", [make_adding, make_parity, make_order])
def test_lengths_are_as_asked_for(make):
    X, y = make(200, (4, 6), random_state=0)
    assert isinstance(X, list)
    assert lengths_of(X) == {4, 5, 6}
    X, y = make(5, 7, random_state=0)
    assert X.shape[:2] == (5, 7)
    assert len(y) == 5
    assert isinstance(make(3, (7, 7))[0], list)


@pytest.mark.parametrize("n_steps", [0, 1, True, 2.5, (5,), (9, 5), (2, 5.0), (True, 3)])
@pytest.mark.parametrize("make", [make_adding, make_order])
def test_lengths_that_cannot_be_are_refused(make, n_steps):
    with pytest.raises(ValueError, match="n_steps"):
        make(3, n_steps)
