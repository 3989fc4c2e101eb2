"""Multi-step forecasts from a model that predicts one step."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from ._inputs import as_numbers, lists_sequences
from ._inputs.borrowed import Interval, validate_params
from ._inputs.types import ArrayLike, typed

__all__ = ["forecast_recursive"]


@typed(
    validate_params(
        {"horizon": [Interval(Integral, 1, None, closed="left")]},
        prefer_skip_nested_validation=True,
    )
)
def forecast_recursive(
    estimator: Any, X: ArrayLike, horizon: int, *, future: ArrayLike | None = None
) -> np.ndarray:
    r"""Forecast several steps by feeding one-step predictions back into the model.

    .. math::
        \hat x_{t+k} = f(x_{t-n+k}, \dots, x_t, \hat x_{t+1}, \dots, \hat x_{t+k-1})

    Windows keep their lengths: each step drops the first row and appends the forecast.
    One model then serves every horizon, but its errors accumulate. The direct strategy, a
    regressor fitted on ``y`` of shape (n_windows, horizon), does not accumulate errors
    but is fitted for one horizon. Neither is always better: compare them on your data.

    Parameters
    ----------
    estimator : regressor or Pipeline
        Fitted on windows with the step after each of them as target, so with ``y`` of
        shape (n_windows,) or (n_windows, n_targets). The targets must be the first
        channels of the windows, in the same order and units.
    X : array-like of shape (n_windows, n_steps) or (n_windows, n_steps, n_channels), \
            or list of array-like of shape (n_steps_i, n_channels) or (n_steps_i,)
        Windows to forecast from, channels last; not modified.
    horizon : int
        Number of steps to forecast.
    future : array-like of shape (n_windows, horizon, n_channels - n_targets) or None, \
            default=None
        The remaining channels at the forecast steps (calendar, weather forecasts);
        required if there are any.

    Returns
    -------
    ndarray of shape (n_windows, horizon) or (n_windows, horizon, n_targets)
        The forecasts; 3-D if the estimator's predictions are (n_windows, n_targets).
        Has the dtype of the predictions.

    Raises
    ------
    ValueError
        If the estimator predicts more targets than there are channels, or ``future``
        does not hold the remaining channels at every step.
    TypeError
        If a parameter has the wrong type, or X is not numeric.

    See Also
    --------
    sksequence.preprocessing.make_windows : Windows with the rows after them as targets.
    sksequence.preprocessing.merge_forecasts : Merges forecasts onto the time axis.

    References
    ----------
    Ben Taieb et al. (2012), A review and comparison of strategies for multi-step ahead
    time series forecasting. Expert Systems with Applications 39(8).

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRURegressor
    >>> from sksequence.forecasting import forecast_recursive
    >>> from sksequence.preprocessing import make_windows
    >>> wave = np.sin(np.arange(300) / 5)
    >>> X, y, _ = make_windows(wave[:200], length=12, horizon=1)
    >>> model = GRURegressor(hidden_size=16, pooling="last", random_state=0)
    >>> model = model.fit(X, y[:, 0])
    >>> forecast = forecast_recursive(model, wave[None, 188:200], horizon=40)
    >>> bool(np.abs(forecast[0] - wave[200:240]).max() < 0.2)
    True
    """
    windows = _windows_of(X)
    n_channels = np.shape(windows[0])[1] if np.ndim(windows[0]) > 1 else 1
    known = None
    steps = []
    for step in range(horizon):
        answer = np.asarray(estimator.predict(windows))
        rows = answer.reshape(len(answer), -1)
        if known is None:
            known = _check_future(future, len(rows), horizon, n_channels - rows.shape[1])
        steps.append(answer)
        windows = _moved_on(windows, np.concatenate([rows, known[:, step]], axis=1))
    return np.stack(steps, axis=1)


def _windows_of(X: Any) -> np.ndarray | list[np.ndarray]:
    """Return the windows as one array, or as a list of arrays if X is a list."""
    windows: np.ndarray | list[np.ndarray]
    if lists_sequences(X):
        windows = [as_numbers(x, f"Sequence {i}") for i, x in enumerate(X)]
        ranks = {np.ndim(window) for window in windows}
        expected = {1}, {2}
    else:
        windows = as_numbers(X, "X")
        ranks = {np.ndim(windows)}
        expected = {2}, {3}
    if ranks not in expected or not len(windows):
        raise ValueError(
            "X must be windows of shape (n_windows, n_steps) or (n_windows, n_steps, "
            "n_channels), or a list of arrays, all with a channel axis or all without; "
            f"got {len(windows)} of {sorted(ranks)} dimensions."
        )
    return windows


def _check_future(
    future: ArrayLike | None, n_windows: int, horizon: int, n_others: int
) -> np.ndarray:
    """Return the channels that are not forecast, (n_windows, horizon, n_others)."""
    if n_others < 0:
        raise ValueError(
            f"The estimator predicts {-n_others} target(s) more than X has channels: "
            "only what is among the channels can be fed back. For several steps at once "
            "use its own predictions, without forecast_recursive."
        )
    shape = (n_windows, horizon, n_others)
    if future is None and not n_others:
        return np.empty(shape)
    known = None if future is None else as_numbers(future, "future")
    if known is None or known.shape != shape:
        got = "None" if known is None else f"shape {known.shape}"
        raise ValueError(
            f"future must have shape {shape}, the {n_others} channel(s) that are not "
            f"forecast, at every step; got {got}."
        )
    return known


def _moved_on(
    windows: np.ndarray | list[np.ndarray], rows: np.ndarray
) -> np.ndarray | list[np.ndarray]:
    """Drop the first row of each window and append the new row."""
    if isinstance(windows, list):
        return [
            np.concatenate([window[1:], row.reshape(1, *window.shape[1:])])
            for window, row in zip(windows, rows, strict=True)
        ]
    added = rows.reshape(len(windows), 1, *windows.shape[2:])
    return np.concatenate([windows[:, 1:], added], axis=1)
