"""Pooling over the valid steps against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers.layers import LENGTHS, assert_equal, batch_of, scrambled
from sksequence.nn import (
    AttentionPooling,
    LastPooling,
    MaxPooling,
    MeanPooling,
)


def _attend(pool, x):
    W, b = pool.hidden.weight.detach().numpy(), pool.hidden.bias.detach().numpy()
    score = np.exp(np.tanh(x @ W.T + b) @ pool.context.weight.detach().numpy()[0])
    weight = score / score.sum()
    assert weight.sum() == pytest.approx(1)
    return weight @ x


@pytest.mark.parametrize("padding", [(0.0,), (1e9,), (np.nan,)], ids=str)
@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        (LastPooling, lambda pool, x: x[-1]),
        (MeanPooling, lambda pool, x: x.mean(0)),
        (MaxPooling, lambda pool, x: x.max(0)),
        (AttentionPooling, _attend),
    ],
)
def test_pooling_is_numpy_on_the_valid_steps(pooling, expected, padding):
    pool = scrambled(pooling(3))
    X, lengths = batch_of(LENGTHS, padding=padding)
    pooled = pool(X, lengths)
    for row, x, n in zip(pooled, X.numpy(), LENGTHS, strict=True):
        assert_equal(row, expected(pool, x[:n]))
    assert_equal(pool(X[1:2]), pooled[1:2])


@pytest.mark.parametrize("pooling", [MeanPooling, AttentionPooling])
@pytest.mark.parametrize("extra", [1, 30_000, 100_000])
def test_long_sequences_are_pooled_to_the_same_bit_however_padded(pooling, extra):
    pool, X = pooling(3).eval(), torch.randn(2, 40_000, 3)
    padded, lengths = F.pad(X, (0, 0, 0, extra)), torch.tensor([40_000, 40_000])
    assert torch.equal(pool(padded, lengths), pool(X))
    assert_equal(
        pool.double()(X.double()).detach(),
        pool(X.double()[:, torch.randperm(40_000)]).detach(),
    )


def test_last_pooling_takes_the_final_state_where_there_is_one():
    X, lengths = batch_of(LENGTHS)
    final = torch.randn(len(X), 3)
    assert torch.equal(LastPooling()(X, lengths, final), final)


@pytest.mark.parametrize(
    "pooling", [LastPooling, MeanPooling, MaxPooling, AttentionPooling]
)
@pytest.mark.parametrize("n_steps", [0, 1, 6])
def test_prefixes_are_pooled_one_by_one(pooling, n_steps):
    """And no steps have no prefixes."""
    pool, X = scrambled(pooling(3)), torch.randn(2, n_steps, 3).double()
    prefixes = pool.prefixes(X)
    assert prefixes.shape == (2, n_steps, 3)
    for t in range(n_steps):
        assert_equal(prefixes[:, t], pool(X[:, : t + 1]))


def test_attention_weights_sum_to_one_however_large_the_scores():
    pool = scrambled(AttentionPooling(3))
    pool.context.weight.data.mul_(1e4)
    constant = torch.randn(4, 1, 3).double()
    pooled = pool(constant.expand(4, 12, 3), torch.tensor([3, 12, 1, 5]))
    assert_equal(pooled, constant[:, 0])


def test_maximum_of_negative_steps_is_not_the_padding():
    X = -torch.rand(2, 6, 3) - 1
    assert (MaxPooling()(X, torch.tensor([2, 6])) < -1).all()
