"""Whole networks: padding, causality, weights, errors."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from helpers.layers import (
    CELLS,
    DIRECTIONS,
    LENGTHS,
    assert_equal,
    batch_of,
    every_cell,
    every_merge,
    gradients,
    loss_of,
    name_of,
    scrambled,
)
from sksequence.nn import (
    AttentionPooling,
    ConvBranch,
    ConvEncoder,
    ConvLayer,
    Dropout,
    LastPooling,
    MaskedBatchNorm,
    MaxPooling,
    MeanPooling,
    RecurrentLayer,
    RecurrentStack,
    SequenceNetwork,
)
from sksequence.nn._time import valid_steps

POOLINGS = ["last", "mean", "max", "attention"]
ENCODERS = [
    {},
    {"conv_channels": (5,), "conv_kernel_size": 4},
    {"conv_channels": (5, 4), "conv_kernel_size": (3, 2), "conv_stride": (2, 2)},
]
BRANCH = {"parallel_channels": (4, 3), "parallel_kernel_size": (6, 3)}
BRANCHES = [{}, BRANCH]
# Each is tested with a few of the others.
OPTIONS = [
    {**BRANCH, "parallel_stride": (2, 1)},
    {
        **{**BRANCH, "parallel_channels": (4, 4)},
        **{"parallel_dilation": (2, 1), "parallel_residual": 1},
    },
    {
        **{"parallel_channels": (6, 5), "parallel_kernel_size": (3, (5, 2))},
        **{"parallel_stride": (2, 1), "parallel_residual": 2},
        **{"parallel_bottleneck": 4, "parallel_squeeze": 2},
    },
    {**BRANCH, "pooling_segments": 2},
    {"pooling_segments": 3},
    {**BRANCH, "parallel_stride": 2, "pooling_segments": 4},
]
COMBINATIONS = [
    {"cell": cell, **direction, "pooling": pooling, **encoder, **branch}
    for cell, direction, pooling, encoder, branch in product(
        CELLS, DIRECTIONS, POOLINGS, ENCODERS, BRANCHES
    )
]
COMBINATIONS += [
    {"cell": "gru", **direction, "pooling": pooling, **encoder, **options}
    for direction, pooling, encoder, options in product(
        DIRECTIONS[:2], POOLINGS, ENCODERS[1:], OPTIONS
    )
]
every_combination = pytest.mark.parametrize("options", COMBINATIONS, ids=name_of)


# ------------------------------------------------------------------------------- padding


def check_padding_changes_nothing(*, training=False, **options):
    network = scrambled(SequenceNetwork(3, 2, hidden_size=4, **options))
    network.train(training)
    X, _ = batch_of(LENGTHS)
    alone = [network(X[i : i + 1, :n]) for i, n in enumerate(LENGTHS)]
    expected = torch.cat(alone).detach()
    single = gradients(network, torch.stack([loss_of(y)[0] for y in alone]).mean())
    X, lengths = batch_of(LENGTHS, padding=(0.0, 1e9, np.inf, -np.inf, np.nan), extra=3)
    output = network(X.requires_grad_(), lengths)
    assert_equal(output.detach(), expected)
    for name, gradient in gradients(network, loss_of(output).mean()).items():
        assert_equal(gradient, single[name])
    assert not X.grad[~valid_steps(lengths, X.shape[1])].any()


@every_combination
def test_padding_changes_neither_output_nor_gradient(options):
    check_padding_changes_nothing(**options)


@every_cell
@pytest.mark.parametrize("direction", DIRECTIONS, ids=name_of)
def test_padding_changes_nothing_in_a_deep_network(cell, direction):
    check_padding_changes_nothing(cell=cell, num_layers=3, **direction)


@every_cell
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("direction", DIRECTIONS, ids=name_of)
def test_padding_changes_nothing_while_training(cell, direction, pooling):
    """But for the statistics of a batch, and dropout."""
    check_padding_changes_nothing(cell=cell, pooling=pooling, training=True, **direction)


@every_cell
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("direction", DIRECTIONS, ids=name_of)
def test_training_computes_what_evaluation_does(cell, direction, pooling):
    """But for the statistics of a batch, and dropout."""
    network = SequenceNetwork(3, 2, cell=cell, pooling=pooling, num_layers=2, **direction)
    scrambled(network)
    X, lengths = batch_of(LENGTHS)
    assert_equal(network.train()(X, lengths), network.eval()(X, lengths))


def _layers():
    def stack_of(layer):
        return lambda x, lengths: layer(x, lengths)[0]

    def in_channels(layer):
        def apply(x, lengths):
            y = layer(x.transpose(1, 2), lengths)
            y, lengths = y if isinstance(y, tuple) else (y, lengths)
            return y.transpose(1, 2), lengths

        return apply

    def plain(layer):
        return layer

    layers = {f"layer-{c}": (RecurrentLayer(3, 4, cell=c), stack_of) for c in CELLS}
    layers["stack"] = RecurrentStack(3, 4, 2, bidirectional=True), stack_of
    layers["conv"] = ConvLayer(3, 4, 3, 2), in_channels
    layers["norm"] = MaskedBatchNorm(3), in_channels
    layers["encoder"] = ConvEncoder(3, (4, 5), 3, 2), plain
    layers["branch"] = ConvBranch(3, (4, 5), 3), plain
    for pooling in (LastPooling, MeanPooling, MaxPooling, AttentionPooling):
        layers[pooling.__name__] = pooling(3), plain
    return [pytest.param(*value, id=name) for name, value in layers.items()]


@pytest.mark.parametrize(("layer", "wrap"), _layers())
@pytest.mark.parametrize("padding", [(1e9,), (np.inf, -np.inf), (np.nan,)], ids=str)
def test_no_layer_reads_behind_an_end_on_its_own(layer, wrap, padding):
    apply = wrap(layer.double().train())

    def answer(padding):
        X, lengths = batch_of(LENGTHS, padding=padding)
        y = apply(X.requires_grad_(), lengths)
        y, lengths = y if isinstance(y, tuple) else (y, lengths)
        if y.ndim == 3:
            y = torch.cat([row[:n] for row, n in zip(y, lengths, strict=True)])
        layer.zero_grad()
        y.square().sum().backward()
        return [y.detach(), X.grad, *(p.grad.clone() for p in layer.parameters())]

    for got, expected in zip(answer(padding), answer((0.0,)), strict=True):
        assert_equal(got, expected)


@pytest.mark.parametrize(
    "options",
    [options for options in COMBINATIONS if "parallel_channels" in options],
    ids=name_of,
)
def test_a_gradient_reaches_every_parameter(options):
    network = SequenceNetwork(3, 2, hidden_size=6, dropout=0.2, **options)
    X, lengths = batch_of([16, 9, 12])
    loss = loss_of(network(X.float(), lengths)).mean()
    for name, gradient in gradients(network, loss).items():
        assert gradient.isfinite().all(), name
        assert gradient.abs().max() > 0, name


@pytest.mark.parametrize("direction", DIRECTIONS, ids=name_of)
def test_network_is_its_parts_one_after_the_other(direction):
    network = SequenceNetwork(
        3, 2, pooling="last", **ENCODERS[1], **BRANCHES[1], **direction
    )
    scrambled(network)
    X, lengths = batch_of(LENGTHS)
    steps, final = network.recurrence(*network.encoder(X, lengths))
    assert_equal(network.pool(steps, lengths, final), final)
    represented = torch.cat([final, network.branch(X, lengths)], dim=1)
    assert represented.shape[1] == network.representation_size
    assert_equal(network.represent(X, lengths), represented)
    expected = represented @ network.head.weight.T + network.head.bias
    assert_equal(network(X, lengths), expected)


# ----------------------------------------------------------------------------- causality


def _states(network, X):
    steps, _ = network.recurrence(network.encoder(X)[0])
    branch, _ = network.branch.encoder(X)
    return steps, branch


@every_cell
@pytest.mark.parametrize("branch", [*BRANCHES, *OPTIONS[:3]], ids=name_of)
@pytest.mark.parametrize("encoder", ENCODERS, ids=["plain", "conv", "strided"])
def test_without_a_backward_direction_no_state_depends_on_a_later_step(
    cell, encoder, branch
):
    network = scrambled(SequenceNetwork(3, 2, cell=cell, **encoder, **branch))
    stride = int(np.prod(encoder.get("conv_stride", 1)))
    branch_stride = int(np.prod(branch.get("parallel_stride", 1)))
    X, _ = batch_of([24, 24])
    before, before_branch = _states(network, X)
    for cut in (1, 6, 13, 23):
        changed = X.clone()
        changed[:, cut:] = torch.randn(2, 24 - cut, 3) * 100
        after, after_branch = _states(network, changed)
        blocks = cut // stride
        assert_equal(after[:, :blocks], before[:, :blocks])
        assert not torch.allclose(after[:, blocks:], before[:, blocks:])
        if branch:
            blocks = cut // branch_stride
            assert_equal(after_branch[:, :blocks], before_branch[:, :blocks])
            assert not torch.allclose(after_branch[:, blocks:], before_branch[:, blocks:])


@every_cell
@every_merge
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("stride", [1, 2])
def test_a_bidirectional_network_uses_both_ends(cell, merge_mode, pooling, stride):
    network = SequenceNetwork(
        3,
        2,
        cell=cell,
        bidirectional=True,
        merge_mode=merge_mode,
        pooling=pooling,
        hidden_size=16,
        conv_channels=(32,),
        conv_kernel_size=3,
        conv_stride=stride,
    )
    scrambled(network)
    X, lengths = batch_of(LENGTHS)
    network(X.requires_grad_(), lengths).square().sum().backward()
    for gradient, n in zip(X.grad, LENGTHS, strict=True):
        assert gradient[0].abs().max() > 0
        assert gradient[n - 1].abs().max() > 0


@every_cell
def test_final_state_has_read_from_both_ends_to_the_other(cell):
    layer = scrambled(RecurrentLayer(3, 4, cell=cell, bidirectional=True))
    X, lengths = batch_of(LENGTHS)
    steps, final = layer(X, lengths)
    for i, n in enumerate(LENGTHS):
        assert_equal(final[i], torch.cat([steps[i, n - 1, :4], steps[i, 0, 4:]]))


# ------------------------------------------------------------------------------- dropout


def test_network_drops_between_layers_and_before_the_head():
    network = SequenceNetwork(3, 4, num_layers=2, dropout=0.5, hidden_size=8)
    X = torch.randn(2, 5, 3)
    assert not torch.equal(network(X), network(X))
    assert not torch.equal(network.represent(X), network.represent(X))
    assert torch.equal(network.eval()(X), network(X))
    shallow = SequenceNetwork(3, 4, dropout=0.5, hidden_size=8)
    assert torch.equal(shallow.represent(X), shallow.represent(X))


def test_the_output_of_the_recurrence_is_dropped_alone():
    options = {"hidden_size": 500, "parallel_channels": (40,), "parallel_kernel_size": 3}
    network = SequenceNetwork(3, 2, recurrent_output_dropout=0.8, **options)
    X = torch.randn(2, 9, 3)
    whole = network.eval().represent(X)
    for layer in (network.branch, network.recurrence):
        layer.eval()
    network.training = network.output_dropout.training = True
    dropped = network.represent(X)
    assert torch.equal(dropped[:, 500:], whole[:, 500:])
    kept = dropped[:, :500] != 0
    assert kept.double().mean().item() == pytest.approx(0.2, abs=0.06)
    assert_equal(dropped[:, :500][kept], 5 * whole[:, :500][kept], atol=1e-5)


def test_what_continues_from_a_state_is_dropped_alike():
    network = SequenceNetwork(3, 2, per_step=True, recurrent_output_dropout=0.5)
    X, answers = torch.randn(4, 9, 3), []
    for answer in (network, lambda X: network.advance(X)[0]):
        network.output_dropout.reset_parameters(torch.Generator().manual_seed(0))
        answers.append(answer(X))
    assert_equal(*answers, atol=1e-6)
    assert not torch.allclose(answers[0], network.eval()(X))


# ------------------------------------------------------------------------------- weights


EVERYTHING = {
    "hidden_size": 6,
    "num_layers": 2,
    "bidirectional": True,
    "dropout": 0.3,
    "conv_channels": (5,),
    "parallel_channels": (4,),
    "parallel_kernel_size": 3,
    "pooling": "attention",
}


@every_cell
def test_weights_are_the_generators_to_the_bit(cell):
    network = SequenceNetwork(3, 2, cell=cell, **EVERYTHING)
    X, before = torch.randn(4, 9, 3), torch.get_rng_state()

    def weights(seed):
        network.reset_parameters(torch.Generator().manual_seed(seed))
        masked = network(X).detach()
        return [masked, *(t.clone() for t in network.state_dict().values())]

    first, again, other = weights(0), weights(0), weights(1)
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first[0], other[0])
    assert torch.equal(torch.get_rng_state(), before)


@every_cell
def test_a_reset_leaves_no_weight_as_it_was(cell):
    with torch.device("meta"):
        built = SequenceNetwork(3, 2, cell=cell, **EVERYTHING)
    built = built.to_empty(device="cpu")
    for tensor in (*built.parameters(), *built.buffers()):
        tensor.data.fill_(77)
    built.reset_parameters(torch.Generator().manual_seed(0))
    for name, tensor in (*built.named_parameters(), *built.named_buffers()):
        assert not (tensor == 77).any(), name


@every_cell
def test_initial_weights_are_those_of_the_literature(cell):
    layer = RecurrentLayer(5, 8, cell=cell, bidirectional=True)
    for half in (layer.ahead, layer.back):
        bound = (6 / (5 + 8)) ** 0.5
        assert half.weight_ih_l0.abs().max() <= bound
        assert half.weight_ih_l0.std().item() == pytest.approx(bound / 3**0.5, rel=0.25)
        for gate in half.weight_hh_l0.detach().split(8):
            assert_equal(gate @ gate.T, torch.eye(8), atol=1e-5)
        bias = half.bias_ih_l0.detach() + half.bias_hh_l0.detach()
        gates = [0.0, 1.0, 0.0, 0.0] if cell == "lstm" else [0.0] * (len(bias) // 8)
        assert_equal(bias, torch.tensor(gates).repeat_interleave(8))


# -------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: SequenceNetwork(3, 2, cell="tcn"), "cell must be.*'rnn'.*'gru'.*'tcn'"),
        (lambda: RecurrentLayer(3, 2, cell="RNN"), "cell must be.*'RNN'"),
        (
            lambda: SequenceNetwork(3, 2, bidirectional=True, merge_mode="max"),
            "merge_mode must be.*'concat'.*'mul'.*'max'",
        ),
        (lambda: SequenceNetwork(3, 2, merge_mode="max"), "merge_mode.*'max'"),
        (lambda: SequenceNetwork(3, 2, pooling="min"), "pooling must be.*'last'.*'min'"),
        (lambda: SequenceNetwork(3, 2, dropout=1.0), r"\[0, 1\).*p=1.0"),
        (lambda: Dropout(-0.1), r"\[0, 1\).*p=-0.1"),
        (lambda: Dropout(float("nan")), "p=nan"),
        (lambda: RecurrentStack(3, (4, 4), 3), r"hidden_size.*\(3\).*\(4, 4\)"),
        (lambda: RecurrentStack(3, 0), "hidden_size.*at least 1.*0"),
        (lambda: RecurrentStack(3, 4.0), "hidden_size.*int.*4.0"),
        (lambda: RecurrentStack(3, (4, True), 2), "hidden_size.*int"),
        (lambda: ConvEncoder(3, (4, 0)), r"channels.*at least 1.*\(4, 0\)"),
        (lambda: ConvEncoder(3, (4, 4), (3,)), r"kernel_size.*\(2\).*\(3,\)"),
        (lambda: ConvEncoder(3, (4,), 3, (1, 2)), r"stride.*\(1\).*\(1, 2\)"),
        (lambda: ConvEncoder(3, (4,), 3, 0), "stride.*at least 1.*0"),
        (lambda: ConvBranch(3, (4, 4)), r"kernel_size.*\(2\).*\(8, 5, 3\)"),
        (lambda: ConvBranch(3, (4,), 3, 0), "stride.*at least 1.*0"),
        (lambda: ConvBranch(3, (4,), 3, n_segments=0), "n_segments.*at least 1.*0"),
        (lambda: SequenceNetwork(3, 2, pooling_segments=0.5), "pooling_segments.*0.5"),
        (lambda: SequenceNetwork(3, 2, recurrent_output_dropout=1), r"\[0, 1\).*p=1"),
    ],
)
def test_errors_say_what_was_expected_and_what_was_got(build, words):
    with pytest.raises((ValueError, TypeError), match=words):
        build()
