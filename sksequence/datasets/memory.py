"""Tasks that need memory: the adding problem, parity, and the order of two events."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._inputs.borrowed import validate_params
from .._inputs.types import typed
from ._random import LENGTHS, SEED, Lengths, N, Seed, draw_lengths, generator_of, stacked

__all__ = ["make_adding", "make_order", "make_parity"]

_NOISE, _HEIGHT = 0.3, 2.0
_OPTIONS: dict[str, Any] = {"n_sequences": N, "n_steps": LENGTHS, "random_state": SEED}


@typed(validate_params(_OPTIONS, prefer_skip_nested_validation=True))
def make_adding(
    n_sequences: int = 1000, n_steps: Lengths = 100, *, random_state: Seed = None
) -> tuple[Any, np.ndarray]:
    """Generate the adding problem: the sum of two marked numbers among many.

    The first channel holds uniform random numbers, the second marks two steps, one in
    each half, by one. The target is the sum of the two marked numbers. Predicting the
    mean has a mean squared error of 1/6; to be ahead of it, a network has to keep a
    number over up to ``n_steps`` steps.

    Parameters
    ----------
    n_sequences : int, default=1000
        Number of sequences.
    n_steps : int or tuple of two int, default=100
        Length of the sequences, at least 2, or the shortest and the longest one.
    random_state : int, RandomState or Generator instance or None, default=None
        Seed of the generator, or the generator.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_steps, 2), or list of such sequences
        Numbers and marks; a list if ``n_steps`` has two bounds.
    y : ndarray of shape (n_sequences,)
        Sums.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Hochreiter and Schmidhuber (1997), Long short-term memory. Neural Computation 9(8).

    Examples
    --------
    >>> from sksequence.datasets import make_adding
    >>> X, y = make_adding(200, 50, random_state=0)
    >>> X.shape, X[:, :, 1].sum(axis=1).max()
    ((200, 50, 2), np.float64(2.0))
    >>> bool((y == (X[:, :, 0] * X[:, :, 1]).sum(axis=1)).all())
    True
    """
    rng = generator_of(random_state)
    lengths = draw_lengths(n_sequences, n_steps, 2, rng)
    numbers = np.split(rng.uniform(size=lengths.sum()), np.cumsum(lengths)[:-1])
    halves = lengths // 2
    first, second = rng.integers(0, halves), rng.integers(halves, lengths)
    X = [np.column_stack([own, np.zeros(len(own))]) for own in numbers]
    for x, *marked in zip(X, first, second, strict=True):
        x[marked, 1] = 1
    y = np.array([x[x[:, 1] == 1, 0].sum() for x in X])
    return stacked(X, n_steps), y


@typed(
    validate_params(
        {**_OPTIONS, "each_step": ["boolean"]}, prefer_skip_nested_validation=True
    )
)
def make_parity(
    n_sequences: int = 1000,
    n_steps: Lengths = 8,
    *,
    each_step: bool = False,
    random_state: Seed = None,
) -> tuple[Any, Any]:
    """Generate bits and their parity, of the whole sequence or so far.

    Each bit decides: of all bits but one nothing can be said of the parity, so no summary
    of parts helps, and a state of one bit is enough.

    Parameters
    ----------
    n_sequences : int, default=1000
        Number of sequences.
    n_steps : int or tuple of two int, default=8
        Length of the sequences, or the shortest and the longest one.
    each_step : bool, default=False
        Whether to return the parity of the bits so far for every step, for
        :class:`~sksequence.RecurrentTagger`, instead of one for the sequence.
    random_state : int, RandomState or Generator instance or None, default=None
        Seed of the generator, or the generator.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_steps), or list of ndarray
        Bits, 0.0 or 1.0; a list if ``n_steps`` has two bounds.
    y : ndarray of shape (n_sequences,), or in the form of X
        "even" or "odd".

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Examples
    --------
    >>> from sksequence.datasets import make_parity
    >>> X, y = make_parity(2, (3, 5), each_step=True, random_state=1)
    >>> X[0], y[0]
    (array([1., 1., 0., 0.]), array(['odd', 'even', 'even', 'even'], dtype='<U4'))
    """
    rng = generator_of(random_state)
    lengths = draw_lengths(n_sequences, n_steps, 1, rng)
    bits = rng.integers(2, size=lengths.sum())
    X = np.split(bits.astype(np.float64), np.cumsum(lengths)[:-1])
    y = [np.where(x.cumsum() % 2 == 1, "odd", "even") for x in X]
    if not each_step:
        return stacked(X, n_steps), np.array([so_far[-1] for so_far in y])
    return stacked(X, n_steps), stacked(y, n_steps)


@typed(validate_params(_OPTIONS, prefer_skip_nested_validation=True))
def make_order(
    n_sequences: int = 1000, n_steps: Lengths = 30, *, random_state: Seed = None
) -> tuple[Any, np.ndarray]:
    """Generate the order of two: which of two events in noise came first.

    Two steps, anywhere, hold an event each, one in the first channel and one in the
    second; all else is noise. What a bag of steps knows, whatever it sums up, is the same
    for both classes.

    Parameters
    ----------
    n_sequences : int, default=1000
        Number of sequences.
    n_steps : int or tuple of two int, default=30
        Length of the sequences, at least 2, or the shortest and the longest one.
    random_state : int, RandomState or Generator instance or None, default=None
        Seed of the generator, or the generator.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_steps, 2), or list of such sequences
        Noise, of standard deviation 0.3, and in each channel an event, which adds 2. A
        list if ``n_steps`` has two bounds.
    y : ndarray of shape (n_sequences,)
        "AB" if the event of the first channel came first, else "BA".

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Examples
    --------
    >>> from sksequence import GRUClassifier
    >>> from sksequence.datasets import make_order
    >>> X, y = make_order(600, 20, random_state=0)
    >>> gru = GRUClassifier(pooling="last", lr=0.01, max_epochs=15, random_state=0)
    >>> float(gru.fit(X[:400], y[:400]).score(X[400:], y[400:])) > 0.95
    True
    """
    rng = generator_of(random_state)
    lengths = draw_lengths(n_sequences, n_steps, 2, rng)
    X, y = [], []
    for length in lengths:
        x = rng.normal(0, _NOISE, size=(length, 2))
        events = rng.choice(length, size=2, replace=False)
        x[events, [0, 1]] += _HEIGHT
        X.append(x)
        y.append("AB" if events[0] < events[1] else "BA")
    return stacked(X, n_steps), np.array(y)
