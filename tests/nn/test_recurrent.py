"""Recurrent layers and stacks against numpy, torch.nn and themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from helpers.layers import (
    DIRECTIONS,
    LENGTHS,
    MERGES,
    TORCH_CELLS,
    assert_equal,
    batch_of,
    every_cell,
    every_merge,
    name_of,
    scrambled,
    sigmoid,
)
from sksequence import _kernels
from sksequence.nn import (
    RecurrentLayer,
    RecurrentStack,
)

# ---------------------------------------------------------------------------- recurrence


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
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            x_r, x_z, x_n = np.split(x @ W.T + b, 3, axis=1)
            h_r, h_z, h_n = np.split(h @ U.T + b_hidden, 3, axis=1)
            z, n = sigmoid(x_z + h_z), np.tanh(x_n + sigmoid(x_r + h_r) * h_n)
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
@pytest.mark.parametrize("direction", DIRECTIONS, ids=name_of)
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


# ------------------------------------------------------------------------------- weights


def test_gates_start_from_different_weights():
    layer = RecurrentLayer(5, 8, cell="lstm", bidirectional=True)
    gates = [*layer.ahead.weight_hh_l0.split(8), *layer.back.weight_hh_l0.split(8)]
    for i, gate in enumerate(gates):
        assert not any(torch.allclose(gate, other) for other in gates[:i])


# -------------------------------------------------------------------------------- errors


def test_an_unknown_nonlinearity_is_refused():
    with pytest.raises(ValueError, match=r"nonlinearity.*sigmoid"):
        RecurrentLayer(3, 4, cell="rnn", nonlinearity="sigmoid")
