"""Gradients of compiled layers as torch operations, which can be differentiated again.

Kernels compute gradients of first order. A backward pass that records a graph itself
(``create_graph=True``, as for gradient penalties and Hessians) takes these instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from .._cells import Cell
from ._loop import run_steps
from ._time import reverse_steps, zero_padding


def recurrence_gradient(
    cell: type[Cell],
    inputs: Sequence[Tensor | None],
    lengths: Tensor,
    grad_outputs: Sequence[Tensor | None],
    *,
    reverse: bool,
    given: bool,
) -> list[Tensor | None]:
    """Return the gradients of the inputs of a layer of one direction.

    Parameters
    ----------
    cell : type of Cell
        Its equations.
    inputs : sequence of Tensor or None
        Sequences, initial states, mask, elapsed times and weights, in the order of the
        compiled layer.
    lengths : Tensor of shape (batch,)
        Number of steps of each sequence.
    grad_outputs : sequence of Tensor or None
        Gradients of the steps and of the final states; None for zero.
    reverse, given : bool
        Whether sequences are read in reverse, and are products with the input weights.
    """
    # As views: one input may depend on another, whose gradient must not count it twice.
    inputs = [None if part is None else part.view_as(part) for part in inputs]
    with torch.autocast("cpu", enabled=False):
        outputs = _recur(cell, inputs, lengths, reverse=reverse, given=given)
    return differentiable_gradients(outputs, inputs, grad_outputs)


def differentiable_gradients(
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor | None],
    grad_outputs: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """Return the gradients of inputs, as functions of all that is given.

    None for those that need no gradient. Inputs should be views: one may depend on
    another, whose gradient must not count it twice.
    """
    pairs = zip(outputs, grad_outputs, strict=True)
    known = [(output, grad) for output, grad in pairs if grad is not None]
    wanted = [part for part in inputs if part is not None and part.requires_grad]
    gradients = iter(
        torch.autograd.grad(
            [output for output, _ in known],
            wanted,
            [grad for _, grad in known],
            create_graph=True,
            allow_unused=True,
        )
    )
    return [
        None if part is None or not part.requires_grad else next(gradients)
        for part in inputs
    ]


def _recur(
    cell: type[Cell],
    inputs: Sequence[Tensor | None],
    lengths: Tensor,
    *,
    reverse: bool,
    given: bool,
) -> list[Tensor]:
    """Return the steps, zero in padding, and the final states, as the kernels do."""
    x, start, start_memory, mask, elapsed, *weights = inputs
    weight_ih, bias_ih, weight_hh, bias_hh, weight_fade, bias_fade = weights
    assert x is not None
    assert weight_ih is not None
    decay = None
    if elapsed is not None:
        assert weight_fade is not None
        elapsed = reverse_steps(elapsed, lengths) if reverse else elapsed
        decay = torch.exp(-torch.relu(F.linear(elapsed, weight_fade, bias_fade)))
    x = zero_padding(x, lengths)
    products = x if given else F.linear(x, weight_ih, bias_ih)
    if reverse:
        products = reverse_steps(products, lengths)
    zeros = x.new_zeros(len(x), len(weight_ih) // len(cell.gates))
    states = tuple(
        zeros if state is None else state
        for state in (start, start_memory)[: cell.n_states]
    )

    def multiply(hidden: Tensor) -> Tensor:
        return (
            hidden[:, :0] if weight_hh is None else F.linear(hidden, weight_hh, bias_hh)
        )

    steps, final = run_steps(
        *(cell, products, states, multiply),
        training=True,
        decay=decay,
        mask=mask,
        lengths=lengths,
    )
    steps = reverse_steps(steps, lengths) if reverse else steps
    return [zero_padding(steps, lengths), *final]


def largest_gradient(steps: Tensor, largest: Tensor, grad_largest: Tensor) -> Tensor:
    """Divide the gradient of a maximum over steps among those that have it.

    Shape
        steps (batch, steps, size), largest and its gradient (batch, size)
        -> (batch, steps, size)
    """
    # One where a step has the maximum, else zero: constant almost everywhere.
    is_largest = (steps.detach() - largest.detach()[:, None]).sign_().add_(1)
    return is_largest.mul_((grad_largest / is_largest.sum(1))[:, None])
