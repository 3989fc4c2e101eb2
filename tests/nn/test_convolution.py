"""Convolutions over steps, and their norms, against loops and torch.nn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.layers import LENGTHS, assert_equal, batch_of, scrambled
from sksequence.nn import (
    ConvEncoder,
    ConvLayer,
    MaskedBatchNorm,
    SequenceNetwork,
)
from sksequence.nn._time import valid_steps


def naive_convolution(x, weight, stride, causal, dilation=1):
    """One output position after the other; what lies outside counts as zero."""
    n_steps, kernel_size = len(x), weight.shape[2]
    beyond = max(dilation * (kernel_size - 1) + 1 - stride, 0)
    before = beyond if causal else beyond // 2
    outputs = []
    for begin in range(0, n_steps, stride):
        total = np.zeros(len(weight))
        for k in range(kernel_size):
            step = begin - before + dilation * k
            if 0 <= step < n_steps:
                total += weight[:, :, k] @ x[step]
        outputs.append(total)
    return np.array(outputs)


def naive_layer(layer, x):
    norm = {name: t.detach().numpy() for name, t in layer.norm.state_dict().items()}
    several = isinstance(layer.convolution, nn.ModuleList)
    kernels = layer.convolution if several else [layer.convolution]
    if layer.bottleneck is not None:
        x = x @ layer.bottleneck.weight.detach().numpy().T
    how = layer.stride, layer.causal, layer.dilation
    weights = [kernel.weight.detach().numpy() for kernel in kernels]
    y = np.concatenate([naive_convolution(x, W, *how) for W in weights], axis=1)
    y = (y - norm["running_mean"]) / np.sqrt(norm["running_var"] + layer.norm.eps)
    y = y * norm["weight"] + norm["bias"]
    return np.maximum(y, 0) if layer.rectifies else y


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("stride", [1, 2, 3, 5])
@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, (5, 2, 1), (1, 4)])
@pytest.mark.parametrize("bottleneck", [None, 2, 3])
def test_convolution_is_the_naive_loop(kernel_size, stride, causal, dilation, bottleneck):
    options = {"dilation": dilation, "bottleneck_size": bottleneck, "causal": causal}
    layer = scrambled(ConvLayer(3, 4, kernel_size, stride, **options))
    assert (layer.bottleneck is None) == (bottleneck != 2)  # else none is needed
    X, lengths = batch_of([5, 12, 9, 7], padding=(np.nan,))
    y, left = layer(X.transpose(1, 2), lengths)
    assert left.tolist() == [-(-n // stride) for n in lengths.tolist()]
    for row, x, n, n_left in zip(y, X, lengths, left, strict=True):
        expected = naive_layer(layer, x[:n].numpy())
        assert len(expected) == n_left
        assert_equal(row[:, :n_left].T, expected)


@pytest.mark.parametrize("causal", [False, True])
def test_encoder_is_its_layers_one_after_the_other(causal):
    encoder = ConvEncoder(3, (4, 5, 2), (5, 2, 4), (2, 3, 1), causal=causal)
    scrambled(encoder)
    lengths = [24, 31, 25, 48]
    X, n_steps = batch_of(lengths, padding=(np.inf,))
    y, left = encoder(X, n_steps)
    assert left.tolist() == [4, 6, 5, 8]
    for row, x, n, n_left in zip(y, X, lengths, left, strict=True):
        expected = x[:n].numpy()
        for layer in encoder.layers:
            expected = naive_layer(layer, expected)
        assert_equal(row[:n_left], expected)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dilation", [1, 3])
def test_kernels_side_by_side_are_torchs_of_the_same_weights(dilation, training):
    layer = scrambled(ConvLayer(8, 10, (9, 4, 1), dilation=dilation, bottleneck_size=6))
    layer.train(training)
    X, _ = batch_of([20, 20, 20], 8)
    read = F.linear(X, layer.bottleneck.weight).mT
    convolved = []
    for kernel in layer.convolution:
        extent = dilation * (kernel.weight.shape[2] - 1)
        before = extent // 2
        around = F.pad(read, (before, extent - before))
        convolved.append(F.conv1d(around, kernel.weight, dilation=dilation))
    assert [y.shape[1] for y in convolved] == [4, 3, 3]
    norm, own = layer.norm, torch.cat(convolved, 1)
    mean, var = norm.running_mean.clone(), norm.running_var.clone()
    expected = F.batch_norm(own, mean, var, norm.weight, norm.bias, training)
    assert_equal(layer(X.mT)[0].detach(), expected.relu().detach())


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("kernels", "strides", "dilations"),
    [
        ((3, 3, 3), (1, 1, 1), (1, 2, 4)),
        ((4, 3), (2, 3), (1, 1)),
        (((9, 3), (1, 4)), (1, 2), (1, 1)),
        ((8, 5, 3), (4, 2, 1), (1, 1, 1)),
    ],
    ids=str,
)
def test_an_output_reads_the_steps_that_kernels_strides_and_dilations_span(
    kernels, strides, dilations, causal
):
    """In a causal stack none after its own block; else as many before as after."""
    n = len(kernels)
    encoder = ConvEncoder(
        2, (4,) * n, kernels, strides, dilation=dilations, causal=causal
    )
    encoder = scrambled(encoder)
    for layer in encoder.layers:
        layer.norm.bias.data.fill_(100)  # that no rectifier is closed
    X = torch.randn(1, 120, 2).double().requires_grad_()
    at = 60 // encoder.total_stride
    encoder(X)[0][0, at].sum().backward()
    read = X.grad[0].abs().sum(1).nonzero().flatten().tolist()
    first, span, jump = at * encoder.total_stride, 1, 1
    for sizes, stride, dilation in zip(kernels, strides, dilations, strict=True):
        longest = max(sizes) if isinstance(sizes, tuple) else sizes
        beyond = dilation * (longest - 1) + 1 - stride
        first -= (beyond if causal else beyond // 2) * jump
        span, jump = span + dilation * (longest - 1) * jump, jump * stride
    assert read[0] == first
    assert read[-1] - read[0] + 1 == span
    if causal:
        assert read[-1] == (at + 1) * encoder.total_stride - 1


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("residual", [1, 2, 3, 9])
def test_shortcuts_add_what_skips_layers(residual, causal):
    """Mapped by a kernel of one step where widths or steps differ; else as it is."""
    channels, strides = (3, 4, 4, 4, 4), (1, 2, 1, 1, 1)
    encoder = ConvEncoder(3, channels, 3, strides, residual=residual, causal=causal)
    scrambled(encoder)
    X, lengths = batch_of([20, 13, 9, 17], padding=(np.nan,))
    y, left = encoder(X, lengths)
    for row, x, n, n_left in zip(y, X, lengths, left, strict=True):
        expected = x[:n].numpy()
        for j, begin in enumerate(range(0, 5, residual)):
            around = expected
            for layer in encoder.layers[begin : begin + residual]:
                expected = naive_layer(layer, expected)
            shortcut, same = encoder.shortcuts[j], around.shape == expected.shape
            assert isinstance(shortcut, ConvLayer) != same
            around = around if same else naive_layer(shortcut, around)
            expected = np.maximum(expected + around, 0)
        assert_equal(row[:n_left], expected)


def test_encoder_without_layers_hands_on_what_it_gets():
    encoder = ConvEncoder(3, ())
    X, lengths = batch_of(LENGTHS)
    y, left = encoder(X, lengths)
    assert_equal(y, X, atol=0)
    assert torch.equal(left, lengths)
    assert encoder.output_size == 3


def _norms(n_channels=3):
    ours, theirs = MaskedBatchNorm(n_channels), nn.BatchNorm1d(n_channels)
    for norm in (ours, theirs):
        norm.double()
        norm.weight.data.copy_(torch.linspace(0.5, 2, n_channels))
        norm.bias.data.copy_(torch.linspace(-1, 1, n_channels))
    return ours, theirs


def _assert_same_state(ours, theirs):
    for name, tensor in theirs.state_dict().items():
        assert_equal(ours.state_dict()[name], tensor)


def test_masked_norm_is_torch_norm_of_the_valid_steps():
    ours, theirs = _norms()
    for lengths in ([7, 12, 9, 5], [3, 1, 8, 8]):
        X, n_steps = batch_of(lengths)
        valid = valid_steps(n_steps, X.shape[1])
        y = ours(X.transpose(1, 2), n_steps).transpose(1, 2)
        assert_equal(y[valid], theirs(X[valid]))
        _assert_same_state(ours, theirs)
    ours.eval(), theirs.eval()
    assert_equal(ours(X.transpose(1, 2)), theirs(X.transpose(1, 2)))


def test_norm_without_lengths_is_plain_batch_norm():
    ours, theirs = _norms()
    x = torch.randn(4, 3, 6).double() * 3 + 1
    mean, var = torch.zeros(3).double(), torch.ones(3).double()
    expected = F.batch_norm(x, mean, var, ours.weight, ours.bias, training=True)
    assert_equal(ours(x), expected)
    assert_equal(ours.running_mean, mean)
    assert_equal(ours.running_var, var)
    theirs(x)
    _assert_same_state(ours, theirs)


@pytest.mark.parametrize("lengths", [None, torch.tensor([1])])
def test_norm_of_a_lone_step_is_its_bias(lengths):
    norm = MaskedBatchNorm(2)
    nn.init.constant_(norm.bias, 3.0)
    y = norm(torch.randn(1, 2, 1), lengths)
    assert_equal(y.detach(), torch.full((1, 2, 1), 3.0))
    assert all(buffer.isfinite().all() for buffer in norm.buffers())


@pytest.mark.parametrize(
    ("options", "lengths", "words"),
    [
        (
            {"kernel_size": 5},
            [3, 4, 2],
            "Convolution 1 has kernel_size=5, but sequence 1, the longest",
        ),
        (
            {"kernel_size": 2, "stride": 4},
            [1, 2, 3],
            "Convolution 1 has stride=4, but sequence 2, the longest, has only 3 step",
        ),
        (
            {"kernel_size": (2, 3), "stride": (4, 1)},
            [7, 8, 5],
            r"Convolution 2 has kernel_size=3, but sequence 1.* only 2 step.* of 8",
        ),
    ],
    ids=["kernel", "stride", "second layer"],
)
def test_lengths_are_checked_against_kernel_and_stride(options, lengths, words):
    channels = (4, 4) if isinstance(options["kernel_size"], tuple) else (4,)
    network = SequenceNetwork(
        3, 2, conv_channels=channels, **{f"conv_{k}": v for k, v in options.items()}
    )
    with pytest.raises(ValueError, match=words):
        network.check_lengths(lengths)
    network.check_lengths([max(lengths) * 2] * 3)


def test_lengths_that_just_suffice_are_enough():
    encoder = ConvEncoder(1, (2, 2), (3, 2), (2, 2))
    encoder.check_lengths(np.array([1, 3]))
    assert encoder(torch.randn(1, 3, 1))[0].shape == (1, 1, 2)
