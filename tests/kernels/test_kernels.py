"""The compiled layers against torch's own, and what happens where there are none."""

from __future__ import annotations

import fcntl
import gc
import multiprocessing
import os
import pwd
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numba.core.errors import TypingError
from torch import nn

from helpers.data import ragged
from helpers.estimators import make
from helpers.processes import run_python
from sksequence import _kernels
from sksequence._cells import (
    APART,
    BOTH,
    CELLS,
    GRU,
    INPUT,
    LSTM,
    RNN,
    Cell,
    RectifiedRNN,
)
from sksequence._kernels import compiler
from sksequence.nn import (
    MaxPooling,
    RecurrentLayer,
    RecurrentStack,
    SequenceNetwork,
    _compiled,
)
from sksequence.nn._cell_layer import make_cell_layer
from sksequence.nn._loop import OPERATIONS, run_cell
from sksequence.nn._workspace import Workspace

KINDS = {**CELLS, "relu": RectifiedRNN}
TORCH_CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
CLOSE = {torch.float32: 2e-5, torch.float64: 1e-12}

pytestmark = pytest.mark.skipif(
    "SKSEQUENCE_KERNELS" in os.environ, reason="kernels may be switched off"
)


def run(layer, x, lengths, upstream):
    """Outputs of a layer, and the gradients of x and of all weights."""
    x = x.clone().requires_grad_()
    layer.zero_grad()
    steps, final = layer(x, lengths)
    if lengths is not None:
        valid = torch.arange(x.shape[1]) < lengths[:, None]
        steps = steps * valid[..., None]
    loss = (steps * upstream[0]).sum() + (final * upstream[1]).sum()
    loss.backward()
    gradients = [p.grad.clone() for p in layer.parameters()]
    return [steps.detach(), final.detach(), x.grad, *gradients]


def compare(layer, x, lengths):
    """Largest difference of compiled and torch's path, relative to what is large."""
    width = layer.output_size
    upstream = [
        x.new_empty(*shape, width).normal_() for shape in (x.shape[:2], x.shape[:1])
    ]
    assert _compiled.serves(layer.ahead, x)
    ours = run(layer, x, lengths, upstream)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_kernels, "load", lambda *_: None)
        assert not _compiled.serves(layer.ahead, x)
        theirs = run(layer, x, lengths, upstream)
    return max(
        float((a - b).abs().max() / b.abs().max().clamp(min=1))
        for a, b in zip(ours, theirs, strict=True)
    )


# ----------------------------------------------------------------------- equal to torch


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


def drawn_layer(cell, channels, hidden, dtype=torch.float64):
    """One direction of a layer, all of whose weights are drawn."""
    layer = make_cell_layer(cell, channels, hidden).to(dtype)
    with torch.no_grad():
        for parameter in layer.parameters():
            # A scale at which gradients neither vanish nor explode.
            parameter.normal_(0, 1 / (1 + hidden**0.5))
    return layer


def differentiable(cell, *, reverse, given, masked):
    """One direction of a layer as a function, and all tensors that it depends on."""
    torch.manual_seed(0)
    layer = drawn_layer(cell, 2, 5)
    lengths = torch.tensor([4, 2, 3, 4, 1])
    states = [torch.randn(5, 5, dtype=torch.float64) for _ in range(cell.n_states)]
    x = torch.randn(5, 4, 2, dtype=torch.float64)
    products = torch.randn(5, 4, 5 * len(cell.gates), dtype=torch.float64)
    tensors = [tensor.requires_grad_() for tensor in (x, products, *states)]
    mask = 2.0 * torch.randint(2, (5, 5)).double() if masked else None

    def outputs(x, products, *rest):
        return _compiled.recurrence(
            layer,
            x,
            lengths,
            reverse=reverse,
            state=rest[: len(states)],
            products=products if given else None,
            mask=mask,
        )

    return outputs, (*tensors, *layer.parameters())


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", KINDS.values(), ids=KINDS)
def test_gradients_are_those_of_finite_differences(cell, reverse, given, masked):
    outputs, tensors = differentiable(cell, reverse=reverse, given=given, masked=masked)
    assert torch.autograd.gradcheck(outputs, tensors)


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


