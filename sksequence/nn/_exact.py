"""The same last bit in whatever company: torch's products and sums, steadied.

Outside training every layer computes through this module. torch picks a kernel by the
shape of a whole batch, and some of its kernels add in another order, so that a sequence's
last bits depend on the others. Measured on x86 CPUs (``benchmarks/exactness.py``), with
eight rows or more the following holds for any batch and any padding:

- a product is the same for each row if the inner size is a multiple of four, and, in the
  plain and the gated recurrence, if there are some units: zeros are put where they lack,
- torch's LSTM always is,
- a convolution is, unless its kernel is one step wide: that gets a second step of zeros,
- a sum over time is not, a cumulative sum is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_RUN = {
    "RNN_TANH": (torch.rnn_tanh, 16),
    "RNN_RELU": (torch.rnn_relu, 16),
    "GRU": (torch.gru, 8),
}


def _lacking(size: int, least: int = 4) -> int:
    """How much is missing to a multiple of four, and to the least."""
    return max(-(-size // 4) * 4, least) - size


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """Apply a linear layer to ``x`` (..., in_features)."""
    lacking = _lacking(layer.in_features)
    return F.linear(
        F.pad(x, (0, lacking)).contiguous(),
        F.pad(layer.weight, (0, lacking)),
        layer.bias,
    )


def recurrence(layer: nn.RNNBase, x: Tensor) -> Tensor:
    """Run a recurrent layer of one direction over ``x`` (batch, steps, input_size)."""
    if layer.mode not in _RUN or x.device.type != "cpu":
        return layer(x)[0]
    run, least = _RUN[layer.mode]
    inputs, units = _lacking(layer.input_size), _lacking(layer.hidden_size, least)
    if not inputs and not units:
        return layer(x)[0]

    def widened(name: str, columns: int) -> Tensor:
        weight: Tensor = getattr(layer, name)
        gates = weight.view(-1, layer.hidden_size, *weight.shape[1:])
        zeros = (0, columns, 0, units) if weight.ndim == 2 else (0, units)
        return F.pad(gates, zeros).flatten(0, 1)

    weights = [
        widened("weight_ih_l0", inputs),
        widened("weight_hh_l0", units),
        widened("bias_ih_l0", 0),
        widened("bias_hh_l0", 0),
    ]
    # A unit without weights stays at zero, whatever its cell.
    state = x.new_zeros(1, len(x), layer.hidden_size + units)
    x = F.pad(x, (0, inputs))
    steps, _ = run(x, state, weights, True, 1, 0.0, False, False, True)
    return steps[..., : layer.hidden_size]


def convolution(layer: nn.Conv1d, x: Tensor) -> Tensor:
    """Convolve ``x`` (batch, channels, steps) without padding."""
    if layer.kernel_size != (1,):
        return layer(x)
    weight = F.pad(layer.weight, (0, 1))
    return F.conv1d(F.pad(x, (0, 1)), weight, layer.bias, layer.stride)


def sum_steps(x: Tensor) -> Tensor:
    """Sum ``x`` (batch, steps, channels) over the steps, zeros behind the end or not."""
    return x.cumsum(1)[:, -1]
