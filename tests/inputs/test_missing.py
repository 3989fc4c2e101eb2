"""Moments and gaps of what was observed."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from helpers.data import ragged
from helpers.gaps import GAPS, TIMES, with_gaps
from sksequence._inputs import (
    Sequences,
    StoredSequences,
    mean_gap,
    observed_moments,
    sequences,
)


def end_to_end(X, stored=False):
    lengths = np.array([len(x) for x in X])
    if stored:
        return StoredSequences(list(X), lengths)
    return Sequences(np.concatenate(X), lengths)


@pytest.mark.parametrize("chunk", [1, 20, 2**20])
@pytest.mark.parametrize("stored", [False, True], ids=["held", "stored"])
def test_moments_are_those_of_what_was_observed(chunk, stored, monkeypatch):
    monkeypatch.setattr(sequences, "_CHUNK_VALUES", chunk)
    X = [x + 100 for x in with_gaps(ragged(n_channels=4))]
    for x in X[:4]:
        x[:, 1] = np.nan  # a whole chunk lacks it
    for x in X[5:]:
        x[:, 2] = np.nan
    values = np.concatenate(X)
    mean, scale = observed_moments(end_to_end(X, stored), None)
    np.testing.assert_allclose(mean, np.nanmean(values, axis=0), rtol=1e-14)
    np.testing.assert_allclose(scale, np.nanstd(values, axis=0), rtol=1e-10)
    if chunk == 2**20:
        theirs = StandardScaler().fit(values)
        np.testing.assert_allclose(scale, theirs.scale_, rtol=1e-12)


def test_weights_repeat_and_zeros_leave_out():
    weight = np.array([0, 1, 2, 0, 3, 1, 0, 2])
    repeated = [x for x, w in zip(GAPS, weight, strict=True) for _ in range(w)]
    got = observed_moments(end_to_end(GAPS), weight / 3)
    np.testing.assert_allclose(got, observed_moments(end_to_end(repeated), None))


def test_constants_and_channels_never_observed():
    X = np.tile([0.1, np.nan, -1e6, 0], (1000, 1))
    mean, scale = observed_moments(end_to_end([X, X]), None)
    np.testing.assert_allclose(mean, [0.1, 0, -1e6, 0])
    np.testing.assert_array_equal(scale, 1)


def test_mean_gap_counts_what_passes_within_sequences():
    X = [t[:, None] for t in TIMES]
    gaps = [np.diff(t) for t in TIMES]
    expected = np.concatenate(gaps).mean()
    assert mean_gap(end_to_end(X), 0, None) == pytest.approx(expected)
    only = np.array([0, 0, 1, 0, 0, 0, 0, 0])
    assert mean_gap(end_to_end(X), 0, only) == pytest.approx(gaps[2].mean())
    assert mean_gap(end_to_end([np.full((4, 1), 7.0)]), 0, None) == 1
