"""Convolutions over steps, and their norms, against loops and torch.nn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.layers import LENGTHS, assert_equal, batch_of, scrambled
from sksequence.nn import (
    ConvBranch,
    ConvEncoder,
    ConvLayer,
    MaskedBatchNorm,
    SequenceNetwork,
)
from sksequence.nn._time import valid_steps


def naive_convolution(x, weight, stride, causal):
    """One output position after the other; what lies outside counts as zero."""
    n_steps, kernel_size = len(x), weight.shape[2]
    beyond = max(kernel_size - stride, 0)
    before = beyond if causal else beyond // 2
    outputs = []
    for begin in range(0, n_steps, stride):
        total = np.zeros(len(weight))
        for k in range(kernel_size):
            step = begin - before + k
            if 0 <= step < n_steps:
                total += weight[:, :, k] @ x[step]
        outputs.append(total)
    return np.array(outputs)


def naive_layer(layer, x):
    norm = {name: t.detach().numpy() for name, t in layer.norm.state_dict().items()}
    weight = layer.convolution.weight.detach().numpy()
    y = naive_convolution(x, weight, layer.stride, layer.causal)
    y = (y - norm["running_mean"]) / np.sqrt(norm["running_var"] + layer.norm.eps)
    return np.maximum(y * norm["weight"] + norm["bias"], 0)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("stride", [1, 2, 3, 5])
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5])
def test_convolution_is_the_naive_loop(kernel_size, stride, causal):
    layer = scrambled(ConvLayer(3, 4, kernel_size, stride, causal=causal))
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


def test_encoder_without_layers_hands_on_what_it_gets():
    encoder = ConvEncoder(3, ())
    X, lengths = batch_of(LENGTHS)
    y, left = encoder(X, lengths)
    assert_equal(y, X, atol=0)
    assert torch.equal(left, lengths)
    assert encoder.output_size == 3


def test_branch_is_the_mean_of_the_convolved_steps():
    branch = scrambled(ConvBranch(3, (4, 5), (8, 3)))
    X, lengths = batch_of(LENGTHS, padding=(np.nan,))
    y = branch(X, lengths)
    for row, x, n in zip(y, X, LENGTHS, strict=True):
        expected = x[:n].numpy()
        for layer in branch.encoder.layers:
            expected = naive_layer(layer, expected)
        assert_equal(row, expected.mean(0))


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
