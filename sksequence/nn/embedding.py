"""Embedding of token ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ._random import RandomLayer
from ._time import check_batch, zero_padding


class TokenEmbedding(RandomLayer):
    """Look up the embedding vector of each token.

    Parameters
    ----------
    num_embeddings : int
        Number of tokens, including the unknown token (0).
    embedding_dim : int
        Size of the embedding vectors.

    Shape
    -----
    - Input: ids ``(batch, steps, 1)`` of any integer dtype, lengths ``(batch,)`` or None
    - Output: ``(batch, steps, embedding_dim)``

    Examples
    --------
    >>> embedding = TokenEmbedding(10, 4)
    >>> embedding(torch.tensor([[[1], [9], [3]]])).shape
    torch.Size([1, 3, 4])

    References
    ----------
    Bengio, Ducharme, Vincent and Jauvin (2003), A neural probabilistic language model.
    JMLR 3.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_embeddings, embedding_dim))
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new vectors, uniform on [-1, 1], so with a variance of one third.

        The unknown token starts at zero, so that it has no effect unless it was trained.
        """
        nn.init.uniform_(self.weight, -1, 1, generator=generator)
        with torch.no_grad():
            self.weight[0] = 0

    def forward(self, ids: Tensor, lengths: Tensor | None = None) -> Tensor:
        return self.look_up(self.ids_of(ids, lengths))

    def ids_of(self, ids: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the ids of all steps, zero in padding: (batch, steps)."""
        check_batch(ids, lengths)
        # Padding may hold anything, also invalid ids.
        return zero_padding(ids, lengths).squeeze(2).long()

    def look_up(self, ids: Tensor) -> Tensor:
        """Return the vectors of valid ids: (...) -> (..., embedding_dim)."""
        return nn.functional.embedding(ids, self.weight)

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"


class CategoryEmbedding(nn.Module):
    """Split channels into numbers and the vectors of categories.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    categories : sequence of (int, int, int)
        Position, number of levels and size of the vectors of each category, in the order
        of positions. The ids of levels count from 1; 0 is the unknown level.

    Shape
    -----
    - Input: ``(..., n_channels)`` of any dtype
    - Output: numbers ``(..., n_numbers)`` and vectors ``(..., sum of the sizes)``

    Examples
    --------
    >>> embedding = CategoryEmbedding(3, [(1, 5, 2)])
    >>> numbers, vectors = embedding(torch.tensor([[0.5, 4.0, 1.5]]))
    >>> numbers, vectors.shape
    (tensor([[0.5000, 1.5000]]), torch.Size([1, 2]))

    References
    ----------
    Guo and Berkhahn (2016), Entity embeddings of categorical variables. arXiv.
    """

    def __init__(
        self, n_channels: int, categories: Sequence[tuple[int, int, int]]
    ) -> None:
        super().__init__()
        self.columns = [column for column, *_ in categories]
        self.numbers = [j for j in range(n_channels) if j not in self.columns]
        tables = [TokenEmbedding(n_levels + 1, dim) for _, n_levels, dim in categories]
        self.tables: Any = nn.ModuleList(tables)
        self.n_numbers = len(self.numbers)
        self.vector_size = sum(dim for *_, dim in categories)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        # Padding may hold anything, also invalid ids.
        ids = (x if lengths is None else zero_padding(x, lengths))[..., self.columns]
        vectors = [
            table.look_up(ids[..., k].long()) for k, table in enumerate(self.tables)
        ]
        return x[..., self.numbers], torch.cat(vectors, -1)
