"""Scores of the validation set after each epoch."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import partial
from numbers import Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer
from skorch import NeuralNet
from skorch.callbacks import Callback

from .batches import SequenceDataset


class ScoreValidation(Callback):
    """Record a score of each epoch as ``valid_score`` in the history."""

    def __init__(self, score: Callable[[], float]) -> None:
        self.score = score

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        net.history.record("valid_score", self.score())


def make_score(
    estimator: Any,
    scoring: str | Callable[..., float],
    valid: SequenceDataset,
    weight: np.ndarray | None,
) -> Callable[[], float]:
    """Return a function that scores an estimator as of now.

    Parameters
    ----------
    estimator : estimator
        An estimator with a net, whose training may go on.
    scoring : str or callable
        A name of scikit-learn's scorers, which get the targets of all steps in one
        array; or a scorer, which gets those of each sequence.
    valid : SequenceDataset
        The validation set.
    weight : ndarray of shape (n_targets,) or None
        Weight of each target that is given.

    Raises
    ------
    ValueError
        If there is no scorer of that name; by the function, if there is no finite score.
    """
    scorer = _find_scorer(scoring) if isinstance(scoring, str) else scoring
    measure = partial(scorer, estimator.net_, valid, valid.y)
    if valid.per_step and not isinstance(scoring, str):
        if valid.given is not None:
            raise ValueError(
                "scoring must be a name of a scorer where steps have no target, got "
                f"{scoring!r}."
            )
        measure = partial(scorer, estimator, valid, valid.y_of_sequences)
    if weight is not None and _takes_weights(scorer):
        measure = partial(measure, sample_weight=_for_scorer(weight, valid, scoring))

    def score() -> float:
        try:
            found = measure()
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(
                f"scoring={scoring!r} cannot score the validation set: {error}"
            ) from error
        if not isinstance(found, Real) or not math.isfinite(found):
            raise ValueError(
                f"scoring={scoring!r} must give a finite number on the validation set of "
                f"{len(valid)} sequences, got {found!r}."
            )
        return float(found)

    return score


def _find_scorer(name: str) -> Callable[..., float]:
    """Return scikit-learn's scorer of that name."""
    try:
        return get_scorer(name)
    except ValueError as error:
        raise ValueError(f"scoring must be a name of a scorer. {error}") from error


def _for_scorer(
    weight: np.ndarray, valid: SequenceDataset, scoring: str | Callable[..., float]
) -> np.ndarray | list[np.ndarray]:
    """Return the weights of all targets, or of those of each sequence."""
    if not valid.per_step or isinstance(scoring, str):
        return weight
    return list(np.split(weight, np.cumsum(valid.lengths.numpy())[:-1]))


def _takes_weights(scorer: Callable[..., float]) -> bool:
    return "sample_weight" in inspect.signature(scorer).parameters
