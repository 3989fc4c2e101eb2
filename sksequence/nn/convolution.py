"""Convolution along time for batches of sequences of unequal length."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import _exact
from ._random import RandomLayer
from ._sizes import sizes_per_layer
from ._time import (
    CHANNELS_FIRST,
    check_batch,
    check_lengths_shape,
    convolve_steps,
    valid_steps,
)


class MaskedBatchNorm(nn.BatchNorm1d):
    r"""Batch normalisation with statistics over valid steps only.

    .. math:: y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta

    where :math:`\mu` and :math:`\sigma^2` are the mean and variance of each channel over
    the valid steps of the batch in training, and their running averages in evaluation.

    Parameters
    ----------
    num_features : int
        Number of channels.

    Shape
    -----
    - Input: ``(batch, channels, steps)``, lengths ``(batch,)`` or None
    - Output: ``(batch, channels, steps)``

    Examples
    --------
    >>> norm = MaskedBatchNorm(1)
    >>> x = torch.tensor([[[1.0, 3.0, 99.0]]])
    >>> norm(x, torch.tensor([2]))[..., :2].round(decimals=3)
    tensor([[[-1.,  1.]]], grad_fn=<RoundBackward1>)
    >>> norm.running_mean
    tensor([0.2000])

    References
    ----------
    Ioffe and Szegedy (2015), Batch normalization: accelerating deep network training by
    reducing internal covariate shift. ICML.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        check_batch(x, lengths, CHANNELS_FIRST)
        # Statistics are summed in full precision, even under autocast.
        x = x.to(self.weight.dtype)
        if not self.training:
            return self._normalise_all(x)
        if lengths is None and x.shape[0] * x.shape[2] > 1:
            self.num_batches_tracked.add_(1)
            return self._normalise_all(x)
        if lengths is None:
            lengths = torch.ones(1, dtype=torch.int64, device=x.device)
        mask = valid_steps(lengths, x.shape[2])[:, None]
        count = lengths.sum()
        x = x.masked_fill(~mask, 0)
        mean = x.sum((0, 2)) / count
        centred = (x - mean[:, None]).masked_fill(~mask, 0)
        variance = centred.square().sum((0, 2)) / count
        self._update_running(mean.detach(), variance.detach(), count)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return x * scale[:, None] + (self.bias - mean * scale)[:, None]

    def _normalise_all(self, x: Tensor) -> Tensor:
        """Normalise as torch's own layer does, which is faster for images of height 1."""
        return F.batch_norm(
            x.unsqueeze(2),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training,
            momentum=self.momentum or 0.0,
            eps=self.eps,
        ).squeeze(2)

    def _update_running(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        # torch's running variance is the unbiased one, undefined for a single step.
        unbiased = variance * count / (count - 1).clamp(min=1)
        share = self.momentum or 0.0
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(unbiased, share)
        self.num_batches_tracked.add_(1)


class ConvLayer(RandomLayer):
    """Convolution along time, batch normalisation, and ReLU.

    Output ``j`` reads the block of ``stride`` steps that begins at ``j * stride``, and
    ``kernel_size - stride`` more steps: all of them before the block if ``causal``, else
    half before and half after it. Sequences are padded with zeros.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels per step of input and output.
    kernel_size : int
        Number of steps that one output reads.
    stride : int, default=1
        Number of steps from one output to the next.
    causal : bool, default=False
        Whether outputs never depend on steps after their own block.

    Shape
    -----
    - Input: ``(batch, in_channels, steps)``, lengths ``(batch,)`` or None
    - Output: ``(batch, out_channels, ceil(steps / stride))``, and the new lengths

    Examples
    --------
    >>> layer = ConvLayer(3, 8, kernel_size=5, stride=2)
    >>> y, lengths = layer(torch.randn(2, 3, 9), torch.tensor([9, 4]))
    >>> y.shape, lengths
    (torch.Size([2, 8, 5]), tensor([5, 2]))
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        *,
        causal: bool = False,
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(
            in_channels, out_channels, kernel_size, stride, bias=False
        )
        self.norm = MaskedBatchNorm(out_channels)
        beyond = max(kernel_size - stride, 0)
        self.before = beyond if causal else beyond // 2
        self.kernel_size, self.stride, self.causal = kernel_size, stride, causal
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights, as He et al. (2015) propose for rectified units."""
        nn.init.kaiming_uniform_(
            self.convolution.weight, nonlinearity="relu", generator=generator
        )
        self.norm.reset_parameters()

    def output_lengths(self, lengths):
        """Return the lengths after this layer: ``ceil(lengths / stride)``."""
        return -(-lengths // self.stride)

    def forward(
        self, x: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        check_batch(x, lengths, CHANNELS_FIRST)
        if lengths is not None:
            x = x.masked_fill(~valid_steps(lengths, x.shape[2])[:, None], 0)
            lengths = self.output_lengths(lengths)
        n_steps, n_outputs = x.shape[2], self.output_lengths(x.shape[2])
        behind = (n_outputs - 1) * self.stride + self.kernel_size - self.before - n_steps
        # Pad in channels-last layout: otherwise torch would transpose.
        x = F.pad(x.mT, (0, 0, self.before, behind)).mT
        convolve = convolve_steps if self.training else _exact.convolution
        x = convolve(self.convolution, x)
        return torch.relu(self.norm(x, lengths)), lengths


class ConvEncoder(nn.Module):
    """Stack of convolutional layers.

    Placed before a recurrence, it extracts local features and, with strides, shortens
    the sequence.

    Parameters
    ----------
    input_size : int
        Channels per step.
    channels : sequence of int
        Output channels of each layer; empty for no layers.
    kernel_size, stride : int or sequence of int, default=5 and 1
        For all layers, or one per layer.
    causal : bool, default=False
        Whether outputs never depend on later steps; see :class:`ConvLayer`.

    Shape
    -----
    - Input: ``(batch, steps, input_size)``, lengths ``(batch,)`` or None
    - Output: ``(batch, ceil(steps / strides), channels[-1])``, and the new lengths

    Examples
    --------
    >>> encoder = ConvEncoder(3, (8, 16), kernel_size=(7, 3), stride=(4, 2))
    >>> y, lengths = encoder(torch.randn(2, 100, 3), torch.tensor([100, 33]))
    >>> y.shape, lengths
    (torch.Size([2, 13, 16]), tensor([13,  5]))
    """

    def __init__(
        self,
        input_size: int,
        channels: Sequence[int],
        kernel_size: int | Sequence[int] = 5,
        stride: int | Sequence[int] = 1,
        *,
        causal: bool = False,
    ) -> None:
        super().__init__()
        widths = (input_size, *sizes_per_layer("channels", channels, len(channels)))
        # Without layers, kernels and strides are ignored.
        kernels = sizes_per_layer(
            "kernel_size", kernel_size if channels else (), len(channels)
        )
        strides = sizes_per_layer("stride", stride if channels else (), len(channels))
        self.layers = nn.ModuleList(
            ConvLayer(before, after, kernel, stride, causal=causal)
            for before, after, kernel, stride in zip(
                widths[:-1], widths[1:], kernels, strides, strict=True
            )
        )
        self.kernels_and_strides = list(zip(kernels, strides, strict=True))
        self.strides, self.total_stride = strides, math.prod(strides)
        self.output_size = widths[-1]

    def check_lengths(self, lengths: Sequence[int]) -> None:
        """Raise ValueError if a kernel or a stride exceeds the longest sequence.

        Shorter ones are padded with zeros, as the ends of all sequences are.

        Parameters
        ----------
        lengths : sequence of int
            Number of steps of each sequence, before the first layer.
        """
        if not self.kernels_and_strides:
            return
        index = max(range(len(lengths)), key=lengths.__getitem__)
        steps = left = int(lengths[index])
        for number, (kernel, stride) in enumerate(self.kernels_and_strides, 1):
            for name, size in {"kernel_size": kernel, "stride": stride}.items():
                if size > left:
                    raise ValueError(
                        f"Convolution {number} has {name}={size}, but sequence {index}, "
                        f"the longest, has only {left} step(s) left of {steps} when it "
                        f"gets there (n_features = {steps} if X is 2-D). Use a smaller "
                        f"{name} or fewer layers."
                    )
            left = -(-left // stride)

    def forward(
        self, x: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        if not self.layers:
            check_lengths_shape(lengths, x.shape[0])
            return x, lengths
        check_batch(x, lengths)
        x = x.transpose(1, 2)
        for layer in self.layers:
            x, lengths = layer(x, lengths)
        return x.transpose(1, 2), lengths
