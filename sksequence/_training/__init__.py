"""Torch and skorch at work behind the estimators; loaded when the first fit begins."""

from ..nn._sizes import check_sizes
from .batches import SequenceDataset, make_dataset, standardised
from .callbacks import EpochObserver
from .devices import settings_here
from .memory import memory_errors
from .net import (
    SequenceNet,
    epochs_of,
    make_module,
    make_net,
    train,
)
from .precision import check_precision
from .state import restore, state_of
from .threads import threads, torch_threads

__all__ = [
    "EpochObserver",
    "SequenceDataset",
    "SequenceNet",
    "check_precision",
    "check_sizes",
    "epochs_of",
    "make_dataset",
    "make_module",
    "make_net",
    "memory_errors",
    "restore",
    "settings_here",
    "standardised",
    "state_of",
    "threads",
    "torch_threads",
    "train",
]
