"""Convolutional LSTM for batches of videos of unequal length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from . import _convlstm, _exact
from ._random import RandomLayer
from ._sizes import KernelSize, check_size, kernels_per_layer, sizes_per_layer
from ._states import check_state
from ._time import FRAMES, check_batch, reverse_steps, zero_padding
from .dropout import Dropout
from .recurrent import MERGES, choose

State = tuple[Tensor, Tensor]


def _concat(ahead: Tensor, back: Tensor) -> Tensor:
    # The channel axis is third from the end, for a frame as for a video.
    return torch.cat([ahead, back], dim=-3)


FRAME_MERGES = {**MERGES, "concat": _concat}


class ConvLSTMCell(RandomLayer):
    r"""LSTM cell with convolutions in place of matrix products.

    .. math::
        i_t &= \sigma(W_i * x_t + U_i * h_{t-1} + V_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f * x_t + U_f * h_{t-1} + V_f \odot c_{t-1} + b_f) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot \tanh(W_g * x_t + U_g * h_{t-1} + b_g) \\
        o_t &= \sigma(W_o * x_t + U_o * h_{t-1} + V_o \odot c_t + b_o) \\
        h_t &= o_t \odot \tanh(c_t)

    Frames are padded with zeros, so that states have the height and width of frames.

    Parameters
    ----------
    input_size : int
        Channels per frame.
    hidden_size : int
        Channels of the hidden state and of the cell state.
    kernel_size : int or tuple of (int, int), default=3
        Height and width of all kernels, odd; one int for both.
    peephole_size : tuple of (int, int) or None, default=None
        Height and width of the frames, for peepholes :math:`V` with a weight for each
        channel and pixel; None for no peepholes.

    Shape
    -----
    - Input: frame ``(batch, input_size, height, width)``, and the previous state or None
      for zeros
    - Output: the new hidden state and cell state, both
      ``(batch, hidden_size, height, width)``

    Examples
    --------
    >>> cell = ConvLSTMCell(1, 8)
    >>> state = cell(torch.randn(2, 1, 16, 16))
    >>> hidden, _ = cell(torch.randn(2, 1, 16, 16), state)
    >>> hidden.shape
    torch.Size([2, 8, 16, 16])

    References
    ----------
    Shi et al. (2015), Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting. NIPS.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        kernel_size: KernelSize = 3,
        *,
        peephole_size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        ((height, width),) = kernels_per_layer(kernel_size, 1)
        if height % 2 == 0 or width % 2 == 0:
            shown = height if height == width else (height, width)
            raise ValueError(
                "kernel_size must be odd, to centre kernels on pixels, "
                f"got kernel_size={shown}"
            )
        kernel, around = (height, width), (height // 2, width // 2)
        self.input_conv = nn.Conv2d(input_size, 4 * hidden_size, kernel, padding=around)
        self.hidden_conv = nn.Conv2d(
            hidden_size, 4 * hidden_size, kernel, padding=around, bias=False
        )
        self.peepholes = (
            nn.Parameter(torch.empty(3, hidden_size, *peephole_size))
            if peephole_size is not None
            else None
        )
        self.hidden_size = hidden_size
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights.

        Each gate as in :class:`RecurrentLayer`: input kernels by Glorot and Bengio
        (2010); recurrent kernels orthogonal, as matrices with a row for each output
        channel; biases zero except the forget gate's, which are one. Peepholes are zero.
        """
        size = self.hidden_size
        for gate in self.input_conv.weight.detach().split(size):
            nn.init.xavier_uniform_(gate, generator=generator)
        for gate in self.hidden_conv.weight.detach().split(size):
            nn.init.orthogonal_(gate, generator=generator)
        # The gates are in the order input, forget, cell, output.
        bias = self.input_conv.get_parameter("bias").detach()
        nn.init.zeros_(bias)
        nn.init.ones_(bias[size : 2 * size])
        if self.peepholes is not None:
            nn.init.zeros_(self.peepholes)

    def forward(self, x: Tensor, state: State | None = None) -> State:
        if state is not None:
            shape = x.shape[0], self.hidden_size, *x.shape[2:]
            check_state(state, 2, shape, x)
        return self._update(self._convolve(self.input_conv, x), state)

    def unroll(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """Apply the cell to all steps; the state does not change in padding.

        Shape
            x (batch, steps, input_size, height, width), lengths (batch,) or None
            -> hidden states (batch, steps, hidden_size, height, width), and the state
            after the last step of each video
        """
        check_batch(x, lengths, FRAMES)
        if not self.training or not _convlstm.serves(x, self.hidden_conv.weight):
            return self._loop(x, lengths)
        layer = self.input_conv
        weights = _convlstm.Weights(
            layer.weight,
            layer.get_parameter("bias"),
            self.hidden_conv.weight,
            self.peepholes,
        )
        steps, *state = _convlstm.unroll(
            x, lengths, weights, partial(self._unroll_again, lengths)
        )
        return steps, (state[0], state[1])

    def _unroll_again(
        self, lengths: Tensor | None, x: Tensor, *tensors: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Apply the cell with other weights to all steps, with torch's operations."""
        names = "input_conv.weight", "input_conv.bias", "hidden_conv.weight", "peepholes"
        pairs = zip(names, tensors, strict=True)
        weights = {name: weight for name, weight in pairs if weight is not None}
        looping = _Looping(self)
        named = {f"cell.{name}": weight for name, weight in weights.items()}
        steps, (hidden, memory) = torch.func.functional_call(looping, named, (x, lengths))
        return steps, hidden, memory

    def _loop(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, State]:
        """Apply the cell to all steps, with torch's operations."""
        steps: list[Tensor] = []
        state: State | None = None
        for step, gates in enumerate(self._input_gates(x)):
            hidden, cell = self._update(gates, state)
            if lengths is not None and state is not None:
                valid = (lengths > step)[:, None, None, None]
                hidden = torch.where(valid, hidden, state[0])
                cell = torch.where(valid, cell, state[1])
            state = hidden, cell
            steps.append(hidden)
        assert state is not None
        return torch.stack(steps, 1), state

    def _input_gates(self, x: Tensor) -> Iterable[Tensor]:
        if not self.training:
            # Frame by frame, as the gates of a whole video take more memory than states.
            return (self._convolve(self.input_conv, frame) for frame in x.unbind(1))
        return self.input_conv(x.flatten(0, 1)).unflatten(0, x.shape[:2]).unbind(1)

    def _update(self, gates: Tensor, state: State | None) -> State:
        sigmoid = torch.sigmoid if self.training else _exact.sigmoid
        if state is None:
            i, _, g, o = gates.chunk(4, 1)
            cell = sigmoid(i) * torch.tanh(g)
        else:
            hidden, cell = state
            gates = gates + self._convolve(self.hidden_conv, hidden)
            i, f, g, o = gates.chunk(4, 1)
            if self.peepholes is not None:
                i, f = i + self.peepholes[0] * cell, f + self.peepholes[1] * cell
            cell = sigmoid(f) * cell + sigmoid(i) * torch.tanh(g)
        if self.peepholes is not None:
            o = o + self.peepholes[2] * cell
        return sigmoid(o) * torch.tanh(cell), cell

    def _convolve(self, layer: nn.Conv2d, x: Tensor) -> Tensor:
        return layer(x) if self.training else _exact.frame_convolution(layer, x)


class _Looping(nn.Module):
    """A cell as a module that applies it to all steps, with torch's operations."""

    def __init__(self, cell: ConvLSTMCell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, State]:
        return self.cell._loop(x, lengths)


class ConvLSTMLayer(nn.Module):
    """Convolutional LSTM layer in one or two directions.

    The backward direction reads every video reversed within its own length, so padding
    never affects a state.

    Parameters
    ----------
    input_size : int
        Channels per frame.
    hidden_size : int
        Channels of the state of each direction.
    kernel_size, peephole_size
        As in :class:`ConvLSTMCell`.
    bidirectional : bool, default=False
        Whether to also read the sequence in reverse.
    merge_mode : {"concat", "sum", "mean", "mul"}, default="concat"
        How to merge the outputs of the two directions.

    Shape
    -----
    - Input: ``(batch, steps, input_size, height, width)``, lengths ``(batch,)`` or None
    - Output: steps ``(batch, steps, output_size, height, width)``, undefined in padding,
      and the final hidden state and cell state, both
      ``(batch, output_size, height, width)``, merged from the last step that each
      direction reads

    Examples
    --------
    >>> layer = ConvLSTMLayer(1, 8, bidirectional=True)
    >>> steps, (hidden, cell) = layer(torch.randn(2, 5, 1, 9, 9), torch.tensor([5, 4]))
    >>> steps.shape, hidden.shape
    (torch.Size([2, 5, 16, 9, 9]), torch.Size([2, 16, 9, 9]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        kernel_size: KernelSize = 3,
        *,
        peephole_size: tuple[int, int] | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
    ) -> None:
        super().__init__()
        self.merge_mode = merge_mode
        self.merge = choose("merge_mode", FRAME_MERGES, merge_mode)
        sizes = input_size, hidden_size, kernel_size
        self.ahead = ConvLSTMCell(*sizes, peephole_size=peephole_size)
        self.back = (
            ConvLSTMCell(*sizes, peephole_size=peephole_size) if bidirectional else None
        )
        doubled = bidirectional and merge_mode == "concat"
        self.output_size = hidden_size * (2 if doubled else 1)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        check_batch(x, lengths, FRAMES)
        x = zero_padding(x, lengths)
        ahead, (hidden, cell) = self.ahead.unroll(x, lengths)
        if self.back is None:
            return ahead, (hidden, cell)
        back, (hidden_back, cell_back) = self.back.unroll(
            reverse_steps(x, lengths), lengths
        )
        steps = self.merge(ahead, reverse_steps(back, lengths))
        return steps, (self.merge(hidden, hidden_back), self.merge(cell, cell_back))


class ConvLSTM(nn.Module):
    r"""Stack of convolutional LSTM layers, each reading the output of the one below.

    Parameters
    ----------
    input_size : int
        Channels per frame.
    hidden_size : int or sequence of int
        Channels of the state of each direction, for all layers or one per layer.
    num_layers : int, default=1
        Number of layers.
    kernel_size : int, tuple of (int, int) or sequence, default=3
        Height and width of the kernels, odd: one int for both, or (height, width), for
        all layers or one per layer. For two layers, two ints are one per layer.
    bidirectional, merge_mode
        As in :class:`ConvLSTMLayer`, the same for every layer.
    dropout : float, default=0.0
        Dropout probability between two layers, in [0, 1).
    peephole : bool, default=False
        Whether gates also read the cell state, with a weight for each channel and pixel.
    frame_size : tuple of (int, int) or None, default=None
        Height and width of the frames, required by peepholes.

    Shape
    -----
    - Input: ``(batch, steps, input_size, height, width)``, lengths ``(batch,)`` or None
    - Output: steps ``(batch, steps, output_size, height, width)``, zero in padding, and
      the final hidden state ``(batch, output_size, height, width)``: that of the
      forward direction at the last step, merged with that of the backward direction at
      the first step

    Examples
    --------
    >>> stack = ConvLSTM(1, (16, 8), num_layers=2, bidirectional=True)
    >>> steps, final = stack(torch.randn(2, 5, 1, 12, 9), torch.tensor([5, 3]))
    >>> steps.shape, final.shape
    (torch.Size([2, 5, 16, 12, 9]), torch.Size([2, 16, 12, 9]))

    Encode a video, then continue frame by frame:

    >>> stack = ConvLSTM(1, 8)
    >>> steps, states = stack.encode(torch.randn(2, 5, 1, 12, 9))
    >>> states = stack.step(torch.randn(2, 1, 12, 9), states)
    >>> hidden, cell = states[-1]
    >>> hidden.shape
    torch.Size([2, 8, 12, 9])

    References
    ----------
    Shi et al. (2015), Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting. NIPS.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int | Sequence[int],
        num_layers: int = 1,
        *,
        kernel_size: KernelSize | Sequence[KernelSize] = 3,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        peephole: bool = False,
        frame_size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        if peephole and frame_size is None:
            raise ValueError(
                "peephole=True has a weight for each pixel and needs frame_size=(height, "
                "width), got frame_size=None"
            )
        check_size("num_layers", num_layers)
        self.frame_size = tuple(frame_size) if peephole and frame_size else None
        self.layers = nn.ModuleList()
        for size, kernel in zip(
            sizes_per_layer("hidden_size", hidden_size, num_layers),
            kernels_per_layer(kernel_size, num_layers),
            strict=True,
        ):
            layer = ConvLSTMLayer(
                input_size,
                size,
                kernel,
                peephole_size=frame_size if peephole else None,
                bidirectional=bidirectional,
                merge_mode=merge_mode,
            )
            self.layers.append(layer)
            input_size = layer.output_size
        self.dropout = Dropout(dropout)
        self.output_size = input_size

    @property
    def output_sizes(self) -> list[int]:
        """Channels of the merged state of each layer."""
        layers = cast("Iterable[ConvLSTMLayer]", self.layers)
        return [layer.output_size for layer in layers]

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        steps, states = self.encode(x, lengths)
        return steps, states[-1][0]

    def encode(
        self, x: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, list[State]]:
        """Return the steps of the top layer, and the final states of every layer.

        Shape
            x (batch, steps, input_size, height, width), lengths (batch,) or None
            -> steps (batch, steps, output_size, height, width), with zeros for padding,
            and for each layer hidden and cell state (batch, output_sizes[layer], height,
            width)
        """
        if self.frame_size not in (None, x.shape[-2:]):
            raise ValueError(
                f"The peepholes are for frames of frame_size={self.frame_size} (height, "
                f"width), got x has {tuple(x.shape[-2:])}"
            )
        first, *others = self.layers
        steps, state = first(x, lengths)
        states = [state]
        for layer in others:
            steps, state = layer(self.dropout(steps), lengths)
            states.append(state)
        return zero_padding(steps, lengths), states

    def step(self, x: Tensor, states: Sequence[State]) -> list[State]:
        """Read one more frame, and return the new states of all layers.

        Shape
            x (batch, input_size, height, width) and, for each layer, hidden and cell
            state (batch, output_sizes[layer], height, width) -> new states, likewise
        """
        after: list[State] = []
        for layer, state in zip(self.layers, states, strict=True):
            if layer.back is not None:
                raise ValueError("A bidirectional stack cannot be advanced step by step")
            after.append(layer.ahead(self.dropout(after[-1][0]) if after else x, state))
        return after
