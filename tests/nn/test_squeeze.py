"""Squeeze and excitation against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.layers import assert_equal, batch_of, scrambled, sigmoid
from sksequence.nn import SqueezeExcite


def gates_of(layer, mean):
    W, b, V, c = (p.detach().numpy() for p in layer.parameters())
    return sigmoid(np.maximum(mean @ W.T + b, 0) @ V.T + c)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("reduction", [1, 2, 16])
def test_channels_are_scaled_by_gates_that_read_their_means(reduction, causal, training):
    layer = scrambled(SqueezeExcite(6, reduction, causal=causal)).train(training)
    assert layer.reduce.weight.shape == (max(6 // reduction, 1), 6)
    X, lengths = batch_of([150, 3, 64, 65], 6, padding=(np.nan,))
    y = layer(X.mT, lengths).mT.detach()
    for row, x, n in zip(y, X.numpy(), lengths.tolist(), strict=True):
        x = x[:n]
        so_far = x.cumsum(0) / np.arange(1, n + 1)[:, None]
        expected = x * gates_of(layer, so_far if causal else x.mean(0))
        assert_equal(row[:n], expected)


@pytest.mark.parametrize("training", [False, True])
def test_a_causal_gate_knows_no_later_step(training):
    layer = scrambled(SqueezeExcite(6, 2, causal=True)).train(training)
    X = torch.randn(2, 6, 100).double()
    before = layer(X)
    for cut in (1, 63, 64, 65, 99):
        changed = X.clone()
        changed[:, :, cut:] += 5
        assert_equal(layer(changed)[:, :, :cut].detach(), before[:, :, :cut].detach())
