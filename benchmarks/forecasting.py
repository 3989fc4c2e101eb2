"""Measure forecasts beside the naive one of the same split.

A figure counts only beside the naive forecast's: many published networks lose to it.
Nothing was chosen on the part that is scored; what chose instead stands in each task's
section. Every window is taken relative to its last value, and so is what is forecast
from it: what the network adds is added to the naive forecast.

The data are ``forecast/`` below one folder: ``ETTh1.csv``, ``monthly-sunspots.csv``
and ``airline-passengers.csv``. Run for example::

    python benchmarks/forecasting.py --data ~/series
    SKSEQUENCE_DATA=~/series python benchmarks/forecasting.py --only sunspots
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.metrics import mean_squared_error, root_mean_squared_error
from tasks import Score, Task, run

from sksequence import GRURegressor, LSTMRegressor
from sksequence.forecasting import forecast_recursive
from sksequence.preprocessing import make_windows

Error = Callable[[np.ndarray, np.ndarray], float]


def relative(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take windows (n, length, k) and what follows (n, horizon[, k]) from the last row.

    Returns
    -------
    X, y, last : ndarray
        ``last`` (n, 1[, k]) is what to add again.
    """
    last = X[:, -1:] if y.ndim == 3 else X[:, -1:, 0]
    return X - X[:, -1:], y - last, last


def by_windows(
    values: np.ndarray, end: int, begin: int, length: int, horizon: int, error: Error
) -> tuple[Score, float]:
    """Score on all windows whose targets begin at row ``begin`` or later.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        A series in time order, scaled as it is scored.
    end, begin : int
        The row behind the training part, and the first of the test part.
    length, horizon : int
        Rows read, rows forecast.
    error : callable
        Of truth and forecast.

    Returns
    -------
    score : callable
        Of an estimator.
    naive : float
        The error of the last value, again and again.
    """
    train = make_windows(values[:end], length, horizon)[:2]
    test = make_windows(values[begin - length :], length, horizon)[:2]
    X, y, _ = relative(*train)
    X_test, _, last = relative(*test)

    def score(estimator: BaseEstimator) -> tuple[float, float]:
        start = time.perf_counter()
        estimator.fit(X, y.reshape(len(y), -1) if y[0].size > 1 else y.ravel())
        seconds = time.perf_counter() - start
        answer = estimator.predict(X_test).reshape(test[1].shape) + last
        return error(test[1], answer), seconds

    return score, error(test[1], np.broadcast_to(last, test[1].shape))


def flat_rmse(y: np.ndarray, answer: np.ndarray) -> float:
    """Root of the mean squared error of all values."""
    return float(root_mean_squared_error(y.ravel(), answer.ravel()))


def flat_mse(y: np.ndarray, answer: np.ndarray) -> float:
    """Mean squared error of all values."""
    return float(mean_squared_error(y.ravel(), answer.ravel()))


def sunspots(folder: Path) -> Task:
    """How many sunspots next month?"""
    table = pd.read_csv(folder / "forecast/monthly-sunspots.csv")
    values = table["Sunspots"].to_numpy(dtype=float)[:, None]
    begin = len(values) - len(values) // 5
    score, naive = by_windows(values, begin, begin, 48, 1, flat_rmse)
    return Task(
        title="Monthly sunspots since 1749: error of the next month on the last 20 %.",
        metric="RMSE",
        estimator=GRURegressor(
            hidden_size=32, dropout=0.2, pooling="last", lr=0.003, max_epochs=20
        ),
        score=score,
        naive=naive,
        naive_is="the last month",
        chosen="The first configuration tried.",
        must=naive,
        aim=16,
        less_is_better=True,
    )


def airline(folder: Path) -> Task:
    """How many passengers in each month of the next two years?"""
    table = pd.read_csv(folder / "forecast/airline-passengers.csv")
    values = table["Passengers"].to_numpy(dtype=float)
    known, future = values[:-24], values[-24:]
    growth = np.log(known[12:] / known[:-12])
    X, y, _ = make_windows(growth, length=24, horizon=1)

    def score(estimator: BaseEstimator) -> tuple[float, float]:
        start = time.perf_counter()
        estimator.fit(X, y[:, 0])
        seconds = time.perf_counter() - start
        steps = forecast_recursive(estimator, growth[None, -24:, None], 24)[0]
        year = np.log(known[-12:])
        first = year + steps[:12]
        forecast = np.exp(np.concatenate([first, first + steps[12:]]))
        return flat_rmse(future, forecast), seconds

    return Task(
        title="Airline passengers: error of the last 24 months, forecast in one piece "
        "from those before, by the growth over the year, one month after the other.",
        metric="RMSE",
        estimator=GRURegressor(
            hidden_size=16, pooling="last", dropout=0.2, weight_decay=0.01, max_epochs=50
        ),
        score=score,
        naive=flat_rmse(future, np.tile(known[-12:], 2)),
        naive_is="the month of the last year",
        chosen="The first configuration tried.",
        must=49.99,
        aim=25,
        less_is_better=True,
    )


def _etth1(folder: Path) -> np.ndarray:
    """The rows of the usual parts, scaled by the first, which is for training."""
    table = pd.read_csv(folder / "forecast/ETTh1.csv", index_col="date")
    values = table.to_numpy(dtype=float)[: 8640 + 2 * 2880]
    train = values[:8640]
    return (values - train.mean(axis=0)) / train.std(axis=0)


def etth1_univariate(folder: Path) -> Task:
    """How warm is the oil in each of the next 24 hours?"""
    score, naive = by_windows(
        _etth1(folder)[:, -1:], 8640, 8640 + 2880, length=72, horizon=24, error=flat_mse
    )
    return Task(
        title="Oil temperature of a transformer, hourly: error of the next 24 hours on "
        "the last 2880, in standard deviations of the first 8640, the training part.",
        metric="MSE",
        estimator=LSTMRegressor(
            hidden_size=32,
            dropout=0.3,
            pooling="last",
            lr=0.002,
            max_epochs=5,
            batch_size=64,
        ),
        score=score,
        naive=naive,
        naive_is="the last value",
        chosen="The first configuration tried.",
        must=0.07,
        aim=0.035,
        less_is_better=True,
    )


TASKS: dict[str, Callable[[Path], Task]] = {
    "sunspots": sunspots,
    "airline": airline,
    "ETTh1-univariate": etth1_univariate,
}


if __name__ == "__main__":
    run(TASKS, __file__, "Forecasts", __doc__)
