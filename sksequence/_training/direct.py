"""Training steps without autograd, where nothing asks for more.

They make the same operations as the net's own steps, so weights have the same bits, and
which of them are made is never seen but in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from skorch.callbacks import LRScheduler
from torch import Tensor

from ..nn._direct import DirectNetwork, can_be_direct
from .batches import Batch
from .borrowed_torch import clip_gradients, has_hooks, note_step
from .callbacks import GradientClipping
from .loss_gradients import with_gradient
from .optimizers import Adam, AdamW
from .weighted_loss import WeightedLoss

if TYPE_CHECKING:
    from .net import SequenceNet

# Relative error of a norm in single precision, with room to spare.
_ROOM = 1 + 1e-3


class DirectSteps:
    """Training steps of a net without autograd.

    Parameters
    ----------
    net : SequenceNet
        A net that asks for no more.
    """

    def __init__(self, net: SequenceNet) -> None:
        self.network = DirectNetwork(net.module_)
        self.loss = with_gradient(net.criterion_)
        self.max_norm = next((c.max_norm for c in _clipping(net)), None)
        self.places = _places(net)

    def begin_epoch(self, optimizer: Adam) -> None:
        # A callback may have removed gradients, or replaced the moving averages.
        for weight, gradient in self.network.gradients.items():
            weight.grad = gradient
        self.update = optimizer.prepare_steps()
        note_step(optimizer)

    def make(self, batch: Batch) -> dict[str, Tensor]:
        """Make an optimizer step; return the loss and the output before it."""
        inputs, target = batch
        output = self.network.forward(inputs["X"], inputs.get("lengths"))
        loss, gradient = self.loss(output, target)
        self.network.backward(gradient)
        if self.max_norm is not None:
            self._clip(self.max_norm)
        self.update()
        return {"loss": loss, "y_pred": output}

    def _clip(self, max_norm: float) -> None:
        # One norm over all, which is faster, tells most gradients that are short enough.
        flat = self.network.flat
        if not torch.linalg.vector_norm(flat).item() * _ROOM < max_norm:
            clip_gradients(self.network.gradients, max_norm, flat)


def direct_steps(net: SequenceNet) -> DirectSteps | None:
    """Return steps without autograd for the next epoch of a net in training, or None.

    None if the net, its optimizer or its callbacks ask for more. Steps of the epoch
    before serve again, unless something has been replaced since.
    """
    if not _is_plain(net) or not can_be_direct(net.module_) or has_hooks(net.module_):
        return None
    steps = net.direct
    if steps is None or steps.places != _places(net):
        steps = DirectSteps(net)
    steps.begin_epoch(net.optimizer_)
    return steps


def _is_plain(net: SequenceNet) -> bool:
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
    of_batches = net.listeners["on_batch_begin"] + net.listeners["on_batch_end"]
    return all(type(callback) is LRScheduler for callback in of_batches)


def _clipping(net: SequenceNet) -> list[GradientClipping]:
    """Return the callback that clips gradients, if there is just one."""
    listeners = net.listeners["on_grad_computed"]
    return [c for c in listeners[:1] if type(c) is GradientClipping]


def _places(net: SequenceNet) -> tuple:
    """Return what must not be replaced while steps serve, and where the weights are."""
    weights = [weight.data_ptr() for weight in net.module_.parameters()]
    return net.module_, net.optimizer_, net.criterion_, *weights
