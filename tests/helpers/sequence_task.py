"""A task with an answer per sequence, and what its estimators say."""

from __future__ import annotations

from helpers.estimators import CLASSIFIERS

# Where an equation is compared, rounding should not be in the way.
EXACT = {"dtype": "float64", "batch_size": None, "max_epochs": 8}


def steps_only(model):
    """The history without what the clock says."""
    return [
        {key: value for key, value in epoch.items() if key != "duration"}
        for epoch in model.history_
    ]


def answers(model, X):
    return (model.predict_proba if hasattr(model, "predict_proba") else model.predict)(X)


def target_of(task, name):
    return task[1] if name in CLASSIFIERS else task[2]
