"""Helpers over time against slices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.layers import FILM_LENGTHS, LENGTHS, assert_equal, batch_of, films_of
from sksequence.nn import _time
from sksequence.nn._time import (
    last_step,
    pad_steps,
    reverse_steps,
    valid_steps,
    zero_behind,
    zero_padding,
)


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


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("behind", [0, 3, -1])
def test_long_sequences_are_filled_as_by_a_mask_to_the_bit(channels_last, behind):
    """Values, gradients and layout, in which sums are taken later."""
    lengths = torch.tensor([70, 31, 1, 69])
    x = torch.randn(4, 70, 64).mT
    x = x if channels_last else x.contiguous()
    answers = []
    for large in (2**12, 2**30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_time, "_LARGE", large)
            read = x.clone().requires_grad_()
            padded = pad_steps(read, lengths, 5, behind)
            filled = zero_behind(read, lengths)
            factor = torch.linspace(-1, 1, padded.shape[2])
            (gradient,) = torch.autograd.grad((padded * factor).sum(), read)
        layouts = [t.stride() for t in (padded, filled, gradient)]
        answers.append(([padded, filled, gradient], layouts))
    (ours, our_layouts), (masked, layouts) = answers
    assert all(map(torch.equal, ours, masked))
    assert our_layouts == layouts
    expected = torch.zeros(4, 64, 75 + behind)
    for row, sequence, n in zip(expected, x, lengths, strict=True):
        row[:, 5 : 5 + n] = sequence[:, : min(n, 70 + behind)]
    assert torch.equal(ours[0], expected)
