"""Cells of every kind in layers, and the layers' options."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

from helpers.layers import (
    LENGTHS,
    TORCH_CELLS,
    assert_equal,
    batch_of,
    scrambled,
    sigmoid,
)
from sksequence import _cells, _kernels
from sksequence.nn import RecurrentLayer, RecurrentStack
from sksequence.nn._loop import run_cell
from sksequence.nn._time import last_step, zero_padding

ALL_CELLS = list(_cells.CELLS)
NEW_CELLS = [cell for cell in ALL_CELLS if cell not in TORCH_CELLS]


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
            z = sigmoid(parts[0])
            h = (1 - z) * h + z * parts[1]
        elif cell == "minlstm":
            f, i = sigmoid(parts[0]), sigmoid(parts[1])
            h = f / (f + i) * h + i / (f + i) * parts[2]
        elif cell == "indrnn":
            h = np.maximum(read + own["weight_hh_l0"] * h + own["bias_hh_l0"], 0)
        else:
            f = sigmoid(parts[1])
            c = f * c + (1 - f) * np.tanh(parts[0])
            h = sigmoid(parts[2]) * c
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
    tiny = np.exp(-78)
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
    read = below(X, lengths)[0]
    assert_equal(steps, zero_padding(above(read, lengths)[0] + read, lengths))
    assert_equal(final, last_step(steps, lengths))
    advanced, _ = stack.advance(X[:1, : LENGTHS[0]])
    assert_equal(advanced[0], steps[0, : LENGTHS[0]])
    # What the first layer reads is no output of a layer, also if it is as wide.
    other = scrambled(RecurrentStack(4, 4, 1, cell="gru", residual=True))
    assert_equal(other(X, lengths)[0], other.layers[0](X, lengths)[0])


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


# ------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("build", "words"),
    [
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
    ],
)
def test_options_that_cannot_be_are_refused(build, words):
    with pytest.raises(ValueError, match=words):
        build()
