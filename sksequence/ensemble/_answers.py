"""Mean and spread of the members' answers.

One after the other and elementwise: a sum in an order that numpy chooses by the number of
rows would give a sequence other bits in another batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def mean_of(answers: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean of equal arrays, in float64.

    Examples
    --------
    >>> mean_of([np.array([1.0, 2.0]), np.array([2.0, 4.0])])
    array([1.5, 3. ])
    """
    total = np.zeros(answers[0].shape)
    for answer in answers:
        total = total + answer
    return total / len(answers)


def std_of(
    means: Sequence[np.ndarray], stds: Sequence[np.ndarray] | None = None
) -> np.ndarray:
    r"""Return the standard deviation of an equal mixture of distributions, in float64.

    .. math:: \sigma^2 = \frac{1}{n} \sum_i \left( \sigma_i^2 + (\mu_i - \mu)^2 \right)

    Without ``stds`` that of the means.

    Examples
    --------
    >>> means = [np.array([1.0]), np.array([3.0])]
    >>> std_of(means), std_of(means, [np.array([1.0]), np.array([1.0])]) ** 2
    (array([1.]), array([2.]))
    """
    mean = mean_of(means)
    variance = mean_of([(answer - mean) ** 2 for answer in means])
    if stds is not None:
        variance = variance + mean_of([std.astype(np.float64) ** 2 for std in stds])
    return np.sqrt(variance)


def in_floats_of(answers: Sequence[np.ndarray], values: np.ndarray) -> np.ndarray:
    """Return values in the float dtype of the members' answers."""
    dtype = answers[0].dtype
    return values.astype(dtype) if dtype.kind == "f" else values
