"""Helpers for the time axis: masks, padding, reversal, last steps, convolution."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Bytes index as masks do, and fractions would be cut off.
_WHOLE = (torch.int64, torch.int32)
# Values of a sequence from which each is filled on its own.
_LARGE = 2**12
# Axes of what layers read.
STEPS = ("batch", "steps", "channels")
CHANNELS_FIRST = ("batch", "channels", "steps")
FRAMES = ("batch", "steps", "channels", "height", "width")


def valid_steps(lengths: Tensor, n_steps: int) -> Tensor:
    """Return a boolean mask, true where a step belongs to the sequence.

    Shape
        lengths (batch,) -> (batch, n_steps)

    Examples
    --------
    >>> valid_steps(torch.tensor([1, 3]), 3)
    tensor([[ True, False, False],
            [ True,  True,  True]])
    """
    return torch.arange(n_steps, device=lengths.device) < lengths[:, None]


def check_lengths(lengths: Tensor | None, n: int, n_steps: int) -> None:
    """Raise ValueError unless there is a length from 1 to n_steps for each sequence.

    On an accelerator only the number of lengths is checked, to avoid synchronisation.
    """
    check_lengths_shape(lengths, n)
    if lengths is not None and n and lengths.is_cpu:
        of_each = lengths.tolist()  # for mini-batches in a third of the time of torch's
        check_length_range(min(of_each), max(of_each), n_steps)


def check_lengths_shape(lengths: Tensor | None, n: int) -> None:
    """Raise an error unless there is one length for each of n sequences, an integer."""
    if lengths is None:
        return
    if not isinstance(lengths, Tensor) or lengths.dtype not in _WHOLE:
        kind = getattr(lengths, "dtype", type(lengths).__name__)
        raise TypeError(f"lengths must be a tensor of int64 or int32, got {kind}")
    if lengths.shape != (n,):
        raise ValueError(
            f"lengths must have shape ({n},), one for each sequence, got "
            f"{tuple(lengths.shape)}"
        )


def check_length_range(shortest: int, longest: int, n_steps: int) -> None:
    """Raise ValueError unless all lengths are from 1 to n_steps."""
    if shortest < 1 or longest > n_steps:
        raise ValueError(
            f"lengths must be from 1 to {n_steps}, got {shortest} to {longest}"
        )


def check_batch(x: Tensor, lengths: Tensor | None, axes: tuple[str, ...] = STEPS) -> None:
    """Raise ValueError unless x has these axes, and a valid length for each sequence."""
    if x.ndim != len(axes):
        raise ValueError(f"x must have shape ({', '.join(axes)}), got {tuple(x.shape)}")
    check_lengths(lengths, x.shape[0], x.shape[axes.index("steps")])


def _spread(of_steps: Tensor, x: Tensor) -> Tensor:
    """Add axes so that (batch, steps) broadcasts against x."""
    return of_steps.view(*of_steps.shape, *(1,) * (x.ndim - 2))


def zero_padding(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Set the padding of each sequence to zero.

    Fills rather than multiplies by a mask, which would keep NaN and infinity.

    Shape
        x (batch, steps, channels) or (batch, steps, channels, height, width)
        -> the same
    """
    if lengths is None:
        return x
    return x.masked_fill(~_spread(valid_steps(lengths, x.shape[1]), x), 0)


