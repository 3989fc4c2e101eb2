"""The layers against numpy, against torch.nn, and against themselves."""

from __future__ import annotations

import copy
import pickle
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from sksequence import _cells, _kernels
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
from sksequence.nn._loop import run_cell
from sksequence.nn._time import last_step, reverse_steps, valid_steps, zero_padding

TORCH_CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
CELLS = list(TORCH_CELLS)
MERGES = {
    "concat": lambda ahead, back: np.concatenate([ahead, back], axis=-1),
    "sum": lambda ahead, back: ahead + back,
    "mean": lambda ahead, back: 0.5 * (ahead + back),
    "mul": lambda ahead, back: ahead * back,
}
ALL_CELLS = list(_cells.CELLS)
NEW_CELLS = [cell for cell in ALL_CELLS if cell not in TORCH_CELLS]
DIRECTIONS = [{"bidirectional": False}] + [
    {"bidirectional": True, "merge_mode": merge} for merge in MERGES
]
POOLINGS = ["last", "mean", "max", "attention"]
ENCODERS = [
    {},
    {"conv_channels": (5,), "conv_kernel_size": 4},
    {"conv_channels": (5, 4), "conv_kernel_size": (3, 2), "conv_stride": (2, 2)},
]
BRANCHES = [{}, {"parallel_channels": (4, 3), "parallel_kernel_size": (6, 3)}]
LENGTHS = [3, 6, 4]
COMBINATIONS = [
    {"cell": cell, **direction, "pooling": pooling, **encoder, **branch}
    for cell, direction, pooling, encoder, branch in product(
        CELLS, DIRECTIONS, POOLINGS, ENCODERS, BRANCHES
    )
]


def _say(options):
    return "-".join(str(value).replace(" ", "") for value in options.values())


every_combination = pytest.mark.parametrize("options", COMBINATIONS, ids=_say)
every_cell = pytest.mark.parametrize("cell", CELLS)
every_merge = pytest.mark.parametrize("merge_mode", MERGES)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def batch_of(lengths, n_channels=3, padding=(0.0,), extra=0):
    """Sequences that depend on the lengths alone; values of ``padding`` behind them."""
    generator = torch.Generator().manual_seed(1)
    shape = len(lengths), max(lengths) + extra, n_channels
    X = torch.tensor(padding)[torch.randint(len(padding), shape)]
    for row, length in zip(X, lengths, strict=True):
        row[:length] = torch.randn(length, n_channels, generator=generator)
    return X.double(), torch.tensor(lengths)


def scrambled(module):
    """The module in double precision and evaluation mode, with nothing at a default."""
    for name, tensor in module.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif tensor.is_floating_point():
            tensor.normal_(std=0.5)
    return module.double().eval()


def assert_equal(got, expected, atol=1e-12):
    torch.testing.assert_close(
        torch.as_tensor(got), torch.as_tensor(expected), rtol=0, atol=atol
    )


def gradients(module, loss):
    module.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in module.named_parameters()}


# ------------------------------------------------------------------------------- time


def test_time_helpers_do_what_slices_do():
    X, lengths = batch_of(LENGTHS, padding=(np.nan,))
    mask, reverse = valid_steps(lengths, X.shape[1]), reverse_steps(X, lengths)
    last = last_step(X, lengths)
    for i, n in enumerate(LENGTHS):
        assert mask[i].tolist() == [True] * n + [False] * (X.shape[1] - n)
        assert_equal(reverse[i, :n], X[i, :n].flip(0))
        assert_equal(last[i], X[i, n - 1])
    assert_equal(reverse_steps(X[1:2], None), X[1:2].flip(1))
    assert_equal(last_step(X[1:2], None), X[1:2, -1])


