"""What reads gaps or tokens, with gradients that are computed without autograd.

As the layers of :mod:`._direct_layers`, a reader has a ``forward`` and a ``backward``.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from .. import _kernels
from .._kernels import VECTOR_BYTES
from . import _decay
from ._direct_layers import Elapsed, Gradients
from ._threads import count_threads, share
from .embedding import TokenEmbedding
from .missing import Complete, DecayMissing, MaskMissing
from .network import SequenceNetwork


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
        # Without a direction whose states decay, no layer takes times.
        return self.filled.read, (since if self.n_directions else None, until)

    def backward(self, gradient: Tensor) -> None:
        self.filled.write_gradients(gradient.contiguous(), *self.gradients)


class _Tokens:
    """The embedding of tokens, with the dropout of the vectors."""

    has_weights = True

    def __init__(self, network: SequenceNetwork, gradients: Gradients) -> None:
        assert network.embedding is not None
        self.embedding, self.dropout = network.embedding, network.dropout
        self.weight = network.embedding.weight.detach()
        self.gradient, self.n_threads = (
            gradients[network.embedding.weight],
            count_threads(),
        )
        # The rows of the gradient that are not zero, None if they are not known.
        self.earlier: Tensor | None = None
        self.run = _kernels_for(self.weight)["backward"]

    def forward(self, X: Tensor, lengths: Tensor | None) -> tuple[Tensor, Elapsed]:
        ids = self.embedding.ids_of(X, lengths).clone()
        x = nn.functional.embedding(ids, self.weight)  # refuses those out of range
        self.ids, self.factors = ids, self.dropout.draw(x)
        return x if self.factors is None else x * self.factors, (None, None)

    def backward(self, gradient: Tensor) -> None:
        if self.factors is not None:
            gradient = gradient * self.factors
        gradient, size = gradient.contiguous(), self.weight.shape[1]
        earlier, self.earlier = self.earlier, None  # as long as it is not done
        if earlier is None:
            self.gradient.zero_()
            earlier = self.ids[:0]
        workers = min(self.n_threads, -(-size * gradient.itemsize // VECTOR_BYTES))

        def work(worker: int) -> None:
            self.run(
                ids=self.ids.data_ptr(),
                n=self.ids.numel(),
                earlier=earlier.data_ptr(),
                n_earlier=earlier.numel(),
                size=size,
                gradient=gradient.data_ptr(),
                grad_weight=self.gradient.data_ptr(),
                worker=worker,
                n_workers=workers,
            )

        share(work, workers)
        self.earlier = self.ids


def _kernels_for(weight: Tensor) -> _kernels.Kernels:
    kernels = _kernels.load("embedding", 8 * weight.itemsize)
    assert kernels is not None, "who asks for kernels has made sure that there are any"
    return kernels


def serves(network: SequenceNetwork) -> bool:
    """Return whether the reader of a network can do without autograd."""
    reader, first = network.reader, cast(Any, network.recurrence.layers[0])
    if network.embedding is not None:
        weight = network.embedding.weight
        ready = type(network.embedding) is TokenEmbedding and type(reader) is Complete
        ready = ready and weight.shape[1] == network.encoder.input_size
        has_kernels = _kernels.load("embedding", 8 * weight.itemsize) is not None
        return ready and not first.fades and has_kernels
    if type(reader) is DecayMissing:
        n_fading = len(first.directions()) if network.state_fades else 0
        sizes = [fade.linear.in_features for fade in first.fades or ()]
        like = torch.zeros_like(reader.rate)[None, None]
        ready = _decay.serves(like, reader.rate)
        ready = ready and sizes == n_fading * [reader.n_channels]
    else:
        ready = type(reader) in (Complete, MaskMissing) and not first.fades
    return ready and reader.output_size == network.encoder.input_size


def make_reader(network: SequenceNetwork, gradients: Gradients) -> Reader:
    """Return the same as a reader that ``serves`` accepts, without autograd."""
    reader = network.reader
    if network.embedding is not None:
        return _Tokens(network, gradients)
    if isinstance(reader, DecayMissing):
        n_directions = (1 if network.causal else 2) if network.state_fades else 0
        return _Decaying(reader, gradients, n_directions)
    if type(reader) is Complete:
        return _Plain()
    return _Constant(reader)
