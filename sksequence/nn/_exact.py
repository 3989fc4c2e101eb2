"""Batch-invariant versions of torch's operations.

In evaluation every layer uses this module. torch chooses a kernel by the shape of the
whole batch, and kernels differ in the order of their sums, so the last bits of a result
depend on the rest of the batch. Measured on x86 CPUs of AMD and Intel
(``benchmarks/exactness.py``), with a multiple of eight rows the following operations are
batch-invariant for any batch and any padding:

- a product, if the inner size is a multiple of four, if there are as many rows as the
  processor needs (Intel's more than eight), which is tried, and, in a recurrence, if
  there is a minimum number of units and two steps: zeros are appended if necessary,
- torch's float32 LSTM,
- a float32 convolution of images of height one, unless it has one channel or a kernel
  size of one: such convolutions, and all in float64, are computed as products of windows,
- a cumulative sum over time, but not a sum,
- a convolution of frames as a product of windows, but not torch's own,
- a cumulative sum over pixels, but not a mean,
- sums by adding arrays to one another,
- ``tanh`` and ``exp``, but not a sigmoid: torch computes the elements that do not fill a
  vector with other instructions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._time import convolve_steps

# Functions of cells, and the minimum number of units for batch-invariant products.
_RUN: dict[str, tuple[Callable, int]] = {
    "RNN_TANH": (torch.rnn_tanh, 16),
    "RNN_RELU": (torch.rnn_relu, 16),
    "GRU": (torch.gru, 8),
    "LSTM": (torch.lstm, 8),
}


# Numbers of rows for which it is tried whether a product sums in the same order.
_ROWS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256)

# Values of a step from which summing step by step is faster, up to ten times.
_MANY = 2048

# The state of a recurrent layer as in torch: hidden state, or hidden and cell state.
State = Tensor | tuple[Tensor, Tensor]


def map_state(function: Callable[[Tensor], Tensor], state: State) -> State:
    """Apply a function to each part of a state."""
    if isinstance(state, Tensor):
        return function(state)
    return function(state[0]), function(state[1])


def _lacking(size: int, least: int = 4) -> int:
    """Return the padding to a multiple of four of at least ``least``."""
    return max(-(-size // 4) * 4, least) - size


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply ``x`` (..., in_features) with ``weight`` (out_features, in_features)."""
    n_outputs, size = weight.shape
    lacking, n_rows = _lacking(size), x.shape[:-1].numel()
    # Copies, also without zeros: the last bits depend on where a matrix begins.
    weight = F.pad(weight, (0, lacking)) if lacking else weight.clone()
    if x.is_cpu and n_rows < _ROWS[-1]:
        least = _steady_rows(size + lacking, n_outputs, x.dtype, bias is not None)
        if n_rows < least:
            rows = x.new_zeros(least, size + lacking)
            rows[:n_rows, :size] = x.reshape(n_rows, size)
            few = F.linear(rows, weight, bias)[:n_rows]
            return few.view(*x.shape[:-1], n_outputs)
    if lacking:
        whole = F.pad(x, (0, lacking)).contiguous()
    else:
        whole = x.clone(memory_format=torch.contiguous_format)
    return F.linear(whole, weight, bias)


@lru_cache(maxsize=1024)
def _steady_rows(size: int, n_outputs: int, dtype: torch.dtype, has_bias: bool) -> int:
    """Return from how many rows on a product sums in the same order.

    This depends on the library of torch's build, and on the processor.
    """
    with torch.inference_mode():
        x, weight = (
            torch.arange(rows * size, dtype=dtype, device="cpu").sin_().view(rows, size)
            for rows in (_ROWS[-1], n_outputs)
        )
        bias = weight[:, 0].clone() if has_bias else None
        whole, least = F.linear(x, weight, bias), _ROWS[-1]
        for n in reversed(_ROWS):
            if not torch.equal(F.linear(x[:n].clone(), weight, bias), whole[:n]):
                break
            least = n
    return least


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """Apply a linear layer to ``x`` (..., in_features)."""
    return product(x, layer.weight, layer.bias)


