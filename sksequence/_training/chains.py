"""The loss of tags that depend on one another."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..nn import LinearChain


class ChainLoss(nn.Module):
    """Weighted mean of the negative log-likelihoods of the tags of each sequence.

    Divided by the number of steps, so that it is on the scale of a cross entropy, which
    it equals if all scores of transitions are zero.

    Parameters
    ----------
    legal : ndarray of shape (n_tags + 1, n_tags + 1) or None
        Which tag may follow which, see :class:`sksequence.nn.LinearChain`.
    """

    legal: Tensor | None

    def __init__(self, legal: np.ndarray | None = None) -> None:
        super().__init__()
        own = None if legal is None else torch.from_numpy(legal.copy())
        self.register_buffer("legal", own)

    def forward(
        self,
        output: Tensor,
        target: tuple[Tensor, Tensor],
        chain: LinearChain,
        lengths: Tensor | None,
    ) -> Tensor:
        """Return the loss of a mini-batch.

        Steps whose weight is zero have no label; all others of a sequence have the same.
        """
        truth, weight = target
        given = weight > 0
        n_steps = weight.numel() if lengths is None else lengths.sum()
        known = None if given.sum() == n_steps else given
        fit = chain.log_likelihood(output, truth, lengths, known, self.legal)
        loss = -(fit * weight.amax(1)).sum() / weight.numel()
        return loss.to(output.dtype)