def _gradient(leaf):
    """What a leaf got; nothing is zero."""
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad.clone()


@pytest.mark.parametrize("cell", KINDS.values(), ids=KINDS)
def test_the_gradient_of_a_cell_is_that_of_autograd(cell):
    """As the cell says it, without a layer and without kernels."""
    torch.manual_seed(0)
    ops = OPERATIONS[True]

    def drawn():
        return torch.randn(50, dtype=torch.float64, requires_grad=True)

    values = [(drawn(), drawn()) if reads == APART else drawn() for reads in cell.gates]
    before = tuple(drawn() for _ in range(cell.n_states))
    after, kept = cell.step(ops, tuple(values), before)
    wanted = tuple(torch.randn_like(part) for part in after)
    of_values, of_states = cell.gradient(ops, kept, before, after, wanted)

    def flat(nested):
        for part in nested:
            yield from part if isinstance(part, tuple) else (part,)

    leaves = [*flat(values), *before]
    ours = [*flat(of_values), *of_states]
    theirs = torch.autograd.grad(after, leaves, wanted, allow_unused=True)
    for one, other in zip(ours, theirs, strict=True):
        zero = torch.zeros(50, dtype=torch.float64)
        torch.testing.assert_close(
            zero if one is None else one.detach(), zero if other is None else other
        )


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
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_kernels, "load", lambda *_: None)
        theirs = run(layer, x, None, upstream)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one.isnan(), other.isnan())


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


# ------------------------------------------------------------------------ equal to itself


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
def test_no_number_of_threads_changes_a_bit(cell):
    torch.manual_seed(2)
    layer = RecurrentLayer(4, 24, cell=cell, bidirectional=True)
    x, lengths = torch.randn(600, 7, 4), torch.randint(1, 8, (600,))
    upstream = [torch.randn(600, 7, 48), torch.randn(600, 48)]
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results.append(run(layer, x, lengths, upstream))
    finally:
        torch.set_num_threads(before)
    for others in results[1:]:
        assert all(map(torch.equal, results[0], others))


@pytest.mark.parametrize("cell", CELLS)
def test_two_threads_at_once_do_not_meet(cell):
    torch.manual_seed(3)
    layers = [RecurrentLayer(4, 24, cell=cell) for _ in range(2)]
    x = torch.randn(100, 30, 4)
    upstream = [torch.randn(100, 30, 24), torch.randn(100, 24)]
    expected = [run(layer, x, None, upstream) for layer in layers]
    wrong = []

    def repeat(layer, one):
        for _ in range(10):
            if not all(map(torch.equal, run(layer, x, None, upstream), one)):
                wrong.append(layer)

    threads = [
        threading.Thread(target=repeat, args=pair)
        for pair in zip(layers, expected, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_graph_that_is_kept_gives_its_gradient_again():
    layer = RecurrentLayer(3, 8, cell="lstm")
    x = torch.randn(40, 5, 3)
    total = layer(x)[0].sum()
    first = torch.autograd.grad(total, layer.ahead.weight_hh_l0, retain_graph=True)[0]
    # Another pass in between must not write over what the first one has kept.
    layer(torch.randn(40, 5, 3))[0].sum().backward()
    again = torch.autograd.grad(total, layer.ahead.weight_hh_l0)[0]
    assert torch.equal(first, again)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", KINDS.values(), ids=KINDS)
def test_gradients_of_gradients_are_those_of_finite_differences(
    cell, reverse, given, masked
):
    outputs, tensors = differentiable(cell, reverse=reverse, given=given, masked=masked)
    assert torch.autograd.gradgradcheck(outputs, tensors, fast_mode=True)


def penalised(layer, x, lengths):
    """Gradients of the norm of a gradient: of the input, and of all weights."""
    x = x.detach().clone().requires_grad_()
    steps, final = layer(x, lengths)
    # A constant gradient of the outputs, which needs none of its own.
    (of_x,) = torch.autograd.grad(steps.sum() + final.sum(), x, create_graph=True)
    penalty = (of_x.square().sum((1, 2)) + 1).sqrt().sum()
    return torch.autograd.grad(penalty, [x, *layer.parameters()])


@pytest.mark.parametrize("contiguous", [True, False])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", KINDS)
def test_a_gradient_penalty_is_that_of_torch(cell, bidirectional, contiguous):
    """Also through the layers below, one of which a layer above may depend on."""
    options = (
        {"cell": "rnn", "nonlinearity": "relu"} if cell == "relu" else {"cell": cell}
    )
    stack = RecurrentStack(3, 4, 2, bidirectional=bidirectional, **options).double()
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.normal_(0, 0.5)
    x, lengths = torch.randn(5, 6, 3).double(), torch.tensor([4, 6, 1, 3, 6])
    if not contiguous:
        x = x.mT.contiguous().mT
    ours = penalised(stack, x, lengths)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_kernels, "load", lambda *_: None)
        theirs = penalised(stack, x, lengths)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)
    assert sum(gradient.abs().sum() for gradient in ours[1:]) > 0