def recurrence(
    layer: nn.RNNBase, x: Tensor, state: State | None = None
) -> tuple[Tensor, State]:
    """Run a recurrent layer of one direction over ``x`` (batch, steps, input_size).

    Returns all hidden states, and the final state.
    """
    is_lstm = layer.mode == "LSTM"
    if x.device.type != "cpu" or (is_lstm and x.dtype == torch.float32):
        return layer(x, state)
    run, least = _RUN[layer.mode]
    inputs, units = _lacking(layer.input_size), _lacking(layer.hidden_size, least)
    n_steps = x.shape[1]
    # Steps of a layer below have another layout, for which torch uses another kernel.
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
    # Units without weights stay at zero for all cells.
    if state is None:
        zeros = x.new_zeros(1, len(x), layer.hidden_size + units)
        start: State = (zeros, zeros) if is_lstm else zeros
    else:
        start = map_state(lambda part: F.pad(part, (0, units)), state)
    # With an initial state a single step is not padded, as its final state is needed.
    more_steps = max(2 - n_steps, 0) if state is None else 0
    x = F.pad(x, (0, inputs, 0, more_steps))
    steps, *end = run(x, start, weights, True, 1, 0.0, False, False, True)
    behind = map_state(
        lambda part: part[..., : layer.hidden_size], tuple(end) if is_lstm else end[0]
    )
    return steps[:, :n_steps, : layer.hidden_size], behind


def convolution(layer: nn.Conv1d, x: Tensor) -> Tensor:
    """Convolve ``x`` (batch, channels, steps) without padding."""
    (kernel,), (stride,), (step,) = layer.kernel_size, layer.stride, layer.dilation
    steady = x.dtype == torch.float32 and layer.in_channels > 1 and kernel > 1
    if steady or x.device.type != "cpu":
        return convolve_steps(layer, x)
    taps = x.unfold(2, step * (kernel - 1) + 1, stride)[..., ::step]
    windows = taps.transpose(1, 2).flatten(2)
    n_outputs = windows.shape[1]
    lacking = _lacking(windows.shape[2])
    # A single window would be multiplied as a vector.
    windows = F.pad(windows, (0, lacking, 0, max(2 - n_outputs, 0))).contiguous()
    weight = F.pad(layer.weight.flatten(1), (0, lacking))
    # torch would apply other kernels to non-contiguous results.
    return F.linear(windows, weight, layer.bias)[:, :n_outputs].contiguous().mT


def frame_convolution(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """Convolve ``x`` (images, channels, height, width) to frames of the same size."""
    if x.device.type != "cpu":
        return layer(x)
    height, width = layer.kernel_size
    up, left = height // 2, width // 2
    lacking = _lacking(layer.in_channels)
    # Channels last, so that channels are copied together and a pixel is one product.
    x = F.pad(x.permute(0, 2, 3, 1), (0, lacking, left, left, up, up))
    weight = F.pad(layer.weight.permute(0, 2, 3, 1), (0, lacking)).flatten(1)
    convolved = []
    # Windows take the memory once for each pixel of a kernel: eight images at a time.
    for images in x.split(8):
        windows = images.unfold(1, height, 1).unfold(2, width, 1)
        shape = (*windows.shape[:3], layer.out_channels)
        rows = windows.permute(0, 1, 2, 4, 5, 3).flatten(0, 2).flatten(1)
        convolved.append(product(rows, weight, layer.bias).view(shape))
    return torch.cat(convolved).permute(0, 3, 1, 2)


def sigmoid(x: Tensor) -> Tensor:
    """Return the logistic function of ``x``."""
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
    """Average ``x`` (..., height, width) over all pixels."""
    places = x.flatten(-2)
    return places.cumsum(-1)[..., -1] * (1 / places.shape[-1])


def sum_channels(x: Tensor) -> Tensor:
    """Sum ``x`` (..., channels) over the channels, by halves."""
    size = x.shape[-1]
    x = F.pad(x, (0, (1 << (size - 1).bit_length()) - size))
    while x.shape[-1] > 1:
        half = x.shape[-1] // 2
        x = x[..., :half] + x[..., half:]
    return x[..., 0]


def softmax(scores: Tensor) -> Tensor:
    """Return the softmax over the last axis; -inf at its end has no effect."""
    shares = torch.exp(scores - scores.amax(-1, keepdim=True))
    return shares / _total(shares).to(scores.dtype)


def log_softmax(scores: Tensor) -> Tensor:
    """Return the logarithm of the softmax over the last axis, in double precision."""
    scores = scores.double()
    scores = scores - scores.amax(-1, keepdim=True)
    return scores - _total(torch.exp(scores)).log()


def _total(x: Tensor) -> Tensor:
    """Sum over the last axis in double precision; zeros at its end have no effect."""
    return x.cumsum(-1, dtype=torch.float64)[..., -1:]


def sum_steps(x: Tensor) -> Tensor:
    """Sum ``x`` (batch, steps, channels) over the steps; zero padding has no effect.

    In double precision, which is accurate for many steps.
    """
    if not x.is_cpu or x[:, 0].numel() < _MANY:
        return x.cumsum(1, dtype=torch.float64)[:, -1].to(x.dtype)
    # The same sums in the same order, without those of every prefix.
    total = torch.zeros_like(x[:, 0], dtype=torch.float64)
    for step in x.unbind(1):
        total += step
    return total.to(x.dtype)
