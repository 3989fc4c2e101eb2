"""Stacked recurrence over batches of sequences of unequal length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from . import _compiled, _exact
from ._exact import State
from ._fading import faded_recurrence
from ._random import RandomLayer
from ._sizes import sizes_per_layer
from ._time import last_step, reverse_steps, zero_padding
from .dropout import Dropout
from .missing import StateDecay

CELLS: dict[str, type[nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}

MERGES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "concat": lambda ahead, back: torch.cat([ahead, back], dim=-1),
    "sum": torch.add,
    "mean": lambda ahead, back: (ahead + back) / 2,
    "mul": torch.mul,
}


def choose(name: str, options: dict, value: str):
    """Look ``value`` up in ``options`` or say what there is."""
    if value not in options:
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, options))}, got {value!r}"
        )
    return options[value]


def _casts(x: Tensor) -> bool:
    """Whether torch would run a recurrence on the CPU in lower precision.

    Our kernels are faster in full precision, and not every CPU can do without.
    """
    return x.is_cpu and torch.is_autocast_enabled("cpu")


class RecurrentLayer(RandomLayer):
    r"""One recurrent layer that reads ahead, or ahead and back, and merges the two.

    Both directions are dense torch recurrences; the backward one reads every sequence
    reversed within its own length, so padding never reaches a state.

    Parameters
    ----------
    input_size : int
        Channels per step.
    hidden_size : int
        Width of the hidden state of each direction.
    cell : {"rnn", "lstm", "gru"}, default="lstm"
        Recurrent cell.
    bidirectional : bool, default=False
        Read from both ends.
    merge_mode : {"concat", "sum", "mean", "mul"}, default="concat"
        How the two directions become one output.
    nonlinearity : {"tanh", "relu"}, default="tanh"
        Activation of the "rnn" cell; the others have their own.
    elapsed_size : int or None, default=None
        Let the state fade before each step, by what so many channels' last observations
        are ago: GRU-D's :class:`StateDecay`. The layer then runs step by step in Python,
        several times slower.

    Shape
    -----
    - Input: ``(batch, steps, input_size)``, lengths ``(batch,)`` or None; with
      ``elapsed_size`` the times since the last observations and until the next, each
      ``(batch, steps, elapsed_size)``
    - Output: steps ``(batch, steps, output_size)`` and final state
      ``(batch, output_size)``, where ``output_size`` is ``2 * hidden_size`` for a
      bidirectional layer with "concat", else ``hidden_size``. The steps behind a
      sequence's end are zero.

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
    ) -> None:
        super().__init__()
        build = choose("cell", CELLS, cell)
        options = {"nonlinearity": nonlinearity} if cell == "rnn" else {}
        self.merge_mode = merge_mode
        self.merge = choose("merge_mode", MERGES, merge_mode)
        self.ahead = build(input_size, hidden_size, batch_first=True, **options)
        self.back = (
            build(input_size, hidden_size, batch_first=True, **options)
            if bidirectional
            else None
        )
        self.fades = nn.ModuleList()
        if elapsed_size is not None:
            for _ in range(1 + bidirectional):
                self.fades.append(StateDecay(elapsed_size, hidden_size))
        doubled = bidirectional and merge_mode == "concat"
        self.output_size = hidden_size * (2 if doubled else 1)
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the weights anew.

        Input weights by Glorot and Bengio (2010), recurrent weights orthogonal gate by
        gate (Saxe et al., 2014), biases zero but for the LSTM's forget gate, whose one
        keeps the memory open at the start (Jozefowicz et al., 2015).
        """
        for recurrence in (self.ahead, self.back):
            if recurrence is None:
                continue
            size = recurrence.hidden_size
            for gate in recurrence.weight_ih_l0.detach().split(size):
                nn.init.xavier_uniform_(gate, generator=generator)
            for gate in recurrence.weight_hh_l0.detach().split(size):
                nn.init.orthogonal_(gate, generator=generator)
            nn.init.zeros_(recurrence.bias_ih_l0)
            nn.init.zeros_(recurrence.bias_hh_l0)
            if isinstance(recurrence, nn.LSTM):
                # The gates stand as input, forget, cell, output.
                nn.init.ones_(
                    recurrence.get_parameter("bias_ih_l0").data[size : 2 * size]
                )

    def forward(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        elapsed: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        if _casts(x):
            with torch.autocast("cpu", enabled=False):
                return self(x.to(self.ahead.weight_ih_l0.dtype), lengths, elapsed)
        ahead, final = self._run(self.ahead, x, lengths, self._fade(0, elapsed))
        if self.back is None:
            return ahead, final
        fade = self._fade(1, elapsed)
        back, first = self._run(self.back, x, lengths, fade, reverse=True)
        return self.merge(ahead, back), self.merge(final, first)

    def advance(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read on from a state, or from a fresh one, and return the new one too.

        Shape
            x (batch, steps, input_size) -> (batch, steps, hidden_size) and the state

        Raises
        ------
        ValueError
            If there is a backward direction, which begins at the end.
        """
        if self.back is not None:
            raise ValueError(
                "A bidirectional layer reads from the end too: it has no state to go on "
                "from. Use bidirectional=False."
            )
        if _casts(x):
            with torch.autocast("cpu", enabled=False):
                return self.advance(x.to(self.ahead.weight_ih_l0.dtype), state)
        if state is None:
            zeros = x.new_zeros(1, len(x), self.ahead.hidden_size)
            state = (zeros, zeros) if isinstance(self.ahead, nn.LSTM) else zeros
        if _compiled.serves(self.ahead, x):
            parts = (state,) if isinstance(state, Tensor) else state
            steps, *behind = _compiled.recurrence(
                self.ahead, x, state=tuple(part[0] for part in parts)
            )
            if len(parts) == 1:
                return steps, behind[0][None]
            return steps, (behind[0][None], behind[1][None])
        if self.training:
            return self.ahead(x, state)
        return _exact.recurrence(self.ahead, x, state)

    def _fade(
        self, direction: int, elapsed: tuple[Tensor, Tensor] | None
    ) -> Tensor | None:
        """What the state is multiplied with before each step, if it fades."""
        if not self.fades or elapsed is None:
            return None
        return self.fades[direction](elapsed[direction])

    def _run(
        self,
        recurrence: nn.RNNBase,
        x: Tensor,
        lengths: Tensor | None,
        fade: Tensor | None,
        *,
        reverse: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Return steps of one direction, zero behind an end, and its state at the end."""
        if fade is None and _compiled.serves(recurrence, x):
            steps, final, *_ = _compiled.recurrence(
                recurrence, x, lengths, reverse=reverse
            )
            return steps, final
        x = zero_padding(x, lengths)
        if reverse:
            x = reverse_steps(x, lengths)
        if fade is not None:
            fade = reverse_steps(fade, lengths) if reverse else fade
            steps = faded_recurrence(recurrence, x, fade)
        elif self.training:
            steps = recurrence(x)[0]
        else:
            steps = _exact.recurrence(recurrence, x)[0]
        final = last_step(steps, lengths)
        steps = reverse_steps(steps, lengths) if reverse else steps
        return zero_padding(steps, lengths), final


class RecurrentStack(nn.Module):
    r"""Chain recurrent layers, each reading the steps of the one below.

    Parameters
    ----------
    input_size : int
        Channels per step.
    hidden_size : int or sequence of int
        Width of each direction's state, for all layers or one per layer.
    num_layers : int, default=1
        Number of layers.
    cell, bidirectional, merge_mode, nonlinearity
        As in :class:`RecurrentLayer`, the same for every layer.
    dropout : float, default=0.0
        Probability of a zero between two layers, in [0, 1).
    elapsed_size : int or None, default=None
        As in :class:`RecurrentLayer`, for the first layer alone: the others read states,
        which are always there.

    Shape
    -----
    - Input: ``(batch, steps, input_size)``, lengths ``(batch,)`` or None; with
      ``elapsed_size`` elapsed times as in :class:`RecurrentLayer`
    - Output: steps ``(batch, steps, output_size)``, zero behind each end, and the final
      state ``(batch, output_size)``: what the forward direction holds at a sequence's
      last step, merged with what the backward direction holds at its first.

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
    ) -> None:
        super().__init__()
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
        first, *others = self.layers
        steps, final = first(x, lengths, elapsed)
        for layer in others:
            steps, final = layer(self.dropout(steps), lengths)
        return steps, final

    def advance(
        self, x: Tensor, states: Sequence[State] | None = None
    ) -> tuple[Tensor, list[State]]:
        """Read on from the layers' states, or from fresh ones.

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
        new: list[State] = []
        for i, layer in enumerate(cast("Iterable[RecurrentLayer]", self.layers)):
            x, state = layer.advance(self.dropout(x) if i else x, given[i])
            new.append(state)
        return x, new