# -------------------------------------------------------------------------- recurrence


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step_by_step(cell, weights, X, nonlinearity="tanh"):
    """The equations of the class docstrings, one step after the other."""
    W, U, b, b_hidden = (w.detach().numpy() for w in weights)
    size = U.shape[1]
    h, c, states = np.zeros((len(X), size)), np.zeros((len(X), size)), []
    for x in X.numpy().swapaxes(0, 1):
        if cell == "rnn":
            total = x @ W.T + b + h @ U.T + b_hidden
            h = np.tanh(total) if nonlinearity == "tanh" else np.maximum(total, 0)
        elif cell == "lstm":
            i, f, g, o = np.split(x @ W.T + b + h @ U.T + b_hidden, 4, axis=1)
            c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
            h = _sigmoid(o) * np.tanh(c)
        else:
            x_r, x_z, x_n = np.split(x @ W.T + b, 3, axis=1)
            h_r, h_z, h_n = np.split(h @ U.T + b_hidden, 3, axis=1)
            z, n = _sigmoid(x_z + h_z), np.tanh(x_n + _sigmoid(x_r + h_r) * h_n)
            h = z * h + (1 - z) * n
        states.append(h)
    return np.stack(states, axis=1)


@pytest.mark.parametrize(
    ("cell", "nonlinearity"),
    [("rnn", "tanh"), ("rnn", "relu"), ("lstm", "tanh"), ("gru", "tanh")],
)
def test_layer_follows_the_equations(cell, nonlinearity):
    layer = scrambled(RecurrentLayer(3, 4, cell=cell, nonlinearity=nonlinearity))
    X, lengths = batch_of(LENGTHS)
    steps, final = layer(X, lengths)
    expected = step_by_step(cell, layer.ahead.parameters(), X, nonlinearity)
    for i, n in enumerate(LENGTHS):
        assert_equal(steps[i, :n], expected[i, :n])
        assert_equal(final[i], expected[i, n - 1])


def new_cells_step_by_step(cell, layer, X):
    """The equations of the papers, one step after the other."""
    own = {name: p.detach().numpy() for name, p in layer.named_parameters()}
    size = layer.hidden_size
    h = c = np.zeros((len(X), size))
    states = []
    for x in X.numpy().swapaxes(0, 1):
        read = x @ own["weight_ih_l0"].T + own["bias_ih_l0"]
        parts = np.split(read, read.shape[1] // size, axis=1)
        if cell == "mingru":
            z = _sigmoid(parts[0])
            h = (1 - z) * h + z * parts[1]
        elif cell == "minlstm":
            f, i = _sigmoid(parts[0]), _sigmoid(parts[1])
            h = f / (f + i) * h + i / (f + i) * parts[2]
        elif cell == "indrnn":
            h = np.maximum(read + own["weight_hh_l0"] * h + own["bias_hh_l0"], 0)
        else:
            f = _sigmoid(parts[1])
            c = f * c + (1 - f) * np.tanh(parts[0])
            h = _sigmoid(parts[2]) * c
        states.append(h)
    return np.stack(states, axis=1)


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("cell", NEW_CELLS)
def test_new_cells_follow_the_equations_of_the_papers(cell, kernels, monkeypatch):
    if not kernels:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    layer = scrambled(RecurrentLayer(3, 4, cell=cell))
    X, lengths = batch_of(LENGTHS)
    steps, final = layer(X, lengths)
    expected = new_cells_step_by_step(cell, layer.ahead, X)
    for i, n in enumerate(LENGTHS):
        assert_equal(steps[i, :n], expected[i, :n])
        assert_equal(final[i], expected[i, n - 1])


@pytest.mark.parametrize("values", [(-300.0, -301.0), (-300.0, 0.0), (0.0, -300.0)])
def test_a_minimal_lstm_keeps_its_digits_where_its_gates_close(values):
    layer = RecurrentLayer(1, 1, cell="minlstm")
    with torch.no_grad():
        layer.ahead.weight_ih_l0.copy_(torch.tensor([[0.0], [0.0], [1.0]]))
        layer.ahead.bias_ih_l0.copy_(torch.tensor([*values, 0.0]))
    X = torch.tensor([[[1.0], [3.0]]], requires_grad=True)
    steps, _ = layer(X)
    steps[0, 1].sum().backward()
    f, i = (1 / (1 + np.exp(-np.float64(value))) for value in values)
    keep, enter = f / (f + i), i / (f + i)
    expected = [keep * enter, enter]
    tiny = np.exp(-79)
    np.testing.assert_allclose(X.grad.flatten(), expected, rtol=1e-6, atol=tiny)
    wanted = keep * enter + enter * 3
    np.testing.assert_allclose(steps[0, 1, 0].detach(), wanted, rtol=1e-6, atol=tiny)


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("cell", ALL_CELLS)
def test_any_cell_reads_on_from_its_state(cell, kernels, monkeypatch):
    if not kernels:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    stack = scrambled(RecurrentStack(3, 5, 2, cell=cell, layer_norm=True))
    X = torch.randn(4, 9, 3, dtype=torch.float64)
    first, states = stack.advance(X[:, :4])
    second, _ = stack.advance(X[:, 4:], states)
    assert_equal(torch.cat([first, second], 1), stack(X)[0])


@pytest.mark.parametrize("cell", ALL_CELLS)
def test_any_cells_state_decays_before_it_is_read(cell):
    """A decay of one changes nothing; one of zero leaves each step alone."""
    layer = scrambled(RecurrentLayer(3, 4, cell=cell)).eval()
    X, _ = batch_of([6, 6, 6])
    ones = torch.ones(3, 6, 4, dtype=X.dtype)
    steps, _ = run_cell(layer.ahead, X, decay=ones)
    assert_equal(steps, layer(X)[0])
    steps, _ = run_cell(layer.ahead, X, decay=0 * ones)
    alone, _ = layer(X.flatten(0, 1)[:, None])
    assert_equal(steps.flatten(0, 1), alone[:, 0])


@pytest.mark.parametrize("cell", ALL_CELLS)
def test_layers_of_any_cell_pickle_and_copy(cell):
    layer = RecurrentLayer(3, 4, cell=cell, bidirectional=True, merge_mode="concat")
    X = torch.randn(2, 5, 3)
    for other in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)):
        assert torch.equal(other(X)[0], layer(X)[0])


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("cell", ALL_CELLS)
@pytest.mark.parametrize("option", ["plain", "layer_norm"])
def test_any_cells_answer_is_the_same_in_any_company(cell, option, kernels, monkeypatch):
    if not kernels:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    options = {"layer_norm": option == "layer_norm", "bidirectional": True}
    layer = RecurrentLayer(3, 7, cell=cell, **options).eval()
    X, lengths = torch.randn(40, 11, 3), torch.randint(1, 12, (40,))
    with torch.no_grad():
        steps, final = layer(X, lengths)
        for i in range(0, 40, 7):
            n = int(lengths[i])
            # Torch's products are the same in multiples of eight rows.
            alone, its_final = layer(X[i : i + 1, :n].repeat(8, 1, 1))
            assert torch.equal(alone[0], steps[i, :n])
            assert torch.equal(its_final[0], final[i])


