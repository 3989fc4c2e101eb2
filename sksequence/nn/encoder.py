"""Convolutional layers one after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from . import _convolutions
from ._sizes import KernelSizes, check_size, kernels_side_by_side, sizes_per_layer
from ._time import check_batch, check_lengths_shape
from .convolution import ConvLayer


class ConvEncoder(nn.Module):
    """Stack of convolutional layers, with connections that skip some of them.

    Placed before a recurrence, it extracts local features and, with strides, shortens
    the sequence. In training on a CPU, kernels may run all layers at once; then hooks of
    single layers are not called.

    Parameters
    ----------
    input_size : int
        Channels per step.
    channels : sequence of int
        Output channels of each layer; empty for no layers.
    kernel_size : int, or sequence of int or of sequences, default=5
        For all layers, or one per layer, each an int or the sizes of kernels side by
        side.
    stride, dilation : int or sequence of int, default=1
        For all layers, or one per layer.
    residual : int or None, default=None
        Number of layers after which their input is added to their output, before the
        last ReLU of them; so also for the layers that are left at the end. If widths or
        steps differ, a convolution with kernels of one step and a normalisation map the
        input. None for no such connections.
    bottleneck_size, reduction : int or None, default=None
        As in :class:`ConvLayer`.
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
    >>> inception = ConvEncoder(3, (32,) * 6, ((39, 19, 9),) * 6, residual=3)
    >>> inception(torch.randn(2, 100, 3))[0].shape
    torch.Size([2, 100, 32])

    References
    ----------
    He, Zhang, Ren and Sun (2016), Deep residual learning for image recognition. CVPR.

    Wang, Yan and Oates (2017), Time series classification from scratch with deep neural
    networks: a strong baseline. IJCNN.
    """

    def __init__(
        self,
        input_size: int,
        channels: Sequence[int],
        kernel_size: KernelSizes | Sequence[KernelSizes] = 5,
        stride: int | Sequence[int] = 1,
        *,
        dilation: int | Sequence[int] = 1,
        residual: int | None = None,
        bottleneck_size: int | None = None,
        reduction: int | None = None,
        causal: bool = False,
    ) -> None:
        super().__init__()
        n = len(channels)
        widths = (input_size, *sizes_per_layer("channels", channels, n))
        # Without layers, kernels, strides and dilations are ignored.
        kernels = kernels_side_by_side("kernel_size", kernel_size if n else (), n)
        strides = sizes_per_layer("stride", stride if n else (), n)
        dilations = sizes_per_layer("dilation", dilation if n else (), n)
        for name, size in {
            "residual": residual,
            "bottleneck_size": bottleneck_size,
        }.items():
            if size is not None:
                check_size(name, size)
        self.layers: Any = nn.ModuleList(
            ConvLayer(
                widths[i],
                widths[i + 1],
                kernels[i] if len(kernels[i]) > 1 else kernels[i][0],
                strides[i],
                dilation=dilations[i],
                bottleneck_size=bottleneck_size,
                reduction=reduction,
                rectifies=residual is None or not _ends_block(i, residual, n),
                causal=causal,
            )
            for i in range(n)
        )
        self.residual, self.shortcuts = residual, nn.ModuleList()
        for i in range(0, n, residual) if residual is not None else ():
            end = min(i + (residual or n), n)
            stride_of_block = math.prod(strides[i:end])
            self.shortcuts.append(_shortcut(widths[i], widths[end], stride_of_block))
        longest = [
            d * (max(sizes) - 1) + 1 for sizes, d in zip(kernels, dilations, strict=True)
        ]
        self.kernels_and_strides = list(zip(longest, strides, strict=True))
        self.strides, self.dilations = strides, dilations
        self.total_stride = math.prod(strides)
        self.input_size, self.output_size = input_size, widths[-1]

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
        if self.training and self.serves(x):
            return _convolutions.convolve(self.layers, x, lengths), self.left(lengths)
        x = x.transpose(1, 2)
        shortcuts, around, at_begin = iter(self.shortcuts), x, lengths
        for i, layer in enumerate(self.layers):
            if self.residual is not None and i % self.residual == 0:
                around, at_begin = x, lengths
            x, lengths = layer(x, lengths)
            if not layer.rectifies:
                x = torch.relu(x + next(shortcuts)(around, at_begin)[0])
        return x.transpose(1, 2), lengths

    def serves(self, x: Tensor) -> bool:
        """Return whether there are kernels for all layers in training."""
        return self.residual is None and _convolutions.serves(self.layers, x)

    def left(self, lengths: Tensor | None) -> Tensor | None:
        """Return the lengths behind all layers."""
        for layer in self.layers:
            lengths = None if lengths is None else layer.output_lengths(lengths)
        return lengths


class Shortcut(nn.Module):
    """Hand on what skips layers."""

    def forward(
        self, x: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        return x, lengths


def _shortcut(input_size: int, output_size: int, stride: int) -> nn.Module:
    """Return what maps the input of layers to the width and steps of their output."""
    if input_size == output_size and stride == 1:
        return Shortcut()
    return ConvLayer(input_size, output_size, 1, stride, rectifies=False)


def _ends_block(index: int, size: int, n: int) -> bool:
    """Return whether a layer is the last of its block of layers."""
    return (index + 1) % size == 0 or index + 1 == n
