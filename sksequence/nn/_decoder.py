"""Decoder of labels, one after another, with attention."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from . import _exact
from ._attention import DotProductAttention
from ._exact import State, map_state
from ._random import RandomLayer
from ._sizes import check_size
from .dropout import Dropout
from .recurrent import RecurrentLayer


class AttentionDecoder(RandomLayer):
    """Return the logits of the next label after each of those read so far.

    The first layer reads the embeddings of labels, attention its outputs, and each
    further layer the outputs of the layer below and the contexts of attention. The logits
    are products with the embeddings of the labels.

    Parameters
    ----------
    output_size : int
        Number of labels and one, the begin where labels are read, and the end where they
        are said.
    embedding_dim : int
        Size of the embedding vectors of labels.
    hidden_size : int
        Size of the state of each layer.
    num_layers : int
        Number of layers.
    memory_size : int
        Channels per step of what attention reads; 0 for no attention.
    dropout : float
        Dropout probability of embeddings, of what attention reads, between layers and
        before the logits.
    residual : bool
        Whether to add the outputs of the layer below to those of each further layer.
    **options : dict
        Further parameters of :class:`RecurrentLayer`.

    Shape
    -----
    - Input: codes ``(batch * beams, labels)``, states of the layers, memory ``(batch,
      frames, memory_size)`` or None, its number of valid frames ``(batch,)`` or None, and
      the number of labels of each ``(batch * beams,)`` or None; what is said behind them
      means nothing
    - Output: logits ``(batch * beams, labels, output_size)``, the new states, none if
      numbers of labels are given, and the weights of attention ``(batch, beams * labels,
      frames)`` or None
    """

    def __init__(
        self,
        output_size: int,
        embedding_dim: int,
        hidden_size: int,
        num_layers: int,
        *,
        memory_size: int,
        dropout: float,
        residual: bool,
        **options: Any,
    ) -> None:
        super().__init__()
        check_size("target_embedding_dim", embedding_dim)
        self.embedding = nn.Parameter(torch.empty(output_size, embedding_dim))
        self.bias = nn.Parameter(torch.empty(output_size))
        sizes = [embedding_dim, *[hidden_size + memory_size] * (num_layers - 1)]
        self.layers = nn.ModuleList(
            RecurrentLayer(size, hidden_size, **options) for size in sizes
        )
        self.residual, self.hidden_size = residual, hidden_size
        self.attention = (
            DotProductAttention(hidden_size, memory_size) if memory_size else None
        )
        self.readout = nn.Linear(hidden_size + memory_size, embedding_dim)
        self.dropout = Dropout(dropout)
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights of embeddings and readout.

        Embeddings are normal with a variance that keeps that of their products, and are
        scaled up where they are read.
        """
        size = self.embedding.shape[1]
        nn.init.normal_(self.embedding, std=size**-0.5, generator=generator)
        nn.init.zeros_(self.bias)
        nn.init.xavier_uniform_(self.readout.weight, generator=generator)
        nn.init.zeros_(self.readout.bias)

    def forward(
        self,
        codes: Tensor,
        states: Sequence[State],
        memory: Tensor | None = None,
        n_valid: Tensor | None = None,
        n_labels: Tensor | None = None,
    ) -> tuple[Tensor, list[State], Tensor | None]:
        vectors = nn.functional.embedding(codes, self.embedding)
        x = self.dropout(vectors * self.embedding.shape[1] ** 0.5)
        context = weights = None
        new: list[State] = []
        for i, layer in enumerate(cast("Iterable[RecurrentLayer]", self.layers)):
            below = x
            if i:
                x = self._beside(x, context)
            # In mixed precision the encoder may have made them in a lower one.
            begin = map_state(partial(torch.Tensor.to, dtype=x.dtype), states[i])
            if n_labels is None:
                x, state = layer.advance(x, begin)
                new.append(state)
            else:
                x, _ = layer(x, n_labels, state=begin)
            if i and self.residual:
                x = x + below
            if not i and self.attention is not None and memory is not None:
                queries = x.reshape(len(memory), -1, self.hidden_size)
                context, weights = self.attention(queries, memory, n_valid)
                context = self.dropout(context).reshape(*x.shape[:2], -1)
        x = self._beside(x, context)
        if self.training:
            logits = nn.functional.linear(self.readout(x), self.embedding, self.bias)
        else:
            logits = _exact.product(
                _exact.linear(self.readout, x), self.embedding, self.bias
            )
        return logits, new, weights

    def _beside(self, x: Tensor, context: Tensor | None) -> Tensor:
        """Return the outputs of a layer, after dropout, and what attention has read."""
        x = self.dropout(x)
        return x if context is None else torch.cat([x, context], 2)