# ------------------------------------------------- normalised, residual, dropout, memory


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("cell", ALL_CELLS)
def test_layer_norm_normalises_the_products_of_the_input(
    cell, training, kernels, monkeypatch
):
    """A layer whose input are normalised products, by weights that pass them on."""
    if not kernels:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    layer = scrambled(RecurrentLayer(3, 4, cell=cell, layer_norm=True)).train(training)
    X, lengths = batch_of(LENGTHS, padding=(np.nan,))
    own = layer.ahead
    products = torch.nn.functional.layer_norm(
        X @ own.weight_ih_l0.T,
        own.norm.weight.shape,
        own.norm.weight,
        own.norm.bias,
    )
    plain = RecurrentLayer(products.shape[2], 4, cell=cell).double()
    state = {k: v for k, v in own.state_dict().items() if "norm" not in k}
    state["weight_ih_l0"] = torch.eye(products.shape[2], dtype=torch.float64)
    plain.ahead.load_state_dict(state)
    for one, other in zip(layer(X, lengths), plain(products, lengths), strict=True):
        assert_equal(one.detach(), other.detach())
    layer(X, lengths)[0].sum().backward()
    assert all(p.grad.isfinite().all() for p in layer.parameters())


@pytest.mark.parametrize("kernels", [True, False])
def test_residual_layers_add_what_they_read(kernels, monkeypatch):
    if not kernels:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    stack = scrambled(RecurrentStack(4, 4, 2, cell="gru", residual=True))
    X, lengths = batch_of(LENGTHS)
    X = torch.cat([X, X[..., :1]], 2)
    steps, final = stack(X, lengths)
    below, above = stack.layers
    read = below(X, lengths)[0] + zero_padding(X, lengths)
    assert_equal(steps, zero_padding(above(read, lengths)[0] + read, lengths))
    assert_equal(final, last_step(steps, lengths))
    advanced, _ = stack.advance(X[:1, : LENGTHS[0]])
    assert_equal(advanced[0], steps[0, : LENGTHS[0]])
    # Without the same width below there is nothing to add.
    other = scrambled(RecurrentStack(3, 4, 1, cell="gru", residual=True))
    assert_equal(other(X[..., :3])[0], other.layers[0](X[..., :3])[0])


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "indrnn"])
def test_recurrent_dropout_masks_units_for_a_whole_sequence(cell, kernels, monkeypatch):
    """As rows of the recurrent weights that are zero, by sequence, would."""
    if not kernels:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    layer = scrambled(RecurrentLayer(3, 6, cell=cell, recurrent_dropout=0.5)).train()
    layer.recurrent_dropout.reset_parameters(torch.Generator().manual_seed(3))
    X = torch.randn(5, 8, 3, dtype=torch.float64)
    steps, _ = layer(X)
    masks = X.new_empty(5, 6).bernoulli_(0.5, generator=torch.Generator().manual_seed(3))
    assert 0 < masks.sum() < masks.numel()
    plain = RecurrentLayer(3, 6, cell=cell).double()
    weight = layer.ahead.weight_hh_l0.detach()
    for x, mask, own in zip(X, 2 * masks, steps, strict=True):
        state = layer.ahead.state_dict()
        state["weight_hh_l0"] = weight * (
            mask.repeat(len(weight) // 6) if weight.ndim == 1 else mask
        )
        plain.ahead.load_state_dict(state)
        assert_equal(plain(x[None])[0][0].detach(), own.detach())
    undisturbed = RecurrentLayer(3, 6, cell=cell).double()
    undisturbed.ahead.load_state_dict(layer.ahead.state_dict())
    assert torch.equal(layer.eval()(X)[0], undisturbed.eval()(X)[0])


@pytest.mark.parametrize("cell", ["lstm", "gru", "mingru", "minlstm", "qrnn"])
def test_memory_steps_are_what_the_biases_keep_the_state_for(cell):
    layer = RecurrentLayer(3, 2000, cell=cell, memory_steps=50)
    biases = layer.ahead.bias_ih_l0.detach().split(2000)
    scale = layer.cell.time_scale
    logs = [sign * bias for sign, bias in zip(scale, biases, strict=True) if sign]
    for one in logs:
        assert torch.equal(one, logs[0])
        assert 1 <= one.exp().min() < 2
        assert 48 < one.exp().max() <= 49.01
        assert one.exp().mean().item() == pytest.approx(25, abs=1.5)
    for sign, bias, begin in zip(scale, biases, layer.cell.biases, strict=True):
        assert sign or (bias == begin).all()


@every_cell
def test_layer_is_torch_with_the_weights_copied(cell, monkeypatch):
    # To the bit where torch itself computes; test_kernels.py compares the two.
    monkeypatch.setattr(_kernels, "load", lambda *_: None)
    layer = RecurrentLayer(3, 4, cell=cell)
    theirs = TORCH_CELLS[cell](3, 4, batch_first=True)
    theirs.load_state_dict(layer.ahead.state_dict())
    X = torch.randn(5, 6, 3)
    steps, final = layer(X)
    expected, _ = theirs(X)
    assert torch.equal(steps, expected)
    assert torch.equal(final, expected[:, -1])


@every_cell
def test_backward_half_is_the_forward_half_of_the_reversed_sequence(cell):
    both = scrambled(RecurrentLayer(3, 4, cell=cell, bidirectional=True))
    ahead = RecurrentLayer(3, 4, cell=cell).double()
    ahead.ahead.load_state_dict(both.back.state_dict())
    X, lengths = batch_of(LENGTHS)
    steps, final = both(X, lengths)
    for i, n in enumerate(LENGTHS):
        mirrored, mirrored_final = ahead(X[i : i + 1, :n].flip(1))
        assert_equal(steps[i, :n, 4:], mirrored[0].flip(0))
        assert_equal(final[i, 4:], mirrored_final[0])


def _copied_to_torch(stack, cell, input_size, hidden_size):
    theirs = TORCH_CELLS[cell](
        input_size,
        hidden_size,
        num_layers=len(stack.layers),
        batch_first=True,
        bidirectional=True,
    )
    state = {}
    for i, layer in enumerate(stack.layers):
        for half, ending in ((layer.ahead, ""), (layer.back, "_reverse")):
            for name, tensor in half.state_dict().items():
                state[name.replace("_l0", f"_l{i}{ending}")] = tensor
    theirs.load_state_dict(state)
    return theirs


@every_cell
@pytest.mark.parametrize("num_layers", [1, 3])
def test_stack_is_torch_on_packed_sequences(cell, num_layers):
    stack = RecurrentStack(3, 4, num_layers, cell=cell, bidirectional=True)
    theirs = _copied_to_torch(stack, cell, 3, 4)
    X, lengths = batch_of([7, 12, 9, 1, 12, 5])
    X = X.float()
    steps, final = stack(X, lengths)
    packed = pack_padded_sequence(X, lengths, batch_first=True, enforce_sorted=False)
    answer, state = theirs(packed)
    expected, _ = pad_packed_sequence(answer, batch_first=True)
    state = state[0] if cell == "lstm" else state
    assert_equal(steps, expected, atol=1e-6)
    assert_equal(final, torch.cat([state[-2], state[-1]], dim=1), atol=1e-6)


@every_cell
@every_merge
def test_merge_joins_the_two_halves(cell, merge_mode):
    halves = scrambled(RecurrentLayer(3, 4, cell=cell, bidirectional=True))
    merged = RecurrentLayer(3, 4, cell=cell, bidirectional=True, merge_mode=merge_mode)
    merged.double().load_state_dict(halves.state_dict())
    X, lengths = batch_of(LENGTHS)
    for whole, joined in zip(halves(X, lengths), merged(X, lengths), strict=True):
        ahead, back = whole.detach().split(4, dim=-1)
        assert_equal(joined.detach(), MERGES[merge_mode](ahead.numpy(), back.numpy()))


@every_cell
@pytest.mark.parametrize("direction", DIRECTIONS, ids=_say)
def test_two_layers_are_two_single_layers_chained(cell, direction):
    two = scrambled(RecurrentStack(3, (5, 4), 2, cell=cell, **direction))
    below = RecurrentStack(3, 5, cell=cell, **direction).double()
    above = RecurrentStack(below.output_size, 4, cell=cell, **direction).double()
    for single, layer in ((below, two.layers[0]), (above, two.layers[1])):
        single.layers[0].load_state_dict(layer.state_dict())
    X, lengths = batch_of(LENGTHS)
    steps, final = two(X, lengths)
    expected_steps, expected_final = above(below(X, lengths)[0], lengths)
    assert_equal(steps, expected_steps)
    assert_equal(final, expected_final)


def test_one_hidden_size_is_that_size_for_every_layer():
    one, each = RecurrentStack(3, 4, 3), RecurrentStack(3, (4, 4, 4), 3)
    each.load_state_dict(one.state_dict())
    X, lengths = batch_of(LENGTHS)
    for a, b in zip(one(X.float(), lengths), each(X.float(), lengths), strict=True):
        assert torch.equal(a, b)
    tapered = RecurrentStack(3, (6, 4, 2), 3, bidirectional=True)
    sizes = [(layer.ahead.input_size, layer.back.hidden_size) for layer in tapered.layers]
    assert sizes == [(3, 6), (12, 4), (8, 2)]


# ----------------------------------------------------------------------------- padding


def _loss(output):
    return (output - torch.linspace(-1, 1, output.shape[1])).square().mean(1)


def check_padding_changes_nothing(*, training=False, **options):
    network = scrambled(SequenceNetwork(3, 2, hidden_size=4, **options))
    network.train(training)
    X, _ = batch_of(LENGTHS)
    alone = [network(X[i : i + 1, :n]) for i, n in enumerate(LENGTHS)]
    expected = torch.cat(alone).detach()
    single = gradients(network, torch.stack([_loss(y)[0] for y in alone]).mean())
    X, lengths = batch_of(LENGTHS, padding=(0.0, 1e9, np.inf, -np.inf, np.nan), extra=3)
    output = network(X.requires_grad_(), lengths)
    assert_equal(output.detach(), expected)
    for name, gradient in gradients(network, _loss(output).mean()).items():
        assert_equal(gradient, single[name])
    assert not X.grad[~valid_steps(lengths, X.shape[1])].any()


@every_combination
def test_padding_changes_neither_output_nor_gradient(options):
    check_padding_changes_nothing(**options)


@every_cell
@pytest.mark.parametrize("direction", DIRECTIONS, ids=_say)
def test_padding_changes_nothing_in_a_deep_network(cell, direction):
    check_padding_changes_nothing(cell=cell, num_layers=3, **direction)


@every_cell
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("direction", DIRECTIONS, ids=_say)
def test_padding_changes_nothing_while_training(cell, direction, pooling):
    """But for the statistics of a batch, and dropout."""
    check_padding_changes_nothing(cell=cell, pooling=pooling, training=True, **direction)


@every_cell
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("direction", DIRECTIONS, ids=_say)
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
    ids=_say,
)
def test_a_gradient_reaches_every_parameter(options):
    network = SequenceNetwork(3, 2, hidden_size=6, dropout=0.2, **options)
    X, lengths = batch_of([16, 9, 12])
    loss = _loss(network(X.float(), lengths)).mean()
    for name, gradient in gradients(network, loss).items():
        assert gradient.isfinite().all(), name
        assert gradient.abs().max() > 0, name


