"""Embedding of token ids."""

from __future__ import annotations

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
        check_batch(ids, lengths)
        # Padding may hold anything, also invalid ids.
        return nn.functional.embedding(
            zero_padding(ids, lengths).squeeze(2).long(), self.weight
        )

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"
