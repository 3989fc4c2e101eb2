"""Sequences as their own targets, and limits of scores."""

from __future__ import annotations

import numpy as np
import pytest

from sksequence._inputs import Sequences, Signals, lower_limit

TWO = Sequences(np.arange(10.0).reshape(5, 2), np.array([3, 2]))


def signals(**options):
    return Signals.in_channels((1,), "squared_error", **options)


def test_the_target_of_a_step_is_the_next_one_or_itself():
    ahead = signals(is_ahead=True).rows_of(TWO)
    np.testing.assert_array_equal(ahead, [[3], [5], [np.nan], [9], [np.nan]])
    own = signals(is_ahead=False).rows_of(TWO)
    np.testing.assert_array_equal(own, [[1], [3], [5], [7], [9]])
    np.testing.assert_array_equal(TWO.values, np.arange(10.0).reshape(5, 2))


def test_windows_of_one_table_have_targets_of_their_own():
    windows = Sequences(
        np.arange(4.0)[:, None], np.array([3, 3]), begins=np.array([0, 1])
    )
    rows = Signals.in_channels((0,), "squared_error").rows_of(windows)
    np.testing.assert_array_equal(rows[:, 0], [1, 2, np.nan, 2, 3, np.nan])


def test_the_usual_size_of_errors_is_a_weighted_root_mean_square():
    errors = np.array([[1.0], [np.nan], [3.0], [100.0]])
    learnt = signals().calibrate(errors, np.array([3.0, 5.0, 1.0, 0.0]))
    np.testing.assert_allclose(learnt.spread, np.sqrt([(3 + 9) / 4]))
    exact = signals().calibrate(np.zeros((4, 1)), np.ones(4))
    assert 0 < exact.spread[0] < 1e-3  # no division by zero


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("n", [1, 7, 10, 100])
def test_the_limit_is_numpys_quantile_and_weights_are_repetitions(share, n):
    rng = np.random.default_rng(n)
    scores, times = rng.normal(size=n), rng.integers(1, 4, size=n)
    expected = np.quantile(scores, share, method="averaged_inverted_cdf")
    assert lower_limit(scores, np.ones(n), share) == expected
    repeated = np.repeat(scores, times)
    expected = np.quantile(repeated, share, method="averaged_inverted_cdf")
    assert lower_limit(scores, times / times.max(), share) == expected


def test_scores_that_are_missing_or_without_weight_do_not_count():
    scores = np.array([np.nan, 1.0, 2.0, 3.0, 4.0, -50.0])
    weight = np.array([1.0, 1, 1, 1, 1, 0])
    assert lower_limit(scores, weight, 0.5) == 2.5
    assert lower_limit(scores[:1], weight[:1], "auto") == 0
