"""Networks of detectors: they say what each step should be."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from . import _exact
from ._time import check_lengths_shape
from .network import SequenceNetwork
from .pooling import POOLINGS
from .recurrent import RecurrentStack, choose

# Periods, in steps, of the clocks that a decoder reads. With them it learns in a tenth of
# the time, as it need not count.
_CLOCKS = (4, 16, 64, 256)


class NextStepNetwork(SequenceNetwork):
    """Predict from each step and those before it the one that follows.

    A :class:`SequenceNetwork` with ``per_step``, which also represents whole sequences:
    by its states, pooled over the steps.

    Parameters
    ----------
    input_size : int
        Channels per step.
    output_size : int
        Number of outputs for each step.
    pooling : {"last", "mean", "max"}, default="max"
        How ``represent`` pools the states, which is not trained.
    **options : dict
        Further parameters of :class:`SequenceNetwork`.

    Shape
    -----
    - Input: X ``(batch, steps, input_size)``, lengths ``(batch,)`` or None, static
      ``(batch, static_size)`` or None
    - Output: ``(batch, steps, output_size)``

    Examples
    --------
    >>> network = NextStepNetwork(3, 3, hidden_size=8)
    >>> X = torch.randn(4, 20, 3)
    >>> network(X).shape, network.represent(X).shape
    (torch.Size([4, 20, 3]), torch.Size([4, 8]))
    """

    def __init__(
        self, input_size: int, output_size: int, *, pooling: str = "max", **options: Any
    ) -> None:
        if options.get("bidirectional"):
            raise ValueError(
                "bidirectional must be False: a backward direction has read the step "
                "that is to be predicted"
            )
        super().__init__(input_size, output_size, **options | {"per_step": True})
        pools = {name: pool for name, pool in POOLINGS.items() if name != "attention"}
        self.summary = choose("pooling", pools, pooling)(self.recurrence.output_size)

    def count_answers(self, method: str, lengths: Tensor) -> Tensor | None:
        return None if method == "represent" else lengths

    def represent(
        self, X: Tensor, lengths: Tensor | None = None, static: Tensor | None = None
    ) -> Tensor:
        """Return the pooled states of each sequence; ``static`` is ignored.

        Shape
            X (batch, steps, input_size) -> (batch, representation_size)
        """
        x = self._read(X, lengths)
        return self._pool(x, lengths, *self._recur(X, x, lengths), pool=self.summary)


class AutoencoderNetwork(SequenceNetwork):
    r"""Reconstruct the steps of a sequence from a code of few numbers.

    ::

        X -> SequenceNetwork, pooled -> linear -> code
        code, place of the step -> one recurrent layer -> linear -> steps

    The code is the bottleneck: all else that the decoder reads, at every step, is the
    place of the step: from -1 for the first to 1 for the last, and on clocks, sines and
    cosines of periods of 4, 16, 64 and 256 steps.

    Parameters
    ----------
    input_size : int
        Channels per step.
    output_size : int
        Number of outputs for each step.
    code_size : int, default=8
        Size of the code.
    hidden_size : int or sequence of int, default=64
        As in :class:`SequenceNetwork`; the decoder has the size of the first layer.
    **options : dict
        Further parameters of :class:`SequenceNetwork`. The decoder has the cell of the
        encoder, its directions and their merge, and its normalisation.

    Shape
    -----
    - Input: X ``(batch, steps, input_size)``, lengths ``(batch,)`` or None, static
      ``(batch, static_size)`` or None
    - Output: ``(batch, steps, output_size)``

    Examples
    --------
    >>> network = AutoencoderNetwork(3, 3, code_size=2, hidden_size=8)
    >>> X = torch.randn(4, 20, 3)
    >>> network(X).shape, network.represent(X).shape
    (torch.Size([4, 20, 3]), torch.Size([4, 2]))

    References
    ----------
    Srivastava, Mansimov and Salakhutdinov (2015), Unsupervised learning of video
    representations using LSTMs. ICML.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        *,
        code_size: int = 8,
        hidden_size: int | tuple[int, ...] = 64,
        **options: Any,
    ) -> None:
        options["per_step"] = False
        super().__init__(input_size, output_size, hidden_size=hidden_size, **options)
        self.code = nn.Linear(self.representation_size, code_size)
        size = hidden_size if isinstance(hidden_size, int) else hidden_size[0]
        shared = ("cell", "bidirectional", "merge_mode", "nonlinearity", "layer_norm")
        self.decoder = RecurrentStack(
            code_size + 1 + 2 * len(_CLOCKS),
            size,
            **{name: options[name] for name in shared if name in options},
        )
        static_size = 0 if self.join is None else self.join.static_size
        self._make_head(self.decoder.output_size, static_size, output_size)
        self.representation_size = code_size
        self._reset_code(None)

    def _reset_code(self, generator: torch.Generator | None) -> None:
        nn.init.xavier_uniform_(self.code.weight, generator=generator)
        nn.init.zeros_(self.code.bias)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights, and all later dropout masks, from ``generator``."""
        super().reset_parameters(generator)
        self._reset_code(generator)

    def count_answers(self, method: str, lengths: Tensor) -> Tensor | None:
        return None if method == "represent" else lengths

    def represent(
        self, X: Tensor, lengths: Tensor | None = None, static: Tensor | None = None
    ) -> Tensor:
        """Return the code of each sequence; ``static`` is ignored.

        Shape
            X (batch, steps, input_size) -> (batch, code_size)
        """
        pooled = super().represent(X, lengths)
        return self.code(pooled) if self.training else _exact.linear(self.code, pooled)

    def forward(
        self,
        X: Tensor,
        lengths: Tensor | None = None,
        static: Tensor | None = None,
        features: Tensor | None = None,
    ) -> Tensor:
        code = self.represent(X, lengths)[:, None].expand(-1, X.shape[1], -1)
        place = _places(len(X), X.shape[1], lengths, code)
        decoded, _ = self.decoder(torch.cat([code, place], 2), lengths)
        return self._answer(decoded, static)


def _places(n: int, n_steps: int, lengths: Tensor | None, like: Tensor) -> Tensor:
    """Return the place of each step in its sequence, from -1 to 1, and its clocks.

    Shape
        lengths (batch,) or None -> (batch, steps, 1 + 2 * number of clocks)

    Examples
    --------
    >>> _places(2, 3, torch.tensor([3, 1]), torch.zeros(()))[..., 0]
    tensor([[-1.,  0.,  1.],
            [ 0.,  2.,  4.]])
    """
    check_lengths_shape(lengths, n)
    steps = torch.arange(n_steps, device=like.device)
    if lengths is None:
        lengths = torch.full((n,), n_steps, device=like.device)
    last = lengths[:, None] - 1
    place = (2 * steps - last).to(like.dtype) / last.clamp(min=1).to(like.dtype)
    parts = [place[..., None]]
    for period in _CLOCKS:
        # From a table: torch's sine may round otherwise at another number of steps.
        hand = torch.tensor(_hands(period), dtype=like.dtype, device=like.device)
        parts.append(hand[steps % period].expand(n, -1, -1))
    return torch.cat(parts, 2)


@lru_cache
def _hands(period: int) -> list[tuple[float, float]]:
    """Return the sine and the cosine of each step of a clock.

    Examples
    --------
    >>> [(round(sine), round(cosine)) for sine, cosine in _hands(4)]
    [(0, 1), (1, 0), (0, -1), (-1, 0)]
    """
    angles = [2 * math.pi * step / period for step in range(period)]
    return [(math.sin(angle), math.cos(angle)) for angle in angles]


def make_detector(*, objective: str, code_size: int, **options: Any) -> SequenceNetwork:
    """Build the network of a detector.

    Parameters
    ----------
    objective : {"predict", "reconstruct"}
        Whether a step is predicted from those before it, or reconstructed from the code
        of the whole sequence.
    code_size : int
        Size of that code.
    **options : dict
        Parameters of :class:`SequenceNetwork`.

    Examples
    --------
    >>> type(make_detector(objective="predict", code_size=8, input_size=2, output_size=2))
    <class 'sksequence.nn.detection.NextStepNetwork'>
    """
    if objective == "predict":
        return NextStepNetwork(**options)
    return AutoencoderNetwork(code_size=code_size, **options)
