"""Pool the valid steps of each sequence to one vector."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import _attending, _compiled, _exact
from ._random import RandomLayer
from ._second_order import largest_gradient
from ._time import check_batch, last_step, valid_steps, zero_padding


class LastPooling(nn.Module):
    """Return the final state.

    Parameters
    ----------
    size : int or None, default=None
        Number of units; not used, as there is nothing to learn.

    Shape
    -----
    - Input: steps ``(batch, steps, size)``, lengths ``(batch,)`` or None, final
      ``(batch, size)`` or None
    - Output: ``(batch, size)``: ``final`` if given, since the two directions of a
      recurrence end at opposite steps; else the last valid step

    Examples
    --------
    >>> steps = torch.tensor([[[1.0], [2.0], [0.0]]])
    >>> LastPooling()(steps, torch.tensor([2]))
    tensor([[2.]])
    """

    def __init__(self, size: int | None = None) -> None:
        super().__init__()

    def forward(
        self, steps: Tensor, lengths: Tensor | None = None, final: Tensor | None = None
    ) -> Tensor:
        check_batch(steps, lengths)
        return last_step(steps, lengths) if final is None else final

    def prefixes(self, steps: Tensor) -> Tensor:
        """Pool every prefix, which returns the steps as each is the last of a prefix.

        Shape
            steps (batch, steps, size) -> the same
        """
        return steps


class MeanPooling(nn.Module):
    """Average the valid steps.

    Parameters
    ----------
    size : int or None, default=None
        Number of units; not used, as there is nothing to learn.

    Shape
    -----
    - Input: steps ``(batch, steps, size)``, lengths ``(batch,)`` or None
    - Output: ``(batch, size)``

    Examples
    --------
    >>> steps = torch.tensor([[[1.0], [2.0], [99.0]]])
    >>> MeanPooling()(steps, torch.tensor([2]))
    tensor([[1.5000]])
    """

    def __init__(self, size: int | None = None) -> None:
        super().__init__()

    def forward(
        self, steps: Tensor, lengths: Tensor | None = None, final: Tensor | None = None
    ) -> Tensor:
        check_batch(steps, lengths)
        steps = zero_padding(steps, lengths)
        total = steps.sum(1) if self.training else _exact.sum_steps(steps)
        if lengths is None:
            # One divisor per row: division by a scalar differs in the last bits.
            lengths = torch.full((len(steps),), steps.shape[1], device=steps.device)
        return total / lengths[:, None]

    def prefixes(self, steps: Tensor) -> Tensor:
        """Average every prefix: the first step, the first two, and so on.

        Shape
            steps (batch, steps, size) -> the same
        """
        count = torch.arange(1, steps.shape[1] + 1, device=steps.device)[:, None]
        return (steps.cumsum(1, dtype=torch.float64) / count).to(steps.dtype)


class MaxPooling(nn.Module):
    """Return the maximum of each unit over the valid steps.

    Parameters
    ----------
    size : int or None, default=None
        Number of units; not used, as there is nothing to learn.

    Shape
    -----
    - Input: steps ``(batch, steps, size)``, lengths ``(batch,)`` or None
    - Output: ``(batch, size)``

    Examples
    --------
    >>> steps = torch.tensor([[[1.0], [2.0], [99.0]]])
    >>> MaxPooling()(steps, torch.tensor([2]))
    tensor([[2.]])
    """

    def __init__(self, size: int | None = None) -> None:
        super().__init__()

    def forward(
        self, steps: Tensor, lengths: Tensor | None = None, final: Tensor | None = None
    ) -> Tensor:
        check_batch(steps, lengths)
        if _compiled.serves_largest(steps):
            return _compiled.largest(steps, lengths)
        if lengths is not None:
            mask = valid_steps(lengths, steps.shape[1])[..., None]
            steps = steps.masked_fill(~mask, -torch.inf)
        return _Largest.apply(steps)

    def prefixes(self, steps: Tensor) -> Tensor:
        """Return the maximum over every prefix: the first step, the first two, and so on.

        Shape
            steps (batch, steps, size) -> the same
        """
        return steps.cummax(1).values


class _Largest(torch.autograd.Function):
    """The same as ``amax`` over the steps, with a backward pass five times as fast.

    If several steps have the maximum, the gradient is divided equally among them.
    """

    @staticmethod
    def forward(ctx: Any, steps: Tensor) -> Tensor:
        largest = steps.amax(1)
        ctx.save_for_backward(steps, largest)
        return largest

    @staticmethod
    def backward(ctx: Any, grad_largest: Tensor) -> Tensor:
        steps, largest = ctx.saved_tensors
        return largest_gradient(steps, largest, grad_largest)


class AttentionPooling(RandomLayer):
    r"""Average the valid steps with attention weights.

    .. math::
        a_t = \frac{\exp(u^\top \tanh(W h_t + b))}
                   {\sum_s \exp(u^\top \tanh(W h_s + b))}, \quad y = \sum_t a_t h_t

    Parameters
    ----------
    size : int
        Channels per step.

    Shape
    -----
    - Input: steps ``(batch, steps, size)``, lengths ``(batch,)`` or None
    - Output: ``(batch, size)``

    Examples
    --------
    >>> pool = AttentionPooling(8)
    >>> pool(torch.randn(2, 5, 8), torch.tensor([5, 3])).shape
    torch.Size([2, 8])

    References
    ----------
    Yang et al. (2016), Hierarchical attention networks for document classification.
    NAACL.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(size, size)
        self.context = nn.Linear(size, 1, bias=False)
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights, by Glorot and Bengio (2010)."""
        nn.init.xavier_uniform_(self.hidden.weight, generator=generator)
        nn.init.zeros_(self.hidden.bias)
        nn.init.xavier_uniform_(self.context.weight, generator=generator)

    def forward(
        self, steps: Tensor, lengths: Tensor | None = None, final: Tensor | None = None
    ) -> Tensor:
        check_batch(steps, lengths)
        if self.training and self.serves(steps):
            weights = _attending.weights_of(self.hidden, self.context)
            return _attending.attend(weights, steps, lengths, partial(_average, lengths))
        steps = zero_padding(steps, lengths)
        score = self._score(steps)
        if lengths is not None:
            mask = valid_steps(lengths, steps.shape[1])[..., None]
            score = score.masked_fill(~mask, -torch.inf)
        if self.training:
            return (torch.softmax(score, 1) * steps).sum(1)
        weight = torch.exp(score - score.amax(1, keepdim=True))
        return _exact.sum_steps(weight * steps) / _exact.sum_steps(weight)

    def serves(self, steps: Tensor) -> bool:
        """Return whether there are kernels for the steps in training."""
        return _attending.serves(self.hidden, self.context, steps)

    def weights(self, steps: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the weight of each step, zero in padding.

        Shape
            steps (batch, steps, size) -> (batch, steps)
        """
        check_batch(steps, lengths)
        score = self._score(zero_padding(steps, lengths))
        if lengths is not None:
            mask = valid_steps(lengths, steps.shape[1])[..., None]
            score = score.masked_fill(~mask, -torch.inf)
        weight = torch.exp(score - score.amax(1, keepdim=True))
        return (weight / _exact.sum_steps(weight)[:, None])[..., 0]

    def prefixes(self, steps: Tensor) -> Tensor:
        """Average every prefix with its own attention weights.

        Shape
            steps (batch, steps, size) -> the same
        """
        if not steps.shape[1]:
            return steps  # no stride of the convolutions is complete
        score = self._score(steps).double()
        # Relative to the running maximum, which later scores may exceed by far.
        largest = score.cummax(1).values
        total = torch.zeros_like(steps[:, 0], dtype=torch.float64)
        count, before = torch.zeros_like(score[:, 0]), largest[:, 0]
        means = []
        for t in range(steps.shape[1]):
            decay, share = (before - largest[:, t]).exp(), (score - largest)[:, t].exp()
            total = decay * total + share * steps[:, t]
            count = decay * count + share
            means.append(total / count)
            before = largest[:, t]
        return torch.stack(means, 1).to(steps.dtype)

    def _score(self, steps: Tensor) -> Tensor:
        """Return the logarithm of the weight of each step, up to a constant."""
        return _exact.linear(self.context, torch.tanh(_exact.linear(self.hidden, steps)))


def _average(
    lengths: Tensor | None, steps: Tensor, hidden: Tensor, bias: Tensor, context: Tensor
) -> Tensor:
    """Average the steps with given weights, in operations that have all derivatives."""
    steps = zero_padding(steps, lengths)
    score = F.linear(torch.tanh(F.linear(steps, hidden, bias)), context)
    if lengths is not None:
        mask = valid_steps(lengths, steps.shape[1])[..., None]
        score = score.masked_fill(~mask, -torch.inf)
    return (torch.softmax(score, 1) * steps).sum(1)


POOLINGS: dict[str, type[nn.Module]] = {
    "last": LastPooling,
    "mean": MeanPooling,
    "max": MaxPooling,
    "attention": AttentionPooling,
}
