"""Gradients of losses with respect to a network's output.

By formula for the most common losses, with torch's own operations in the order of
autograd, so that they have the same bits; by autograd for all others.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from .borrowed_torch import log_softmax_gradient
from .losses import cross_entropy, squared_error
from .weighted_loss import WeightedLoss

_FEW_CLASSES = 64  # up to which the gradients of all labels are kept

Target = Tensor | tuple[Tensor, Tensor]
# Returns the loss of outputs and targets, and its gradient with respect to the output.
WithGradient = Callable[[Tensor, Target], tuple[Tensor, Tensor]]


def with_gradient(criterion: WeightedLoss) -> WithGradient:
    """Return a function that computes a loss in training, and its gradient."""

    def by_autograd(output: Tensor, target: Target) -> tuple[Tensor, Tensor]:
        leaf = output.detach().requires_grad_()
        with torch.enable_grad():
            loss = criterion(leaf, target)
        return loss.detach(), torch.autograd.grad(loss, leaf)[0]

    formula = _formula_of(criterion)
    if formula is None:
        return by_autograd

    def by_formula(output: Tensor, target: Target) -> tuple[Tensor, Tensor]:
        truth, weight = (target, None) if isinstance(target, Tensor) else target
        found = formula(output, truth, weight)
        return by_autograd(output, target) if found is None else found

    return by_formula


def _formula_of(criterion: WeightedLoss) -> Callable | None:
    if criterion.label_smoothing or criterion.target_scale is not None:
        return None
    return _FORMULAS.get(criterion.loss)


def _squared_error(
    output: Tensor, truth: Tensor, weight: Tensor | None
) -> tuple[Tensor, Tensor] | None:
    if weight is not None and weight.ndim > 1:
        return None  # of some outputs the target is missing
    n, n_values = output.shape
    error = output - truth
    of_each = error.square().mean(1)
    if weight is None:
        loss, share = of_each.mean(), error.new_full((), 1 / n)
    else:
        loss, share = (of_each * weight).mean(), (weight * (1 / n))[:, None]
    return loss, error.mul_(2).mul_(share / n_values)


def _cross_entropy(
    output: Tensor, truth: Tensor, weight: Tensor | None
) -> tuple[Tensor, Tensor] | None:
    if truth.ndim > 1:
        return None  # probabilities, not labels
    n, n_classes = output.shape
    log_shares = torch.log_softmax(output, 1)
    if weight is None and n_classes <= _FEW_CLASSES:
        loss = F.nll_loss(log_shares, truth)
        gradient = _diagonal(n_classes, -1 / n, output.dtype).index_select(0, truth)
        return loss, log_softmax_gradient(gradient, log_shares)
    gradient, label = torch.zeros_like(output), truth.unsqueeze(1)
    if weight is None:
        loss = F.nll_loss(log_shares, truth)
        gradient.scatter_(1, label, -1 / n)
    else:
        loss = (F.nll_loss(log_shares, truth, reduction="none") * weight).mean()
        gradient.scatter_(1, label, (weight * (-1 / n)).unsqueeze(1))
    return loss, log_softmax_gradient(gradient, log_shares)


@lru_cache(maxsize=8)
def _diagonal(size: int, value: float, dtype: torch.dtype) -> Tensor:
    """Return a matrix whose rows are the gradients of each label, which is only read."""
    return torch.zeros(size, size, dtype=dtype, device="cpu").fill_diagonal_(value)


_FORMULAS: dict[Callable, Callable] = {squared_error: _squared_error}
if log_softmax_gradient is not None:
    _FORMULAS[cross_entropy] = _cross_entropy