def test_a_weight_that_makes_the_input_is_counted_once():
    layer = RecurrentLayer(2, 2, cell="gru").double()
    x = torch.randn(3, 4, 2).double()

    def gradients():
        weight = layer.ahead.weight_ih_l0
        steps, _ = layer(x @ weight[:2])
        (first,) = torch.autograd.grad(steps.square().sum(), weight, create_graph=True)
        return first, torch.autograd.grad(first.square().sum(), weight)[0]

    ours = gradients()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_kernels, "load", lambda *_: None)
        theirs = gradients()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


# ------------------------------------------------------------------------ unhappy inputs


@pytest.mark.parametrize("cell", CELLS)
def test_non_contiguous_input_is_read_as_what_it_is(cell):
    layer = RecurrentLayer(3, 8, cell=cell)
    x = torch.randn(5, 12, 6)[:, ::2, 1::2]
    assert not x.is_contiguous()
    assert torch.equal(layer(x)[0], layer(x.clone().contiguous())[0])


def test_upstream_gradients_may_be_expanded():
    layer = RecurrentLayer(3, 8, cell="gru")
    x = torch.randn(40, 6, 3, requires_grad=True)
    layer(x)[0].sum().backward()  # a lone one, repeated without memory
    expected = x.grad.clone()
    x.grad = None
    layer(x)[0].backward(torch.ones(40, 6, 8))
    assert torch.equal(x.grad, expected)


@pytest.mark.parametrize("cell", CELLS)
def test_padding_leaves_zeros_and_gets_none(cell):
    layer = RecurrentLayer(3, 8, cell=cell)
    x = torch.randn(4, 5, 3, requires_grad=True)
    lengths = torch.tensor([5, 1, 2, 4])
    steps, _ = layer(x, lengths)
    steps.square().sum().backward()
    for i, length in enumerate(lengths):
        assert not steps[i, length:].any()
        assert not x.grad[i, length:].any()
        assert x.grad[i, :length].any(1).all()


@pytest.mark.parametrize("shape", [(0, 5, 3), (4, 0, 3)])
def test_empty_batches_are_left_to_torch(shape):
    assert not _compiled.serves(nn.GRU(3, 8, batch_first=True), torch.randn(shape))


@pytest.mark.parametrize(
    ("x", "why"),
    [
        (torch.randn(4, 5, 3, dtype=torch.bfloat16), "dtype"),
        (torch.randn(4, 5, 3, dtype=torch.float64), "another dtype than the weights'"),
        (torch.randn(4, 5, 2), "another number of channels"),
        (torch.randn(5, 3), "a lone sequence"),
        (torch.randn(4, 5, 3, device="meta"), "device"),
    ],
)
def test_what_kernels_do_not_read_is_left_to_torch(x, why):
    assert not _compiled.serves(nn.GRU(3, 8, batch_first=True), x), why


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([5, 6], "from 1 to 5, got 5 to 6"),
        ([-1, 5], "from 1 to 5, got -1 to 5"),
        ([0, 5], "from 1 to 5, got 0 to 5"),
        ([5], r"shape \(2,\), one for each sequence, got \(1,\)"),
        ([5, 4, 3], r"shape \(2,\), one for each sequence, got \(3,\)"),
        ([[5, 4]], r"shape \(2,\), one for each sequence, got \(1, 2\)"),
    ],
)
def test_impossible_lengths_are_refused(lengths, words, kernels, monkeypatch):
    if not kernels:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    layer = RecurrentLayer(3, 8, cell="gru")
    with pytest.raises(ValueError, match=f"lengths must.*{words}"):
        layer(torch.randn(2, 5, 3), torch.tensor(lengths))


