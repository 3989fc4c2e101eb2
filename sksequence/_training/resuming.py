"""Save the training progress after an epoch as plain data, and resume from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping, LRScheduler

from .net import masks_of
from .state import from_plain, restore, state_of, to_plain

# Attributes of EarlyStopping that depend on the epochs so far.
_STOPPING = ("misses_", "dynamic_threshold_", "best_model_weights_", "best_epoch_")


class Keeper(Callback):
    """Callback that resumes from saved progress, and saves the progress of each epoch.

    It must come after all other callbacks, which have to be initialised before progress
    is restored, and have to finish an epoch before it is saved.

    Parameters
    ----------
    keep : callable
        Called with the progress after each epoch.
    progress : dict or None
        Progress to resume from; None to start from the beginning.
    """

    def __init__(self, keep: Callable[[dict], None], progress: dict | None) -> None:
        self.keep, self.progress = keep, progress

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        if self.progress is not None:
            set_progress(net, self.progress)

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self.keep(progress_of(net))


def progress_of(net: Any) -> dict[str, Any]:
    """Return everything that the following epochs depend on.

    The history leaves out single batches, which would make the file grow every epoch.
    """
    masks = masks_of(net)
    return {
        "state": state_of(net),
        "history": [to_plain({**row, "batches": []}) for row in net.history],
        "callbacks": {
            name: state for name, cb in net.callbacks_ if (state := _state_of(cb))
        },
        "masks": None if masks is None else masks.get_state().numpy().copy(),
        **({} if net.average is None else {"average": to_plain(net.average.get_state())}),
    }


def set_progress(net: Any, progress: dict[str, Any]) -> None:
    """Restore the progress of a net that was built in the same way."""
    state = progress["state"]
    net.module_.load_state_dict(from_plain(state["weights"]))
    restore(net, state)
    # `restore` sets the net's own learning rates; bring back those of the schedule.
    net.optimizer_.load_state_dict(from_plain(state["optimizer"]))
    net.history_ = type(net.history)(progress["history"])
    masks = masks_of(net)
    if masks is not None:
        masks.set_state(from_plain(progress["masks"]))
    if net.average is not None and "average" in progress:
        net.average.set_state(from_plain(progress["average"]))
    for name, callback in net.callbacks_:
        if name in progress["callbacks"]:
            _set_state(callback, from_plain(progress["callbacks"][name]))


def _state_of(callback: Callback) -> dict[str, Any] | None:
    if isinstance(callback, EarlyStopping):
        return to_plain({name: getattr(callback, name, None) for name in _STOPPING})
    if isinstance(callback, LRScheduler) and callback.lr_scheduler_ is not None:
        schedule = callback.lr_scheduler_.state_dict()
        return to_plain({"schedule": schedule, "batch_idx_": callback.batch_idx_})
    return None


def _set_state(callback: Any, state: dict[str, Any]) -> None:
    schedule = state.pop("schedule", None)
    # There is no scheduler yet if no training follows.
    if schedule is not None and callback.lr_scheduler_ is not None:
        callback.lr_scheduler_.load_state_dict(schedule)
    for name, value in state.items():
        setattr(callback, name, value)
