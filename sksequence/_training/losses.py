"""Losses by name: raw outputs and encoded targets to one loss per sequence."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

Loss = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(output, target, reduction="none")


def binary_cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    loss = F.binary_cross_entropy_with_logits(output, target, reduction="none")
    return loss.mean(1)


def squared_error(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).square().mean(1)


def absolute_error(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).abs().mean(1)


def huber(output: Tensor, target: Tensor) -> Tensor:
    return F.huber_loss(output, target, reduction="none").mean(1)


def poisson(output: Tensor, target: Tensor) -> Tensor:
    """Negative log likelihood of counts, less its constant; the output is a log rate."""
    return (output.exp() - target * output).mean(1)


def pinball(quantile: float) -> Loss:
    """Loss whose minimum is the given quantile of the target (Koenker, 1978)."""

    def loss(output: Tensor, target: Tensor) -> Tensor:
        above = target - output
        return above.mul(quantile).maximum(above.mul(quantile - 1)).mean(1)

    return loss


LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
    "poisson": poisson,
}


def choose_loss(name: str, quantile: float | None = None) -> Loss:
    """The loss of that name; "quantile" needs to know which one."""
    return pinball(quantile) if name == "quantile" else LOSSES[name]  # type: ignore[arg-type]
