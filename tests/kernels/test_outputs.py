"""Outputs of the compiled recurrence against torch's, a formula, and themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from helpers.data import ragged
from helpers.estimators import make
from helpers.kernels import (
    CLOSE,
    KERNELS_ARE_ON,
    KINDS,
    compare,
    drawn_layer,
    run,
    without_kernels,
)
from sksequence import _kernels
from sksequence._cells import APART, BOTH, CELLS, INPUT, Cell
from sksequence.nn import RecurrentLayer, RecurrentStack, SequenceNetwork, _compiled
from sksequence.nn._cell_layer import make_cell_layer
from sksequence.nn._loop import run_cell

pytestmark = KERNELS_ARE_ON

TORCH_CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}

# ------------------------------------------------------------------------- equal to torch


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(
    cell=st.sampled_from([("rnn", "relu"), *((name, "tanh") for name in CELLS)]),
    sizes=st.tuples(
        st.integers(1, 100), st.integers(1, 12), st.integers(1, 40), st.integers(1, 70)
    ),
    dtype=st.sampled_from(list(CLOSE)),
    unequal=st.booleans(),
    bidirectional=st.booleans(),
    merge_mode=st.sampled_from(["concat", "sum", "mean", "mul"]),
    training=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_kernel_and_torch_agree_in_outputs_and_gradients(
    cell, sizes, dtype, unequal, bidirectional, merge_mode, training, seed
):
    torch.manual_seed(seed)
    n, n_steps, n_channels, hidden = sizes
    layer = RecurrentLayer(
        n_channels,
        hidden,
        cell=cell[0],
        nonlinearity=cell[1],
        bidirectional=bidirectional,
        merge_mode=merge_mode,
    ).to(dtype)
    x = torch.randn(n, n_steps, n_channels, dtype=dtype)
    lengths = torch.randint(1, n_steps + 1, (n,)) if unequal else None
    assert compare(layer.train(training), x, lengths) < CLOSE[dtype]


def _gradient(leaf):
    """What a leaf got; nothing is zero."""
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad.clone()


@pytest.mark.parametrize("dtype", list(CLOSE))
@pytest.mark.parametrize("with_products", [False, True])
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (70, 9, 5, 19), (33, 12, 3, 32)])
@pytest.mark.parametrize("cell", KINDS.values(), ids=KINDS)
def test_kernels_do_what_the_loop_does(cell, sizes, dtype, with_products):
    """With a mask and states: outputs, and the gradients of all that is read."""
    torch.manual_seed(0)
    n, n_steps, channels, hidden = sizes
    layer = drawn_layer(cell, channels, hidden, dtype)
    x = torch.randn(n, n_steps, channels, dtype=dtype)
    products = torch.randn(n, n_steps, hidden * len(cell.gates), dtype=dtype)
    read = [products if with_products else x]
    read += [torch.randn(n, hidden, dtype=dtype) for _ in range(cell.n_states)]
    mask = 2 * torch.randint(2, (n, hidden)).to(dtype)
    ups = [torch.randn(n, n_steps, hidden, dtype=dtype)]
    ups += [torch.randn(n, hidden, dtype=dtype) for _ in range(cell.n_states)]

    def outputs_and_gradients(run):
        layer.zero_grad()
        first, *state = inputs = [tensor.clone().requires_grad_() for tensor in read]
        options = {"state": tuple(state), "mask": mask}
        if with_products:
            options["products"] = first
        outputs = run(layer, x if with_products else first, **options)
        torch.autograd.backward(outputs, ups)
        gradients = map(_gradient, [*inputs, *layer.parameters()])
        return [*(part.detach() for part in outputs), *gradients]

    def loop(*args, **options):
        steps, behind = run_cell(*args, **options)
        return [steps, *behind]

    ours = outputs_and_gradients(_compiled.recurrence)
    for one, other in zip(ours, outputs_and_gradients(loop), strict=True):
        scale = float(other.abs().max().clamp(min=1))
        assert float((one - other).abs().max()) < 5 * CLOSE[dtype] * scale


@pytest.mark.parametrize("cell", TORCH_CELLS)
def test_the_largest_values_saturate_as_they_do_in_torch(cell):
    layer = RecurrentLayer(3, 20, cell=cell)
    assert compare(layer, 1e30 * torch.randn(40, 6, 3), None) < 1e-6


@pytest.mark.parametrize("dtype", list(CLOSE))
def test_tanh_is_right_everywhere_and_never_beyond_one(dtype):
    layer = nn.RNN(1, 1, batch_first=True, dtype=dtype)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.fill_(0)
        layer.weight_ih_l0.fill_(1)
    x = torch.linspace(-12, 12, 100_001, dtype=dtype)
    x = torch.cat([x, torch.tensor([1e-30, -1e-9, 700.0, -torch.inf], dtype=dtype)])
    with torch.no_grad():
        y = _compiled.recurrence(layer, x[:, None, None])[0][:, 0, 0]
    exact = torch.tanh(x.double())
    rtol = {torch.float32: 4e-7, torch.float64: 1e-15}[dtype]
    torch.testing.assert_close(y.double(), exact, rtol=rtol, atol=0)
    assert y.abs().max() == 1
    assert (y[x.abs() > 20].abs() == 1).all()


@pytest.mark.parametrize("cell", CELLS)
def test_small_values_keep_their_digits(cell):
    """A rational tanh, or one from exp, may lose them all."""
    layer = RecurrentLayer(3, 20, cell=cell).eval()
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if "bias" in name:
                parameter.zero_()
    x = 1e-6 * torch.randn(40, 6, 3)
    ours = layer(x)[0]
    expected = layer.double()(x.double())[0]
    torch.testing.assert_close(ours.double(), expected, rtol=1e-5, atol=1e-12)


class Exponential(Cell):
    """The exponential of the larger of two inputs."""

    gates, biases = (INPUT, INPUT), (0.0, 0.0)

    @staticmethod
    def step(ops, values, states):
        h = ops.exp(ops.maximum(values[0], values[1]))
        return (h,), (h, h)

    @staticmethod
    def gradient(ops, kept, before, after, wanted):
        return (after[0] * wanted[0], after[0] * wanted[0]), (None,)


@pytest.mark.parametrize("dtype", list(CLOSE))
def test_exponentials_are_right_everywhere(dtype):
    layer = make_cell_layer(Exponential, 2, 1).to(dtype)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.eye(2))
        layer.bias_ih_l0.zero_()
    largest, tiny = torch.finfo(dtype).max, torch.finfo(dtype).tiny
    x = torch.linspace(np.log(tiny), np.log(largest) - 1e-3, 100_001, dtype=dtype)
    x = torch.cat([x, torch.tensor([0.0, -1e-9, 1e-30, -2000.0, 2000.0], dtype=dtype)])
    for pair in ((x, x), (x, x - 1), (x - 1, x)):
        inputs = torch.stack(pair, 1)[:, None].contiguous()
        with torch.no_grad():
            y = _compiled.recurrence(layer, inputs)[0][:, 0, 0]
        exact = inputs[:, 0].double().amax(1).exp()
        rtol = {torch.float32: 4e-7, torch.float64: 1e-15}[dtype]
        torch.testing.assert_close(
            y.double(), exact.to(dtype).double(), rtol=rtol, atol=0
        )


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("cell", [*CELLS, "relu"])
def test_not_a_number_stays_in_its_sequence(cell, kernels, monkeypatch):
    if not kernels:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    options = (
        {"cell": "rnn", "nonlinearity": "relu"} if cell == "relu" else {"cell": cell}
    )
    layer = RecurrentLayer(3, 20, **options).eval()
    x = torch.randn(40, 6, 3)
    expected = layer(x)[0].clone()
    x[7, 2, 1] = torch.nan
    steps = layer(x)[0]
    assert steps[7, 2:].isnan().all()
    others = torch.arange(40) != 7
    assert torch.equal(steps[others], expected[others])
    assert torch.equal(steps[7, :2], expected[7, :2])


def test_a_rectifiers_gradient_of_what_is_not_a_number_is_torchs():
    layer = RecurrentLayer(3, 20, cell="rnn", nonlinearity="relu")
    x = torch.randn(4, 5, 3)
    x[1, 2] = torch.nan
    upstream = [torch.randn(4, 5, 20), torch.randn(4, 20)]
    ours = run(layer, x, None, upstream)
    with without_kernels():
        theirs = run(layer, x, None, upstream)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one.isnan(), other.isnan())


def test_many_steps_and_many_units():
    layer = RecurrentLayer(2, 300, cell="gru")
    assert compare(layer, torch.randn(3, 400, 2), None) < 1e-3


# -------------------------------------------------------------------- equal to themselves


@pytest.mark.parametrize("dtype", list(CLOSE))
@pytest.mark.parametrize("cell", CELLS)
def test_a_sequence_is_the_same_to_the_bit_in_any_company(cell, dtype):
    torch.manual_seed(1)
    layer = RecurrentLayer(3, 21, cell=cell, bidirectional=True).to(dtype).eval()
    lengths = torch.randint(1, 9, (75,))
    x = torch.randn(75, 8, 3, dtype=dtype)
    steps, final = layer(x, lengths)
    for i in range(0, 75, 5):
        own = int(lengths[i])
        alone, its_final = layer(x[i : i + 1, :own])
        assert torch.equal(alone[0], steps[i, :own])
        assert torch.equal(its_final[0], final[i])


@pytest.mark.parametrize("cell", CELLS)
def test_two_halves_make_a_whole(cell):
    stack = RecurrentStack(3, 10, num_layers=2, cell=cell).eval()
    x = torch.randn(35, 12, 3)
    first, states = stack.advance(x[:, :5])
    second, _ = stack.advance(x[:, 5:], states)
    whole = stack(x)[0]
    assert torch.equal(torch.cat([first, second], 1), whole)


# ----------------------------------------------------------------------- where they serve


class Leaky(Cell):
    """One gate of each kind, two states, and a gradient that reads all of them."""

    gates, n_states, biases = (BOTH, APART, INPUT), 2, (0.0, 0.0, 0.5)

    @staticmethod
    def step(ops, values, states):
        z, (a, b) = ops.sigmoid(values[0]), values[1]
        c = states[1] + z * (ops.tanh(a + b) - states[1])
        h = c * values[2] + 0.5 * states[0]
        return (h, c), (z, (ops.tanh(a + b), b), values[2])

    @staticmethod
    def gradient(ops, kept, before, after, wanted):
        z, (n, _), o = kept
        dc = wanted[1] + wanted[0] * o
        dn = dc * z * (1.0 - n * n)
        dz = dc * (n - before[1]) * z * (1.0 - z)
        # The same as the new cell state, by the two hidden ones.
        do = wanted[0] * ((after[0] - 0.5 * before[0]) / o)
        return (dz, (dn, dn), do), (0.5 * wanted[0], dc * (1.0 - z))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_cell_that_is_added_has_kernels(monkeypatch, bidirectional):
    """Its class and a line of registry are all: the oracle is torch's autograd."""
    monkeypatch.setitem(CELLS, "leaky", Leaky)
    torch.manual_seed(0)
    layer = RecurrentLayer(3, 18, cell="leaky", bidirectional=bidirectional).double()
    x, lengths = torch.randn(40, 7, 3).double(), torch.randint(1, 8, (40,))
    assert compare(layer, x, lengths) < 1e-9
    assert compare(layer, x, None) < 1e-9


def test_a_whole_network_serves_its_recurrence():
    """Nothing before the recurrence hands on what kernels cannot read."""
    network = SequenceNetwork(
        3,
        2,
        cell="gru",
        conv_channels=(8,),
        parallel_channels=(4,),
        parallel_kernel_size=3,
        missing="mask",
    )
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        original = _compiled.recurrence
        patch.setattr(
            _compiled, "recurrence", lambda *a, **k: seen.append(1) or original(*a, **k)
        )
        network(torch.randn(4, 20, 3), torch.tensor([20, 18, 9, 12]))
    assert seen


def test_without_kernels_an_estimator_answers_the_same(monkeypatch):
    X, y = ragged(), np.arange(8) % 2
    ours = make("GRUClassifier", bidirectional=True).fit(X, y).predict_proba(X)
    monkeypatch.setattr(_kernels, "load", lambda *_: None)
    theirs = make("GRUClassifier", bidirectional=True).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
