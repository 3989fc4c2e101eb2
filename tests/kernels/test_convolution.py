"""Compiled convolutions in training beside torch's, and beside finite differences."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers.kernels import CLOSE, KERNELS_ARE_ON, without_kernels
from sksequence.nn import ConvBranch, ConvEncoder, SequenceNetwork
from sksequence.nn import _convolutions as convolutions
from sksequence.nn._threads import kernel_threads
from sksequence.nn._time import valid_steps

pytestmark = KERNELS_ARE_ON
KINDS = [ConvEncoder, ConvBranch]


def drawn(kind, *sizes, dtype=torch.float64, **options):
    """Layers in training, whose weights are drawn, also those of the norms."""
    module = kind(*sizes, **options).to(dtype).train()
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return module


def batch_of(n, n_steps, channels, dtype=torch.float64, *, equal=False):
    """Sequences with NaN behind them, and their lengths."""
    x = torch.randn(n, n_steps, channels, dtype=dtype)
    if equal:
        return x, None
    lengths = torch.randint(1, n_steps + 1, (n,))
    lengths[n // 2] = n_steps
    return x.masked_fill(~valid_steps(lengths, n_steps)[..., None], torch.nan), lengths


def layers_of(module):
    return module.encoder.layers if isinstance(module, ConvBranch) else module.layers


def output_of(module, x, lengths):
    """Return what is pooled, or the steps with zeros in padding, as torch's are any."""
    output = module(x, lengths)
    if isinstance(module, ConvBranch):
        return output
    steps, left = output
    if left is None:
        return steps
    return steps.masked_fill(~valid_steps(left, steps.shape[1])[..., None], 0)


def results(module, x, lengths):
    """Outputs, the gradients of x and of all weights, and the running moments."""
    for layer in layers_of(module):
        layer.norm.reset_running_stats()
    x = x.clone().requires_grad_()
    module.zero_grad()
    output = output_of(module, x, lengths)
    up = torch.randn(
        output.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(1)
    )
    output.backward(up)
    found = [output.detach(), x.grad, *(p.grad for p in module.parameters())]
    return [part.clone() for part in (*found, *module.buffers())]


def assert_torch_agrees(module, x, lengths):
    assert convolutions.serves(layers_of(module), x)
    ours = results(module, x, lengths)
    with without_kernels():
        assert not convolutions.serves(layers_of(module), x)
        theirs = results(module, x, lengths)
    for one, other in zip(ours, theirs, strict=True):
        scale = other.abs().max().clamp(min=1)
        # Of thousands of steps, some are added up in another order.
        assert (one - other).abs().max() <= 10 * CLOSE[x.dtype] * scale


STRUCTURES = {
    "one layer": (3, (32,), 5),
    "two layers": (3, (32, 64), 5),
    "widths that are no vectors": (18, (8, 20, 17), (4, 3, 2), (1, 3, 2)),
    "strides": (2, (16, 24), (4, 5), (2, 3)),
    "strides longer than kernels": (3, (6, 4), (1, 2), (3, 5)),
    "one channel, kernels of a step": (1, (16, 5), 1),
}


