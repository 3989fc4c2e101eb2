"""Answers for few sequences beside those of the network: equal to the bit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from helpers.kernels import KERNELS_ARE_ON, without_kernels
from sksequence.nn import SequenceNetwork
from sksequence.nn._few_network import FewNetwork, can_answer_few

pytestmark = KERNELS_ARE_ON
SIZES = {"input_size": 3, "output_size": 4, "hidden_size": 6}
STRUCTURES = {
    "plain": {},
    "wide enough for the kernel of max pooling": {"hidden_size": 16},
    "two layers of other sizes": {"hidden_size": (18, 5), "num_layers": 2},
    "both directions": {"bidirectional": True},
    "summed": {"bidirectional": True, "merge_mode": "sum", "hidden_size": 16},
    "multiplied": {"bidirectional": True, "merge_mode": "mul", "num_layers": 2},
    "segments": {"pooling_segments": 3},
    "random convolutions": {"random_convolutions": 84, "hidden_size": 16},
    "dropouts": {"dropout": 0.3, "recurrent_output_dropout": 0.1},
}


def build(dtype=torch.float32, **changes):
    network = SequenceNetwork(**{**SIZES, **changes}).to(dtype)
    network.reset_parameters(torch.Generator().manual_seed(3))
    network.learn(torch.randn(10, 12, 3, dtype=dtype))
    return network.eval()


def batch_of(n, n_steps=9, dtype=torch.float32, *, equal=False):
    """Sequences, what is behind them, and their lengths."""
    X = torch.randn(n, n_steps, 3, dtype=dtype)
    if equal:
        return X, None
    lengths = torch.randint(1, n_steps + 1, (n,))
    lengths[0] = n_steps
    for x, length in zip(X, lengths.tolist(), strict=True):
        x[length:] = torch.nan
    return X, lengths


def first(n, X, lengths):
    return X[:n], None if lengths is None else lengths[:n]


@torch.inference_mode()
def compare(network, few, X, lengths, n):
    """The first n of 16 sequences, in a batch and as few."""
    found = few.forward(*first(n, X, lengths))
    assert torch.equal(found, network(X, lengths)[:n])


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_answers_have_the_bits_of_the_networks(cell, structure, pooling):
    torch.manual_seed(0)
    network = build(cell=cell, pooling=pooling, **STRUCTURES[structure])
    few = FewNetwork(network)
    for equal in (True, False):
        batch = batch_of(16, equal=equal)
        for n in (1, 3, 4):
            compare(network, few, *batch, n)


def test_in_double_precision_too():
    network = build(torch.float64, bidirectional=True, hidden_size=16)
    for n in (1, 2):
        compare(network, FewNetwork(network), *batch_of(16, dtype=torch.float64), n)


def test_memory_serves_sequences_of_any_number_and_length_in_any_order():
    network = build(hidden_size=16, bidirectional=True)
    few = FewNetwork(network)
    for i, (n, n_steps) in enumerate([(1, 5), (4, 30), (2, 7), (1, 30), (3, 1), (4, 30)]):
        compare(network, few, *batch_of(16, n_steps, equal=i % 2 == 1), n)


def test_weights_that_are_moved_are_those_that_are_read():
    network = build(hidden_size=16)
    few, batch = FewNetwork(network), batch_of(16)
    compare(network, few, *batch, 1)
    before = few.forward(*first(1, *batch)).clone()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1)
    assert not torch.equal(few.forward(*first(1, *batch)), before)
    compare(network, few, *batch, 1)


@pytest.mark.parametrize(
    "X",
    [
        torch.zeros(5, 9, 3),
        torch.zeros(1, 2**18, 3),
        torch.zeros(1, 9, 3).double(),
        torch.zeros(1, 9, 2),
    ],
    ids=["more sequences", "long ones", "another dtype", "other channels"],
)
def test_what_has_no_place_here_is_left_to_the_network(X):
    assert FewNetwork(build()).forward(X) is None


def test_a_second_thread_is_left_to_the_network():
    few = FewNetwork(build())
    X, _ = batch_of(1, equal=True)
    with few._lock:
        assert few.forward(X) is None
    assert few.forward(X) is not None


MORE = {
    "convolutions": {"conv_channels": (4,), "conv_kernel_size": 2},
    "a branch": {"parallel_channels": (4,), "parallel_kernel_size": 2},
    "tokens": {"embedding_dim": 3},
    "categories": {"categories": ((0, 4, 2),)},
    "masks": {"missing": "mask"},
    "covariates": {"static_size": 2},
    "outputs of steps": {"per_step": True},
    "outputs of the last steps": {"decoder_steps": 2},
    "normalised layers": {"layer_norm": True},
    "residual layers": {"residual": True, "num_layers": 2},
    "weights that are vectors": {"cell": "indrnn"},
}


@pytest.mark.parametrize("more", MORE)
def test_networks_that_are_more_answer_themselves(more):
    assert can_answer_few(build())
    assert not can_answer_few(build(**MORE[more]))


def test_other_modules_answer_themselves():
    other_head = build()
    other_head.head = nn.Sequential(other_head.head)
    assert not can_answer_few(other_head)
    assert not can_answer_few(nn.Linear(3, 4))
    with without_kernels():
        assert not can_answer_few(build())
