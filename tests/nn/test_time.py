"""Helpers over time against slices."""

from __future__ import annotations

import numpy as np

from helpers.layers import FILM_LENGTHS, LENGTHS, assert_equal, batch_of, films_of
from sksequence.nn._time import last_step, reverse_steps, valid_steps, zero_padding


def test_time_helpers_do_what_slices_do():
    X, lengths = batch_of(LENGTHS, padding=(np.nan,))
    mask, reverse = valid_steps(lengths, X.shape[1]), reverse_steps(X, lengths)
    last = last_step(X, lengths)
    for i, n in enumerate(LENGTHS):
        assert mask[i].tolist() == [True] * n + [False] * (X.shape[1] - n)
        assert_equal(reverse[i, :n], X[i, :n].flip(0))
        assert_equal(last[i], X[i, n - 1])
    assert_equal(reverse_steps(X[1:2], None), X[1:2].flip(1))
    assert_equal(last_step(X[1:2], None), X[1:2, -1])


def test_time_helpers_do_to_frames_what_slices_do():
    X, lengths = films_of(FILM_LENGTHS, padding=(np.nan,), extra=1)
    zeroed, mirrored = zero_padding(X, lengths), reverse_steps(X, lengths)
    last = last_step(X, lengths)
    for i, n in enumerate(FILM_LENGTHS):
        assert_equal(zeroed[i, :n], X[i, :n])
        assert not zeroed[i, n:].any()
        assert_equal(mirrored[i, :n], X[i, :n].flip(0))
        assert_equal(last[i], X[i, n - 1])
