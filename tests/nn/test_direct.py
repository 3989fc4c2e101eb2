"""Networks without autograd beside the same networks with it: equal to the bit."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from torch import nn

from helpers.kernels import KERNELS_ARE_ON, without_kernels
from sksequence.nn import MaskMissing, SequenceNetwork
from sksequence.nn._direct import DirectNetwork, can_be_direct
from sksequence.nn._threads import kernel_threads

pytestmark = KERNELS_ARE_ON
SIZES = {"input_size": 3, "output_size": 4, "hidden_size": 6}
SIZES_PER_LAYER = {"hidden_size": (9, 5), "num_layers": 2}
STRUCTURES = {
    "plain": {},
    "wide enough for the kernel of max pooling": {"hidden_size": 16},
    "one output": {"output_size": 1},
    "layers": {"num_layers": 3},
    "layers of other sizes, dropout": {**SIZES_PER_LAYER, "dropout": 0.3},
    "both directions": {"bidirectional": True},
    "summed": {"bidirectional": True, "merge_mode": "sum"},
    "averaged": {"bidirectional": True, "merge_mode": "mean", "num_layers": 2},
    "multiplied": {"bidirectional": True, "merge_mode": "mul", "num_layers": 2},
    "segments": {"pooling_segments": 3},
    "random convolutions": {
        **{"random_convolutions": 84, "dropout": 0.2},
        "recurrent_output_dropout": 0.4,
    },
    "dropout of the output": {"recurrent_output_dropout": 0.4, "dropout": 0.2},
    "a convolution": {"conv_channels": (4,), "conv_kernel_size": 2},
    "convolutions": {
        **{"conv_channels": (16, 5), "conv_kernel_size": (2, 3), "conv_stride": (2, 1)},
        **{"bidirectional": True, "dropout": 0.3},
    },
    "a branch": {
        **{"parallel_channels": (4, 20), "parallel_kernel_size": (3, 2)},
        **{"recurrent_output_dropout": 0.4, "dropout": 0.2},
    },
    "convolutions before and beside, random ones": {
        **{"conv_channels": (4,), "conv_kernel_size": 2, "random_convolutions": 84},
        **{"parallel_channels": (4,), "parallel_kernel_size": 2, "parallel_stride": 2},
        **{"parallel_dilation": 2},
    },
    "all": {
        **SIZES_PER_LAYER,
        "bidirectional": True,
        "dropout": 0.3,
        "recurrent_output_dropout": 0.1,
    },
}


def build(dtype=torch.float32, **changes):
    """A network in training, and the generator of its dropout."""
    generator = torch.Generator().manual_seed(3)
    network = SequenceNetwork(**{**SIZES, **changes}).to(dtype)
    network.reset_parameters(generator)
    if network.embedding is None:
        network.learn(torch.randn(20, 9, SIZES["input_size"], dtype=dtype))
    return network.train(), generator


def batch_of(n, n_steps=9, dtype=torch.float32, *, equal=False):
    """Sequences, what is behind them, and their lengths."""
    X = torch.randn(n, n_steps, 3, dtype=dtype)
    if equal:
        return X, None
    lengths = torch.randint(1, n_steps + 1, (n,))
    lengths[-1] = n_steps
    for x, length in zip(X, lengths.tolist(), strict=True):
        x[length:] = torch.nan
    return X, lengths


def by_autograd(network, generator, X, lengths, upstream, state):
    """The output and the gradients of all weights, as torch finds them."""
    generator.set_state(state)
    network.zero_grad()
    output = network(X, lengths)
    output.backward(upstream)
    return [output.detach(), *(p.grad.clone() for p in network.parameters())]


def directly(direct, generator, X, lengths, upstream, state):
    generator.set_state(state)
    output = direct.forward(X, lengths)
    direct.backward(upstream)
    gradients = (direct.gradients[p].clone() for p in direct.network.parameters())
    return [output, *gradients]


def assert_equal(found, expected):
    assert len(found) == len(expected)
    for mine, known in zip(found, expected, strict=True):
        assert torch.equal(mine, known)


def compare(network, generator, batches):
    """Compare one network without autograd, batch after batch."""
    direct = DirectNetwork(network)
    for X, lengths in batches:
        upstream = torch.randn(len(X), network.head.out_features, dtype=X.dtype)
        given = generator, X, lengths, upstream, generator.get_state()
        assert_equal(directly(direct, *given), by_autograd(network, *given))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "minlstm"])
def test_outputs_and_gradients_have_the_bits_of_autograd(cell, structure, pooling, dtype):
    structure = STRUCTURES[structure]
    network, generator = build(dtype, cell=cell, pooling=pooling, **structure)
    compare(network, generator, [batch_of(n, dtype=dtype) for n in (5, 1)])


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_the_state_that_gates_read_is_dropped_alike(cell):
    network, generator = build(cell=cell, recurrent_dropout=0.4, bidirectional=True)
    compare(network, generator, [batch_of(7), batch_of(3)])


def with_gaps(batch, *, clock=None):
    """The same, where some values are missing; the channel of the time has none."""
    X, lengths = batch
    gaps = torch.rand(X.shape) < 0.4
    if clock is not None:
        gaps[..., clock] = False
        X[..., clock] = torch.rand(X.shape[:2]).cumsum(1)
    return X.masked_fill(gaps, torch.nan), lengths


READERS = {
    "masks": {"missing": "mask", "fill": (0.1, 0.2, 0.3)},
    "decay": {"missing": "decay", "fill": (0.1, 0.2, 0.3)},
    "decay by a clock": {"missing": "decay", "time_channel": 1},
    "decay, dropout": {"missing": "decay", "recurrent_dropout": 0.3},
    "decay, layers": {"missing": "decay", "num_layers": 2, "dropout": 0.2},
    "decay, a convolution": {
        **{"missing": "decay", "conv_channels": (4,), "conv_kernel_size": 2},
    },
    "decay, convolutions": {
        **{"missing": "decay", "conv_channels": (4,), "conv_kernel_size": 2},
        **{"parallel_channels": (4,), "parallel_kernel_size": 2},
    },
    "decay, a branch": {
        **{"missing": "decay", "parallel_channels": (4,), "parallel_kernel_size": 2},
    },
    "masks, convolutions": {
        **{"missing": "mask", "conv_channels": (4,), "conv_kernel_size": 2},
        **{"parallel_channels": (4,), "parallel_kernel_size": 2},
    },
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "minlstm"])
def test_readers_of_gaps_have_the_bits_of_autograd(cell, reader, bidirectional, dtype):
    reader = READERS[reader]
    if cell == "minlstm" and "recurrent_dropout" in reader:
        reader = {"missing": "decay"}  # its gates read no state that could be dropped
    if bidirectional and "parallel_channels" in reader and "conv_channels" not in reader:
        pytest.skip("three gradients of what is read, which autograd adds")
    network, generator = build(dtype, cell=cell, bidirectional=bidirectional, **reader)
    with torch.no_grad():
        fades = network.recurrence.layers[0].fades
        for weight in () if fades is None else fades.parameters():
            weight.add_(torch.rand_like(weight) / 3)  # states are to decay
    clock = reader.get("time_channel")
    sizes = [(5, 9), (40, 30), (1, 1), (70, 12)]
    batches = [
        with_gaps(batch_of(*size, dtype, equal=i == 1), clock=clock)
        for i, size in enumerate(sizes)
    ]
    assert can_be_direct(network)
    compare(network, generator, batches)


TOKENS = {
    "one number each": {"embedding_dim": 1},
    "both directions": {"embedding_dim": 7, "bidirectional": True},
    "dropout": {"embedding_dim": 16, "dropout": 0.3},
    "more than a vector": {"embedding_dim": 37, "num_layers": 2},
    "a convolution": {
        **{"embedding_dim": 6, "conv_channels": (4,), "conv_kernel_size": 2},
        **{"bidirectional": True, "dropout": 0.2},
    },
    "a branch": {
        **{"embedding_dim": 6, "parallel_channels": (4,), "parallel_kernel_size": 2},
    },
}


def tokens_of(n, n_steps, n_tokens=11, *, equal=False):
    """Ids of tokens, invalid ones behind them, and their lengths."""
    X, lengths = torch.randint(n_tokens, (n, n_steps, 1)), None
    if not equal:
        lengths = torch.randint(1, n_steps + 1, (n,))
        lengths[-1] = n_steps
        for x, length in zip(X, lengths.tolist(), strict=True):
            x[length:] = -5
    return X, lengths


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("structure", TOKENS)
@pytest.mark.parametrize("n_tokens", [1, 11, 500])
def test_embeddings_have_the_bits_of_autograd(structure, n_tokens, dtype):
    """Also the gradients of tokens that only an earlier batch had, which are zero."""
    changes = {**TOKENS[structure], "input_size": n_tokens}
    generator = torch.Generator().manual_seed(3)
    network = SequenceNetwork(**{**SIZES, **changes}).to(dtype).train()
    network.reset_parameters(generator)
    assert can_be_direct(network)
    direct = DirectNetwork(network)
    for n, n_steps in ((5, 9), (40, 30), (2, 2), (40, 30)):
        X, lengths = tokens_of(n, n_steps, n_tokens, equal=n == 2)
        upstream = torch.randn(n, 4, dtype=dtype)
        given = generator, X, lengths, upstream, generator.get_state()
        assert_equal(directly(direct, *given), by_autograd(network, *given))


def test_several_threads_find_the_same_gradients_of_embeddings():
    network, generator = build(input_size=7, embedding_dim=50)
    X, lengths = tokens_of(40, 9, 7)
    given = generator, X, lengths, torch.randn(40, 4), generator.get_state()
    one = directly(DirectNetwork(network), *given)
    with kernel_threads(3):
        assert_equal(directly(DirectNetwork(network), *given), one)


def test_ids_out_of_range_are_refused_and_leave_no_gradient():
    network, generator = build(input_size=7, embedding_dim=3)
    direct, (X, lengths) = DirectNetwork(network), tokens_of(4, 9, 7)
    with pytest.raises(IndexError):
        direct.forward(X + 7, lengths)
    upstream = torch.randn(4, 4)
    given = generator, X, lengths, upstream, generator.get_state()
    assert_equal(directly(direct, *given), by_autograd(network, *given))


def test_an_interrupted_gradient_of_embeddings_is_made_anew(monkeypatch):
    network, generator = build(input_size=7, embedding_dim=3)
    direct, (X, lengths) = DirectNetwork(network), tokens_of(4, 9, 7)
    given = generator, X, lengths, torch.randn(4, 4), generator.get_state()
    directly(direct, *given)
    run = direct.reader.run

    def interrupted(**arguments):
        run(**arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(direct.reader, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        directly(direct, *given)
    monkeypatch.undo()
    assert_equal(directly(direct, *given), by_autograd(network, *given))


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_memory_serves_batches_of_any_size_in_any_order(pooling):
    """More and fewer than 32 sequences, which are a block, longer and shorter ones."""
    network, generator = build(pooling=pooling, bidirectional=True)
    sizes = [(4, 5), (70, 5), (2, 30), (33, 3), (32, 30), (1, 1), (70, 30)]
    batches = [batch_of(*size, equal=i % 2 == 1) for i, size in enumerate(sizes)]
    compare(network, generator, batches)


def test_several_threads_find_the_same_bits():
    network, generator = build(bidirectional=True, num_layers=2)
    X, lengths = batch_of(150)
    given = generator, X, lengths, torch.randn(150, 4), generator.get_state()
    one = directly(DirectNetwork(network), *given)
    with kernel_threads(3):
        assert_equal(directly(DirectNetwork(network), *given), one)


def test_several_steps_with_the_same_maximum_share_its_gradient():
    network, generator = build(hidden_size=16, pooling="max")
    with torch.no_grad():
        for weight in network.recurrence.parameters():
            weight.zero_()
    compare(network, generator, [batch_of(4)])


def test_weights_that_an_optimizer_moves_are_those_that_are_read():
    network, _ = build()
    direct, (X, lengths) = DirectNetwork(network), batch_of(6)
    first = direct.forward(X, lengths).clone()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1)
    second = direct.forward(X, lengths)
    assert not torch.equal(first, second)
    assert torch.equal(second, network(X, lengths))


def test_a_gradient_is_the_slope_of_the_output():
    """By differences, which know nothing of autograd."""
    network, _ = build(torch.float64, num_layers=2, bidirectional=True, pooling="mean")
    direct, (X, lengths) = DirectNetwork(network), batch_of(3, dtype=torch.float64)
    upstream = torch.randn(3, 4, dtype=torch.float64)
    direct.forward(X, lengths)
    direct.backward(upstream)

    def value():
        return (direct.forward(X, lengths) * upstream).sum().item()

    for weight, gradient in direct.gradients.items():
        flat, expected = weight.data.view(-1), gradient.flatten()[0].item()
        before, width = flat[0].item(), 1e-5
        flat[0] = before + width
        above = value()
        flat[0] = before - width
        below = value()
        flat[0] = before
        assert (above - below) / (2 * width) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("lengths", [[3, 9, 1, 5], None])
def test_lengths_may_be_of_32_bits(lengths):
    network, generator = build(hidden_size=16)
    X = torch.randn(4, 9, 3)
    lengths = None if lengths is None else torch.tensor(lengths, dtype=torch.int32)
    compare(network, generator, [(X, lengths)])


@pytest.mark.parametrize(
    ("X", "got"),
    [
        (torch.zeros(2, 9, 4), r"got \(2, 9, 4\) and torch.float32"),
        (torch.zeros(2, 9, 3).double(), r"got \(2, 9, 3\) and torch.float64"),
        (torch.zeros(2, 3), r"got \(2, 3\) and torch.float32"),
    ],
)
def test_what_kernels_would_misread_is_refused(X, got):
    direct = DirectNetwork(build()[0])
    with pytest.raises(
        ValueError, match=r"X must have shape \(batch, steps, 3\).*" + got
    ):
        direct.forward(X)


def test_lengths_out_of_range_are_refused():
    direct = DirectNetwork(build()[0])
    with pytest.raises(ValueError, match="lengths must be from 1 to 9, got 0 to 9"):
        direct.forward(torch.randn(2, 9, 3), torch.tensor([0, 9]))


MORE = {
    "a branch of segments": {
        **{"parallel_channels": (4,), "parallel_kernel_size": 2, "pooling_segments": 2},
    },
    "kernels side by side": {
        **{"parallel_channels": (4,), "parallel_kernel_size": ((3, 2),)},
    },
    "decay in both directions and a branch": {
        **{"parallel_channels": (4,), "parallel_kernel_size": 2, "missing": "decay"},
        **{"bidirectional": True},
    },
    "a residual branch": {
        **{"parallel_channels": (4,), "parallel_kernel_size": 2},
        **{"parallel_residual": 1},
    },
    "a squeezed branch": {
        **{"parallel_channels": (4,), "parallel_kernel_size": 2, "parallel_squeeze": 2},
    },
    "a bottleneck": {
        **{"parallel_channels": (4, 4), "parallel_kernel_size": 2},
        **{"parallel_bottleneck": 2},
    },
    "tokens in both directions and a branch": {
        **{"parallel_channels": (4,), "parallel_kernel_size": 2, "embedding_dim": 3},
        **{"bidirectional": True},
    },
    "categories": {"categories": ((0, 4, 2),)},
    "covariates": {"static_size": 2},
    "outputs of steps": {"per_step": True},
    "outputs of the last steps": {"decoder_steps": 2},
    "normalised layers": {"layer_norm": True},
    "residual layers": {"residual": True, "num_layers": 2},
    "weights that are vectors": {"cell": "indrnn"},
}


# Keywords of networks that can be direct, whatever their values are.
LESS = {"input_size", "output_size", "cell", "hidden_size", "num_layers", "bidirectional"}
LESS |= {"merge_mode", "dropout", "nonlinearity", "pooling", "pooling_segments"}
LESS |= {"recurrent_output_dropout", "recurrent_dropout", "memory_steps", "fill"}
LESS |= {"missing", "time_channel", "random_convolutions", "embedding_dim"}
LESS |= {"conv_channels", "conv_kernel_size", "conv_stride"}
LESS |= {"parallel_channels", "parallel_kernel_size", "parallel_stride"}
LESS |= {"parallel_dilation"}
# Those that only say how convolutions and a reader are that need autograd themselves.
HOW = {"random_dilations"}
HOW |= {"static_categories", "per_frame", "crf"}


def test_every_keyword_of_a_network_is_known():
    """A new one must be added here, to what is refused or to what is compared."""
    known = LESS | HOW | {name for changes in MORE.values() for name in changes}
    keywords = set(inspect.signature(SequenceNetwork).parameters)
    assert keywords <= known


@pytest.mark.parametrize("more", MORE)
def test_networks_that_are_more_need_autograd(more):
    assert can_be_direct(build()[0])
    assert not can_be_direct(build(**MORE[more])[0])


def test_networks_that_are_not_as_they_were_made_need_autograd():
    frozen, other_head, other_reader, replaced = (build()[0] for _ in range(4))
    frozen.head.bias.requires_grad_(False)
    other_head.head = nn.Sequential(other_head.head)
    other_reader.reader = MaskMissing(3)
    nn.utils.parametrizations.weight_norm(
        replaced.recurrence.layers[0].ahead, "weight_hh_l0"
    )
    networks = frozen, other_head, other_reader, replaced
    assert not any(map(can_be_direct, networks))
    assert not can_be_direct(type("Mine", (SequenceNetwork,), {})(**SIZES))
    assert not can_be_direct(nn.Linear(3, 4))


def test_without_kernels_autograd_serves():
    with without_kernels():
        assert not can_be_direct(build()[0])


def test_gradients_lie_one_behind_the_other():
    direct = DirectNetwork(build()[0])
    X, lengths = batch_of(5)
    direct.forward(X, lengths)
    direct.backward(torch.randn(5, 4))
    squares = sum(gradient.square().sum() for gradient in direct.gradients.values())
    np.testing.assert_allclose(direct.flat.square().sum(), squares, rtol=1e-6)
