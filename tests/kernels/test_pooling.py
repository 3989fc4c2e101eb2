"""Compiled max pooling against torch's."""

from __future__ import annotations

import pytest
import torch

from helpers.kernels import CLOSE, KERNELS_ARE_ON, without_kernels
from sksequence.nn import MaxPooling, _compiled

pytestmark = KERNELS_ARE_ON


def largest_and_gradient(steps, lengths, upstream):
    steps = steps.clone().requires_grad_()
    largest = MaxPooling()(steps, lengths)
    largest.backward(upstream)
    return largest.detach(), steps.grad


@pytest.mark.parametrize("dtype", CLOSE, ids=str)
@pytest.mark.parametrize("size", [16, 19, 48])
@pytest.mark.parametrize("lengths", [None, [1, 9, 4, 9, 2]])
def test_the_largest_is_torchs_to_the_bit(size, lengths, dtype):
    # Of few values, so that several are the largest: they share the gradient.
    steps = torch.randint(-3, 3, (5, 9, size)).to(dtype) / 3
    upstream = torch.randn(5, size, dtype=dtype)
    lengths = None if lengths is None else torch.tensor(lengths)
    assert _compiled.serves_largest(steps)
    ours = largest_and_gradient(steps, lengths, upstream)
    with without_kernels():
        assert not _compiled.serves_largest(steps)
        theirs = largest_and_gradient(steps, lengths, upstream)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)
    gradient = ours[1]
    assert ((gradient != 0).sum(1) > 1).any()
    torch.testing.assert_close(gradient.sum(1), upstream)


@pytest.mark.parametrize("size", [4, 16])
@pytest.mark.parametrize("lengths", [None, [1, 9, 4, 9, 2]])
def test_the_gradient_of_a_maximum_has_a_gradient(size, lengths):
    """With kernels, and without them for few units."""
    lengths = None if lengths is None else torch.tensor(lengths)
    steps = torch.randn(5, 9, size, dtype=torch.float64, requires_grad=True)
    assert _compiled.serves_largest(steps) == (size == 16)
    assert torch.autograd.gradgradcheck(
        lambda steps: MaxPooling()(steps, lengths).square(), steps
    )


def test_the_largest_is_not_a_number_where_a_step_is_not():
    steps = torch.randn(2, 6, 16)
    steps[0, 0, 3], steps[1, 4, 5] = torch.nan, torch.nan
    found = MaxPooling()(steps, torch.tensor([6, 4])).isnan()
    assert found.nonzero().tolist() == [[0, 3]]


def test_the_largest_of_few_units_is_left_to_torch():
    assert not _compiled.serves_largest(torch.randn(2, 6, 15))
    assert not _compiled.serves_largest(torch.randn(2, 6, 16, device="meta"))
