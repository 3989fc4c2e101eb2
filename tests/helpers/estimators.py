"""The public classes by name, and small ones that fit fast."""

from __future__ import annotations

import numpy as np

import sksequence

FAST = {"hidden_size": 8, "max_epochs": 2, "random_state": 0}
NOT_A_NETWORK = {"WindowForecaster", "load", "save"}
PUBLIC = [name for name in sksequence.__all__ if name not in NOT_A_NETWORK]
# Those that read steps and answer once for each sequence.
CELLS = ("SimpleRNN", "LSTM", "GRU", "Recurrent")
CLASSIFIERS = sorted(f"{cell}Classifier" for cell in CELLS)
REGRESSORS = sorted(f"{cell}Regressor" for cell in CELLS)
ESTIMATORS = CLASSIFIERS + REGRESSORS


def plain(name, **params):
    """An estimator of the public class with that name, of a recurrence alone."""
    alone = {"random_convolutions": 0} if name in CLASSIFIERS else {}
    return getattr(sksequence, name)(**{**alone, **params})


def make(name, **params):
    """The same, which fits fast."""
    return plain(name, **{**FAST, **params})


def labels_for(name, n, seed=0):
    """Two classes in turn for a classifier, numbers for a regressor."""
    if name.endswith("Classifier"):
        return np.arange(n) % 2
    return np.random.default_rng(seed).normal(size=n)


# Where an equation is compared, rounding should not be in the way.
EXACT = {"dtype": "float64", "batch_size": None, "max_epochs": 8}


def target_of(task, name):
    """Labels for a classifier, else numbers; a task is (X, labels, numbers)."""
    return task[1] if name.endswith(("Classifier", "Tagger")) else task[2]