def reverse_steps(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Reverse each sequence within its own length; padding stays at the end.

    Shape
        x (batch, steps, channels) or (batch, steps, channels, height, width)
        -> the same

    Examples
    --------
    >>> x = torch.tensor([[1, 2, 0], [3, 4, 5]])[..., None]
    >>> reverse_steps(x, torch.tensor([2, 3])).squeeze(-1)
    tensor([[2, 1, 0],
            [5, 4, 3]])
    """
    if lengths is None:
        return x.flip(1)
    steps = torch.arange(x.shape[1], device=x.device)
    mirrored = lengths[:, None] - 1 - steps
    index = torch.where(mirrored < 0, steps, mirrored)
    return x.gather(1, _spread(index, x).expand_as(x))


def last_step(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Return the last valid step of each sequence.

    Shape
        x (batch, steps, channels) -> (batch, channels), likewise for frames
    """
    if lengths is None:
        return x[:, -1]
    if x.is_cpu:
        return x[torch.arange(len(x), device=x.device), lengths - 1]
    # On a GPU the gradient of an index sorts it first.
    last = _spread(lengths.long()[:, None] - 1, x)
    return x.gather(1, last.expand(-1, 1, *x.shape[2:]))[:, 0]


def last_n_steps(x: Tensor, lengths: Tensor | None, n: int) -> Tensor:
    """Return the last n valid steps of each sequence.

    Shape
        x (batch, steps, channels) -> (batch, n, channels)

    Examples
    --------
    >>> x = torch.tensor([[1, 2, 0], [3, 4, 5]])[..., None]
    >>> last_n_steps(x, torch.tensor([2, 3]), 2).squeeze(-1)
    tensor([[1, 2],
            [4, 5]])

    Raises
    ------
    ValueError
        If a sequence has fewer steps.
    """
    if lengths is None or lengths.is_cpu:  # on an accelerator it would wait
        shortest = x.shape[1] if lengths is None else int(lengths.min())
        if shortest < n:
            raise ValueError(f"sequences must have at least {n} steps, got {shortest}")
    if lengths is None:
        return x[:, x.shape[1] - n :]
    index = lengths[:, None] - n + torch.arange(n, device=x.device)
    return x.gather(1, _spread(index, x).expand(-1, -1, x.shape[2]))


def spread_blocks(x: Tensor, stride: int, n_steps: int, *, causal: bool) -> Tensor:
    """Repeat the states of blocks of steps, so that each of n_steps has one.

    If ``causal``, a step gets the state of the last complete block; the first steps,
    which have none, get zeros.

    Shape
        x (batch, ceil(n_steps / stride), channels) -> (batch, n_steps, channels)

    Examples
    --------
    >>> x = torch.tensor([[1, 2]])[..., None]
    >>> spread_blocks(x, 2, 4, causal=True).squeeze(-1)
    tensor([[0, 1, 1, 2]])
    >>> spread_blocks(x, 2, 4, causal=False).squeeze(-1)
    tensor([[1, 1, 2, 2]])
    """
    if stride == 1:
        return x
    late = stride - 1 if causal else 0
    return F.pad(x.repeat_interleave(stride, 1), (0, 0, late, 0))[:, :n_steps]


def zero_behind(x: Tensor, lengths: Tensor) -> Tensor:
    """Set the padding of each sequence to zero, with the channels first.

    Shape
        x (batch, channels, steps) -> the same, contiguous
    """
    if _is_large(x):
        return _ZeroBehind.apply(x, lengths)
    return x.masked_fill(~valid_steps(lengths, x.shape[2])[:, None], 0)


def _is_large(x: Tensor) -> bool:
    return x.is_cpu and x.shape[1] * x.shape[2] >= _LARGE


class _ZeroBehind(torch.autograd.Function):
    """Fill behind each end: a mask, which is asked about every value, takes longer.

    The layout is that of ``masked_fill``, since sums in another order have other bits.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, lengths: Tensor) -> Tensor:
        ctx.lengths = lengths
        filled = x.clone(memory_format=torch.contiguous_format)
        for sequence, n in zip(filled, lengths.tolist(), strict=True):
            sequence[:, n:] = 0
        return filled

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return zero_behind(gradient, ctx.lengths), None


def pad_steps(x: Tensor, lengths: Tensor | None, before: int, behind: int) -> Tensor:
    """Add steps of zeros at both ends, and set those behind each length to zero.

    Shape
        x (batch, channels, steps) -> (batch, channels, before + steps + behind), with
        the channels last in memory: otherwise torch would transpose before convolving
    """
    if lengths is None or not _is_large(x):
        x = x if lengths is None else zero_behind(x, lengths)
        return F.pad(x.mT, (0, 0, before, behind)).mT
    return _PadSteps.apply(x, lengths, before, behind)


class _PadSteps(torch.autograd.Function):
    """Copy valid steps alone; the gradient has the layout of :class:`_ZeroBehind`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, lengths: Tensor, before: int, behind: int) -> Tensor:
        n, size, n_steps = x.shape
        ctx.lengths, ctx.pads = lengths, (-before, -behind)
        padded = x.new_zeros(n, before + n_steps + behind, size)
        for i, length in enumerate(lengths.tolist()):
            end = min(length, n_steps + behind)  # which is negative if steps are skipped
            padded[i, before : before + end] = x[i, :, :end].T
        return padded.mT

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        within = F.pad(gradient, ctx.pads)
        return zero_behind(within, ctx.lengths), None, None, None


def convolve_steps(layer: nn.Conv1d, x: Tensor) -> Tensor:
    """Convolve along time in channels-last layout, as images of height one.

    Neither this layer nor the following ones have to transpose then, and torch takes two
    thirds of the time or less. There is no padding.

    Shape
        x (batch, channels, steps) -> (batch, out_channels, steps')
    """
    weight = layer.weight.unsqueeze(2).contiguous(memory_format=torch.channels_last)
    stride, dilation = (1, *layer.stride), (1, *layer.dilation)
    planes = x.unsqueeze(2)
    return F.conv2d(planes, weight, layer.bias, stride, 0, dilation).squeeze(2)
