"""The criterion of a network with one output per target: a weighted mean of losses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .losses import append_scale, choose_loss


class WeightedLoss(nn.Module):
    """Weighted mean of the losses of all targets.

    With ``per_step`` every step has a target and, if sequences are unequal, a weight,
    which is zero for padding and scaled up elsewhere to compensate. Some losses depend
    on ``target_scale`` (n_values,), by which the targets were divided. Labels are
    smoothed in training only.
    """

    target_scale: Tensor | None

    def __init__(
        self,
        name: str,
        quantile: float | Sequence[float] | None = None,
        *,
        target_scale: np.ndarray | None = None,
        per_step: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.loss = choose_loss(name, quantile)
        self.smooth_loss = choose_loss(name, quantile, label_smoothing)
        self.label_smoothing = label_smoothing
        scale = None if target_scale is None else torch.from_numpy(target_scale.copy())
        self.register_buffer("target_scale", scale)
        self.is_cross_entropy = name == "cross_entropy"
        self.per_step = per_step

    def forward(self, output: Tensor, target: Tensor | tuple[Tensor, Tensor]) -> Tensor:
        truth, weight = (target, None) if isinstance(target, Tensor) else target
        output, truth = self._rows(output), self._rows(truth)
        if self.target_scale is not None:
            output = append_scale(output, self.target_scale)
        if self.is_cross_entropy and weight is None:
            # The same gradient in half the time, which matters for small batches.
            smoothing = self.label_smoothing if self.training else 0.0
            return F.cross_entropy(output, truth, label_smoothing=smoothing)
        loss = self.smooth_loss if self.training else self.loss
        if weight is None:
            return loss(output, truth).mean()
        weight = self._rows(weight)
        if weight.ndim == 2:
            # One for each output: of some outputs the target is missing.
            n_parameters = output.shape[1] // truth.shape[1]
            output = output.reshape(-1, n_parameters)
            truth, weight = truth.reshape(-1, 1), weight.reshape(-1, 1)
        return (loss(output, truth) * weight.flatten()).mean()

    def _rows(self, x: Tensor) -> Tensor:
        """Return one row per target."""
        x = x.flatten(0, 1) if self.per_step else x
        return x.flatten(1) if x.ndim > 2 else x
