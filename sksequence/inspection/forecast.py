"""Forecasts as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._inputs import predicts_distribution
from .._inputs.types import ArrayLike
from ._drawing import axes_for, show_dates
from ._series import Curves, curves_of, points_of, rows_of_target

__all__ = ["ForecastDisplay"]

_LEVELS = (0.1, 0.5, 0.9)  # of distributions


class ForecastDisplay:
    """The end of a series, and its forecast with quantiles.

    Create it by :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    history : tuple of two ndarray of shape (n_rows,)
        Times and values before the forecast.
    forecast : tuple of two ndarray, (n_steps,) and (n_steps, n_levels)
        Times, and values at each level.
    levels : sequence of float or None, default=None
        The quantiles; None for a single forecast.
    truth : tuple of two ndarray of shape (n_rows,) or None, default=None
        Times and values that came true.
    name : str or None, default=None
        Title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    line_ : matplotlib Line2D
        The forecast, of several quantiles that nearest to the median.
    history_line_ : matplotlib Line2D
        The history.
    bands_ : list of matplotlib PolyCollection
        The bands between pairs of quantiles, the widest first.
    truth_line_ : matplotlib Line2D or None
        What came true.

    See Also
    --------
    sksequence.WindowForecaster : Forecasts of tables.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence.inspection import ForecastDisplay
    >>> forecast = np.column_stack([np.full(5, -1), np.zeros(5), np.ones(5)])
    >>> display = ForecastDisplay.from_predictions(
    ...     np.sin(np.arange(20)), forecast, quantiles=(0.1, 0.5, 0.9)
    ... )
    >>> len(display.bands_), display.line_.get_xdata()
    (1, array([20, 21, 22, 23, 24]))
    """

    ax_: Any
    figure_: Any
    line_: Any
    history_line_: Any
    truth_line_: Any
    bands_: list[Any]

    def __init__(
        self,
        *,
        history: tuple[np.ndarray, np.ndarray],
        forecast: tuple[np.ndarray, np.ndarray],
        levels: Sequence[float] | None = None,
        truth: tuple[np.ndarray, np.ndarray] | None = None,
        name: str | None = None,
    ) -> None:
        self.history = history
        self.forecast = forecast
        self.levels = levels
        self.truth = truth
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        history: Any,
        X: Any = None,
        *,
        target: Any = None,
        entity: Any = None,
        quantiles: Sequence[float] | None = None,
        truth: Any = None,
        n_history: int | None = None,
        name: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the forecast that a fitted forecaster makes from the end of a table.

        Parameters
        ----------
        estimator : WindowForecaster
            A fitted :class:`~sksequence.WindowForecaster`, or a search of one.
        history : DataFrame of pandas
            The table from whose last rows to forecast, as in fit.
        X : DataFrame, int or None, default=None
            The future rows, as in :meth:`sksequence.WindowForecaster.predict`.
        target : object, default=None
            The target to draw; may be None if there is one.
        entity : object, default=None
            The entity to draw; may be None if there is one.
        quantiles : sequence of float, default=None
            Quantiles to predict, if the regressor predicts a distribution, or some of its
            own. None for all of its own, and for .1, .5 and .9 of a distribution.
        truth : DataFrame of pandas or None, default=None
            A table with the rows that came true.
        n_history : int or None, default=None
            Number of rows of the history to draw; None for three times the steps of the
            forecast, and at least the rows that the forecaster reads.
        name : str or None, default=None
            Title; None for the names of target and entity.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        ForecastDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        TypeError
            If it is no forecaster, or a table is none of pandas.
        ValueError
            If target or entity must be given, or is not there; and as predict.
        """
        estimator = getattr(estimator, "best_estimator_", estimator)
        if not hasattr(estimator, "historical_forecasts"):
            raise TypeError(
                f"estimator must be a WindowForecaster, got {type(estimator).__name__}. "
                "Draw the predictions of other regressors by from_predictions."
            )
        check_is_fitted(estimator)
        for table, label in ((history, "history"), (truth, "truth")):
            if table is not None and not hasattr(table, "iloc"):
                raise TypeError(
                    f"{label} must be a DataFrame of pandas, got {type(table).__name__}. "
                    "Convert another table by its to_pandas()."
                )
        if quantiles is None and predicts_distribution(estimator.regressor_):
            quantiles = _LEVELS
        found = estimator.predict(X, history=history, quantiles=quantiles)
        target = _only_one(target, estimator.targets_, "target")
        wanted = (estimator, target, entity)
        rows = rows_of_target(found, *wanted, is_forecast=True)
        points = points_of(rows_of_target(history, *wanted))
        came = None if truth is None else points_of(rows_of_target(truth, *wanted))
        curves = curves_of(rows, None, points)
        if n_history is None:
            n_history = max(3 * len(curves.times), estimator.length)
        if name is None:
            name = str(target) if entity is None else f"{target}, {entity}"
        return cls._of(points, curves, came, n_history, name, ax)

    @classmethod
    def from_predictions(
        cls,
        history: ArrayLike,
        forecast: ArrayLike,
        *,
        quantiles: Sequence[float] | None = None,
        truth: ArrayLike | None = None,
        n_history: int | None = None,
        name: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw a given forecast.

        Parameters
        ----------
        history : Series or array-like of shape (n_rows,)
            The values before the forecast; the index of a Series is time.
        forecast : Series, DataFrame or array-like, (n_steps,) or (n_steps, n_quantiles)
            The forecast. The columns of a DataFrame are quantiles, if there are several.
            Without an index it continues the history of an array.
        quantiles : sequence of float or None, default=None
            The quantiles of the columns of an array.
        truth : Series or array-like of shape (n_steps,), default=None
            What came true. Without an index, at the times of the forecast.
        n_history : int or None, default=None
            Number of rows of the history to draw; None for all.
        name : str or None, default=None
            Title.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        ForecastDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If shapes do not match, or the time of the forecast is not known.
        """
        points = points_of(history)
        curves = curves_of(forecast, quantiles, points)
        came = None if truth is None else points_of(truth, times=curves.times)
        return cls._of(points, curves, came, n_history, name, ax)

    @classmethod
    def _of(
        cls,
        history: tuple[np.ndarray, np.ndarray],
        curves: Curves,
        truth: tuple[np.ndarray, np.ndarray] | None,
        n_history: int | None,
        name: str | None,
        ax: Any,
    ) -> Self:
        if n_history is not None and (isinstance(n_history, bool) or n_history < 1):
            raise ValueError(f"n_history must be at least 1, got {n_history!r}.")
        begin = 0 if n_history is None else max(0, len(history[0]) - n_history)
        return cls(
            history=(history[0][begin:], history[1][begin:]),
            forecast=(curves.times, curves.values),
            levels=curves.levels,
            truth=truth,
            name=name,
        ).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw history, forecast, bands and truth.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        ForecastDisplay
            The display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = axes_for(ax, type(self).__name__)
        times, values = self.forecast
        levels = [0.5] if self.levels is None else [*self.levels]
        order = np.argsort(levels)
        middle = int(np.abs(np.array(levels) - 0.5).argmin())
        mark = "." if len(times) == 1 else None
        self.bands_, self.truth_line_ = [], None
        (self.history_line_,) = ax.plot(*self.history, color="0.3", label="history")
        for low, high in zip(order, order[::-1], strict=True):
            if levels[low] >= levels[high]:
                break
            share = levels[high] - levels[low]
            edges = values[:, low], values[:, high]
            style = {"color": "C0", "alpha": 0.2 * (1 + len(self.bands_)), "lw": 0}
            self.bands_.append(
                ax.fill_between(times, *edges, label=f"{share:.0%}", **style)
            )
        label = "forecast"
        if self.levels is not None and levels[middle] != 0.5:
            label = f"quantile {levels[middle]:g}"
        (self.line_,) = ax.plot(
            times, values[:, middle], color="C0", label=label, marker=mark
        )
        if self.truth is not None:
            style = {"marker": ".", "ls": "", "ms": 5, "label": "came true"}
            (self.truth_line_,) = ax.plot(*self.truth, color="k", **style)
        show_dates(ax, times)
        ax.set_title(self.name)
        low, high = ax.get_ylim()
        ax.set_ylim(top=high + 0.2 * (high - low))  # room for the legend
        ax.legend(frameon=False, ncols=3, loc="upper left")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _only_one(given: Any, there: Sequence[Any], name: str) -> Any:
    """Return the given one, or the only one that is there."""
    if given is None and len(there) == 1:
        return there[0]
    if given not in there:
        raise ValueError(f"{name} must be one of {[*there]}, got {given!r}.")
    return given
