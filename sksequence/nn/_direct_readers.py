"""What reads sequences with gaps, with gradients that are computed without autograd.

As the layers of :mod:`._direct_layers`, a reader has a ``forward`` and a ``backward``.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from . import _decay
from ._direct_layers import Elapsed, Gradients
from .missing import Complete, DecayMissing, MaskMissing
from .recurrent import RecurrentStack


class Reader(Protocol):
    """Reads sequences, and takes the gradient of what it has read if it has weights."""

    has_weights: bool

    def forward(self, X: Tensor, lengths: Tensor | None) -> tuple[Tensor, Elapsed]: ...
    def backward(self, gradient: Tensor) -> None: ...


class _Plain:
    """The reader of sequences without gaps, which changes nothing."""

    has_weights = False

    def forward(self, X: Tensor, lengths: Tensor | None) -> tuple[Tensor, Elapsed]:
        return X.contiguous(), (None, None)

    def backward(self, gradient: Tensor) -> None:
        raise AssertionError("there is nothing that gets a gradient")


class _Constant(_Plain):
    """A reader without weights."""

    def __init__(self, reader: nn.Module) -> None:
        self.reader = reader

    def forward(self, X: Tensor, lengths: Tensor | None) -> tuple[Tensor, Elapsed]:
        return self.reader(X, lengths).contiguous(), (None, None)


class _Decaying:
    """The reader of values that decay, whose times the recurrence may need."""

    has_weights = True

    def __init__(
        self, reader: DecayMissing, gradients: Gradients, n_directions: int
    ) -> None:
        self.reader, self.n_directions = reader, n_directions
        self.weights = reader.rate.detach(), reader.bias.detach()
        self.gradients = gradients[reader.rate], gradients[reader.bias]
        self.filling = reader.filling(self.weights[0])

    def forward(self, X: Tensor, lengths: Tensor | None) -> tuple[Tensor, Elapsed]:
        X = X.contiguous()
        since = self.filling.elapsed(X, lengths, reverse=False)
        until = None
        if self.n_directions > 1:
            until = self.filling.elapsed(X, lengths, reverse=True)
        self.filled = self.filling.fill(X, lengths, *self.weights, since)
        return self.filled.read, (since, until)

    def backward(self, gradient: Tensor) -> None:
        self.filled.write_gradients(gradient.contiguous(), *self.gradients)


def serves(reader: nn.Module, recurrence: RecurrentStack) -> bool:
    """Return whether a reader, below a recurrence, can do without autograd."""
    first: Any = recurrence.layers[0]
    if type(reader) is DecayMissing:
        sizes = [fade.linear.in_features for fade in first.fades]
        like = torch.zeros_like(reader.rate)[None, None]
        ready = _decay.serves(like, reader.rate)
        ready = ready and sizes == len(first.directions()) * [reader.n_channels]
    else:
        ready = type(reader) in (Complete, MaskMissing) and not first.fades
    return ready and reader.output_size == first.input_size


def make_reader(reader: nn.Module, gradients: Gradients, n_directions: int) -> Reader:
    """Return the same as a reader that ``serves`` accepts, without autograd."""
    if isinstance(reader, DecayMissing):
        return _Decaying(reader, gradients, n_directions)
    if type(reader) is Complete:
        return _Plain()
    return _Constant(reader)
