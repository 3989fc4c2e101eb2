"""Random convolutions against their definition, step by step in numpy."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

from helpers.layers import batch_of
from sksequence.nn import RandomConvolutions, _compiled, random_convolutions
from sksequence.nn._learnt import Learnings

KERNELS = np.full((84, 9), -1.0)
for row, larger in zip(KERNELS, combinations(range(9), 3), strict=True):
    row[list(larger)] = 2.0


def learnt(n_channels, dilations, *, n_features=500, causal=False, dtype=torch.float64):
    layer = RandomConvolutions(n_channels, n_features, dilations, causal=causal)
    layer.to(dtype).reset_parameters(torch.Generator().manual_seed(0))
    X, lengths = batch_of([150, 30, 64, 65, 90], n_channels, padding=(np.nan,))
    layer.learn(X.to(dtype), lengths)
    return layer


def outputs_of(x, kernel, dilation, causal):
    """The sums of products around each step, or up to it, with zeros outside."""
    reach = 8 * dilation
    before = reach if causal else reach // 2
    padded = np.pad(x, (before, reach - before))
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach + 1)
    return windows[:, ::dilation] @ kernel


def shares_by_definition(layer, x):
    shares = []
    for level, dilation in enumerate(layer.dilations):
        reach = 8 * dilation
        before = reach if layer.causal else reach // 2
        for k, kernel in enumerate(KERNELS):
            own = layer.channels[level, k]
            mixed = x[:, own[own < x.shape[1]].numpy()].sum(axis=1)
            found = outputs_of(mixed, kernel, dilation, layer.causal)
            if k % 2 and len(x) > reach:
                found = found[before : len(x) - (reach - before)]
            shares += [(found > b).mean() for b in layer.biases[level, k].numpy()]
    return np.array(shares)


@pytest.mark.parametrize("kernels", [True, False], ids=["compiled", "torch"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("n_channels", "dilations"), [(1, (1, 2, 4)), (5, (1, 3))])
def test_features_are_standardised_shares(
    n_channels, dilations, causal, kernels, monkeypatch
):
    layer = learnt(n_channels, dilations, causal=causal)
    if not kernels:
        monkeypatch.setattr(_compiled, "serves_shares", lambda x: False)
    X, lengths = batch_of([100, 1, 9, 33, 34], n_channels, padding=(np.nan,))
    features = layer(X, lengths).numpy()
    assert features.shape == (5, layer.output_size)
    mean, scale = layer.mean.numpy(), layer.scale.numpy()
    for got, x, n in zip(features, X.numpy(), lengths.tolist(), strict=True):
        expected = (shares_by_definition(layer, x[:n]) - mean) * scale
        np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("n_channels", "causal"), [(1, False), (3, True), (12, False)])
def test_compiled_code_has_the_bits_of_torch(n_channels, causal, dtype, monkeypatch):
    layer = learnt(n_channels, (1, 2, 4, 8), causal=causal, dtype=dtype)
    X, lengths = batch_of([1, 7, 16, 17, 100, 250], n_channels)
    X = X.to(dtype)
    compiled = layer(X, lengths)
    monkeypatch.setattr(_compiled, "serves_shares", lambda x: False)
    assert torch.equal(layer(X, lengths), compiled)
    again = learnt(n_channels, (1, 2, 4, 8), causal=causal, dtype=dtype)
    for name, value in layer.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_features_do_not_depend_on_the_batch():
    layer = learnt(2, (1, 2), dtype=torch.float32)
    X, lengths = batch_of([60, 3, 17, 41], 2)
    X = X.float()
    together = layer(X, lengths)
    for i, n in enumerate(lengths):
        assert torch.equal(layer(X[i : i + 1, :n]), together[i : i + 1])


def test_learnt_features_have_mean_zero_and_a_norm_of_three():
    layer = RandomConvolutions(1, 840, (1, 2, 4, 8, 16)).double()
    layer.reset_parameters(torch.Generator().manual_seed(1))
    X = torch.randn(200, 150, 1, generator=torch.Generator().manual_seed(2)).cumsum(1)
    X = X.double()
    layer.learn(X)
    features = layer(X)
    assert features.mean(0).abs().max() < 1e-12
    varies = layer.scale > 0
    assert varies.float().mean() > 0.9
    expected = 9 * varies.float().mean().item()
    assert features.square().sum(1).mean().item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("n", [12, 700])
def test_a_weight_of_three_is_that_of_three_such_sequences(n):
    X, lengths = batch_of([20] * n, 2)
    weight = torch.arange(n) % 4
    more = torch.arange(n).repeat_interleave(weight)
    once, often = RandomConvolutions(2, 84, (1, 2)), RandomConvolutions(2, 84, (1, 2))
    for layer in (once.double(), often.double()):
        layer.reset_parameters(torch.Generator().manual_seed(0))
    once.learn(X, lengths, 0.1 * weight)
    often.learn(X[more], lengths[more])
    for name, value in often.state_dict().items():
        torch.testing.assert_close(once.state_dict()[name], value)


def test_biases_are_quantiles_of_the_outputs():
    layer = RandomConvolutions(1, 84 * 3)
    layer.double().reset_parameters()
    X, lengths = batch_of([40, 25], 1)
    layer.learn(X, lengths)
    levels = (np.arange(1, 84 * 3 + 1) * (np.sqrt(5) + 1) / 2) % 1
    for k in (0, 1, 50, 83):
        found = []
        for x, n in zip(X.numpy(), lengths.tolist(), strict=True):
            own = outputs_of(x[:n, 0], KERNELS[k], 1, False)
            found.append(own[4:-4] if k % 2 else own)
        found, level = np.concatenate(found), levels[3 * k : 3 * k + 3]
        lower = np.quantile(found, level, method="inverted_cdf")
        expected = [(x + found[found > x].min()) / 2 for x in lower]
        np.testing.assert_allclose(layer.biases[0, k].numpy(), expected, atol=1e-12)


def test_constant_features_are_zero():
    layer = RandomConvolutions(1, 84)
    layer.reset_parameters()
    layer.learn(torch.zeros(3, 20, 1))
    assert torch.equal(layer(torch.randn(4, 20, 1)), torch.zeros(4, 84))


def test_kernels_read_up_to_nine_channels_each_once():
    layer = RandomConvolutions(20, 84, (1, 2))
    layer.reset_parameters(torch.Generator().manual_seed(3))
    numbers = set()
    for own in layer.channels.flatten(0, 1).tolist():
        read = [channel for channel in own if channel < 20]
        assert len(set(read)) == len(read)
        numbers.add(len(read))
    assert min(numbers) == 1
    assert max(numbers) > 6
    assert RandomConvolutions(20, 84).channels.shape[2] == 9


def test_a_causal_feature_knows_no_later_step():
    layer = learnt(1, (1, 2), causal=True)
    X = torch.randn(1, 60, 1).double()
    outputs, counts = next(layer._outputs(X, None))
    X[:, 40:] += 5
    changed, _ = next(layer._outputs(X, None))
    assert torch.equal(outputs[:, :40], changed[:, :40])
    assert not torch.equal(outputs[:, 40:], changed[:, 40:])
    assert counts[:, 8:].all()  # behind the reach of the kernels all steps count


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kernels", [True, False], ids=["compiled", "torch"])
@pytest.mark.parametrize(("n_channels", "dilations"), [(1, (1, 2, 4)), (5, (1, 3))])
def test_features_of_a_prefix_are_those_of_it_alone(
    n_channels, dilations, kernels, dtype, monkeypatch
):
    layer = learnt(n_channels, dilations, causal=True, dtype=dtype)
    if not kernels:
        monkeypatch.setattr(_compiled, "serves_shares", lambda x: False)
    X, lengths = batch_of([50, 1, 9, 34], n_channels, padding=(np.nan,))
    X = X.to(dtype)
    prefixes = layer.prefixes(X, lengths)
    assert prefixes.shape == (4, 50, layer.output_size)
    for x, n, features in zip(X, lengths.tolist(), prefixes, strict=True):
        for end in range(1, n + 1):
            assert torch.equal(layer(x[None, :end])[0], features[end - 1]), end
    assert torch.equal(layer.prefixes(X[:1]), prefixes[:1])


def test_convolutions_that_read_later_steps_have_no_prefixes():
    with pytest.raises(ValueError, match=r"causal must be True.*got False"):
        learnt(1, (1,)).prefixes(torch.zeros(1, 9, 1).double())


@pytest.mark.parametrize("size", [0, -1, 2.5, "a", True])
def test_bad_sizes_are_refused(size):
    with pytest.raises(ValueError, match="n_features must be"):
        RandomConvolutions(1, size)
    with pytest.raises(ValueError, match="dilation must be"):
        RandomConvolutions(1, 84, (1, size))


# ------------------------------------------------------------- learning from equal data


@pytest.fixture
def learnt_again(monkeypatch):
    """The shapes of the data from which layers learn, as nothing is known before."""
    monkeypatch.setattr(random_convolutions, "_LEARNINGS", Learnings(2))
    shapes, learn = [], RandomConvolutions._learn

    def counted(self, x, lengths, weight):
        shapes.append(tuple(x.shape))
        learn(self, x, lengths, weight)

    monkeypatch.setattr(RandomConvolutions, "_learn", counted)
    return shapes


def values_of(layer):
    return [getattr(layer, name).numpy() for name in ("biases", "mean", "scale")]


def test_equal_data_are_learnt_from_once(learnt_again):
    one, other = learnt(2, (1, 2)), learnt(2, (1, 2))
    assert len(learnt_again) == 1
    for a, b in zip(values_of(one), values_of(other), strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.shares_memory(a, b)
    one.biases.zero_()  # is its own
    np.testing.assert_array_equal(values_of(learnt(2, (1, 2)))[0], values_of(other)[0])
    assert len(learnt_again) == 1


def test_whatever_is_different_is_learnt_anew(learnt_again):
    X, lengths = torch.randn(6, 30, 2), torch.tensor([30, 9, 12, 30, 20, 11])
    weight = torch.ones(6)

    def found(*data, n_features=84, **options):
        layer = RandomConvolutions(2, n_features, (1, 2), **options)
        layer.reset_parameters(torch.Generator().manual_seed(0))
        layer.learn(*data)
        return values_of(layer)

    cases = [
        ((X, lengths), {}),
        ((X, lengths - 1), {}),
        ((X, None), {}),
        ((X.nextafter(X + 1), lengths), {}),
        ((X, lengths, weight * torch.arange(6)), {}),
        ((X, lengths), {"causal": True}),
        ((X, lengths), {"n_features": 504}),
        ((X[:, :, [1, 0]], lengths), {}),
    ]
    for n, (data, options) in enumerate(cases, 1):
        alone = found(*data, **options)
        assert len(learnt_again) == n
        random_convolutions._LEARNINGS = Learnings(2)
        again = found(*data, **options)
        learnt_again.pop()
        for a, b in zip(alone, again, strict=True):
            np.testing.assert_array_equal(a, b)


def test_only_the_latest_learnings_are_kept(learnt_again):
    X = torch.randn(4, 5, 20, 1)
    for i in (0, 1, 0, 2, 0, 1):
        RandomConvolutions(1, 84).learn(X[i])
    assert len(learnt_again) == 4  # 0, 1 and 2, and 1 once more
