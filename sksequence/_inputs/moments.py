"""Running moments: of chunks of data, and of the calls to partial_fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .fitted import Fitted, fitted_part
from .sequences import Chunks


@fitted_part
@dataclass(frozen=True)
class Moments(Fitted):
    """Weighted mean and squared deviations of columns, of the values that are no NaN.

    Attributes
    ----------
    count : ndarray of shape (n_columns,)
        Sum of the weights.
    mean : ndarray of shape (n_columns,)
        Mean; zero without values.
    squares : ndarray of shape (n_columns,)
        Sum of the weighted squared deviations from the mean.
    n_rows : ndarray of shape (n_columns,)
        Number of values.

    Examples
    --------
    >>> one = Moments.of_none(1).add(np.array([[1.0], [np.nan]]))
    >>> both = one.add(np.array([[5.0]]))
    >>> both.mean, both.scale
    (array([3.]), array([2.]))
    """

    kind: ClassVar[str] = "moments"

    count: np.ndarray
    mean: np.ndarray
    squares: np.ndarray
    n_rows: np.ndarray

    @classmethod
    def of_none(cls, n_columns: int) -> Moments:
        """Return the moments of no values."""
        return cls(*np.zeros((4, n_columns)))

    def add(self, values: np.ndarray, weight: np.ndarray | None = None) -> Moments:
        """Return the moments of these rows too.

        Chan, Golub and LeVeque (1983), The American Statistician: merge two parts.
        """
        values = values.astype(np.float64)
        share = (~np.isnan(values)).astype(np.float64)
        if weight is not None:
            share *= weight[:, None]
        values = np.where(share > 0, values, 0)
        count = share.sum(axis=0)
        mean = _ratio((share * values).sum(axis=0), count)
        deviation = np.where(share > 0, values - mean, 0)
        apart, both = mean - self.mean, self.count + count
        squares = self.squares + (share * deviation**2).sum(axis=0)
        squares += apart**2 * _ratio(self.count * count, both)
        return Moments(
            both,
            self.mean + apart * _ratio(count, both),
            squares,
            self.n_rows + (share > 0).sum(axis=0),
        )

    def add_steps(self, sequences: Chunks, weight: np.ndarray | None) -> Moments:
        """Return the moments of the steps of these sequences too."""
        moments = self
        for part, values in sequences.chunks():
            columns = np.moveaxis(values, 1, -1).reshape(-1, values.shape[1])
            per_row = None
            if weight is not None:
                times = sequences.lengths[part] * (len(columns) // max(len(values), 1))
                per_row = np.repeat(weight[part], times)
            moments = moments.add(columns, per_row)
        return moments

    @property
    def scale(self) -> np.ndarray:
        """The standard deviation; one for a constant."""
        variance = _ratio(self.squares, self.count)
        # The variance of a constant may be a rounding error: the bound of StandardScaler.
        eps = np.finfo(np.float64).eps
        bound = self.n_rows * eps * variance + (self.n_rows * self.mean * eps) ** 2
        return np.where(variance <= bound, 1.0, np.sqrt(variance))

    def check(self) -> None:
        parts = (self.count, self.mean, self.squares, self.n_rows)
        shapes = {getattr(part, "shape", None) for part in parts}
        if len(shapes) > 1 or len(shapes.pop() or ()) != 1:
            raise ValueError("its moments must be four arrays of one length")


def _ratio(values: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Divide, with 0 / 0 = 0."""
    return np.divide(values, count, out=np.zeros_like(values), where=count > 0)