@pytest.mark.parametrize("dtype", list(CLOSE), ids=str)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("kind", KINDS)
def test_kernel_and_torch_agree_in_outputs_gradients_and_moments(
    kind, structure, dilation, causal, dtype
):
    torch.manual_seed(0)
    options = {"dilation": dilation, "causal": causal, "dtype": dtype}
    module = drawn(kind, *STRUCTURES[structure], **options)
    channels = STRUCTURES[structure][0]
    for size in ((5, 40), (40, 30), (3, 300)):
        for equal in (False, True):
            x, lengths = batch_of(*size, channels, dtype, equal=equal)
            assert_torch_agrees(module, x, lengths)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.tuples(st.integers(1, 20), st.integers(1, 36), st.integers(1, 9)),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
    batch=st.tuples(st.integers(1, 40), st.integers(1, 30)),
    causal=st.booleans(),
    pools=st.booleans(),
)
def test_kernel_and_torch_agree_whatever_the_sizes(
    sizes, stride, dilation, batch, causal, pools
):
    torch.manual_seed(0)
    channels, width, taps = sizes
    how = {"stride": stride, "dilation": dilation, "causal": causal}
    kind = ConvBranch if pools else ConvEncoder
    module = drawn(kind, channels, (width, 3), taps, **how)
    x, lengths = batch_of(*batch, channels)
    if int((-(-lengths // stride)).sum()) < 3:
        return  # the moments of one or two steps: gradients are differences of rounding
    assert_torch_agrees(module, x, lengths)


@pytest.mark.parametrize(
    "check", [torch.autograd.gradcheck, torch.autograd.gradgradcheck]
)
@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_finite_differences(kind, equal, check):
    torch.manual_seed(0)
    module = drawn(kind, 2, (3, 2), (3, 2), (2, 1), dilation=(1, 2))
    x, lengths = batch_of(3, 8, 2, equal=equal)
    x = x.nan_to_num().requires_grad_()

    def outputs(x, *weights):
        return output_of(module, x, lengths)

    assert convolutions.serves(layers_of(module), x)
    assert check(outputs, (x, *module.parameters()), fast_mode=True)


@pytest.mark.parametrize("kind", KINDS)
def test_several_threads_find_the_same_bits(kind):
    module = drawn(kind, 3, (8, 20), 4, dtype=torch.float32)
    x, lengths = batch_of(150, 40, 3, torch.float32)
    one = results(module, x, lengths)
    with kernel_threads(3):
        several = results(module, x, lengths)
    for mine, known in zip(several, one, strict=True):
        assert torch.equal(mine, known)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_has_no_effect_on_bits(kind):
    module = drawn(kind, 3, (8, 20), 4, (2, 1), dtype=torch.float32)
    x, lengths = batch_of(9, 20, 3, torch.float32)
    longer = torch.cat([x, x.new_full((9, 13, 3), torch.inf)], 1)
    short, padded = results(module, x, lengths), results(module, longer, lengths)
    if kind is ConvEncoder:
        short[0], padded[0] = short[0][:, :10], padded[0][:, :10]
    if kind is ConvBranch:  # else the gradients from above would be others
        padded[1] = padded[1][:, :20]
        assert all(map(torch.equal, padded, short))
    assert torch.equal(padded[0], short[0])


def test_a_graph_that_is_kept_gives_its_gradient_again():
    module = drawn(ConvBranch, 2, (16, 8), 3, dtype=torch.float32)
    x, weight = torch.randn(5, 9, 2), layers_of(module)[0].convolution.weight
    total = module(x).square().sum()
    first = torch.autograd.grad(total, weight, retain_graph=True)[0]
    # Another pass in between must not write over what the first one has kept.
    module(torch.randn(5, 9, 2)).sum().backward()
    assert torch.equal(torch.autograd.grad(total, weight)[0], first)


def test_one_step_has_the_moments_of_one_step():
    module = drawn(ConvEncoder, 2, (4,), 3)
    assert_torch_agrees(module, torch.randn(1, 1, 2, dtype=torch.float64), None)


def test_a_large_mean_does_not_cost_the_variance_its_digits():
    """Squares of numbers around a thousand would leave three digits of it."""
    x = 1000 + torch.randn(50, 200, 1)
    encoder = drawn(ConvEncoder, 1, (1,), 1, dtype=torch.float32)
    with torch.no_grad():
        encoder.layers[0].convolution.weight.fill_(1)
    encoder(x)
    norm = encoder.layers[0].norm
    exact = x.double()
    torch.testing.assert_close(norm.running_mean[0].double(), 0.1 * exact.mean())
    expected = 0.9 + 0.1 * exact.var()
    torch.testing.assert_close(norm.running_var[0].double(), expected)


def test_nan_stays_in_its_steps_and_the_moments():
    module = drawn(ConvEncoder, 1, (2,), 1)
    x = torch.ones(2, 3, 1, dtype=torch.float64)
    x[0, 1] = torch.nan
    assert module(x)[0].isnan().all()  # as the moments are NaN


def test_after_a_hundred_steps_of_training_weights_are_torchs():
    x, lengths = batch_of(12, 15, 2)
    y = torch.nanmean(x[:, :, 0], 1)

    def trained():
        generator = torch.Generator().manual_seed(1)
        network = SequenceNetwork(
            *(2, 1),
            hidden_size=6,
            conv_channels=(8,),
            conv_kernel_size=3,
            parallel_channels=(5, 4),
            parallel_kernel_size=(5, 3),
        ).double()
        network.reset_parameters(generator)
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        for _ in range(100):
            optimizer.zero_grad()
            loss = (network(x, lengths)[:, 0] - y).square().mean()
            loss.backward()
            optimizer.step()
        assert loss < 0.05
        return list(network.parameters())

    ours = trained()
    with without_kernels():
        theirs = trained()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_what_has_no_kernels_is_left_to_torch():
    layers, x = (
        drawn(ConvEncoder, 3, (4, 4), dtype=torch.float32).layers,
        torch.ones(2, 9, 3),
    )
    assert convolutions.serves(layers, x)
    assert not convolutions.serves(layers, x[..., :2])
    assert not convolutions.serves(layers, x.double())
    assert not convolutions.serves(layers, x.to("meta"))
    assert not convolutions.serves(layers, x.bfloat16())
    assert not convolutions.serves((), x)
    assert not convolutions.serves(layers.to("meta"), x)
    with torch.autocast("cpu"):
        assert not convolutions.serves(drawn(ConvEncoder, 3, (4,)).float().layers, x)
    with without_kernels():
        assert not convolutions.serves(drawn(ConvEncoder, 3, (4,)).float().layers, x)


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": ((5, 3),)},
        {"bottleneck_size": 2},
        {"reduction": 2},
        {"residual": 1},
    ],
    ids=str,
)
def test_layers_that_are_more_are_left_to_torch(options):
    encoder = ConvEncoder(3, (4,), **options).train()
    assert not encoder.serves(torch.ones(2, 9, 3))


def test_a_frozen_normalisation_is_left_to_torch():
    encoder = ConvEncoder(3, (4,)).train()
    encoder.layers[0].norm.eval()
    before = encoder.layers[0].norm.running_mean.clone()
    assert not encoder.serves(torch.ones(2, 9, 3))
    encoder(torch.randn(2, 9, 3))
    assert torch.equal(encoder.layers[0].norm.running_mean, before)


def test_layers_with_parametrisations_are_left_to_torch():
    encoder = ConvEncoder(2, (4,), 3).train()
    nn.utils.parametrizations.weight_norm(encoder.layers[0].convolution)
    assert not encoder.serves(torch.ones(2, 9, 2))
