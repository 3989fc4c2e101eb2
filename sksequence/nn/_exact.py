"""The same last bit in whatever company: torch's products and sums, steadied.

Outside training every layer computes through this module. torch picks a kernel by the
shape of a whole batch, and some of its kernels add in another order, so that a sequence's
last bits depend on the others. Measured on x86 CPUs (``benchmarks/exactness.py``), with a
multiple of eight rows the following holds for any batch and any padding:

- a product is the same for each row if the inner size is a multiple of four, and, in a
  recurrence, if there are some units and two steps: zeros are put where they lack,
- torch's float32 LSTM always is,
- a float32 convolution, of planes one step high, is, unless it has one channel or a
  kernel one step wide: such a one is done as a product of windows, like all in float64,
- a sum over time is not, a cumulative sum is,
- a convolution of frames is not, as a product of windows it is,
- a mean over the plane is not, a cumulative sum is,
- a sigmoid is not: torch's computes what a vector does not fill by other instructions.
  ``tanh`` and ``exp`` do not look where they are.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._time import convolve_steps

# How to run a cell, and the units from which on its products are the same.
_RUN: dict[str, tuple[Callable, int]] = {
    "RNN_TANH": (torch.rnn_tanh, 16),
    "RNN_RELU": (torch.rnn_relu, 16),
    "GRU": (torch.gru, 8),
    "LSTM": (torch.lstm, 8),
}


# A recurrent layer's state, as torch has it: hidden, or hidden and cell.
State = Tensor | tuple[Tensor, Tensor]


def map_state(function: Callable[[Tensor], Tensor], state: State) -> State:
    """Apply a function to each part of a state."""
    if isinstance(state, Tensor):
        return function(state)
    return function(state[0]), function(state[1])


def _lacking(size: int, least: int = 4) -> int:
    """How much is missing to a multiple of four, and to the least."""
    return max(-(-size // 4) * 4, least) - size


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply ``x`` (..., in_features) with ``weight`` (out_features, in_features)."""
    lacking = _lacking(weight.shape[1])
    return F.linear(
        F.pad(x, (0, lacking)).contiguous(), F.pad(weight, (0, lacking)), bias
    )


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """Apply a linear layer to ``x`` (..., in_features)."""
    return product(x, layer.weight, layer.bias)


def recurrence(
    layer: nn.RNNBase, x: Tensor, state: State | None = None
) -> tuple[Tensor, State]:
    """Run a recurrent layer of one direction over ``x`` (batch, steps, input_size).

    Returns its steps, and the state behind the last one if it was given a first one.
    """
    is_lstm = layer.mode == "LSTM"
    if x.device.type != "cpu" or (is_lstm and x.dtype == torch.float32):
        return layer(x, state)
    run, least = _RUN[layer.mode]
    inputs, units = _lacking(layer.input_size), _lacking(layer.hidden_size, least)
    n_steps = x.shape[1]
    # A layer below hands its steps on in another layout, for which another kernel is.
    x = x.contiguous()
    if not inputs and not units and (n_steps > 1 or state is not None):
        return layer(x, state)

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
    if state is None:
        zeros = x.new_zeros(1, len(x), layer.hidden_size + units)
        start: State = (zeros, zeros) if is_lstm else zeros
    else:
        start = map_state(lambda part: F.pad(part, (0, units)), state)
    # Given a state, a lone step stays one: the state behind it is asked for too.
    more_steps = max(2 - n_steps, 0) if state is None else 0
    x = F.pad(x, (0, inputs, 0, more_steps))
    steps, *end = run(x, start, weights, True, 1, 0.0, False, False, True)
    behind = map_state(
        lambda part: part[..., : layer.hidden_size], tuple(end) if is_lstm else end[0]
    )
    return steps[:, :n_steps, : layer.hidden_size], behind


def convolution(layer: nn.Conv1d, x: Tensor) -> Tensor:
    """Convolve ``x`` (batch, channels, steps) without padding."""
    (kernel,), (stride,) = layer.kernel_size, layer.stride
    steady = x.dtype == torch.float32 and layer.in_channels > 1 and kernel > 1
    if steady or x.device.type != "cpu":
        return convolve_steps(layer, x)
    windows = x.unfold(2, kernel, stride).transpose(1, 2).flatten(2)
    n_outputs = windows.shape[1]
    lacking = _lacking(windows.shape[2])
    # A lone window would be multiplied as a vector.
    windows = F.pad(windows, (0, lacking, 0, max(2 - n_outputs, 0))).contiguous()
    weight = F.pad(layer.weight.flatten(1), (0, lacking))
    # To what has gaps in memory torch applies other kernels afterwards.
    return F.linear(windows, weight, layer.bias)[:, :n_outputs].contiguous().mT


def frame_convolution(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """Convolve ``x`` (images, channels, height, width) to frames of the same size."""
    if x.device.type != "cpu":
        return layer(x)
    kernel, around = layer.kernel_size[0], layer.kernel_size[0] // 2
    lacking = _lacking(layer.in_channels)
    # Channels last: they are copied in a row, and all gates of a pixel are one product.
    x = F.pad(x.permute(0, 2, 3, 1), (0, lacking, around, around, around, around))
    weight = F.pad(layer.weight.permute(0, 2, 3, 1), (0, lacking)).flatten(1)
    convolved = []
    # Windows take kernel ** 2 times the memory: so, of no more than eight images at once.
    for images in x.split(8):
        windows = images.unfold(1, kernel, 1).unfold(2, kernel, 1)
        shape = (*windows.shape[:3], layer.out_channels)
        rows = windows.permute(0, 1, 2, 4, 5, 3).flatten(0, 2).flatten(1)
        convolved.append(F.linear(rows, weight, layer.bias).view(shape))
    return torch.cat(convolved).permute(0, 3, 1, 2)


def sigmoid(x: Tensor) -> Tensor:
    """Squash ``x`` into (0, 1)."""
    return (1 + torch.tanh(x / 2)) / 2


def layer_norm(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    """Apply a layer normalisation over the last axis of ``x``."""
    size, exact = x.shape[-1], x.double()
    centred = exact - exact.cumsum(-1)[..., -1:] / size
    variance = (centred * centred).cumsum(-1)[..., -1:] / size
    return (centred / torch.sqrt(variance + norm.eps)).to(
        x.dtype
    ) * norm.weight + norm.bias


def mean_plane(x: Tensor) -> Tensor:
    """Average ``x`` (..., height, width) over the plane."""
    places = x.flatten(-2)
    return places.cumsum(-1)[..., -1] * (1 / places.shape[-1])


def sum_steps(x: Tensor) -> Tensor:
    """Sum ``x`` (batch, steps, channels) over the steps, zeros behind the end or not.

    In double precision, so that also of many steps none is lost.
    """
    return x.cumsum(1, dtype=torch.float64)[:, -1].to(x.dtype)
