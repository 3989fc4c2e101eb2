"""Recurrent layers for batches of sequences of unequal length."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TypedDict, cast

import torch
from torch import Tensor, nn

from .._cells import find_cell
from . import _compiled, _exact
from ._cell_layer import (
    CellLayer,
    count_state_gates,
    make_cell_layer,
    norm_of,
    weights_of,
)
from ._exact import State, map_state
from ._loop import input_products, run_cell
from ._random import RandomLayer
from ._sizes import check_size, sizes_per_layer
from ._states import check_state
from ._time import (
    check_lengths,
    check_lengths_shape,
    last_step,
    reverse_steps,
    zero_padding,
)
from ._truncated import run_in_chunks
from .dropout import Dropout
from .missing import StateDecay


def _concat(ahead: Tensor, back: Tensor) -> Tensor:
    return torch.cat([ahead, back], dim=-1)


def _mean(ahead: Tensor, back: Tensor) -> Tensor:
    return (ahead + back) / 2


MERGES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "concat": _concat,
    "sum": torch.add,
    "mean": _mean,
    "mul": torch.mul,
}


def choose(name: str, options: dict, value: str):
    """Return an option by name, or raise ValueError with all names."""
    if value not in options:
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, options))}, got {value!r}"
        )
    return options[value]


def _has_autocast(x: Tensor) -> bool:
    """Return whether torch would run what reads x in lower precision."""
    kind = x.device.type
    return kind != "meta" and torch.is_autocast_enabled(kind)


def _recurrent_autocast(x: Tensor) -> AbstractContextManager[object]:
    """Return the context of a recurrence under autocast.

    On a CPU our kernels are faster in full precision, and not every CPU supports a lower
    one. Elsewhere torch's layers run in the lower one.
    """
    return torch.autocast("cpu", enabled=False) if x.is_cpu else nullcontext()


class _Options(TypedDict, total=False):
    products: Tensor
    mask: Tensor


# Makes factors of the state of elapsed times.
_Fade = tuple[StateDecay, Tensor]


class RecurrentLayer(RandomLayer):
    r"""Recurrent layer in one or two directions.

    The backward direction reads every sequence reversed within its own length, so padding
    never affects a state. Cells that torch has are torch's modules.

    Parameters
    ----------
    input_size : int
        Channels per step.
    hidden_size : int
        Size of the hidden state of each direction.
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default="lstm"
        Recurrent cell.
    bidirectional : bool, default=False
        Whether to also read the sequence in reverse.
    merge_mode : {"concat", "sum", "mean", "mul"}, default="concat"
        How to merge the outputs of the two directions.
    nonlinearity : {"tanh", "relu"}, default="tanh"
        Activation of the "rnn" cell; the other cells have fixed activations.
    elapsed_size : int or None, default=None
        Number of channels with missing values. If given, the state decays before each
        step by how long ago each channel was last observed (:class:`StateDecay` of
        GRU-D).
    layer_norm : bool, default=False
        Whether to normalise the products of input and input weights, over all gates of a
        step (Ba et al., 2016), before the bias is added.
    recurrent_dropout : float, default=0.0
        Dropout probability of the hidden state where gates read it, in [0, 1), with one
        mask per sequence and direction (Gal and Ghahramani, 2016).
    memory_steps : float or None, default=None
        Longest time scale of the state at initialisation: biases are initialised so that
        units keep their state for 1 to ``memory_steps - 1`` steps (Tallec and Ollivier,
        2018).

    Shape
    -----
    - Input: ``(batch, steps, input_size)``, lengths ``(batch,)`` or None; with
      ``elapsed_size`` the times since the last observations and until the next, each
      ``(batch, steps, elapsed_size)``; with one direction also an initial state, each
      part ``(1, batch, hidden_size)``
    - Output: steps ``(batch, steps, output_size)`` and final state
      ``(batch, output_size)``, where ``output_size`` is ``2 * hidden_size`` for a
      bidirectional layer with "concat", else ``hidden_size``. Padding is zero.

    Examples
    --------
    >>> layer = RecurrentLayer(3, 8, cell="gru", bidirectional=True)
    >>> steps, final = layer(torch.randn(2, 5, 3), torch.tensor([5, 4]))
    >>> steps.shape, final.shape
    (torch.Size([2, 5, 16]), torch.Size([2, 16]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        cell: str = "lstm",
        bidirectional: bool = False,
        merge_mode: str = "concat",
        nonlinearity: str = "tanh",
        elapsed_size: int | None = None,
        layer_norm: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
    ) -> None:
        super().__init__()
        check_size("input_size", input_size)
        check_size("hidden_size", hidden_size)
        self.cell = find_cell(cell, nonlinearity)
        self.merge_mode = merge_mode
        self.merge = choose("merge_mode", MERGES, merge_mode)
        self.input_size, self.hidden_size = input_size, hidden_size
        self.memory_steps = memory_steps
        self._check_options(cell, recurrent_dropout)
        self.ahead = make_cell_layer(self.cell, input_size, hidden_size)
        self.back = (
            make_cell_layer(self.cell, input_size, hidden_size) if bidirectional else None
        )
        self.layer_norm = layer_norm
        if layer_norm:
            for direction in self.directions():
                direction.norm = nn.LayerNorm(len(weights_of(direction).weight_ih))
        self.recurrent_dropout = Dropout(recurrent_dropout)
        self.fades = nn.ModuleList()
        if elapsed_size is not None:
            for _ in range(1 + bidirectional):
                self.fades.append(StateDecay(elapsed_size, hidden_size))
        doubled = bidirectional and merge_mode == "concat"
        self.output_size = hidden_size * (2 if doubled else 1)
        self.reset_parameters()

    def _check_options(self, cell: str, recurrent_dropout: float) -> None:
        if recurrent_dropout and not count_state_gates(self.cell):
            raise ValueError(
                f"recurrent_dropout must be 0 for cell={cell!r}, whose gates read no "
                f"state, got {recurrent_dropout}"
            )
        if self.memory_steps is None:
            return
        if not any(self.cell.time_scale):
            raise ValueError(
                f"memory_steps must be None for cell={cell!r}, none of whose gates keeps "
                f"the state, got {self.memory_steps}"
            )
        if not 2 < self.memory_steps < math.inf:
            raise ValueError(
                f"memory_steps must be greater than 2, got {self.memory_steps}"
            )

    def directions(self) -> list[CellLayer]:
        """Return the cells of the forward direction and, if there is one, the other."""
        return [self.ahead] if self.back is None else [self.ahead, self.back]

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights.

        Input weights by Glorot and Bengio (2010); recurrent weights orthogonal for each
        gate (Saxe et al., 2014), or uniform on [0, 1] if each unit only reads its own
        state; biases as the cell defines, or by ``memory_steps``.
        """
        for direction in self.directions():
            self._reset_weights(direction, generator)
            norm = norm_of(direction)
            if norm is not None:
                norm.reset_parameters()

    def _reset_weights(
        self, direction: CellLayer, generator: torch.Generator | None
    ) -> None:
        weights, size = weights_of(direction), self.hidden_size
        if weights.weight_ih.is_meta:
            return  # there is nothing to draw, which would take as long as drawing
        for gate in weights.weight_ih.detach().split(size):
            nn.init.xavier_uniform_(gate, generator=generator)
        if weights.weight_hh is not None and weights.bias_hh is not None:
            draw = nn.init.uniform_ if self.cell.is_diagonal else nn.init.orthogonal_
            for gate in weights.weight_hh.detach().split(size):
                draw(gate, generator=generator)
            nn.init.zeros_(weights.bias_hh)
        biases = weights.bias_ih.detach().split(size)
        for bias, begin in zip(biases, self.cell.biases, strict=True):
            nn.init.constant_(bias, begin)
        if self.memory_steps is not None:
            log_steps = torch.empty_like(biases[0])
            log_steps.uniform_(1, self.memory_steps - 1, generator=generator).log_()
            for bias, sign in zip(biases, self.cell.time_scale, strict=True):
                if sign:
                    bias.copy_(sign * log_steps)

    def forward(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        elapsed: tuple[Tensor, Tensor] | None = None,
        state: State | None = None,
    ) -> tuple[Tensor, Tensor]:
        self._check_input(x)
        check_lengths_shape(lengths, x.shape[0])
        if not _has_autocast(x):
            return self._forward(x, lengths, elapsed, state)
        # Whatever the layers around it compute in, states are in full precision.
        full = partial(torch.Tensor.to, dtype=self._dtype)
        state = None if state is None else map_state(full, state)
        with _recurrent_autocast(x):
            steps, final = self._forward(full(x), lengths, elapsed, state)
        return full(steps), full(final)

    def _forward(
        self,
        x: Tensor,
        lengths: Tensor | None,
        elapsed: tuple[Tensor, Tensor] | None,
        state: State | None,
    ) -> tuple[Tensor, Tensor]:
        given = () if state is None else self._check_state(x, state)
        fade = self._fade(0, elapsed)
        ahead, final = self._run(self.ahead, x, lengths, fade, state=given)
        if self.back is None:
            return ahead, final
        fade = self._fade(1, elapsed)
        back, first = self._run(self.back, x, lengths, fade, reverse=True)
        return self.merge(ahead, back), self.merge(final, first)

    @property
    def _dtype(self) -> torch.dtype:
        return weights_of(self.ahead).weight_ih.dtype

    def _check_input(self, x: Tensor) -> None:
        if x.ndim != 3 or x.shape[2] != self.input_size:
            raise ValueError(
                f"x must have shape (batch, steps, {self.input_size}), got "
                f"{tuple(x.shape)}"
            )
        if not x.shape[1]:
            raise ValueError(f"x must have a step, got shape {tuple(x.shape)}")

    def advance(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Continue from a state, or from the initial one, and return the new state too.

        Shape
            x (batch, steps, input_size) -> (batch, steps, hidden_size) and the state

        Raises
        ------
        ValueError
            If the layer is bidirectional, or the state is not one of this layer's.
        """
        self._check_input(x)
        if not _has_autocast(x):
            return self._advance(x, state)
        full = partial(torch.Tensor.to, dtype=self._dtype)
        state = None if state is None else map_state(full, state)
        with _recurrent_autocast(x):
            steps, state = self._advance(full(x), state)
        return full(steps), map_state(full, state)

    def _advance(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        given = self._check_state(x, state)
        if _compiled.serves(self.ahead, x):
            options = self._options(self.ahead, x, None)
            steps, *behind = _compiled.recurrence(self.ahead, x, state=given, **options)
        else:
            steps, behind = self._read(self.ahead, x, given)
        if len(behind) == 1:
            return steps, behind[0][None]
        return steps, (behind[0][None], behind[1][None])

    def _check_state(self, x: Tensor, state: State | None) -> tuple[Tensor, ...]:
        """Return the parts of a state, or of the initial one, each (batch, size)."""
        if self.back is not None:
            raise ValueError(
                "A bidirectional layer cannot continue from a state. Use "
                "bidirectional=False."
            )
        shape = 1, x.shape[0], self.hidden_size
        parts: tuple[Tensor, ...]
        if state is None:
            parts = (x.new_zeros(shape),) * self.cell.n_states
        else:
            parts = (state,) if isinstance(state, Tensor) else state
        check_state(parts, self.cell.n_states, shape, x)
        return tuple(part[0] for part in parts)

    def _fade(
        self, direction: int, elapsed: tuple[Tensor, Tensor] | None
    ) -> _Fade | None:
        """Return what makes factors of the state, and of what; None without decay."""
        if not self.fades or elapsed is None:
            return None
        return cast(StateDecay, self.fades[direction]), elapsed[direction]

    def _run(
        self,
        direction: CellLayer,
        x: Tensor,
        lengths: Tensor | None,
        fade: _Fade | None,
        *,
        reverse: bool = False,
        state: tuple[Tensor, ...] = (),
    ) -> tuple[Tensor, Tensor]:
        """Return the steps of one direction, zero in padding, and its final state."""
        # Kernels have no gradient for elapsed times.
        is_constant = (
            fade is None or not fade[1].requires_grad or not torch.is_grad_enabled()
        )
        if is_constant and _compiled.serves(direction, x):
            options = self._options(direction, x, lengths)
            steps, final, *_ = _compiled.recurrence(
                *(direction, x, lengths),
                reverse=reverse,
                state=state,
                fade=None if fade is None else fade[0].with_weights(fade[1]),
                **options,
            )
            return steps, final
        check_lengths(lengths, *x.shape[:2])
        x = zero_padding(x, lengths)
        if reverse:
            x = reverse_steps(x, lengths)
        decay = None if fade is None else fade[0](fade[1])
        if decay is not None and reverse:
            decay = reverse_steps(decay, lengths)
        steps, _ = self._read(direction, x, state, decay)
        final = last_step(steps, lengths)
        steps = reverse_steps(steps, lengths) if reverse else steps
        return zero_padding(steps, lengths), final

    def _read(
        self,
        direction: CellLayer,
        x: Tensor,
        state: tuple[Tensor, ...] = (),
        decay: Tensor | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """Run without kernels; return all hidden states, and the final states."""
        if x.dtype != self._dtype:
            raise ValueError(f"x must be {self._dtype} as the weights, got {x.dtype}")
        options = self._options(direction, x, None)
        if options or decay is not None or not isinstance(direction, nn.RNNBase):
            return run_cell(direction, x, state=state, decay=decay, **options)
        begin: State | None = None
        if state:
            parts = [part[None] for part in state]
            begin = parts[0] if len(parts) == 1 else (parts[0], parts[1])
        run = direction if self.training else partial(_exact.recurrence, direction)
        steps, end = run(x, begin)
        return steps, [part[0] for part in ((end,) if isinstance(end, Tensor) else end)]

    def _options(
        self, direction: CellLayer, x: Tensor, lengths: Tensor | None
    ) -> _Options:
        """Return normalised products and the mask of recurrent dropout, if there are."""
        options: _Options = {}
        norm = norm_of(direction) if self.layer_norm else None
        if norm is not None:
            # Clear the padding, as NaN times its zero gradient would be NaN.
            products = input_products(direction, zero_padding(x, lengths))
            exact = partial(_exact.layer_norm, norm)
            normal = (norm if self.training else exact)(products)
            options["products"] = normal + weights_of(direction).bias_ih
        mask = self.draw_mask(x)
        if mask is not None:
            options["mask"] = mask
        return options

    def draw_mask(self, x: Tensor) -> Tensor | None:
        """Return factors of the hidden state, or None without recurrent dropout."""
        if not self.training or not self.recurrent_dropout.p:
            return None
        return self.recurrent_dropout(x.new_ones(len(x), self.hidden_size))


class RecurrentStack(nn.Module):
    r"""Stack of recurrent layers, each reading the output of the one below.

    Parameters
    ----------
    input_size : int
        Channels per step.
    hidden_size : int or sequence of int
        Size of the state of each direction, for all layers or one per layer.
    num_layers : int, default=1
        Number of layers.
    cell, bidirectional, merge_mode, nonlinearity
        As in :class:`RecurrentLayer`, the same for every layer.
    dropout : float, default=0.0
        Dropout probability between two layers, in [0, 1).
    elapsed_size : int or None, default=None
        As in :class:`RecurrentLayer`, for the first layer only: the other layers read
        states, which are never missing.
    layer_norm, recurrent_dropout, memory_steps
        As in :class:`RecurrentLayer`, the same for every layer.
    residual : bool, default=False
        Whether to add the input of each layer but the first to its output (He et al.,
        2016), and its last step to the final state. Their widths must be equal.

    Shape
    -----
    - Input: ``(batch, steps, input_size)``, lengths ``(batch,)`` or None; with
      ``elapsed_size`` elapsed times as in :class:`RecurrentLayer`
    - Output: steps ``(batch, steps, output_size)``, zero in padding, and the final state
      ``(batch, output_size)``: that of the forward direction at the last step, merged
      with that of the backward direction at the first step

    Attributes
    ----------
    bptt_steps : int or None
        Number of steps of a chunk, to which gradients are truncated in training (Williams
        and Peng, 1990); None for whole sequences. For one direction, without elapsed
        times and recurrent dropout.

    Examples
    --------
    >>> stack = RecurrentStack(3, (16, 8), num_layers=2, bidirectional=True)
    >>> steps, final = stack(torch.randn(4, 10, 3), torch.tensor([10, 7, 3, 1]))
    >>> steps.shape, final.shape
    (torch.Size([4, 10, 16]), torch.Size([4, 16]))

    References
    ----------
    Schuster and Paliwal (1997), Bidirectional recurrent neural networks.
    Graves et al. (2013), Speech recognition with deep recurrent neural networks.
    """

    bptt_steps: int | None = None

    def __init__(
        self,
        input_size: int,
        hidden_size: int | Sequence[int],
        num_layers: int = 1,
        *,
        cell: str = "lstm",
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        nonlinearity: str = "tanh",
        elapsed_size: int | None = None,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
    ) -> None:
        super().__init__()
        check_size("num_layers", num_layers)
        self.residual = residual
        self.layers = nn.ModuleList()
        for size in sizes_per_layer("hidden_size", hidden_size, num_layers):
            layer = RecurrentLayer(
                input_size,
                size,
                cell=cell,
                bidirectional=bidirectional,
                merge_mode=merge_mode,
                nonlinearity=nonlinearity,
                elapsed_size=elapsed_size,
                layer_norm=layer_norm,
                recurrent_dropout=recurrent_dropout,
                memory_steps=memory_steps,
            )
            if residual and self.layers and layer.output_size != input_size:
                raise ValueError(
                    "residual needs layers of the same width, got one of "
                    f"{layer.output_size} above one of {input_size}"
                )
            self.layers.append(layer)
            input_size, elapsed_size = layer.output_size, None
        self.dropout = Dropout(dropout)
        self.output_size = input_size

    def forward(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        elapsed: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        if self.bptt_steps is not None and self.training:
            return run_in_chunks(self, x, lengths, self.bptt_steps)
        for i, layer in enumerate(cast("Iterable[RecurrentLayer]", self.layers)):
            if i:
                steps, final = layer(self.dropout(x), lengths)
            else:
                steps, final = layer(x, lengths, elapsed)
            if i and self.residual:
                steps = steps + zero_padding(x, lengths)
                final = final + last_step(x, lengths)
            x = steps
        return x, final

    def advance(
        self, x: Tensor, states: Sequence[State] | None = None
    ) -> tuple[Tensor, list[State]]:
        """Continue from the states of the layers, or from the initial ones.

        Shape
            x (batch, steps, input_size) -> (batch, steps, output_size) and a state for
            each layer

        Examples
        --------
        >>> stack = RecurrentStack(3, 8, num_layers=2, cell="gru").eval()
        >>> x = torch.randn(1, 20, 3)
        >>> first, states = stack.advance(x[:, :15])
        >>> second, states = stack.advance(x[:, 15:], states)
        >>> torch.allclose(torch.cat([first, second], 1), stack(x)[0], atol=1e-6)
        True
        """
        given = [None] * len(self.layers) if states is None else states
        if len(given) != len(self.layers):
            raise ValueError(
                f"states must be one per layer ({len(self.layers)}), got {len(given)}"
            )
        new: list[State] = []
        for i, layer in enumerate(cast("Iterable[RecurrentLayer]", self.layers)):
            steps, state = layer.advance(self.dropout(x) if i else x, given[i])
            x = steps + x if i and self.residual else steps
            new.append(state)
        return x, new
