"""Folds in a form that can be compared."""

from __future__ import annotations


def lists(folds):
    return [(train.tolist(), test.tolist()) for train, test in folds]
