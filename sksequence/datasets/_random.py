"""What all generators take: counts, lengths and a seed."""

from __future__ import annotations

from numbers import Integral
from typing import Any, TypeAlias

import numpy as np

from .._inputs.borrowed import Interval
from .._inputs.intervals import Count

Seed: TypeAlias = int | np.random.RandomState | np.random.Generator | None
Lengths: TypeAlias = int | tuple[int, int]

N = [Count()]
LENGTHS = [Count(), tuple]
SEED: list[Any] = [
    Interval(Integral, 0, None, closed="left"),
    np.random.RandomState,
    np.random.Generator,
    None,
]


def generator_of(random_state: Seed) -> np.random.Generator:
    """Return a generator: the given one, or a new one from a seed.

    Examples
    --------
    >>> int(generator_of(0).integers(100)), int(np.random.default_rng(0).integers(100))
    (85, 85)
    """
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31, size=4))
    return np.random.default_rng(random_state)


def draw_lengths(
    n: int, n_steps: Lengths, least: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the length of each sequence: all the same, or between two bounds.

    Examples
    --------
    >>> draw_lengths(3, 5, 2, generator_of(0))
    array([5, 5, 5])
    >>> draw_lengths(3, (1, 4), 2, generator_of(0))
    Traceback (most recent call last):
    ...
    ValueError: n_steps must be at least 2, or two such numbers, the smaller one first, \
got (1, 4).
    """
    bounds = n_steps if isinstance(n_steps, tuple) else (n_steps, n_steps)
    is_pair = len(bounds) == 2 and all(
        isinstance(bound, Integral) and not isinstance(bound, bool) for bound in bounds
    )
    if not is_pair or not least <= bounds[0] <= bounds[1]:
        raise ValueError(
            f"n_steps must be at least {least}, or two such numbers, the smaller one "
            f"first, got {n_steps!r}."
        )
    if bounds[0] == bounds[1]:
        return np.full(n, bounds[0])
    return rng.integers(bounds[0], bounds[1] + 1, size=n)


def stacked(sequences: list[np.ndarray], n_steps: Lengths) -> Any:
    """Return sequences of one length as an array, others as the list that they are."""
    return sequences if isinstance(n_steps, tuple) else np.array(sequences)
