"""Run a cell step by step with torch operations, if nothing faster is available.

It is used without kernels, for all cells and options that torch's layers do not support,
such as states that decay between steps. It is several times slower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from .._cells import APART, BOTH, Cell, Operations
from . import _exact
from ._cell_layer import CellLayer, cell_of, weights_of


def where_positive(x: Tensor, y: Tensor) -> Tensor:
    """Return y where x is positive or NaN, else zero."""
    return torch.where(x <= 0, 0.0, y)


# Batch-invariant in evaluation.
OPERATIONS = {
    training: Operations(
        sigmoid=torch.sigmoid if training else _exact.sigmoid,
        tanh=torch.tanh,
        relu=torch.relu,
        exp=torch.exp,
        maximum=torch.maximum,
        where_positive=where_positive,
    )
    for training in (True, False)
}


def input_products(layer: CellLayer, x: Tensor) -> Tensor:
    """Multiply all steps with the input weights, without bias.

    Shape
        x (batch, steps, input_size) -> (batch, steps, gates * hidden_size)
    """
    return _product(layer)(x, weights_of(layer).weight_ih)


def _product(layer: CellLayer) -> Callable[..., Tensor]:
    return F.linear if layer.training else _exact.product


def run_cell(
    layer: CellLayer,
    x: Tensor,
    *,
    state: tuple[Tensor, ...] = (),
    decay: Tensor | None = None,
    products: Tensor | None = None,
    mask: Tensor | None = None,
) -> tuple[Tensor, list[Tensor]]:
    """Run one direction of a layer; return all hidden states, and the final states.

    Parameters
    ----------
    layer : CellLayer
        A cell with its weights.
    x : Tensor of shape (batch, steps, input_size)
        Sequences.
    state : tuple of Tensor of shape (batch, hidden_size)
        Initial states; empty for zeros.
    decay : Tensor of shape (batch, steps, hidden_size) or None
        Factors of all states before each step.
    products : Tensor of shape (batch, steps, gates * hidden_size) or None
        Replaces the products of x with the input weights, including input biases.
    mask : Tensor of shape (batch, hidden_size) or None
        Factors of the hidden state where gates read it.
    """
    cell = cell_of(layer)
    if products is None:
        products = _product(layer)(x, *weights_of(layer)[:2])
    zeros = x.new_zeros(len(x), layer.hidden_size)
    return run_steps(
        cell,
        products,
        state or (zeros,) * cell.n_states,
        _state_product(layer),
        training=layer.training,
        decay=decay,
        mask=mask,
    )


def run_steps(
    cell: type[Cell],
    products: Tensor,
    states: tuple[Tensor, ...],
    multiply: Callable[[Tensor], Tensor],
    *,
    training: bool,
    decay: Tensor | None = None,
    mask: Tensor | None = None,
    lengths: Tensor | None = None,
) -> tuple[Tensor, list[Tensor]]:
    """Run a cell from given states; return all hidden states, and the final states.

    Parameters
    ----------
    cell : type of Cell
        Its equations.
    products : Tensor of shape (batch, steps, gates * hidden_size)
        Products of the sequences with the input weights, including input biases.
    states : tuple of Tensor of shape (batch, hidden_size)
        Initial states.
    multiply : callable
        Multiplies hidden states with the recurrent weights.
    training : bool
        Whether torch's own functions are used, not the batch-invariant ones.
    decay, mask
        As in :func:`run_cell`.
    lengths : Tensor of shape (batch,) or None
        Number of steps of each sequence, after which its states stay the same.
    """
    size, ops, steps = states[0].shape[1], OPERATIONS[training], []
    for t, from_input in enumerate(products.unbind(1)):
        if decay is not None:
            states = tuple(decay[:, t] * part for part in states)
        from_state = multiply(states[0] if mask is None else states[0] * mask)
        values = _values(cell, size, from_input, from_state)
        before, (states, _) = states, cell.step(ops, values, states)
        if lengths is not None:
            is_valid = (lengths > t)[:, None]
            pairs = zip(states, before, strict=True)
            states = tuple(torch.where(is_valid, new, old) for new, old in pairs)
        steps.append(states[0])
    return torch.stack(steps, 1), list(states)


def _state_product(layer: CellLayer) -> Callable[[Tensor], Tensor]:
    """Return a function that multiplies hidden states with the recurrent weights."""
    _, _, weight, bias = weights_of(layer)
    if weight is None or bias is None:
        return lambda hidden: hidden[:, :0]
    if weight.ndim == 1:
        n_gates = len(weight) // layer.hidden_size
        return lambda hidden: hidden.repeat(1, n_gates) * weight + bias
    product = _product(layer)
    return lambda hidden: product(hidden, weight, bias)


def _values(cell: type[Cell], size: int, from_input: Tensor, from_state: Tensor) -> tuple:
    """Return the value of each gate, in the form that ``Cell.step`` takes."""
    if set(cell.gates) == {BOTH}:
        # Torch's functions round differently on strided memory: older fits train on to
        # the same bits only if the gates are summed first and then split.
        return (from_input + from_state).split(size, 1)
    of_state = iter(from_state.split(size, 1))
    values: list[Any] = []
    for reads, value in zip(cell.gates, from_input.split(size, 1), strict=True):
        if reads == BOTH:
            values.append(value + next(of_state))
        elif reads == APART:
            values.append((next(of_state), value))
        else:
            values.append(value)
    return tuple(values)
