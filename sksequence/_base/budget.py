"""Epochs, mini-batches and patience that fit the number of sequences: what "auto" means.

An epoch of few sequences has few optimizer steps: 50 epochs of 17 sequences in batches of
16 are only 100. So a budget is at least so many epochs and at least so many mini-batches,
whichever is more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AUTO = "auto"
# Found by experiment (``benchmarks/recipes.py``).
MIN_EPOCHS, MAX_EPOCHS = 50, 500
MIN_BATCHES = 1500
BATCHES_PER_EPOCH = 10
SMALLEST_BATCH, LARGEST_BATCH = 8, 64
MIN_PATIENCE = 10
PATIENCE_SHARE = 5  # a fifth of the epochs


def resolve_budget(params: Mapping[str, Any], n_sequences: int) -> dict[str, int]:
    """Return the numbers of the hyperparameters that are "auto", by name.

    Parameters
    ----------
    params : dict
        ``max_epochs``, ``batch_size`` and ``patience``, and ``net_params``, which
        override the first two.
    n_sequences : int
        Number of sequences to train on.

    Examples
    --------
    >>> auto = {"max_epochs": "auto", "batch_size": "auto", "patience": "auto"}
    >>> for n in (17, 60, 300, 10_000):
    ...     resolve_budget({**auto, "net_params": None}, n)
    {'batch_size': 8, 'max_epochs': 500, 'patience': 100}
    {'batch_size': 8, 'max_epochs': 188, 'patience': 37}
    {'batch_size': 30, 'max_epochs': 150, 'patience': 30}
    {'batch_size': 64, 'max_epochs': 50, 'patience': 10}
    """
    given = params["net_params"] or {}
    found = {}
    batch_size, max_epochs = params["batch_size"], params["max_epochs"]
    if batch_size == AUTO:
        share = n_sequences // BATCHES_PER_EPOCH
        batch_size = min(max(share, SMALLEST_BATCH), LARGEST_BATCH)
        found["batch_size"] = batch_size
    if max_epochs == AUTO:
        n_batches = _count_batches(given.get("batch_size", batch_size), n_sequences)
        enough = max(MIN_EPOCHS, -(-MIN_BATCHES // n_batches))
        # The schedule of the learning rate has to know of those of the net, too.
        max_epochs = int(given.get("max_epochs", min(enough, MAX_EPOCHS)))
        found["max_epochs"] = max_epochs
    if params["patience"] == AUTO:
        n_epochs = int(given.get("max_epochs", max_epochs))
        found["patience"] = max(MIN_PATIENCE, n_epochs // PATIENCE_SHARE)
    return found


def _count_batches(batch_size: int | None, n_sequences: int) -> int:
    """Return the number of mini-batches of an epoch; None and -1 are full batches."""
    if batch_size is None or batch_size < 0:
        return 1
    return -(-n_sequences // int(batch_size))