def test_a_state_of_another_batch_is_refused():
    layer = nn.GRU(3, 8, batch_first=True)
    with pytest.raises(ValueError, match=r"\(2, 8\), got \(3, 8\)"):
        _compiled.recurrence(layer, torch.randn(2, 5, 3), state=(torch.zeros(3, 8),))


def test_autocast_is_left_to_torch():
    layer = nn.GRU(3, 8, batch_first=True)
    with torch.autocast("cpu", torch.bfloat16):
        assert not _compiled.serves(layer, torch.randn(2, 5, 3))


def test_many_steps_and_many_units():
    layer = RecurrentLayer(2, 300, cell="gru")
    assert compare(layer, torch.randn(3, 400, 2), None) < 1e-3


# ---------------------------------------------------------------------------- max pooling


def largest_and_gradient(steps, lengths, upstream):
    steps = steps.clone().requires_grad_()
    largest = MaxPooling()(steps, lengths)
    largest.backward(upstream)
    return largest.detach(), steps.grad


@pytest.mark.parametrize("dtype", CLOSE, ids=str)
@pytest.mark.parametrize("size", [16, 19, 48])
@pytest.mark.parametrize("lengths", [None, [1, 9, 4, 9, 2]])
def test_the_largest_is_torchs_to_the_bit(size, lengths, dtype):
    # Of few values, so that several are the largest: they share the gradient.
    steps = torch.randint(-3, 3, (5, 9, size)).to(dtype) / 3
    upstream = torch.randn(5, size, dtype=dtype)
    lengths = None if lengths is None else torch.tensor(lengths)
    assert _compiled.serves_largest(steps)
    ours = largest_and_gradient(steps, lengths, upstream)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_kernels, "load", lambda *_: None)
        assert not _compiled.serves_largest(steps)
        theirs = largest_and_gradient(steps, lengths, upstream)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)
    gradient = ours[1]
    assert ((gradient != 0).sum(1) > 1).any()
    torch.testing.assert_close(gradient.sum(1), upstream)


@pytest.mark.parametrize("size", [4, 16])
@pytest.mark.parametrize("lengths", [None, [1, 9, 4, 9, 2]])
def test_the_gradient_of_a_maximum_has_a_gradient(size, lengths):
    """With kernels, and without them for few units."""
    lengths = None if lengths is None else torch.tensor(lengths)
    steps = torch.randn(5, 9, size, dtype=torch.float64, requires_grad=True)
    assert _compiled.serves_largest(steps) == (size == 16)
    assert torch.autograd.gradgradcheck(
        lambda steps: MaxPooling()(steps, lengths).square(), steps
    )


def test_the_largest_is_not_a_number_where_a_step_is_not():
    steps = torch.randn(2, 6, 16)
    steps[0, 0, 3], steps[1, 4, 5] = torch.nan, torch.nan
    found = MaxPooling()(steps, torch.tensor([6, 4])).isnan()
    assert found.nonzero().tolist() == [[0, 3]]


def test_the_largest_of_few_units_is_left_to_torch():
    assert not _compiled.serves_largest(torch.randn(2, 6, 15))
    assert not _compiled.serves_largest(torch.randn(2, 6, 16, device="meta"))


# ----------------------------------------------------------------------------- one more


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


# -------------------------------------------------------------------- state in, state out


@pytest.mark.parametrize("cell", CELLS)
def test_two_halves_make_a_whole(cell):
    stack = RecurrentStack(3, 10, num_layers=2, cell=cell).eval()
    x = torch.randn(35, 12, 3)
    first, states = stack.advance(x[:, :5])
    second, _ = stack.advance(x[:, 5:], states)
    whole = stack(x)[0]
    assert torch.equal(torch.cat([first, second], 1), whole)


