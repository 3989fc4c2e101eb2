"""Losses by name: raw outputs and encoded targets to one loss per sequence."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from numbers import Real
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from .._inputs.distributions import LARGEST_LOG_RATE, Family, Quantiles
from .._inputs.losses import LOSSES as PROPERTIES

Loss = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(output: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
    return F.cross_entropy(output, target, reduction="none", label_smoothing=smoothing)


def binary_cross_entropy(
    output: Tensor, target: Tensor, smoothing: float = 0.0
) -> Tensor:
    if smoothing:
        target = target * (1 - smoothing) + smoothing / 2
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


def pinball(output: Tensor, target: Tensor, quantile: float | Tensor) -> Tensor:
    """Loss whose minimum is the given quantile of the target (Koenker, 1978)."""
    above = target - output
    return above.mul(quantile).maximum(above.mul(quantile - 1)).mean(1)


def pinballs(output: Tensor, target: Tensor, quantiles: Quantiles) -> Tensor:
    """Mean of the pinball losses of several quantiles."""
    raw, middle = output.unflatten(1, (target.shape[1], -1)), quantiles.middle
    location, gaps = raw[..., :1], F.softplus(raw[..., 1:])
    gaps = gaps * output.new_tensor(quantiles.factors)
    above = location + gaps[..., middle:].cumsum(-1)
    below = location - gaps[..., :middle].flip(-1).cumsum(-1).flip(-1)
    levels = output.new_tensor(quantiles.levels)
    error = target[..., None] - torch.cat([below, location, above], -1)
    return error.mul(levels).maximum(error.mul(levels - 1)).mean((1, 2))


# ------------------------------------------------- negative log likelihoods, in full


def gaussian(output: Tensor, target: Tensor) -> Tensor:
    location, scale = _parameters(output, target, _family("gaussian"))
    z = (target - location) / scale
    return (z.square() / 2 + scale.log() + math.log(2 * math.pi) / 2).mean(1)


def student_t(output: Tensor, target: Tensor) -> Tensor:
    location, scale, freedom = _parameters(output, target, _family("student_t"))
    z, half = (target - location) / scale, freedom / 2
    # In double: the difference of two large numbers, if there are many degrees.
    constant = (half.double().lgamma() - (half.double() + 0.5).lgamma()).to(z.dtype)
    tail = (half + 0.5) * (z.square() / freedom).log1p()
    return (constant + (math.pi * freedom).log() / 2 + scale.log() + tail).mean(1)


def negative_binomial(output: Tensor, target: Tensor) -> Tensor:
    """The last parameter is the scale by which the counts were divided."""
    *raw, scale = output.double().unflatten(1, (target.shape[1], -1)).unbind(-1)
    family = _family("negative_binomial")
    log_rate, dispersion = _positive(raw, family)
    count = (target * scale).round()
    log_mean = log_rate.clamp(-LARGEST_LOG_RATE, LARGEST_LOG_RATE) + scale.log()
    size = 1 / dispersion
    log_odds = log_mean + dispersion.log()
    likelihood = (count + size).lgamma() - size.lgamma() - (count + 1).lgamma()
    likelihood = likelihood + count * log_odds - (count + size) * F.softplus(log_odds)
    return -likelihood.mean(1).to(output.dtype)


def append_scale(output: Tensor, scale: Tensor) -> Tensor:
    """Append to the parameters of each value the scale of its target.

    Shape
        (n, n_values * n_parameters) and (n_values,) -> (n, n_values * (n_parameters + 1))
    """
    parameters = output.unflatten(1, (len(scale), -1))
    beside = scale.to(output.dtype)[:, None].expand(len(output), -1, 1)
    return torch.cat([parameters, beside], 2).flatten(1)


def _family(name: str) -> Family:
    family = PROPERTIES[name].family
    assert family is not None, "it has several parameters"
    return family


def _parameters(output: Tensor, target: Tensor, family: Family) -> list[Tensor]:
    """Return the location and the positive parameters, each like the target."""
    raw = output.unflatten(1, (target.shape[1], -1)).unbind(-1)
    return _positive(raw, family)


def _positive(raw: Sequence[Tensor], family: Family) -> list[Tensor]:
    """Return the location, and the other parameters by their link."""
    location, *others = raw
    scaled = zip(family.floors, family.factors, others, strict=True)
    return [location, *(floor + factor * F.softplus(x) for floor, factor, x in scaled)]


LOSSES: dict[str, Callable[..., Tensor]] = {
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
    "poisson": poisson,
    "gaussian": gaussian,
    "student_t": student_t,
    "negative_binomial": negative_binomial,
}


def choose_loss(name: str, quantile: Any = None, smoothing: float = 0.0) -> Loss:
    """The loss of that name; "quantile" needs to know which one, or which ones.

    ``smoothing`` is for losses of labels.
    """
    if smoothing:
        return partial(LOSSES[name], smoothing=smoothing)
    if name != "quantile":
        return LOSSES[name]
    if isinstance(quantile, Real):
        return partial(pinball, quantile=float(quantile))
    return partial(pinballs, quantiles=Quantiles(tuple(map(float, quantile))))
