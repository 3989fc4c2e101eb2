"""Convolution along time for batches of sequences of unequal length."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import _exact
from ._random import RandomLayer
from ._sizes import (
    KernelSizes,
    divide_channels,
)
from ._time import (
    CHANNELS_FIRST,
    check_batch,
    convolve_steps,
    pad_steps,
    zero_behind,
    zero_padding,
)
from .squeeze import SqueezeExcite


class MaskedBatchNorm(nn.BatchNorm1d):
    r"""Batch normalisation with statistics over valid steps only.

    .. math:: y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta

    where :math:`\mu` and :math:`\sigma^2` are the mean and variance of each channel over
    the valid steps of the batch in training, and their running averages in evaluation.

    Parameters
    ----------
    num_features : int
        Number of channels.
    eps, momentum, affine, track_running_stats, device, dtype, bias
        As in :class:`torch.nn.BatchNorm1d`.

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
        count = lengths.sum()
        x = zero_behind(x, lengths)
        mean = x.sum((0, 2)) / count
        centred = zero_behind(x - mean[:, None], lengths)
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
    ``dilation * (kernel_size - 1) + 1 - stride`` more steps: all of them before the block
    if ``causal``, else half before and half after it. Sequences are padded with zeros.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels per step of input and output.
    kernel_size : int or sequence of int
        Number of steps that one output reads; several for kernels side by side, among
        which the output channels are divided (Inception).
    stride : int, default=1
        Number of steps from one output to the next.
    dilation : int, default=1
        Number of steps from one that an output reads to the next.
    bottleneck_size : int or None, default=None
        Channels to which a product reduces the input first, if it has more.
    reduction : int or None, default=None
        Reduction of a :class:`SqueezeExcite` behind; None for none.
    rectifies : bool, default=True
        Whether there is a ReLU, before the squeeze.
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

    References
    ----------
    Ismail Fawaz et al. (2020), InceptionTime: finding AlexNet for time series
    classification. Data Mining and Knowledge Discovery 34.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: KernelSizes,
        stride: int = 1,
        *,
        dilation: int = 1,
        bottleneck_size: int | None = None,
        reduction: int | None = None,
        rectifies: bool = True,
        causal: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.dilation = kernel_size, stride, dilation
        self.causal, self.rectifies = causal, rectifies
        self.bottleneck = None
        if bottleneck_size is not None and bottleneck_size < in_channels:
            self.bottleneck = nn.Linear(in_channels, bottleneck_size, bias=False)
            in_channels = bottleneck_size
        sizes = kernel_size if isinstance(kernel_size, Sequence) else (kernel_size,)
        widths = divide_channels(out_channels, len(sizes))
        kernels = self._kernels = tuple(
            nn.Conv1d(in_channels, width, size, stride, dilation=dilation, bias=False)
            for size, width in zip(sizes, widths, strict=True)
        )
        self.convolution = nn.ModuleList(kernels) if len(kernels) > 1 else kernels[0]
        self.norm = MaskedBatchNorm(out_channels)
        self.squeeze = None
        if reduction is not None:
            self.squeeze = SqueezeExcite(out_channels, reduction, causal=causal)
        # How many steps each kernel covers, and how many before those of its block.
        self._extents = [dilation * (size - 1) + 1 for size in sizes]
        beyond = [max(extent - stride, 0) for extent in self._extents]
        self._before = [n if causal else n // 2 for n in beyond]
        self.before = max(self._before)
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights, as He et al. (2015) propose for rectified units."""
        if self.bottleneck is not None:
            nn.init.kaiming_uniform_(
                self.bottleneck.weight, nonlinearity="linear", generator=generator
            )
        for kernel in self._kernels:
            nn.init.kaiming_uniform_(
                kernel.weight, nonlinearity="relu", generator=generator
            )
        self.norm.reset_parameters()

    def output_lengths(self, lengths):
        """Return the lengths after this layer: ``ceil(lengths / stride)``."""
        return -(-lengths // self.stride)

    def forward(
        self, x: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        check_batch(x, lengths, CHANNELS_FIRST)
        left = None if lengths is None else self.output_lengths(lengths)
        if self.bottleneck is not None:
            x = zero_padding(x.mT, lengths)
            multiply = F.linear if self.training else _exact.product
            x = multiply(x, self.bottleneck.weight).mT
        x = self.norm(self._convolve(x, lengths), left)
        if self.rectifies:
            x = torch.relu(x)
        return x if self.squeeze is None else self.squeeze(x, left), left

    def _convolve(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Apply the kernels side by side, padding with zeros."""
        n_steps, n_outputs = x.shape[2], self.output_lengths(x.shape[2])
        read = [(n_outputs - 1) * self.stride + extent for extent in self._extents]
        before = self.before
        behind = max(n - b for n, b in zip(read, self._before, strict=True)) - n_steps
        x = pad_steps(x, lengths, before, behind)
        convolve = convolve_steps if self.training else _exact.convolution
        convolved = [
            convolve(kernel, x[:, :, before - own : before - own + n])
            for kernel, own, n in zip(self._kernels, self._before, read, strict=True)
        ]
        if len(convolved) == 1:
            return convolved[0]
        return torch.cat([y.mT for y in convolved], 2).mT