# ------------------------------------------------------------------------ without kernels


def test_without_kernels_an_estimator_answers_the_same(monkeypatch):
    X, y = ragged(), np.arange(8) % 2
    ours = make("GRUClassifier", bidirectional=True).fit(X, y).predict_proba(X)
    monkeypatch.setattr(_kernels, "load", lambda *_: None)
    theirs = make("GRUClassifier", bidirectional=True).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """A compiler that has nothing in memory, and an empty directory to keep things in."""
    monkeypatch.setenv("SKSEQUENCE_CACHE_DIR", str(tmp_path / "kept"))
    # Other tests take what is loaded from the functions' own memory: leave that alone.
    monkeypatch.setattr(compiler, "_load", compiler._load.__wrapped__)
    compiler._warn.cache_clear()
    yield tmp_path / "kept"
    compiler._warn.cache_clear()


@pytest.mark.parametrize("value", ["off", "0", "NO"])
def test_kernels_can_be_switched_off(fresh, monkeypatch, value):
    monkeypatch.setenv("SKSEQUENCE_KERNELS", value)
    assert compiler.load("recurrence", 32, RNN) is None


def fail(*args):
    raise RuntimeError("no such instruction")


def test_a_failure_to_compile_is_one_warning_and_torchs_path(fresh, monkeypatch):
    monkeypatch.setattr(compiler, "_compile", fail)
    with pytest.warns(RuntimeWarning, match="no such instruction.*numba may help"):
        assert compiler.load("recurrence", 32, RNN) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compiler.load("recurrence", 32, GRU) is None


@pytest.mark.parametrize("missing", ["numba", "llvmlite"])
def test_a_missing_library_is_a_warning_and_the_same_results(missing):
    program = f"""
import sys, warnings
sys.modules["{missing}"] = None
import numpy as np, torch
from sksequence import GRUClassifier
X = np.random.default_rng(0).normal(size=(40, 9))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model = GRUClassifier(hidden_size=4, max_epochs=2, random_state=0).fit(X, X[:, 0] > 0)
    model.predict(X)
kinds = [w.message for w in caught if "compiled kernels" in str(w.message)]
assert len(kinds) == 1, kinds
print(model.predict_proba(X)[:, 1].sum())
"""
    with_library = program.replace(f'sys.modules["{missing}"] = None', "").replace(
        "== 1", "== 0"
    )
    environment = _environment(nothing_kept=True)
    theirs = run_python(program, env=environment)
    ours = run_python(with_library, env=_environment())
    assert float(ours) == pytest.approx(float(theirs), abs=1e-4)


def _environment(nothing_kept=False):
    environment = dict(os.environ)
    if nothing_kept:
        environment["SKSEQUENCE_CACHE_DIR"] = "/proc/nowhere"
    return environment


def test_what_is_kept_is_read_again_without_numba():
    _kernels.load("recurrence", 32, GRU)
    program = """
import sys, torch
from sksequence.nn import RecurrentLayer
layer = RecurrentLayer(3, 8, cell="gru")
layer(torch.randn(4, 5, 3))[0].sum().backward()
from sksequence import _kernels
from sksequence._cells import find_cell
assert _kernels.load("recurrence", 32, find_cell("gru")) is not None
assert "numba" not in sys.modules
"""
    run_python(program, env=_environment())


@pytest.fixture(scope="module")
def compiled():
    """The RNN's kernels, as they are kept."""
    _kernels.load("recurrence", 32, RNN)
    name = f"recurrence-rnn32-{compiler._fingerprint(RNN)}.kernels"
    return compiler._read(compiler._directory() / name)