@pytest.mark.parametrize("direction", DIRECTIONS, ids=_say)
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


# ---------------------------------------------------------------------------- causality


def _states(network, X):
    steps, _ = network.recurrence(network.encoder(X)[0])
    branch, _ = network.branch.encoder(X)
    return steps, branch


@every_cell
@pytest.mark.parametrize("branch", BRANCHES, ids=["", "branch"])
@pytest.mark.parametrize("encoder", ENCODERS, ids=["plain", "conv", "strided"])
def test_without_a_backward_direction_no_state_depends_on_a_later_step(
    cell, encoder, branch
):
    network = scrambled(SequenceNetwork(3, 2, cell=cell, **encoder, **branch))
    stride = int(np.prod(encoder.get("conv_stride", 1)))
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
            assert_equal(after_branch[:, :cut], before_branch[:, :cut])


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


# -------------------------------------------------------------------------- convolution


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
            [9, 4, 6],
            "Convolution 1 has kernel_size=5, but sequence 1",
        ),
        (
            {"kernel_size": 2, "stride": 4},
            [9, 9, 3],
            "Convolution 1 has stride=4, but sequence 2, the shortest, has only 3 step",
        ),
        (
            {"kernel_size": (2, 3), "stride": (4, 1)},
            [20, 8, 9],
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
    encoder.check_lengths(np.array([3, 9]))
    assert encoder(torch.randn(1, 3, 1))[0].shape == (1, 1, 2)


# ------------------------------------------------------------------------------ pooling


def _attend(pool, x):
    W, b = pool.hidden.weight.detach().numpy(), pool.hidden.bias.detach().numpy()
    score = np.exp(np.tanh(x @ W.T + b) @ pool.context.weight.detach().numpy()[0])
    weight = score / score.sum()
    assert weight.sum() == pytest.approx(1)
    return weight @ x


@pytest.mark.parametrize("padding", [(0.0,), (1e9,), (np.nan,)], ids=str)
@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        (LastPooling, lambda pool, x: x[-1]),
        (MeanPooling, lambda pool, x: x.mean(0)),
        (MaxPooling, lambda pool, x: x.max(0)),
        (AttentionPooling, _attend),
    ],
)
def test_pooling_is_numpy_on_the_valid_steps(pooling, expected, padding):
    pool = scrambled(pooling(3))
    X, lengths = batch_of(LENGTHS, padding=padding)
    pooled = pool(X, lengths)
    for row, x, n in zip(pooled, X.numpy(), LENGTHS, strict=True):
        assert_equal(row, expected(pool, x[:n]))
    assert_equal(pool(X[1:2]), pooled[1:2])


