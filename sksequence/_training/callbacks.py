"""skorch callbacks, called around mini-batches and epochs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping, LRScheduler, PassthroughScoring

from .borrowed_torch import clip_gradients

# The smallest positive float16: if the loss scale falls to it, no gradient is finite.
_LEAST_SCALE = 2.0**-24


class LearningRate(Callback):
    """Record the learning rate of each epoch in the history."""

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        net.history.record("lr", net.optimizer_.param_groups[0]["lr"])


class MeanLoss(PassthroughScoring):
    """Record the mean of the losses of an epoch's batches, and whether it is the best.

    The same as skorch's callback, which searches the history anew for each column.
    """

    best_score_: float

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        rows = [row for row in net.history[-1]["batches"] if self.name in row]
        if not rows:
            return  # there is no validation set
        size = "train_batch_size" if self.on_train else "valid_batch_size"
        sizes = np.array([row[size] for row in rows], np.float64)
        losses = np.array([row[self.name] for row in rows])
        mean = (losses * sizes).sum() / sizes.sum()  # as np.average, which takes longer
        is_best = bool(mean < self.best_score_)
        if is_best:
            self.best_score_ = mean
        net.history.record(self.name, mean)
        net.history.record(f"{self.name}_best", is_best)


class RefuseDivergence(Callback):
    """Raise ValueError when a loss or a weight is no longer finite."""

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self._check(net, math.isfinite(net.history[-1, "train_loss"]), "the loss")
        # Each skipped step halves the loss scale: too many steps were skipped in a row.
        if net.scaler is not None:
            self._check(net, net.scaler.get_scale() > _LEAST_SCALE, "a gradient")

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        # The norm is the largest absolute value, and NaN if there is one.
        largest = (
            torch.linalg.vector_norm(p.detach(), math.inf).item()
            for p in net.module_.parameters()
        )
        self._check(net, all(map(math.isfinite, largest)), "a weight")

    def _check(self, net: NeuralNet, finite: bool, what: str) -> None:
        if not finite:
            epoch, lr = net.history[-1, ("epoch", "lr")]
            raise ValueError(
                f"Training diverged: {what} is not finite after epoch {epoch}, with "
                f"lr={net.lr} ({lr:.3g} in that epoch). Try a smaller lr or a smaller "
                "gradient_clip."
            )


class EpochObserver(Callback):
    """Call two functions around every epoch; stop training if the second returns true."""

    def __init__(self, begin: Callable[[], None], end: Callable[[], bool]) -> None:
        self.begin, self.end = begin, end

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        self.begin()

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        net.stop_requested |= bool(self.end())


class GradientClipping(Callback):
    """Clip the norm of the gradient.

    Clips over the optimizer's own list of parameters: skorch's own callback searches all
    layers for parameters in every mini-batch.
    """

    def __init__(self, max_norm: float) -> None:
        self.max_norm = max_norm

    def on_grad_computed(self, net: NeuralNet, *args: Any, **kwargs: Any) -> None:
        groups = net.optimizer_.param_groups
        clip_gradients((p for g in groups for p in g["params"]), self.max_norm)


def make_callbacks(
    callbacks: Any,
    *,
    gradient_clip: float | None,
    early_stopping: bool,
    patience: int,
    lr_schedule: str,
    lr_warmup: float,
    max_epochs: int,
    verbose: int,
    monitor: str = "valid_loss",
) -> list[Any]:
    """Return the callbacks of the hyperparameters, followed by the user's own."""
    made: list[Any] = []
    if gradient_clip is not None:
        made.append(("gradient_clip", GradientClipping(gradient_clip)))
    if early_stopping:
        made.append(("early_stopping", _early_stopping(patience, verbose, monitor)))
    schedule = _schedule(lr_schedule, lr_warmup, max_epochs, early_stopping)
    if schedule is not None:
        made.append(("lr_schedule", schedule))
    return [*made, *map(_check_callback, callbacks or ())]


def _check_callback(callback: Any) -> Any:
    named = isinstance(callback, tuple) and len(callback) == 2
    if not isinstance(callback[1] if named else callback, Callback):
        raise TypeError(
            "callbacks must hold instances of skorch.callbacks.Callback, or tuples "
            f"(name, instance), got {callback!r}"
        )
    return callback


def _early_stopping(patience: int, verbose: int, monitor: str) -> EarlyStopping:
    return EarlyStopping(
        monitor=monitor,
        lower_is_better=monitor == "valid_loss",
        patience=patience,
        threshold=0.0,
        load_best=True,
        sink=print if verbose else _say_nothing,
    )


def _say_nothing(*_: Any) -> None:
    """Print nothing; a function with a name can be pickled."""


def _schedule(
    name: str, warmup: float, max_epochs: int, validates: bool
) -> LRScheduler | None:
    if warmup:
        factor = WarmUp(count_warmup(warmup, max_epochs), max_epochs, name == "cosine")
        return LRScheduler("LambdaLR", lr_lambda=factor)
    if name == "constant":
        return None
    if name == "cosine":
        return LRScheduler("CosineAnnealingLR", T_max=max_epochs)
    monitor = "valid_loss" if validates else "train_loss"
    return LRScheduler("ReduceLROnPlateau", monitor=monitor, patience=5, factor=0.5)


def count_warmup(share: float, max_epochs: int) -> int:
    """Return the number of epochs of a warm-up, which never are all of them.

    Examples
    --------
    >>> [count_warmup(0.07, n) for n in (1, 5, 100)]
    [0, 1, 7]
    """
    # Rounded first, since 0.07 times 100 is above 7 in binary.
    return min(math.ceil(round(share * max_epochs, 9)), max_epochs - 1)


@dataclass
class WarmUp:
    """Factor of the learning rate: a line upwards, and then one or half a cosine.

    Attributes
    ----------
    n_warmup : int
        Epochs on the line, from ``1 / (n_warmup + 1)``.
    max_epochs : int
        All epochs.
    goes_down : bool
        Whether the rate is annealed to zero afterwards.

    Examples
    --------
    >>> [round(WarmUp(2, 6, goes_down=True)(epoch), 2) for epoch in range(6)]
    [0.33, 0.67, 1.0, 0.85, 0.5, 0.15]
    """

    n_warmup: int
    max_epochs: int
    goes_down: bool

    def __call__(self, epoch: int) -> float:
        if epoch < self.n_warmup:
            return (epoch + 1) / (self.n_warmup + 1)
        if not self.goes_down:
            return 1.0
        passed = (epoch - self.n_warmup) / (self.max_epochs - self.n_warmup)
        return (1 + math.cos(math.pi * passed)) / 2
