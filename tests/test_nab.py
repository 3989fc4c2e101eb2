"""The scoring of the Numenta benchmark, against cases by hand."""

from __future__ import annotations

import importlib.util
import math
import sys

import numpy as np
import pytest

from helpers.package import ROOT

SPEC = importlib.util.spec_from_file_location("nab", ROOT / "benchmarks/nab.py")
nab = importlib.util.module_from_spec(SPEC)
sys.modules["nab"] = nab  # where dataclasses look for their module
SPEC.loader.exec_module(nab)


def reward(position):
    """Of an alarm at a place relative to a window, whose end is zero."""
    return 2 / (1 + math.exp(5 * position)) - 1


EARLIEST = reward(-1.0)


def series(n_rows=100, windows=((40, 49), (70, 79)), name="one"):
    times = np.arange(n_rows).astype("datetime64[s]")
    return nab.Series(name, np.zeros(n_rows), times, list(windows))


def alarms_at(*rows, n_rows=100):
    scores = np.zeros(n_rows)
    scores[list(rows)] = 1
    return scores


def score_of(*rows, **options):
    one = series(**options)
    return nab.score_at([one], [alarms_at(*rows, n_rows=len(one.values))], 1)


def normalised(total, n_windows=2):
    """Between no alarm, which loses a point for each window, and all at once."""
    return 100 * (total + n_windows) / (2 * n_windows)


def test_no_alarm_has_nothing_and_an_alarm_at_every_beginning_all():
    assert score_of() == 0
    assert score_of(40, 70) == pytest.approx(100)
    assert score_of(40) == pytest.approx(50)


def test_of_a_window_the_first_alarm_counts_by_how_early_it_is():
    for place in range(10):
        expected = reward(-(10 - place) / 10) / EARLIEST
        assert score_of(40 + place, 70) == pytest.approx(normalised(expected + 1))
        later = score_of(*range(40 + place, 50), 70)
        assert later == pytest.approx(normalised(expected + 1))


def test_a_false_alarm_costs_less_soon_after_a_window():
    assert score_of(40, 70, 30) == pytest.approx(normalised(2 - 0.11))
    # One and a half widths behind the end, less one row.
    assert score_of(40, 70, 55) == pytest.approx(normalised(2 + 0.11 * reward(6 / 9)))
    assert score_of(40, 70, 99) == pytest.approx(normalised(2 + 0.11 * reward(20 / 9)))
    far = score_of(40, 49, 190, windows=[(40, 49)], n_rows=200)
    assert far == pytest.approx(normalised(1 - 0.11, 1))


def test_the_first_rows_are_not_scored():
    assert series().n_probation == 15
    assert series(n_rows=20_000).n_probation == 750
    assert score_of(40, 70, 14) == pytest.approx(100)
    assert score_of(40, 70, 15) == pytest.approx(normalised(2 - 0.11))
    # A window that is over by then cannot be missed.
    assert score_of(40, windows=[(5, 9), (40, 49)]) == pytest.approx(100)


def test_one_threshold_is_chosen_for_all_series():
    two = [series(), series(name="other", windows=[(50, 59)])]
    scores = [np.zeros(100), np.zeros(100)]
    scores[0][[40, 70]] = 0.9, 0.5
    scores[1][[50, 30]] = 0.8, 0.6
    found, threshold = nab.best_score(two, scores)
    assert threshold == 0.5
    assert found == pytest.approx(normalised(3 - 0.11, 3))
    assert nab.score_at(two, scores, 0.5) == pytest.approx(found)
    assert nab.score_at(two, scores, 0.8) == pytest.approx(normalised(2 - 1, 3))
    rng = np.random.default_rng(0)
    scores = [rng.integers(0, 20, 100) / 20 for _ in two]
    found, threshold = nab.best_score(two, scores)
    every = [nab.score_at(two, scores, level) for level in np.arange(22) / 20]
    assert found == pytest.approx(max(every))
    assert nab.score_at(two, scores, threshold) == pytest.approx(found)


def test_a_postprocessed_score_knows_no_later_row():
    rng = np.random.default_rng(0)
    errors = rng.exponential(size=300)
    later = errors.copy()
    later[200:] += 9
    for finish in (nab.surprise, nab.once, lambda x: nab.once(nab.surprise(x))):
        np.testing.assert_array_equal(finish(errors)[:200], finish(later)[:200])
    assert nab.surprise(later)[200:205].max() > nab.surprise(later)[50:200].max()


def test_an_alarm_is_raised_once():
    scores = np.array([1.0, 3, 2, 3, 4, 1, 2])
    heard = np.flatnonzero(nab.once(scores, 2) > 0)
    np.testing.assert_array_equal(heard, [0, 1, 4])


def test_the_windowed_gaussian_is_that_of_the_rows_before():
    values = np.random.default_rng(0).normal(size=60) + 1e4
    one = nab.Series("one", values, np.arange(60).astype("datetime64[s]"), [])
    found = nab.windowed_gaussian(one, n_rows=20, n_ahead=5)
    assert found[0] == 0
    for i, begin, end in ((5, 0, 5), (20, 0, 20), (24, 0, 20), (25, 5, 25), (47, 25, 45)):
        before = values[begin:end]
        apart = abs(values[i] - before.mean()) / before.std()
        assert found[i] == pytest.approx(1 - math.erfc(apart / 1.4142) / 2, rel=1e-6)
