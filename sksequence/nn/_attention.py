"""Attention of a decoder over the steps of a sequence."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from . import _exact
from ._random import RandomLayer
from ._time import valid_steps


class DotProductAttention(RandomLayer):
    r"""Average the valid steps of a memory, with weights that depend on a query.

    .. math::
        a_t = \frac{\exp(m_t^\top W q / \sqrt{d})}{\sum_s \exp(m_s^\top W q / \sqrt{d})},
        \quad c = \sum_t a_t m_t

    Parameters
    ----------
    size : int
        Size of a query.
    memory_size : int
        Channels per step of the memory, d.

    Shape
    -----
    - Input: queries ``(batch, n_queries, size)``, memory ``(batch, steps, memory_size)``,
      zero in padding, and the number of valid steps ``(batch,)`` or None
    - Output: contexts ``(batch, n_queries, memory_size)``, and weights ``(batch,
      n_queries, steps)``, zero in padding

    References
    ----------
    Luong, Pham and Manning (2015), Effective approaches to attention-based neural machine
    translation. EMNLP.
    Vaswani et al. (2017), Attention is all you need. NeurIPS.
    """

    def __init__(self, size: int, memory_size: int) -> None:
        super().__init__()
        self.query = nn.Linear(size, memory_size, bias=False)
        self.scale = 1 / math.sqrt(memory_size)
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights, by Glorot and Bengio (2010)."""
        nn.init.xavier_uniform_(self.query.weight, generator=generator)

    def forward(
        self, queries: Tensor, memory: Tensor, n_valid: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        is_padding = None
        if n_valid is not None:
            is_padding = ~valid_steps(n_valid, memory.shape[1])[:, None]
        if self.training:
            scores = self.query(queries) @ memory.mT * self.scale
            if is_padding is not None:
                scores = scores.masked_fill(is_padding, -torch.inf)
            weights = scores.softmax(2)
            return weights @ memory, weights
        scores = _scores(_exact.linear(self.query, queries), memory) * self.scale
        if is_padding is not None:
            scores = scores.masked_fill(is_padding, -torch.inf)
        weights = _exact.softmax(scores)
        return _contexts(weights, memory), weights


def _scores(queries: Tensor, memory: Tensor) -> Tensor:
    """Multiply each query with each step: (batch, n_queries, steps)."""
    return torch.stack(
        [_exact.sum_channels(query[:, None] * memory) for query in queries.unbind(1)], 1
    )


def _contexts(weights: Tensor, memory: Tensor) -> Tensor:
    """Sum up the steps, one after another, so that zeros in padding change nothing."""
    total = weights[..., :1] * memory[:, None, 0]
    for t in range(1, memory.shape[1]):
        total = total + weights[..., t : t + 1] * memory[:, None, t]
    return total
