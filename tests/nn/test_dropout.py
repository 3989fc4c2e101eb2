"""Dropout with masks from a generator."""

from __future__ import annotations

import pytest
import torch

from helpers.layers import assert_equal
from sksequence.nn import (
    Dropout,
)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_keeps_the_mean(p):
    layer, n = Dropout(p), 200_000
    layer.reset_parameters(torch.Generator().manual_seed(0))
    y = layer(torch.ones(n))
    spread = (p * (1 - p) / n) ** 0.5
    assert (y == 0).double().mean().item() == pytest.approx(p, abs=5 * spread)
    assert y.mean().item() == pytest.approx(1, abs=5 * spread / (1 - p))
    assert_equal(y[y != 0], torch.full_like(y[y != 0], 1 / (1 - p)), atol=1e-6)


def test_dropout_masks_come_from_the_generator_alone():
    layer, before = Dropout(0.5), torch.get_rng_state()

    def two_masks(seed):
        layer.reset_parameters(torch.Generator().manual_seed(seed))
        return torch.stack([layer(torch.ones(100)), layer(torch.ones(100))])

    first = two_masks(0)
    assert torch.equal(two_masks(0), first)
    assert not torch.equal(two_masks(1), first)
    assert not torch.equal(first[0], first[1])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (33, 10, 16)])
def test_dropout_masks_are_torchs_bernoulli_numbers_to_the_bit(dtype, shape):
    layer, other = Dropout(0.3), torch.Generator().manual_seed(3)
    layer.reset_parameters(torch.Generator().manual_seed(3))
    ones = torch.ones(shape, dtype=dtype)
    for x in (ones, ones.mT):  # the second in another order in memory
        expected = torch.empty_like(x).bernoulli_(0.7, generator=other).div_(0.7)
        assert torch.equal(layer(x), expected)
        assert torch.equal(layer.generator.get_state(), other.get_state())


def test_dropout_without_a_generator_follows_the_global_seed():
    layer = Dropout(0.5)
    first = layer(torch.ones(100))
    torch.manual_seed(0)
    assert torch.equal(layer(torch.ones(100)), first)


def test_dropout_gradient_is_its_mask():
    x = torch.randn(50, requires_grad=True)
    y = Dropout(0.3)(x)
    y.sum().backward()
    assert_equal(y.detach(), (x * x.grad).detach(), atol=1e-6)


@pytest.mark.parametrize("layer", [Dropout(0.5).eval(), Dropout(0.0)])
def test_dropout_is_the_identity_in_evaluation_and_for_p_zero(layer):
    x = torch.randn(7, 3)
    assert layer(x) is x
