"""Where training stands after an epoch, in plain data, and how it goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping, LRScheduler

from ..nn import Dropout
from .state import from_plain, restore, state_of, to_plain

# What these hold of the epochs so far.
_STOPPING = ("misses_", "dynamic_threshold_", "best_model_weights_", "best_epoch_")


class Keeper(Callback):
    """Keep where training stands after each epoch; begin where it stood.

    Comes after all other callbacks: they have begun before, and an epoch is over for them
    before it is kept.

    Parameters
    ----------
    keep : callable
        Gets the progress after each epoch.
    progress : dict or None
        Where to begin; None for the beginning.
    """

    def __init__(self, keep: Callable[[dict], None], progress: dict | None) -> None:
        self.keep, self.progress = keep, progress

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        if self.progress is not None:
            set_progress(net, self.progress)

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self.keep(progress_of(net))


def progress_of(net: Any) -> dict[str, Any]:
    """Return all that the next epochs depend on.

    Of the history without the single batches, which would make every epoch's file longer
    than the last.
    """
    masks = _masks_of(net)
    return {
        "state": state_of(net),
        "history": [to_plain({**row, "batches": []}) for row in net.history],
        "callbacks": {
            name: state for name, cb in net.callbacks_ if (state := _state_of(cb))
        },
        "masks": None if masks is None else masks.get_state().numpy().copy(),
    }


def set_progress(net: Any, progress: dict[str, Any]) -> None:
    """Bring a net of the same making to where it stood."""
    state = progress["state"]
    net.module_.load_state_dict(from_plain(state["weights"]))
    restore(net, state)
    # With the rates of the schedule, which the net's own would replace.
    net.optimizer_.load_state_dict(from_plain(state["optimizer"]))
    net.history_ = type(net.history)(progress["history"])
    masks = _masks_of(net)
    if masks is not None:
        masks.set_state(from_plain(progress["masks"]))
    for name, callback in net.callbacks_:
        if name in progress["callbacks"]:
            _set_state(callback, from_plain(progress["callbacks"][name]))


def _masks_of(net: Any) -> Any:
    """The generator of dropout, where it is another than that of the batches."""
    for layer in net.module_.modules():
        if isinstance(layer, Dropout):
            own = layer.generator
            return None if own is net.iterator_train__generator else own
    return None


def _state_of(callback: Callback) -> dict[str, Any] | None:
    if isinstance(callback, EarlyStopping):
        return to_plain({name: getattr(callback, name, None) for name in _STOPPING})
    if isinstance(callback, LRScheduler) and callback.lr_scheduler_ is not None:
        schedule = callback.lr_scheduler_.state_dict()
        return to_plain({"schedule": schedule, "batch_idx_": callback.batch_idx_})
    return None


def _set_state(callback: Any, state: dict[str, Any]) -> None:
    schedule = state.pop("schedule", None)
    # There is none yet where no training follows.
    if schedule is not None and callback.lr_scheduler_ is not None:
        callback.lr_scheduler_.load_state_dict(schedule)
    for name, value in state.items():
        setattr(callback, name, value)
