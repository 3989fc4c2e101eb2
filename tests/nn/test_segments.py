"""Pooling of the parts of a sequence against torch's adaptive pooling."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers.layers import assert_equal, batch_of, scrambled
from sksequence.nn import AttentionPooling, ConvBranch, MaxPooling, MeanPooling
from sksequence.nn._segments import cut_segments, pool_segments

POOLINGS = {
    "mean": (MeanPooling, F.adaptive_avg_pool1d),
    "max": (MaxPooling, F.adaptive_max_pool1d),
}


@pytest.mark.parametrize("n_segments", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "lengths", [[12, 12, 12], [9, 5, 7, 13, 1, 2]], ids=["equal", "unequal"]
)
def test_segments_are_those_of_adaptive_pooling(n_segments, pooling, training, lengths):
    """Of each sequence's own length, also where it is shorter than there are segments."""
    layer, oracle = POOLINGS[pooling]
    pool = layer().train(training)
    X, n_steps = batch_of(lengths, padding=(np.nan,), extra=2)
    pooled = pool_segments(pool, n_segments, X.requires_grad_(), n_steps)
    pooled.square().sum().backward()
    for row, x, gradient, n in zip(pooled, X, X.grad, lengths, strict=True):
        own = x[:n].detach().requires_grad_()
        expected = oracle(own.T[None], n_segments)[0].T.flatten()
        assert_equal(row.detach(), expected.detach())
        expected.square().sum().backward()
        assert_equal(gradient[:n], own.grad)
        assert not gradient[n:].any()


@pytest.mark.parametrize("layer", [MeanPooling, MaxPooling, AttentionPooling])
@pytest.mark.parametrize("n_steps", [8, 9])
def test_each_segment_is_pooled_as_a_sequence_of_its_own(layer, n_steps):
    pool, X = scrambled(layer(3)), torch.randn(5, n_steps, 3).double()
    halves = X[:, : -(-n_steps // 2)], X[:, n_steps // 2 :]
    expected = torch.cat([pool(half) for half in halves], dim=1)
    assert_equal(pool_segments(pool, 2, X), expected)


@pytest.mark.parametrize("n_segments", range(1, 9))
def test_segments_cover_every_step_and_differ_by_less_than_a_step(n_segments):
    for n in range(1, 20):
        steps = torch.arange(n)[None, :, None]
        segments, lengths = cut_segments(steps, torch.tensor([n]), n_segments)
        found = [s[:k, 0].tolist() for s, k in zip(segments, lengths, strict=True)]
        assert {step for segment in found for step in segment} == set(range(n))
        for j, segment in enumerate(found):
            assert segment == list(range(segment[0], segment[-1] + 1))
            assert 0 <= j * n / n_segments - segment[0] < 1
            assert 0 <= segment[-1] + 1 - (j + 1) * n / n_segments < 1


def test_a_branch_pools_the_segments_of_what_strides_leave():
    branch = scrambled(ConvBranch(3, (4, 5), 3, (2, 1), n_segments=3))
    X, lengths = batch_of([9, 16, 11, 4], padding=(np.nan,))
    steps, left = branch.encoder(X, lengths)
    for row, own, n in zip(branch(X, lengths), steps, left, strict=True):
        expected = F.adaptive_avg_pool1d(own[:n].T[None], 3)[0].T.flatten()
        assert_equal(row, expected)