@pytest.mark.parametrize("pooling", [MeanPooling, AttentionPooling])
@pytest.mark.parametrize("extra", [1, 30_000, 100_000])
def test_long_sequences_are_pooled_to_the_same_bit_however_padded(pooling, extra):
    pool, X = pooling(3).eval(), torch.randn(2, 40_000, 3)
    padded, lengths = F.pad(X, (0, 0, 0, extra)), torch.tensor([40_000, 40_000])
    assert torch.equal(pool(padded, lengths), pool(X))
    assert_equal(
        pool.double()(X.double()).detach(),
        pool(X.double()[:, torch.randperm(40_000)]).detach(),
    )


def test_last_pooling_takes_the_final_state_where_there_is_one():
    X, lengths = batch_of(LENGTHS)
    final = torch.randn(len(X), 3)
    assert torch.equal(LastPooling()(X, lengths, final), final)


def test_attention_weights_sum_to_one_however_large_the_scores():
    pool = scrambled(AttentionPooling(3))
    pool.context.weight.data.mul_(1e4)
    constant = torch.randn(4, 1, 3).double()
    pooled = pool(constant.expand(4, 12, 3), torch.tensor([3, 12, 1, 5]))
    assert_equal(pooled, constant[:, 0])


def test_maximum_of_negative_steps_is_not_the_padding():
    X = -torch.rand(2, 6, 3) - 1
    assert (MaxPooling()(X, torch.tensor([2, 6])) < -1).all()


