"""Training steps without autograd, where nothing asks for more.

They make the same operations as the net's own steps, so weights have the same bits, and
which of them are made is never seen but in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ..nn._direct import DirectNetwork, can_be_direct
from .batches import Batch, BatchIterator, Order
from .borrowed_torch import Snapshot, clip_gradients, has_hooks, note_step, parts_of
from .callbacks import GradientClipping
from .loss_gradients import with_gradient
from .optimizers import Adam, AdamW
from .weighted_loss import WeightedLoss

# Relative error of a norm in single precision, with room to spare.
_ROOM = 1 + 1e-3


class DirectSteps:
    """Training steps of a net without autograd.

    Parameters
    ----------
    net : SequenceNet
        A net that asks for no more.
    """

    def __init__(self, net: Any) -> None:
        self.module, self.network = net.module_, DirectNetwork(net.module_)
        self.snapshot = Snapshot(net.module_)

    def serve(self, module: nn.Module) -> bool:
        """Return whether layers and weights are those of before, where they were."""
        weights = self.snapshot.weights
        return (
            module is self.module
            and self.snapshot.holds(training=True)
            and all(weight.requires_grad for weight in weights)
        )

    def begin_epoch(self, net: Any) -> None:
        """Prepare what callbacks may have replaced or set otherwise."""
        for weight, gradient in self.network.gradients.items():
            weight.grad = gradient
        self.loss = with_gradient(net.criterion_)
        self.max_norm = next((c.max_norm for c in _clipping(net)), None)
        self.optimized = _optimized(net)
        self.update = net.optimizer_.prepare_steps()
        note_step(net.optimizer_)

    def make_all(self, batches: BatchIterator) -> Iterator[tuple[Batch, Tensor]]:
        """Make a step with each batch; yield it and the loss before the step."""
        for batch, order in batches.ordered():
            yield batch, self.make(batch, order)

    def make(self, batch: Batch, order: Order | None = None) -> Tensor:
        """Make an optimizer step; return the loss before it.

        ``order`` is that of the batch's lengths, if it is known.
        """
        inputs, target = batch
        lengths, features = inputs.get("lengths"), inputs.get("features")
        output = self.network.forward(inputs["X"], lengths, features, order)
        loss, gradient = self.loss(output, target)
        self.network.backward(gradient)
        if self.max_norm is not None:
            self._clip(self.max_norm)
        self.update()
        return loss

    def _clip(self, max_norm: float) -> None:
        # One norm over all, which is faster, tells most gradients that are short enough.
        flat = self.network.flat
        if not torch.linalg.vector_norm(flat).item() * _ROOM < max_norm:
            clip_gradients(self.optimized, max_norm, flat)


def direct_steps(net: Any) -> DirectSteps | None:
    """Return steps without autograd for the next epoch of a net in training, or None.

    None if the net, its optimizer or its callbacks ask for more. Steps of the epoch
    before serve again, unless something has been replaced since.
    """
    if not _is_plain(net):
        return None
    steps = net.direct
    if steps is None or not steps.serve(net.module_):
        if has_hooks(*parts_of(net.module_)) or not can_be_direct(net.module_):
            return None
        steps = DirectSteps(net)
    if set(_optimized(net)) != set(steps.snapshot.weights):
        return None
    steps.begin_epoch(net)
    return steps


def _is_plain(net: Any) -> bool:
    """Return whether nothing but the network could need autograd."""
    if net.device != "cpu" or net.scaler is not None or net.autocast is not None:
        return False
    if torch.is_autocast_enabled("cpu") or torch.is_anomaly_enabled():
        return False
    if type(net.optimizer_) not in (Adam, AdamW):
        return False
    if type(net.criterion_) is not WeightedLoss or net.criterion_.per_step:
        return False
    if len(_clipping(net)) != len(net.listeners["on_grad_computed"]):
        return False
    return not net.listeners["on_batch_begin"] and not net.listeners["on_batch_end"]


def _optimized(net: Any) -> list[Tensor]:
    """Return what the optimizer moves, in the order in which it is clipped."""
    return [p for group in net.optimizer_.param_groups for p in group["params"]]


def _clipping(net: Any) -> list[GradientClipping]:
    """Return the callback that clips gradients, if there is just one."""
    listeners = net.listeners["on_grad_computed"]
    return [c for c in listeners[:1] if type(c) is GradientClipping]