def test_a_directory_that_cannot_be_written_is_a_warning(fresh, monkeypatch, compiled):
    fresh.write_text("a file where the directory should be")
    monkeypatch.setattr(compiler, "_compile", lambda *_: compiled)
    with pytest.warns(RuntimeWarning, match="SKSEQUENCE_CACHE_DIR may name another"):
        assert compiler.load("recurrence", 32, RNN) is not None


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_damaged_kernels_are_compiled_anew(fresh, monkeypatch, compiled, damage):
    compilations = []

    def compile_again(*args):
        compilations.append(args)
        return compiled

    monkeypatch.setattr(compiler, "_compile", compile_again)
    assert compiler.load("recurrence", 32, RNN) is not None
    assert compiler.load("recurrence", 32, RNN) is not None
    assert len(compilations) == 1  # the second time they were kept
    (path,) = fresh.glob("*.kernels")
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    path.write_bytes({"cut": content[:-100], "flipped": content, "empty": b""}[damage])
    assert compiler.load("recurrence", 32, RNN) is not None
    assert len(compilations) == 2
    assert compiler.load("recurrence", 32, RNN) is not None
    assert len(compilations) == 2


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (KeyError("lstm"), "mistake of sksequence, please report"),
        (AttributeError("no 'slots'", obj=compiler), "mistake of sksequence"),
        (TypeError("one argument too many"), "mistake of sksequence"),
        (ImportError("no numba"), "recent numba may help"),
        (
            AttributeError("no 'new'", obj=sys.modules["llvmlite"]),
            "recent numba may help",
        ),
        (TypingError("cannot compile"), "recent numba may help"),
    ],
    ids=repr,
)
def test_a_mistake_of_ours_is_not_blamed_on_numba(fresh, monkeypatch, error, advice):
    def fail(*_):
        raise error

    monkeypatch.setattr(compiler, "_compile", fail)
    with pytest.warns(
        RuntimeWarning, match=f"{type(error).__name__}.*{advice}"
    ) as caught:
        assert compiler.load("recurrence", 32, RNN) is None
    assert len(caught) == 1
    both = [words in str(caught[0].message) for words in ("mistake", "recent numba")]
    assert sum(both) == 1


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("home", [None, "somewhere"])
def test_without_a_home_kernels_are_compiled_and_not_kept(
    fresh, monkeypatch, compiled, home, platform, tmp_path
):
    """As in a container whose user has no entry; or with a HOME that is relative."""
    for name in ("SKSEQUENCE_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.chdir(tmp_path)
    if home is None:
        monkeypatch.delenv("HOME", raising=False)
        monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    else:
        monkeypatch.setenv("HOME", home)
    monkeypatch.setattr(compiler, "_compile", lambda *_: compiled)
    with pytest.warns(RuntimeWarning, match="no home .*SKSEQUENCE_CACHE_DIR") as caught:
        assert compiler.load("recurrence", 32, RNN) is not None
    assert [one for one in caught if "numba" in str(one.message)] == []
    assert list(tmp_path.iterdir()) == []


COMPILE = """
import logging, sys, time
from sksequence import _kernels
from sksequence._kernels import compiler
if sys.argv[1] == "hang":
    def hang(*_):
        print("compiling", flush=True)
        time.sleep(600)
    compiler._compile = hang
else:
    inner = compiler._compile
    def counted(*args):
        print("compiled", flush=True)
        time.sleep(2)  # or one would be ready before the other begins
        return inner(*args)
    compiler._compile = counted
print("ready", flush=True)
assert _kernels.load("pooling", 32) is not None
"""


def _start(how, directory):
    environment = {**os.environ, "SKSEQUENCE_CACHE_DIR": str(directory)}
    arguments = [sys.executable, "-c", COMPILE, how]
    return subprocess.Popen(arguments, env=environment, text=True, stdout=subprocess.PIPE)


def test_of_two_processes_one_compiles_and_the_other_waits(tmp_path):
    processes = [_start("compile", tmp_path) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert "".join(said).count("compiled") == 1
    assert compiler._read(next(tmp_path.glob("pooling*.kernels"))) is not None


def test_a_process_that_is_killed_keeps_nobody_waiting(tmp_path):
    hanging = _start("hang", tmp_path)
    while hanging.stdout.readline().strip() != "compiling":
        assert hanging.poll() is None
    waiting = _start("compile", tmp_path)
    assert waiting.stdout.readline().strip() == "ready"
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(1)
    assert list(tmp_path.glob("*.kernels")) == []
    hanging.kill()
    hanging.communicate()
    said, _ = waiting.communicate(timeout=120)
    assert (waiting.returncode, said.split()) == (0, ["compiled"])
    assert len(list(tmp_path.glob("*.kernels"))) == 1


def test_without_locks_both_compile(fresh, monkeypatch, compiled):
    """As on some network file systems: twice the work, and the same kernels."""

    def refuse(*_):
        raise OSError("no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(compiler, "_compile", lambda *_: compiled)
    assert compiler.load("recurrence", 32, RNN) is not None
    assert len(list(fresh.glob("*.kernels"))) == 1


def test_compiling_says_so(fresh, monkeypatch, compiled, caplog):
    monkeypatch.setattr(compiler, "_compile", lambda *_: compiled)
    compiler.load("recurrence", 32, RNN)
    assert "Compiling the recurrence-rnn32 kernels" in caplog.text
    caplog.clear()
    compiler.load("recurrence", 32, RNN)
    assert not caplog.text


@pytest.mark.no_cover
def test_kernels_of_every_kind_compile_here(fresh):
    """What the others find kept may be of an earlier run."""
    loaded = compiler.load("recurrence", 64, LSTM)
    assert set(loaded) == {"pack", "forward", "backward", "unpack"}
    (path,) = fresh.glob("*.kernels")
    assert compiler._read(path) is not None


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "{home}/sksequence"),
        ("win32", "LOCALAPPDATA", "{home}/sksequence"),
        ("darwin", None, "{user}/Library/Caches/sksequence"),
        ("linux", None, "{user}/.cache/sksequence"),
    ],
)
def test_kernels_are_kept_where_the_system_keeps_such_things(
    monkeypatch, tmp_path, platform, variable, expected
):
    for name in ("SKSEQUENCE_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
    expected = expected.format(home=tmp_path, user=Path.home())
    assert compiler._directory() == Path(expected)


# ----------------------------------------------------------------------------- processes


def _train_elsewhere(seed):
    """With two threads; all but our own are torch's, which no fork survives."""
    torch.set_num_threads(2)
    torch.manual_seed(seed)
    layer = nn.LSTM(2, 8, batch_first=True)
    steps, *_ = _compiled.recurrence(layer, torch.randn(70, 12, 2))
    gradients = torch.autograd.grad(steps.sum(), list(layer.parameters()))
    return [tensor.detach().numpy() for tensor in (steps, *gradients)]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_forked_and_spawned_processes_compute_the_same(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    before = torch.get_num_threads()
    here = _train_elsewhere(0)
    torch.set_num_threads(before)
    with warnings.catch_warnings():
        # Python says that forking with threads may go wrong; here it must not.
        warnings.simplefilter("ignore", DeprecationWarning)
        with multiprocessing.get_context(method).Pool(1) as pool:
            there = pool.apply_async(_train_elsewhere, (0,)).get(timeout=120)
    for ours, theirs in zip(here, there, strict=True):
        np.testing.assert_array_equal(ours, theirs)


# ----------------------------------------------------------------------------- workspace


def test_memory_is_lent_once_at_a_time_and_again_afterwards():
    workspace = Workspace()
    first, second = workspace.borrow(1000), workspace.borrow(1000)
    assert first.address != second.address
    address = first.address
    del first
    third = workspace.borrow(900)
    assert third.address == address
    del second, third
    workspace._take_back()
    assert len(workspace._free) == 2
    # What is too small goes when something larger comes.
    large = workspace.borrow(5000)
    assert len(workspace._free) == 1
    workspace.clear()
    assert not workspace._free
    del large
    workspace._take_back()
    assert len(workspace._free) == 1


def test_a_fit_leaves_no_memory_behind():
    gc.collect()  # what other tests have left
    _compiled.WORKSPACE.clear()
    X = np.random.default_rng(0).normal(size=(200, 50, 3))
    make("GRUClassifier", hidden_size=32).fit(X, X[:, 0, 0] > 0)
    gc.collect()
    assert not _compiled.WORKSPACE._free


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
