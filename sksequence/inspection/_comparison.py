"""Comparison of two models on the same folds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit


@dataclass(frozen=True)
class Comparison:
    r"""How far one model is ahead of another, by the corrected resampled t-test.

    The scores of folds are not independent, since their training sets overlap. So the
    variance :math:`s^2` of the k differences is not divided by k alone:

    .. math:: \mathrm{SE}^2 = \left( \frac{1}{k} + \frac{n_{test}}{n_{train}} \right) s^2

    Attributes
    ----------
    difference : float
        Mean difference of the scores.
    std_error : float
        Its corrected standard error; NaN with one fold.
    p_value : float
        Of the two-sided test that the difference is zero; NaN with one fold.
    low, high : float
        Bounds of the 95 % confidence interval.

    References
    ----------
    Nadeau and Bengio (2003), Inference for the generalization error. Machine Learning 52.

    Examples
    --------
    >>> one, other = np.array([0.9, 0.8, 0.85]), np.array([0.7, 0.75, 0.65])
    >>> found = Comparison.of(one, other, test_share=0.5)
    >>> round(found.difference, 3), round(found.std_error, 3), round(found.p_value, 3)
    (0.15, 0.079, 0.198)
    """

    difference: float
    std_error: float
    p_value: float
    low: float
    high: float

    @classmethod
    def of(cls, one: np.ndarray, other: np.ndarray, test_share: float) -> Comparison:
        """Compare scores of folds; ``test_share`` is n_test / n_train."""
        differences = one - other
        n, mean = len(differences), float(differences.mean())
        if n < 2:
            return cls(mean, np.nan, np.nan, np.nan, np.nan)
        error = float(np.sqrt((1 / n + test_share) * differences.var(ddof=1)))
        if error == 0:
            return cls(mean, 0.0, float(mean == 0), mean, mean)
        p_value = float(2 * stdtr(n - 1, -abs(mean) / error))
        reach = float(stdtrit(n - 1, 0.975)) * error
        return cls(mean, error, p_value, mean - reach, mean + reach)
