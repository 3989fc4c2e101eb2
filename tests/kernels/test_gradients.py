"""Gradients of the compiled recurrence, and gradients of these."""

from __future__ import annotations

import pytest
import torch

from helpers.kernels import KERNELS_ARE_ON, KINDS, differentiable, without_kernels
from sksequence._cells import APART, CELLS
from sksequence.nn import RecurrentLayer, RecurrentStack
from sksequence.nn._loop import OPERATIONS

pytestmark = KERNELS_ARE_ON


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", KINDS.values(), ids=KINDS)
def test_gradients_are_those_of_finite_differences(cell, reverse, given, masked):
    outputs, tensors = differentiable(cell, reverse=reverse, given=given, masked=masked)
    assert torch.autograd.gradcheck(outputs, tensors)


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


def test_a_graph_that_is_kept_gives_its_gradient_again():
    layer = RecurrentLayer(3, 8, cell="lstm")
    x = torch.randn(40, 5, 3)
    total = layer(x)[0].sum()
    first = torch.autograd.grad(total, layer.ahead.weight_hh_l0, retain_graph=True)[0]
    # Another pass in between must not write over what the first one has kept.
    layer(torch.randn(40, 5, 3))[0].sum().backward()
    again = torch.autograd.grad(total, layer.ahead.weight_hh_l0)[0]
    assert torch.equal(first, again)


# --------------------------------------------------------------------------- of gradients


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
    with without_kernels():
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
    with without_kernels():
        theirs = gradients()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)
