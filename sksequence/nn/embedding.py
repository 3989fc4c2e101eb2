"""From token ids to vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ._random import RandomLayer
from ._time import zero_padding


class TokenEmbedding(RandomLayer):
    """Look each token's vector up.

    Parameters
    ----------
    num_embeddings : int
        Number of tokens, the unknown one (0) included.
    embedding_dim : int
        Width of a token's vector.

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
        """Draw the vectors anew, with elements of variance one third as for inputs.

        The unknown token begins at zero: where training has not met it, it says nothing.
        """
        nn.init.uniform_(self.weight, -1, 1, generator=generator)
        with torch.no_grad():
            self.weight[0] = 0

    def forward(self, ids: Tensor, lengths: Tensor | None = None) -> Tensor:
        # Behind the end there may be anything, also what is no token.
        return nn.functional.embedding(
            zero_padding(ids, lengths).squeeze(2).long(), self.weight
        )

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"
