"""Recurrent layers whose state fades before each step: torch's cells, step by step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import _exact

Activation = Callable[[Tensor], Tensor]


def faded_recurrence(layer: nn.RNNBase, x: Tensor, fade: Tensor) -> Tensor:
    """Run a recurrent layer of one direction, multiplying its state before each step.

    An LSTM's cell state fades as its hidden state does. The products with the input are
    one for all steps; those with the state, and all else, are done step by step, which
    takes several times as long as torch's own loop.

    Shape
        x (batch, steps, input_size), fade (batch, steps, hidden_size) -> (batch, steps,
        hidden_size)
    """
    product = F.linear if layer.training else _exact.product
    from_x, from_h = (
        [layer.get_parameter(f"{kind}_{name}_l0") for kind in ("weight", "bias")]
        for name in ("ih", "hh")
    )
    inputs = product(x, *from_x)
    sigmoid = torch.sigmoid if layer.training else _exact.sigmoid
    step = _STEPS[layer.mode]
    hidden = cell = x.new_zeros(len(x), layer.hidden_size)
    states = []
    for from_input, factor in zip(inputs.unbind(1), fade.unbind(1), strict=True):
        hidden, cell = factor * hidden, factor * cell
        from_state = product(hidden, *from_h)
        hidden, cell = step(from_input, from_state, hidden, cell, sigmoid)
        states.append(hidden)
    return torch.stack(states, 1)


def _rnn(activation: Activation) -> Callable[..., tuple[Tensor, Tensor]]:
    def step(from_input, from_state, hidden, cell, sigmoid):
        return activation(from_input + from_state), cell

    return step


def _gru(from_input, from_state, hidden, cell, sigmoid):
    size = hidden.shape[1]
    (gates, new), (state_gates, state_new) = (
        part.split([2 * size, size], 1) for part in (from_input, from_state)
    )
    reset, update = sigmoid(gates + state_gates).chunk(2, 1)
    new = torch.tanh(new + reset * state_new)
    return new + update * (hidden - new), cell


def _lstm(from_input, from_state, hidden, cell, sigmoid):
    take, keep, new, out = (from_input + from_state).chunk(4, 1)
    cell = sigmoid(keep) * cell + sigmoid(take) * torch.tanh(new)
    return sigmoid(out) * torch.tanh(cell), cell


_STEPS: dict[str, Callable[..., tuple[Tensor, Tensor]]] = {
    "RNN_TANH": _rnn(torch.tanh),
    "RNN_RELU": _rnn(torch.relu),
    "GRU": _gru,
    "LSTM": _lstm,
}
