"""Averages of the weights along the training, which take their place in predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

# Epochs at the end that a plain mean covers: a quarter, as of Izmailov et al. (2018).
_LAST_SHARE = 4


class WeightAverage(ABC):
    """A weighted mean of the weights so far, exchanged with them between epochs.

    While mini-batches are trained on, the module has the trained weights. From the end of
    an epoch's training to the next one it has their mean, so that the validation,
    callbacks and predictions use that.

    Attributes
    ----------
    count : int
        Number of weights in the mean.
    other : dict of Tensor
        The mean while mini-batches are trained on, else the trained weights; empty if
        nothing is averaged yet.
    is_exchanged : bool
        Whether the module has the mean.
    """

    def __init__(self) -> None:
        self.count = 0
        self.other: dict[str, Tensor] = {}
        self.is_exchanged = False

    def begin_epoch(self, module: nn.Module) -> None:
        """Give the module the trained weights."""
        if self.is_exchanged:
            self._exchange(module)

    @abstractmethod
    def end_batch(self, module: nn.Module) -> None:
        """Take note of the weights after a mini-batch."""

    def end_epoch(self, module: nn.Module, n_epochs: int, max_epochs: int) -> None:
        """Give the module the mean, after the training of epoch number ``n_epochs``."""
        if self.other:
            self._exchange(module)

    @torch.no_grad()
    def _add(self, module: nn.Module) -> None:
        """Move the mean towards the weights of the module."""
        self.count += 1
        tensors = _tensors_of(module)
        if not self.other:
            self.other = {name: tensor.clone() for name, tensor in tensors.items()}
            return
        share = self._newest_share()
        for name, tensor in tensors.items():
            self.other[name].lerp_(tensor, share)

    @abstractmethod
    def _newest_share(self) -> float:
        """Return the share of the newest of ``count`` weights in their mean."""

    @torch.no_grad()
    def _exchange(self, module: nn.Module) -> None:
        for name, tensor in _tensors_of(module).items():
            held = tensor.clone()
            tensor.copy_(self.other[name])
            self.other[name] = held
        self.is_exchanged = not self.is_exchanged

    def get_state(self) -> dict[str, Any]:
        """Return what a resumed fit needs, beside the weights in the module."""
        names = ("count", "other", "is_exchanged")
        return {name: getattr(self, name) for name in names}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the state of another object."""
        for name, value in state.items():
            setattr(self, name, value)


class ExponentialAverage(WeightAverage):
    r"""Exponential moving average over mini-batches, corrected for its beginning.

    .. math:: \bar w_t = \sum_{i \le t} d^{t - i} w_i \Big/ \sum_{i \le t} d^{t - i}

    Parameters
    ----------
    decay : float
        The decay :math:`d`.
    """

    def __init__(self, decay: float) -> None:
        super().__init__()
        self.decay = decay

    def end_batch(self, module: nn.Module) -> None:
        self._add(module)

    def _newest_share(self) -> float:
        return (1 - self.decay) / (1 - self.decay**self.count)


class StochasticAverage(WeightAverage):
    """Mean of the weights at the ends of the last quarter of all epochs.

    Before that quarter, the module keeps the trained weights.
    """

    def end_batch(self, module: nn.Module) -> None:
        """Wait for the end of the epoch."""

    def end_epoch(self, module: nn.Module, n_epochs: int, max_epochs: int) -> None:
        if n_epochs > max_epochs - max(1, max_epochs // _LAST_SHARE):
            self._add(module)
        super().end_epoch(module, n_epochs, max_epochs)

    def _newest_share(self) -> float:
        return 1 / self.count


def make_average(name: str | None, decay: float) -> WeightAverage | None:
    """Return the average of that name: "ema", "swa", or None."""
    if name is None:
        return None
    return ExponentialAverage(decay) if name == "ema" else StochasticAverage()


def _tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """Return the weights, and buffers of numbers, as views."""
    state = module.state_dict()
    return {name: x for name, x in state.items() if x.is_floating_point()}
