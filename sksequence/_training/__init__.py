"""Training with torch and skorch; imported by the first fit."""

from torch import enable_grad

from ..nn._sizes import check_sizes
from .augmentation import kept_steps
from .batches import SequenceDataset, make_dataset
from .callbacks import EpochObserver
from .devices import settings_here
from .memory import memory_errors
from .module import make_module
from .net import SequenceNet, epochs_of, make_net, prepare_features, train
from .precision import check_precision
from .resuming import Keeper, progress_of, set_progress
from .scoring import ScoreValidation, find_scorer, make_score
from .state import restore, state_of
from .threads import threads, torch_threads

__all__ = [
    "EpochObserver",
    "Keeper",
    "ScoreValidation",
    "SequenceDataset",
    "SequenceNet",
    "check_precision",
    "check_sizes",
    "enable_grad",
    "epochs_of",
    "find_scorer",
    "kept_steps",
    "make_dataset",
    "make_module",
    "make_net",
    "make_score",
    "memory_errors",
    "prepare_features",
    "progress_of",
    "restore",
    "set_progress",
    "settings_here",
    "state_of",
    "threads",
    "torch_threads",
    "train",
]
