"""The corrected resampled t-test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sksequence.inspection._comparison import Comparison

ONE = np.array([0.91, 0.88, 0.95, 0.9, 0.87])
OTHER = np.array([0.85, 0.9, 0.9, 0.86, 0.8])


def test_without_a_share_it_is_the_paired_t_test():
    found = Comparison.of(ONE, OTHER, test_share=0)
    expected = stats.ttest_rel(ONE, OTHER)
    assert found.p_value == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.difference == pytest.approx(np.mean(ONE - OTHER))


def test_the_variance_is_corrected_for_training_sets_that_overlap():
    found = Comparison.of(ONE, OTHER, test_share=1 / 4)
    variance = np.var(ONE - OTHER, ddof=1) * (1 / 5 + 1 / 4)
    assert found.std_error == pytest.approx(np.sqrt(variance))
    t = found.difference / np.sqrt(variance)
    assert found.p_value == pytest.approx(2 * stats.t.sf(t, df=4))
    assert found.high - found.difference == pytest.approx(
        stats.t.ppf(0.975, df=4) * np.sqrt(variance)
    )
    assert found.p_value > Comparison.of(ONE, OTHER, test_share=0).p_value


def test_the_other_way_round():
    found, back = (
        Comparison.of(*pair, test_share=0.25) for pair in ((ONE, OTHER), (OTHER, ONE))
    )
    assert back.difference == -found.difference
    assert back.p_value == found.p_value
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))


def test_without_a_spread():
    same = Comparison.of(ONE, ONE, test_share=0.25)
    assert (same.difference, same.std_error, same.p_value) == (0, 0, 1)
    ahead = Comparison.of(np.full(3, 0.75), np.full(3, 0.5), test_share=0.5)
    assert (ahead.difference, ahead.std_error, ahead.p_value) == (0.25, 0, 0)
    single = Comparison.of(ONE[:1], OTHER[:1], test_share=0.5)
    assert single.difference == pytest.approx(0.06)
    assert np.isnan([single.std_error, single.p_value, single.low, single.high]).all()
