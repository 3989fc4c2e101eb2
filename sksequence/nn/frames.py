"""Network for videos, with a vector of outputs per video or a forecast of frames."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import _exact
from ._random import RandomLayer, reset_layers
from ._segments import pool_segments, weigh_segments
from ._sizes import KernelSize, check_size, kernels_per_layer
from .convlstm import ConvLSTM, State
from .dropout import Dropout
from .pooling import POOLINGS
from .recurrent import choose


def _check_count(name: str, count: int) -> int:
    if not isinstance(count, Integral) or isinstance(count, bool) or count < 1:
        raise ValueError(f"{name} must be int of at least 1, got {count!r}")
    return int(count)


class FrameHead(RandomLayer):
    """Map the hidden states of all layers to a frame, pixel by pixel.

    Parameters
    ----------
    hidden_size : sequence of int
        Channels of each layer's hidden state.
    output_size : int
        Channels of the frame.

    Shape
    -----
    - Input: for each layer, hidden and cell state ``(batch, size, height, width)``
    - Output: ``(batch, output_size, height, width)``
    """

    def __init__(self, hidden_size: Sequence[int], output_size: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(sum(hidden_size), output_size, 1)
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights, by Glorot and Bengio (2010)."""
        nn.init.xavier_uniform_(self.convolution.weight, generator=generator)
        nn.init.zeros_(self.convolution.get_parameter("bias"))

    def forward(self, states: Sequence[State]) -> Tensor:
        hidden = torch.cat([hidden for hidden, _ in states], 1)
        if self.training:
            return self.convolution(hidden)
        return _exact.frame_convolution(self.convolution, hidden)


