"""Irregular sensors: what is measured, and what can be known."""

from __future__ import annotations

import numpy as np
import pytest

from sksequence.datasets import make_irregular_sensors


def test_the_best_prediction_follows_from_what_is_measured():
    X, _, best = make_irregular_sensors(50, return_best=True, random_state=0)
    for x, own in zip(X, best, strict=True):
        total = 0.0
        for channel, decay in enumerate((4.0, 24.0)):
            last = np.flatnonzero(~np.isnan(x[:, channel]))[-1]
            total += x[last, channel] * np.exp((x[last, 2] - x[-1, 2]) / decay)
        assert own == pytest.approx(total)


def test_the_best_prediction_is_unbiased_and_ahead_of_others():
    X, y, best = make_irregular_sensors(3000, return_best=True, random_state=0)
    last = [np.nansum([x[~np.isnan(x[:, c]), c][-1] for c in (0, 1)]) for x in X]
    errors = [np.mean((y - guess) ** 2) for guess in (best, 1.1 * best, 0.9 * best)]
    assert errors[0] == min(errors)
    assert errors[0] < np.mean((y - last) ** 2)
    assert errors[0] < np.var(y)
    assert abs(np.mean(y - best)) < 0.06


def test_times_rise_and_nothing_is_measured_at_the_last():
    X, y = make_irregular_sensors(200, random_state=0)
    assert {len(x) for x in X} == set(range(8, 20))
    for x in X:
        assert (np.diff(x[:, 2]) > 0).all()
        assert np.isnan(x[-1, :2]).all()
        assert not np.isnan(x[0]).any()
    missing = np.mean(np.concatenate([np.isnan(x[1:-1, :2]) for x in X]))
    assert missing == pytest.approx(0.6, abs=0.03)
    assert y.shape == (200,)
