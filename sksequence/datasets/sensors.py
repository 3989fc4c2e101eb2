"""Sensors that report at irregular times."""

from __future__ import annotations

from typing import Literal, overload

import numpy as np

from .._inputs.borrowed import validate_params
from .._inputs.types import typed
from ._random import SEED, N, Seed, generator_of

__all__ = ["make_irregular_sensors"]

_DECAY = np.array([4.0, 24.0])  # hours until a deviation is down to a third
_SHARE = 0.4  # of the values that are measured


@overload
def make_irregular_sensors(
    n_sequences: int = ...,
    *,
    return_best: Literal[False] = ...,
    random_state: Seed = ...,
) -> tuple[list[np.ndarray], np.ndarray]: ...
@overload
def make_irregular_sensors(
    n_sequences: int = ..., *, return_best: Literal[True], random_state: Seed = ...
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]: ...
@typed(
    validate_params(
        {"n_sequences": N, "return_best": ["boolean"], "random_state": SEED},
        prefer_skip_nested_validation=True,
    )
)
def make_irregular_sensors(
    n_sequences: int = 1000, *, return_best: bool = False, random_state: Seed = None
) -> (
    tuple[list[np.ndarray], np.ndarray] | tuple[list[np.ndarray], np.ndarray, np.ndarray]
):
    """Generate two sensors that report at irregular times, mostly not both at once.

    What they measure returns to its mean by itself, the first within hours, the second
    within a day. The target is the sum of both values at the last time, when none
    reports: 60 % of all values are missing.

    Parameters
    ----------
    n_sequences : int, default=1000
        Number of sequences.
    return_best : bool, default=False
        Whether to return also the best possible prediction, which knows the law: each
        last value times ``exp(-hours since / 4)``, and ``/ 24``.
    random_state : int, RandomState or Generator instance or None, default=None
        Seed of the generator, or the generator.

    Returns
    -------
    X : list of ndarray of shape (n_steps_i, 3)
        Values of the two sensors, NaN where there is none, and the time in hours: 8 to 19
        steps.
    y : ndarray of shape (n_sequences,)
        Sums of both values at the last time.
    best : ndarray of shape (n_sequences,)
        The best possible predictions. Only if ``return_best`` is True.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Examples
    --------
    >>> from sksequence.datasets import make_irregular_sensors
    >>> X, y = make_irregular_sensors(2, random_state=1)
    >>> X[0][:3].round(1)
    array([[ 0.6,  0. ,  0.9],
           [ nan,  nan, 17.1],
           [ nan,  nan, 18.2]])
    """
    rng = generator_of(random_state)
    made = [_one_sequence(rng) for _ in range(n_sequences)]
    X, y, best = map(list, zip(*made, strict=True))
    return (X, np.array(y), np.array(best)) if return_best else (X, np.array(y))


def _one_sequence(rng: np.random.Generator) -> tuple[np.ndarray, float, float]:
    """Return a sequence (n_steps, 3), its target, and the best prediction."""
    n_steps = rng.integers(8, 20)
    hours = np.cumsum(rng.exponential(3, size=n_steps))
    values = rng.normal(size=(n_steps, 2))
    for i in range(1, n_steps):
        kept = np.exp((hours[i - 1] - hours[i]) / _DECAY)
        values[i] = kept * values[i - 1] + np.sqrt(1 - kept**2) * values[i]
    measured = rng.random((n_steps, 2)) < _SHARE
    measured[0], measured[-1] = True, False
    last = n_steps - 1 - measured[::-1].argmax(axis=0)
    kept = np.exp((hours[last] - hours[-1]) / _DECAY)
    x = np.column_stack([np.where(measured, values, np.nan), hours])
    return x, values[-1].sum(), (kept * values[last, [0, 1]]).sum()