# ------------------------------------------------------------------------------ dropout


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


def test_network_drops_between_layers_and_before_the_head():
    network = SequenceNetwork(3, 4, num_layers=2, dropout=0.5, hidden_size=8)
    X = torch.randn(2, 5, 3)
    assert not torch.equal(network(X), network(X))
    assert not torch.equal(network.represent(X), network.represent(X))
    assert torch.equal(network.eval()(X), network(X))
    shallow = SequenceNetwork(3, 4, dropout=0.5, hidden_size=8)
    assert torch.equal(shallow.represent(X), shallow.represent(X))


# ------------------------------------------------------------------------------ weights

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


def test_gates_start_from_different_weights():
    layer = RecurrentLayer(5, 8, cell="lstm", bidirectional=True)
    gates = [*layer.ahead.weight_hh_l0.split(8), *layer.back.weight_hh_l0.split(8)]
    for i, gate in enumerate(gates):
        assert not any(torch.allclose(gate, other) for other in gates[:i])


# ------------------------------------------------------------------------------- errors


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
        (lambda: RecurrentStack(3, 4, 0), "num_layers must be.*at least 1, got 0"),
        (lambda: RecurrentStack(3, 4, 2.0), "num_layers must be int.*got 2.0"),
        (
            lambda: RecurrentStack(3, (4, 5), 2, residual=True),
            "residual needs layers of the same width, got one of 5 above one of 4",
        ),
        (
            lambda: RecurrentLayer(3, 4, cell="mingru", recurrent_dropout=0.1),
            "recurrent_dropout must be 0 for cell='mingru'.*got 0.1",
        ),
        (
            lambda: RecurrentLayer(3, 4, cell="rnn", memory_steps=10),
            "memory_steps must be None for cell='rnn'.*got 10",
        ),
        (lambda: RecurrentLayer(3, 4, memory_steps=2), "memory_steps must be.*got 2"),
        (
            lambda: RecurrentLayer(3, 4)(torch.zeros(5, 3)),
            r"x must have shape \(batch, steps, 3\), got \(5, 3\)",
        ),
        (
            lambda: RecurrentLayer(3, 4)(torch.zeros(2, 5, 4)),
            r"x must have shape \(batch, steps, 3\), got \(2, 5, 4\)",
        ),
        (lambda: RecurrentStack(3, 0), "hidden_size.*at least 1.*0"),
        (lambda: RecurrentStack(3, 4.0), "hidden_size.*int.*4.0"),
        (lambda: RecurrentStack(3, (4, True), 2), "hidden_size.*int"),
        (lambda: ConvEncoder(3, (4, 0)), r"channels.*at least 1.*\(4, 0\)"),
        (lambda: ConvEncoder(3, (4, 4), (3,)), r"kernel_size.*\(2\).*\(3,\)"),
        (lambda: ConvEncoder(3, (4,), 3, (1, 2)), r"stride.*\(1\).*\(1, 2\)"),
        (lambda: ConvEncoder(3, (4,), 3, 0), "stride.*at least 1.*0"),
        (lambda: ConvBranch(3, (4, 4)), r"kernel_size.*\(2\).*\(8, 5, 3\)"),
    ],
)
def test_errors_say_what_was_expected_and_what_was_got(build, words):
    with pytest.raises((ValueError, TypeError), match=words):
        build()


def test_an_unknown_nonlinearity_is_refused():
    with pytest.raises(ValueError, match=r"nonlinearity.*sigmoid"):
        RecurrentLayer(3, 4, cell="rnn", nonlinearity="sigmoid")
