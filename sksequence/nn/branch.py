"""A convolutional branch parallel to the recurrence."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from . import _convolutions
from ._segments import pool_segments
from ._sizes import KernelSizes, check_size
from ._time import check_batch, spread_blocks
from .encoder import ConvEncoder
from .pooling import MeanPooling


class ConvBranch(nn.Module):
    """Fully convolutional branch: convolutions, followed by average pooling.

    The branch parallel to the recurrence in an LSTM-FCN. Kernels may be longer than a
    sequence, which is padded with zeros.

    Parameters
    ----------
    input_size : int
        Channels per step.
    channels : sequence of int
        Output channels of each layer; empty for a branch without output.
    kernel_size : int, or sequence of int or of sequences, default=(8, 5, 3)
    stride, dilation : int or sequence of int, default=1
    residual, bottleneck_size, reduction : int or None, default=None
        As in :class:`ConvEncoder`.
    n_segments : int, default=1
        Number of equal parts of a sequence that are averaged each, and concatenated.
    causal : bool, default=False
        Whether steps never depend on later steps; see :class:`ConvLayer`.

    Shape
    -----
    - Input: ``(batch, steps, input_size)``, lengths ``(batch,)`` or None
    - Output: ``(batch, n_segments * channels[-1])``, or ``(batch, 0)`` without layers

    Examples
    --------
    >>> import torch
    >>> branch = ConvBranch(3, (16, 32, 16))
    >>> branch(torch.randn(2, 50, 3), torch.tensor([50, 20])).shape
    torch.Size([2, 16])

    References
    ----------
    Karim, Majumdar, Darabi and Chen (2018), LSTM fully convolutional networks for time
    series classification. IEEE Access 6.
    """

    def __init__(
        self,
        input_size: int,
        channels: Sequence[int],
        kernel_size: KernelSizes | Sequence[KernelSizes] = (8, 5, 3),
        stride: int | Sequence[int] = 1,
        *,
        dilation: int | Sequence[int] = 1,
        residual: int | None = None,
        bottleneck_size: int | None = None,
        reduction: int | None = None,
        n_segments: int = 1,
        causal: bool = False,
    ) -> None:
        super().__init__()
        check_size("n_segments", n_segments)
        self.encoder = ConvEncoder(
            input_size,
            channels,
            kernel_size,
            stride,
            dilation=dilation,
            residual=residual,
            bottleneck_size=bottleneck_size,
            reduction=reduction,
            causal=causal,
        )
        self.pool = MeanPooling()
        self.input_size, self.n_segments = input_size, n_segments
        self.causal = causal
        # Channels per step, and of what is pooled.
        self.step_size = channels[-1] if channels else 0
        self.output_size = n_segments * self.step_size

    def check_lengths(self, lengths: Sequence[int]) -> None:
        """Raise ValueError if a stride exceeds the shortest sequence.

        Or if a dilation exceeds the longest one: all but one step of its kernel would
        read zeros behind the ends.

        Parameters
        ----------
        lengths : sequence of int
            Number of steps of each sequence.
        """
        sizes = {
            "stride": ("shortest", min, self.encoder.strides),
            "dilation": ("longest", max, self.encoder.dilations),
        }
        for name, (place, find, of_layers) in sizes.items():
            index = find(range(len(lengths)), key=lengths.__getitem__)
            steps = left = int(lengths[index])
            for number, size in enumerate(of_layers, 1):
                if size > left:
                    raise ValueError(
                        f"Parallel convolution {number} has {name}={size}, but sequence "
                        f"{index}, the {place}, has only {left} step(s) left of {steps} "
                        f"when it gets there (n_features = {steps} if X is 2-D). Use a "
                        f"smaller parallel_{name}, fewer layers, or longer sequences."
                    )
                left = -(-left // self.encoder.strides[number - 1])

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        if not self.output_size:
            return x.new_empty(len(x), 0)
        if self.pools_itself(x):
            check_batch(x, lengths)
            return _convolutions.convolve(self.encoder.layers, x, lengths, pools=True)
        return pool_segments(self.pool, self.n_segments, *self.encoder(x, lengths))

    def pools_itself(self, x: Tensor) -> bool:
        """Return whether one kernel convolves and pools whole sequences in training."""
        return self.training and self.pools_whole and self.encoder.serves(x)

    @property
    def pools_whole(self) -> bool:
        """Whether whole sequences are averaged."""
        return self.n_segments == 1 and type(self.pool) is MeanPooling

    def prefixes(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the output for every prefix: the first step, the first two, and so on.

        With strides, only at the last step of each block.

        Shape
            x (batch, steps, input_size) -> (batch, steps // strides, channels[-1])
        """
        blocks = x.shape[1] // self.encoder.total_stride
        return self.pool.prefixes(self.encoder(x, lengths)[0][:, :blocks])

    def steps(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the output of the convolutions for every step, before pooling.

        With strides, a step has that of its block or, if causal, of the last complete
        one.

        Shape
            x (batch, steps, input_size) -> (batch, steps, channels[-1])
        """
        if not self.output_size:
            return x[..., :0]
        encoded, stride = self.encoder(x, lengths)[0], self.encoder.total_stride
        return spread_blocks(encoded, stride, x.shape[1], causal=self.causal)
