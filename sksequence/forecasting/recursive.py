"""Multi-step forecasts from a model that predicts one step."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

from .._inputs import as_numbers
from .._inputs.borrowed import validate_params
from .._inputs.intervals import Count
from .._inputs.types import ArrayLike, typed
from ._windows import take_apart, take_future


@typed(
    validate_params(
        {
            "horizon": [Count()],
            "target": [Integral, str, tuple, list, None],
        },
        prefer_skip_nested_validation=True,
    )
)
def forecast_recursive(
    estimator: Any,
    X: ArrayLike,
    horizon: int,
    *,
    target: int | str | Sequence[int | str] | None = None,
    future: ArrayLike | None = None,
) -> np.ndarray:
    r"""Forecast several steps by feeding one-step predictions back into the model.

    .. math::
        \hat x_{t+k} = f(x_{t-n+k}, \dots, x_t, \hat x_{t+1}, \dots, \hat x_{t+k-1};
        z_{t-n+k+1}, \dots, z_{t+k})

    with the targets :math:`x` and the channels :math:`z` that are known ahead, of which
    the model sees those of the step that it predicts. Windows keep their lengths: each
    step drops the first row and appends the forecast. One model then serves every
    horizon, but its errors accumulate. The direct strategy, a regressor fitted on ``y``
    of shape (n_windows, horizon), does not accumulate errors but is fitted for one
    horizon. Neither is always better: compare them on your data.

    Parameters
    ----------
    estimator : regressor or Pipeline
        Fitted on windows with the step after each of them as target, so with ``y`` of
        shape (n_windows,) or (n_windows, n_targets) in the units of the channels. If
        there are other channels, on those of
        :func:`~sksequence.preprocessing.make_windows` with ``known`` for all of them.
    X : array-like of shape (n_windows, n_steps) or (n_windows, n_steps, n_channels)
        Windows to forecast from, channels last, with all values of a row from the same
        time, as in the table itself or in windows made without ``known``; not modified.
        Or a list of arrays of shape (n_steps_i, n_channels) or (n_steps_i,), or a table
        with one of these in each row of a column.
        DataFrames keep their columns, which the estimator compares with those of its fit,
        and static covariates of a table stay.
    horizon : int
        Number of steps to forecast.
    target : int, str, sequence of these or None, default=None
        The channels that the estimator predicts, in the order of its predictions; names
        if windows are DataFrames. None if it predicts all channels.
    future : array-like of shape (n_windows, horizon, n_others) or list, default=None
        The other channels at the forecast steps (calendar, weather forecasts), in the
        order of the channels, or by name in a list with a DataFrame for each window;
        required if there are any.

    Returns
    -------
    ndarray of shape (n_windows, horizon) or (n_windows, horizon, n_targets)
        The forecasts; 3-D if the estimator's predictions are (n_windows, n_targets).
        Has the dtype of the predictions.

    Raises
    ------
    ValueError
        If the estimator does not predict as many channels as ``target`` names, or there
        are others and ``future`` does not hold them at every step.
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

    Sales that promotions decide, which are planned for the days to come:

    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> promotion = np.random.default_rng(0).integers(0, 2, size=100)
    >>> table = np.column_stack([10 + 5 * promotion, promotion])
    >>> X, y, _ = make_windows(table[:95], length=3, horizon=1, target=0, known=1)
    >>> flatten = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    >>> model = make_pipeline(flatten, LinearRegression()).fit(X, y[:, 0])
    >>> last, plan = table[None, 92:95], table[None, 95:, 1:]
    >>> forecast = forecast_recursive(model, last, 5, target=0, future=plan)
    >>> forecast.round(3), table[95:, 0]
    (array([[15., 10., 10., 10., 15.]]), array([15, 10, 10, 10, 15]))
    """
    windows, form = take_apart(X)
    n_channels = np.shape(windows[0])[1] if np.ndim(windows[0]) > 1 else 1
    if target is None and future is not None:
        raise ValueError(_no_target("a part", n_channels))
    targets = _check_target(form.channels(target), n_channels)
    others = [j for j in range(n_channels) if j not in targets]
    future = take_future(future, form, others)
    known = _check_future(future, len(windows), horizon, others)
    windows = _one_ahead(windows, others, known[:, 0])
    steps: list[np.ndarray] = []
    for step in range(horizon):
        answer = np.asarray(estimator.predict(form.wrap(windows)))
        columns = answer.reshape(len(answer), -1)
        _check_answer(columns.shape[1], target, len(targets), n_channels)
        steps.append(answer)
        if step + 1 < horizon:
            after = known[:, step + 1]
            row = np.empty((len(answer), n_channels), np.result_type(answer, after))
            row[:, targets], row[:, others] = columns, after
            windows = _moved_on(windows, row)
    return np.stack(steps, axis=1)


def _check_target(target: Any, n_channels: int) -> list[int]:
    """Return the channels that are forecast, as positions from the first."""
    if target is None:
        return list(range(n_channels))
    listed: list[Any] = [target] if isinstance(target, Integral) else [*target]
    is_whole = [isinstance(j, Integral) and not isinstance(j, bool) for j in listed]
    if not all(is_whole) or not all(-n_channels <= j < n_channels for j in listed):
        raise ValueError(
            f"target must be positions of the {n_channels} channel(s) of X, from 0 to "
            f"{n_channels - 1}, got {target!r}."
        )
    channels = [int(j) % n_channels for j in listed]
    if not channels or len(set(channels)) < len(channels):
        raise ValueError(f"target must be different channels, got {target!r}.")
    return channels


def _check_answer(n_answered: int, target: Any, n_targets: int, n_channels: int) -> None:
    """Raise ValueError if the estimator does not predict the target channels."""
    if n_answered == n_targets:
        return
    if n_answered > n_channels:
        raise ValueError(
            f"The estimator predicts {n_answered - n_channels} target(s) more than X has "
            "channels: only what is among the channels can be fed back. For several "
            "steps at once use its own predictions, without forecast_recursive."
        )
    if target is None:
        raise ValueError(_no_target(n_answered, n_channels))
    raise ValueError(
        f"target must be the {n_answered} channel(s) that the estimator predicts, got "
        f"target={target!r}."
    )


def _no_target(n_answered: Any, n_channels: int) -> str:
    return (
        f"target must be the channel(s) that the estimator predicts, {n_answered} of "
        f"{n_channels}, got None. The others must be known ahead: give them as future, "
        "and fit on windows of make_windows(..., known=...), which show them at the step "
        "to be forecast."
    )


def _check_future(
    future: ArrayLike | None, n_windows: int, horizon: int, others: list[int]
) -> np.ndarray:
    """Return the channels that are not forecast, (n_windows, horizon, n_others)."""
    shape = (n_windows, horizon, len(others))
    if future is None and not others:
        return np.empty(shape, dtype=np.bool_)  # changes no dtype
    known = None if future is None else as_numbers(future, "future")
    if known is None or known.shape != shape:
        got = "None" if known is None else f"shape {known.shape}"
        raise ValueError(
            f"future must have shape {shape}, the {len(others)} channel(s) that are not "
            f"forecast (all but target), at every step; got {got}."
        )
    return known


def _one_ahead(
    windows: np.ndarray | list[np.ndarray], others: list[int], first: np.ndarray
) -> np.ndarray | list[np.ndarray]:
    """Move channels one row ahead, so that the last row shows the step to come."""
    if not others:
        return windows
    if isinstance(windows, list):
        return [
            _one_ahead(window[None], others, after[None])[0]
            for window, after in zip(windows, first, strict=True)
        ]
    moved = np.array(windows, dtype=np.result_type(windows, first))
    moved[:, :-1, others] = windows[:, 1:, others]
    moved[:, -1, others] = first
    return moved


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