class Forecaster(nn.Module):
    """Decoder that forecasts frames from the final states of an encoder.

    A second stack starts from the encoder's states. Its input is its own last frame, and
    at first the frame that its head makes of the encoder's states. So the forecast frames
    may have other channels and units than the input.

    Parameters
    ----------
    output_size : int
        Channels per frame.
    hidden_size : sequence of int
        Channels of the states of each layer of the encoder.
    kernel_size, dropout, peephole, frame_size
        As in :class:`ConvLSTM`.

    Shape
    -----
    - Input: for each layer, hidden and cell state ``(batch, size, height, width)``, and
      the number of frames
    - Output: ``(batch, n_frames, output_size, height, width)``

    Examples
    --------
    >>> encoder, forecaster = ConvLSTM(3, (8, 4), 2), Forecaster(1, (8, 4))
    >>> steps, states = encoder.encode(torch.randn(2, 5, 3, 12, 9))
    >>> forecaster(states, n_frames=7).shape
    torch.Size([2, 7, 1, 12, 9])
    """

    def __init__(
        self,
        output_size: int,
        hidden_size: Sequence[int],
        *,
        kernel_size: KernelSize | Sequence[KernelSize] = 3,
        dropout: float = 0.0,
        peephole: bool = False,
        frame_size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.recurrence = ConvLSTM(
            output_size,
            hidden_size,
            len(hidden_size),
            kernel_size=kernel_size,
            dropout=dropout,
            peephole=peephole,
            frame_size=frame_size,
        )
        self.head = FrameHead(hidden_size, output_size)

    def forward(self, states: Sequence[State], n_frames: int) -> Tensor:
        frame, frames = self.head(states), []
        for _ in range(n_frames):
            states = self.recurrence.step(frame, states)
            frame = self.head(states)
            frames.append(frame)
        return torch.stack(frames, 1)


class FrameNetwork(RandomLayer):
    r"""Map each video to a vector of raw outputs, or to the frames that follow it.

    ::

        X -> patches -> ConvLSTM -+-> plane mean -> pooling -> dropout -> linear
                                  \-> Forecaster -> pixels        (with n_frames)

    The output for a video is the same alone, in any batch and with any padding.

    Parameters
    ----------
    input_size : int
        Channels per frame.
    output_size : int
        Number of outputs; with ``n_frames``, channels per frame of the output.
    frame_size : tuple of (int, int)
        Height and width of the frames.
    n_frames : int or None, default=None
        Number of frames to forecast; None for a vector of outputs.
    hidden_size : int or sequence of int, default=16
        Channels of the state of each direction, for all layers or one per layer.
    num_layers : int, default=1
        Number of recurrent layers.
    kernel_size : int, tuple of (int, int) or sequence, default=3
        Height and width of the kernels, odd, as in :class:`ConvLSTM`. They may be wider
        than the frames, which are padded with zeros.
    bidirectional : bool, default=False
        Whether to also read the video in reverse. A forecast then starts from the merged
        states of both directions.
    merge_mode : {"concat", "sum", "mean", "mul"}, default="concat"
        How to merge the outputs of the two directions.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the linear head,
        in [0, 1).
    peephole : bool, default=False
        Whether gates also read the cell state, with a weight for each channel and pixel.
    patch_size : int, default=1
        Side of the square patches of pixels that become one pixel with more channels.
        Frames that are not divisible by it are padded with zeros.
    pooling : {"last", "mean", "max", "attention"}, default="max"
        How to pool the steps of a video, each averaged over its pixels.
    pooling_segments : int, default=1
        Number of equal parts of a video that are pooled each, unless ``pooling="last"``.

    Shape
    -----
    - Input: X ``(batch, steps, input_size, height, width)``, lengths ``(batch,)``, or
      None if there is no padding. Padding is never read.
    - Output: ``(batch, output_size)``, or
      ``(batch, n_frames, output_size, height, width)``

    Examples
    --------
    >>> X, lengths = torch.randn(4, 6, 1, 20, 15), torch.tensor([6, 2, 3, 6])
    >>> FrameNetwork(1, 5, frame_size=(20, 15))(X, lengths).shape
    torch.Size([4, 5])
    >>> forecast = FrameNetwork(1, 1, frame_size=(20, 15), n_frames=3, patch_size=4)
    >>> forecast(X, lengths).shape
    torch.Size([4, 3, 1, 20, 15])
    >>> forecast.represent(X, lengths).shape
    torch.Size([4, 16])

    References
    ----------
    Shi et al. (2015), Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting. NIPS.
    """

    # Forecasts and pooling need the whole video.
    can_advance = False

    def __init__(
        self,
        input_size: int,
        output_size: int,
        *,
        frame_size: tuple[int, int],
        n_frames: int | None = None,
        hidden_size: int | Sequence[int] = 16,
        num_layers: int = 1,
        kernel_size: KernelSize | Sequence[KernelSize] = 3,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        peephole: bool = False,
        patch_size: int = 1,
        pooling: str = "max",
        pooling_segments: int = 1,
    ) -> None:
        super().__init__()
        if len(frame_size) != 2:
            raise ValueError(f"frame_size must be (height, width), got {frame_size!r}")
        for side in frame_size:
            _check_count("each of frame_size", side)
        _check_count("patch_size", patch_size)
        check_size("num_layers", num_layers)
        height, width = (-(-side // patch_size) for side in frame_size)
        kernels = kernels_per_layer(kernel_size, num_layers)
        self.frame_size, self.patch_size = tuple(frame_size), patch_size
        area = patch_size**2
        self.recurrence = ConvLSTM(
            input_size * area,
            hidden_size,
            num_layers,
            kernel_size=kernels,
            bidirectional=bidirectional,
            merge_mode=merge_mode,
            dropout=dropout,
            peephole=peephole,
            frame_size=(height, width),
        )
        size = self.representation_size = self.recurrence.output_size
        widest = max(size, input_size * area, 16)
        self.values_per_step = widest * height * width
        build_pool = choose("pooling", POOLINGS, pooling)
        check_size("pooling_segments", pooling_segments)
        self.n_frames = n_frames
        if n_frames is None:
            self.pool = build_pool(size)
            self.n_segments = 1 if pooling == "last" else pooling_segments
            self.representation_size = self.n_segments * size
            self.dropout = Dropout(dropout)
            self.head = nn.Linear(self.representation_size, output_size)
            self._reset_head(None)
        else:
            _check_count("n_frames", n_frames)
            self.forecaster = Forecaster(
                output_size * area,
                self.recurrence.output_sizes,
                kernel_size=kernels,
                dropout=dropout,
                peephole=peephole,
                frame_size=(height, width),
            )

    def _reset_head(self, generator: torch.Generator | None) -> None:
        nn.init.xavier_uniform_(self.head.weight, generator=generator)
        nn.init.zeros_(self.head.bias)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights, and all later dropout masks, from ``generator``."""
        reset_layers(self, generator)
        if self.n_frames is None:
            self._reset_head(generator)

    def check_lengths(self, lengths: Sequence[int]) -> None:
        """Do nothing: no video is too short."""

    def count_answers(self, method: str, lengths: Tensor) -> Tensor | None:
        """Return None: there is one output per video."""
        return None

    def states(
        self, X: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """Return the hidden states of the recurrence at every step, and the final one.

        Shape
            X (batch, steps, input_size, height, width) -> steps (batch, steps, size,
            height', width') with a pixel for each patch, the lengths, and the final
            state (batch, size, height', width')
        """
        steps, final = self.recurrence(self._to_patches(X), lengths)
        return steps, lengths, final

    def represent(self, X: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the input of the linear head; for a forecast, the mean final state.

        Shape
            X (batch, steps, input_size, height, width) -> (batch, representation_size)
        """
        steps, _, final = self.states(X, lengths)
        if self.n_frames is not None:
            return self._average(final)
        means = self._average(steps), lengths, self._average(final)
        return pool_segments(self.pool, self.n_segments, *means)

    def pooling_weights(self, X: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the weights of ``pooling="attention"``.

        Shape
            X (batch, steps, input_size, height, width) -> (batch, steps), zero in padding
        """
        steps, *_ = self.states(X, lengths)
        return weigh_segments(self.pool, self.n_segments, self._average(steps), lengths)

    def count_frames(self, lengths: Tensor) -> Tensor:
        """Return the number of steps that are pooled: all of them, (batch,)."""
        return lengths

    def forward(self, X: Tensor, lengths: Tensor | None = None) -> Tensor:
        if self.n_frames is not None:
            _, states = self.recurrence.encode(self._to_patches(X), lengths)
            return self._to_pixels(self.forecaster(states, self.n_frames))
        representation = self.dropout(self.represent(X, lengths))
        if self.training:
            return self.head(representation)
        return _exact.linear(self.head, representation)

    def _average(self, states: Tensor) -> Tensor:
        return states.mean((-2, -1)) if self.training else _exact.mean_plane(states)

    def _to_patches(self, x: Tensor) -> Tensor:
        height, width = self.frame_size
        if x.shape[-2:] != self.frame_size:
            raise ValueError(
                f"X must have frames of {height} x {width} (height x width), got "
                f"{x.shape[-2]} x {x.shape[-1]}"
            )
        x = F.pad(x, (0, -width % self.patch_size, 0, -height % self.patch_size))
        # Merge batch and steps: torch refuses some memory layouts of 5-D tensors.
        patches = F.pixel_unshuffle(x.flatten(0, 1), self.patch_size)
        return patches.unflatten(0, x.shape[:2])

    def _to_pixels(self, patches: Tensor) -> Tensor:
        height, width = self.frame_size
        pixels = F.pixel_shuffle(patches.flatten(0, 1), self.patch_size)
        return pixels.unflatten(0, patches.shape[:2])[..., :height, :width]
