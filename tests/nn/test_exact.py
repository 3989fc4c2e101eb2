"""Operations that do not depend on the batch against torch's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from helpers.layers import assert_equal
from sksequence.nn import _exact


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("images", [1, 8, 19])
@pytest.mark.parametrize("bias", [False, True])
def test_exact_convolution_is_torch_convolution(kernel, images, bias):
    layer = nn.Conv2d(3, 5, kernel, padding=kernel // 2, bias=bias).double()
    x = torch.randn(images, 3, 4, 7).double()
    assert_equal(_exact.frame_convolution(layer, x), layer(x))


def test_exact_mean_is_the_mean():
    x = torch.randn(2, 3, 4, 5, 7).double()
    assert_equal(_exact.mean_plane(x), x.numpy().mean((-2, -1)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(8, 50, 4), (32, 50, 64), (300, 7, 33)])
def test_steps_are_summed_in_their_order_however_many_there_are(shape, dtype):
    x = torch.randn(shape, dtype=dtype)
    expected = x.cumsum(1, dtype=torch.float64)[:, -1].to(dtype)
    assert torch.equal(_exact.sum_steps(x), expected)
    assert torch.equal(_exact.sum_steps(x[:1]), expected[:1])


def test_exact_sigmoid_is_the_sigmoid_with_its_gradient():
    x = torch.tensor([-1e4, -5.0, 0.0, 0.3, 1e4]).double().requires_grad_()
    y = _exact.sigmoid(x)
    assert_equal(y, torch.sigmoid(x))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert_equal(gradient, torch.sigmoid(x) * torch.sigmoid(-x))


def _beginning_at(place, values):
    """Return a copy of a matrix that begins some numbers behind aligned memory."""
    moved = values.new_empty(values.numel() + place)[place:].view(values.shape)
    return moved.copy_(values)


@pytest.mark.parametrize("inner", [4, 6, 12, 64])
def test_a_product_has_the_same_bits_wherever_its_matrices_begin(inner):
    """Which those of torch have not."""
    for n_outputs in (1, 3, 16, 40):
        x, weight = torch.randn(8, inner), torch.randn(n_outputs, inner)
        expected = _exact.product(x, weight)
        torch.testing.assert_close(expected, x @ weight.T)
        for place in (1, 4, 7):
            moved = _beginning_at(place, x), _beginning_at(place, weight)
            assert torch.equal(_exact.product(*moved), expected)


@pytest.fixture
def anew():
    """What was tried of products is forgotten, before and afterwards."""
    _exact._steady_rows.cache_clear()
    yield
    _exact._steady_rows.cache_clear()


@pytest.mark.parametrize("least", [8, 16, 48])
@pytest.mark.parametrize("inner", [4, 6, 64])
@pytest.mark.parametrize("bias", [None, torch.ones(3)])
def test_few_rows_are_summed_as_many_where_torch_sums_them_otherwise(
    bias, inner, least, monkeypatch, anew
):
    """As on processors of Intel, whose kernels for fewer than 16 rows are others."""
    linear = nn.functional.linear

    def of_another(x, weight, bias=None):
        product = linear(x, weight, bias)
        is_other = x.shape[:-1].numel() < least
        return product.nextafter(product + 1) if is_other else product

    x, weight = torch.randn(60, inner), torch.randn(3, inner)
    expected = _exact.product(x, weight, bias)
    _exact._steady_rows.cache_clear()
    monkeypatch.setattr(nn.functional, "linear", of_another)
    assert not torch.equal(of_another(x[:7], weight, bias), expected[:7])
    for n in (1, 8, 15, 16, 24, 47, 48, 59):
        assert torch.equal(_exact.product(x[:n], weight, bias), expected[:n])
    assert torch.equal(_exact.product(x[3], weight, bias), expected[3])
    planes = x[:24].view(3, 8, inner)
    assert torch.equal(_exact.product(planes, weight, bias), expected[:24].view(3, 8, 3))
