"""How far back a network looks, as numbers and as a picture."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .._inputs.types import ArrayLike
from ._drawing import axes_for
from ._fitted import fitted_reading

__all__ = ["MemoryDisplay", "memory_curve"]

_METHODS = {"output": "forward", "representation": "represent"}
_SHARE = 0.9


def memory_curve(
    estimator: Any,
    X: ArrayLike,
    *,
    of: str = "output",
    max_lag: int | None = None,
) -> np.ndarray:
    r"""Return how much the answer of a network depends on steps further and further back.

    That is, for each lag, the mean over the sequences of

    .. math:: \left\| \frac{\partial y}{\partial x_{T - \mathrm{lag}}} \right\|

    where y are the outputs of the network at the end of a sequence of T steps (logits, or
    standardised values), x its steps as the network reads them (standardised numbers, or
    the vectors of tokens and categories), and the norm is that of Frobenius. A lag of 0
    is the last step.

    Parameters
    ----------
    estimator : estimator
        A fitted recurrent estimator, or a Pipeline or search of one.
    X : array-like
        Sequences, as in fit.
    of : {"output", "representation"}, default="output"
        What is derived: the outputs, those for the last step if there is one for each;
        or what ``transform`` returns.
    max_lag : int or None, default=None
        The largest lag; None for the median length of X, less one. Sequences that are
        not as long count at the smaller lags.

    Returns
    -------
    ndarray of shape (max_lag + 1,)
        Mean norms, from lag 0 on.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is no recurrent estimator, or reads a table.
    ValueError
        If ``of`` or ``max_lag`` is out of its range.

    Notes
    -----
    A gradient is of small changes. A network that has saturated may remember well while
    its gradient vanishes: compare :func:`occlusion_importance`.

    References
    ----------
    Bengio, Simard and Frasconi (1994), Learning long-term dependencies with gradient
    descent is difficult. IEEE Transactions on Neural Networks 5(2).

    Examples
    --------
    >>> from sksequence import GRURegressor
    >>> from sksequence.datasets import make_adding
    >>> from sksequence.inspection import memory_curve
    >>> X, y = make_adding(200, 20, random_state=0)
    >>> gru = GRURegressor(pooling="last", max_epochs=3, random_state=0).fit(X, y)
    >>> curve = memory_curve(gru, X[:50])
    >>> curve.shape, bool(curve[0] > curve[-1])
    ((20,), True)
    """
    if of not in _METHODS:
        raise ValueError(f'of must be "output" or "representation", got {of!r}.')
    network, X = fitted_reading(estimator, X)
    norms = network._derive(X, _METHODS[of])
    lengths = np.array([len(own) for own in norms])
    longest = int(lengths.max())
    if max_lag is None:
        max_lag = int(np.median(lengths)) - 1
    if isinstance(max_lag, bool) or not 0 <= max_lag < longest:
        raise ValueError(
            f"max_lag must be from 0 to {longest - 1}, as X has at most {longest} steps, "
            f"got {max_lag!r}."
        )
    backwards = np.full((len(norms), longest), np.nan)
    for row, own in zip(backwards, norms, strict=True):
        row[: len(own)] = own[::-1]
    return np.nanmean(backwards[:, : max_lag + 1], axis=0)


class MemoryDisplay:
    """How far back a network looks: the norm of its gradient by lag.

    Create it by :meth:`from_estimator` or :meth:`from_predictions`; draw several on the
    same axes to compare cells.

    Parameters
    ----------
    curve : ndarray of shape (n_lags,)
        Norms, from lag 0 on, as from :func:`memory_curve`.
    name : str or None, default=None
        Name of the line.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    line_ : matplotlib Line2D
        The line.

    See Also
    --------
    memory_curve : The numbers.

    Examples
    --------
    >>> from sksequence.inspection import MemoryDisplay
    >>> display = MemoryDisplay.from_predictions([4.0, 3.0, 2.0, 1.0], name="GRU")
    >>> display.reach
    2
    """

    ax_: Any
    figure_: Any
    line_: Any

    def __init__(self, *, curve: ArrayLike, name: str | None = None) -> None:
        self.curve = curve
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        of: str = "output",
        max_lag: int | None = None,
        name: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the memory of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted recurrent estimator, or a Pipeline or search of one.
        X : array-like
            Sequences, as in fit.
        of : {"output", "representation"}, default="output"
            What is derived, as in :func:`memory_curve`.
        max_lag : int or None, default=None
            The largest lag; None for the median length of X, less one.
        name : str or None, default=None
            Name of the line; None for that of the class.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        MemoryDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As :func:`memory_curve`.
        """
        curve = memory_curve(estimator, X, of=of, max_lag=max_lag)
        if name is None:
            name = type(fitted_reading(estimator, X)[0]).__name__
        return cls(curve=curve, name=name).plot(ax)

    @classmethod
    def from_predictions(
        cls, curve: ArrayLike, *, name: str | None = None, ax: Any = None
    ) -> Self:
        """Draw a given curve.

        Parameters
        ----------
        curve : array-like of shape (n_lags,)
            Norms, from lag 0 on.
        name : str or None, default=None
            Name of the line.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        MemoryDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the curve has another form.
        """
        return cls(curve=curve, name=name).plot(ax)

    @property
    def reach(self) -> int:
        """The lag up to which nine tenths of the curve lie."""
        curve = self._numbers()
        below = np.cumsum(curve) < _SHARE * curve.sum()
        return min(int(below.sum()), len(curve) - 1)

    def plot(self, ax: Any = None) -> Self:
        """Draw the curve, with a dot at the reach.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        MemoryDisplay
            The display.

        Raises
        ------
        ValueError
            If the curve has another form.
        ImportError
            If matplotlib is not installed.
        """
        curve = self._numbers()
        ax = axes_for(ax, type(self).__name__)
        (self.line_,) = ax.plot(
            curve, label=self.name, markevery=[self.reach], marker="o"
        )
        if (curve > 0).any():
            ax.set_yscale("log", nonpositive="clip")
        ax.set(xlabel="steps before the last", ylabel="norm of the gradient")
        ax.set_title("dots: nine tenths lie up to here", fontsize="small", loc="right")
        if self.name is not None:
            ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _numbers(self) -> np.ndarray:
        curve = np.asarray(self.curve, dtype=np.float64)
        if curve.ndim != 1 or not len(curve):
            raise ValueError(f"curve must have shape (n_lags,), got {curve.shape}.")
        return curve
