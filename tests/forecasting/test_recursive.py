"""One-step predictions, fed back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from helpers.data import ragged
from helpers.estimators import make
from sksequence.forecasting import forecast_recursive
from sksequence.preprocessing import make_windows


class Recurrence(RegressorMixin, BaseEstimator):
    """Answer by a formula of the last rows; needs no fit."""

    def __init__(self, formula):
        self.formula = formula

    def predict(self, X):
        return np.array([self.formula(np.asarray(x)) for x in X])


def fibonacci(x):
    return x[-1] + x[-2]


@pytest.mark.parametrize(
    "X",
    [
        np.array([[0, 1], [1, 3]]),
        [[0, 1], [1, 3]],
        [np.array([5, 0, 1]), np.array([1, 3])],
        [np.array([5, 0, 1]), [1, 3]],
    ],
    ids=["table", "nested", "unequal", "mixed"],
)
def test_a_recurrence_runs_on(X):
    forecast = forecast_recursive(Recurrence(fibonacci), X, 6)
    assert forecast.tolist() == [[1, 2, 3, 5, 8, 13], [4, 7, 11, 18, 29, 47]]


def test_all_channels_are_fed_back():
    rng = np.random.default_rng(0)
    step, X = rng.normal(size=(3, 3)) / 2, rng.normal(size=(4, 5, 3))
    forecast = forecast_recursive(Recurrence(lambda x: step @ x[-1]), X, 7)
    powers = [np.linalg.matrix_power(step, k) for k in range(1, 8)]
    expected = np.stack([X[:, -1] @ power.T for power in powers], axis=1)
    np.testing.assert_allclose(forecast, expected, atol=1e-12)


def test_what_is_known_of_the_future_is_shown_at_the_step_it_belongs_to():
    """An account with deposits that are planned: x' = 1.5 x + deposit."""
    X = np.array([[[1.0, 2.0], [4.0, 0.5]]])
    future = np.array([[[1.0], [0.0], [9.0]]])
    account = Recurrence(lambda x: 1.5 * x[-1, 0] + x[-1, 1])
    forecast = forecast_recursive(account, X, 3, target=0, future=future)
    np.testing.assert_allclose(forecast, [[7, 10.5, 24.75]])
    listed = forecast_recursive(account, [*X], 3, target=0, future=future)
    np.testing.assert_allclose(listed, forecast)


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("listed", [False, True])
def test_a_known_future_decides_everything(at, listed, rng):
    """Sales follow from the promotion and the price of the same day alone."""
    known = np.column_stack([rng.integers(0, 2, 300), rng.normal(size=300)])
    sales = 10 + 5 * known[:, 0] - 3 * known[:, 1]
    table = np.insert(known, at, sales, axis=1)
    others = [j for j in range(3) if j != at]
    X, y, _ = make_windows(table[:280], 5, 1, target=at, known=others)
    flat = FunctionTransformer(lambda X: np.reshape(X, (len(X), -1)))
    model = make_pipeline(flat, LinearRegression()).fit(X, y[:, 0])
    last = table[None, 275:280]
    for horizon in (1, 20):
        forecast = forecast_recursive(
            model,
            [*last] if listed else last,
            horizon,
            target=at,
            future=known[None, 280 : 280 + horizon],
        )
        np.testing.assert_allclose(forecast[0], sales[280 : 280 + horizon])


def test_a_network_learns_from_what_is_known():
    rng = np.random.default_rng(0)
    promotion = rng.integers(0, 2, 400).astype(float)
    sales = 10 + 5 * promotion + 0.1 * rng.normal(size=400)
    table = np.column_stack([sales, promotion])
    X, y, _ = make_windows(table[:-14], 7, 1, target=0, known=1)
    model = make("GRURegressor", hidden_size=16, pooling="last", max_epochs=30, lr=0.01)
    forecast = forecast_recursive(
        model.fit(X, y[:, 0]),
        table[None, -21:-14],
        14,
        target=0,
        future=table[None, -14:, 1:],
    )
    assert r2_score(sales[-14:], forecast[0]) > 0.95


def test_several_targets_stand_where_they_say(rng):
    """Of three channels the last and the first are forecast, in this order."""
    step, X = rng.normal(size=(2, 2)) / 2, rng.normal(size=(4, 5, 3))
    model = Recurrence(lambda x: step @ x[-1, [2, 0]] + x[-1, 1])
    future = rng.normal(size=(4, 6, 1))
    forecast = forecast_recursive(model, X, 6, target=(-1, 0), future=future)
    state = X[:, -1, [2, 0]]
    for k in range(6):
        state = state @ step.T + future[:, k]
        np.testing.assert_allclose(forecast[:, k], state)


def test_linear_forecasts_are_the_matrix_of_the_lags():
    """The companion matrix of an autoregression gives them in closed form."""
    series = np.cumsum(np.random.default_rng(0).normal(size=60))
    X, y, _ = make_windows(series, length=4, horizon=1)
    model = LinearRegression(fit_intercept=False).fit(X[:, :, 0], y[:, 0])
    forecast = forecast_recursive(model, X[-3:, :, 0], 5)
    companion = np.vstack([np.eye(4)[1:], model.coef_])
    state = X[-3:, :, 0]
    for k in range(5):
        state = state @ companion.T
        np.testing.assert_allclose(forecast[:, k], state[:, -1])


@pytest.mark.parametrize("listed", [False, True])
def test_networks_and_pipelines_forecast(listed):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 6, 2))
    model = make_pipeline(
        FunctionTransformer(lambda X: X), make("GRURegressor", pooling="last")
    ).fit(X, X[:, 0] + X[:, 1])
    windows = ragged((6, 4, 9)) if listed else X[:3]
    forecast = forecast_recursive(model, windows, 3)
    assert forecast.shape == (3, 3, 2)
    for window, steps in zip(windows, forecast, strict=True):
        for step in steps:
            np.testing.assert_allclose(step, model.predict([window])[0], rtol=1e-6)
            window = np.vstack([window[1:], step])


def test_windows_are_not_written_to():
    X = np.arange(12.0).reshape(2, 6)
    X.flags.writeable = False
    before = X.copy()
    forecast_recursive(Recurrence(fibonacci), X, 3)
    np.testing.assert_array_equal(X, before)


CUBE = np.ones((2, 4, 3))


@pytest.mark.parametrize(
    ("formula", "X", "params", "error", "words"),
    [
        (fibonacci, CUBE, {"horizon": 0}, ValueError, "horizon"),
        (fibonacci, CUBE, {"horizon": 1.5}, ValueError, "horizon"),
        (lambda x: x[-1, 0], CUBE, {}, ValueError, r"target must be .* 1 of 3, got None"),
        (lambda x: x[-1, 0], CUBE, {"target": 0}, ValueError, r"\(2, 3, 2\).*got None"),
        (lambda x: x[-1], CUBE, {"future": CUBE}, ValueError, "a part of 3, got None"),
        (lambda x: x[-1, 0], CUBE, {"target": 3}, ValueError, "from 0 to 2, got 3"),
        (lambda x: x[-1, 0], CUBE, {"target": [0, -3]}, ValueError, "different channels"),
        (lambda x: x[-1, 0], CUBE, {"target": [True]}, ValueError, r"got \[True\]"),
        (lambda x: x[-1, 0], CUBE, {"target": []}, ValueError, r"got \[\]"),
        (
            lambda x: x[-1, 0],
            CUBE,
            {"target": [0, 1], "future": np.ones((2, 3, 1))},
            ValueError,
            r"target must be the 1 channel\(s\) .*got target=\[0, 1\]",
        ),
        (
            lambda x: x[-1, 0],
            CUBE,
            {"target": 0, "future": np.ones((2, 2, 2))},
            ValueError,
            r"\(2, 3, 2\).*got shape \(2, 2, 2\)",
        ),
        (lambda x: np.ones(5), CUBE, {}, ValueError, r"2 target\(s\) more"),
        (fibonacci, np.ones(4), {}, ValueError, "windows.*1.*dimensions"),
        (
            fibonacci,
            [np.ones((3, 1)), np.ones(3)],
            {},
            ValueError,
            "all with a channel axis",
        ),
        (fibonacci, [], {}, ValueError, "windows"),
        (fibonacci, [["a", "b"]], {}, ValueError, "text"),
        (fibonacci, CUBE, {"horizon": True}, ValueError, "'horizon' .* an int in"),
        (fibonacci, CUBE, {"target": True}, ValueError, "target must be positions"),
    ],
)
def test_bad_input_is_refused(formula, X, params, error, words):
    with pytest.raises(error, match=words):
        forecast_recursive(Recurrence(formula), X, **{"horizon": 3} | params)


# ---------------------------------------------------------------------- frames and tables


NAMES = ["plan", "sales", "price"]


def frames(cube, names=NAMES, kind="pandas"):
    make_frame = pd.DataFrame if kind == "pandas" else polars.DataFrame
    return [make_frame({n: x[:, j] for j, n in enumerate(names)}) for x in cube]


@pytest.fixture(scope="module")
def shops():
    """A network fitted on frames, last windows of several shops, and their plans."""
    rng = np.random.default_rng(0)
    windows, y = rng.normal(size=(40, 4, 3)), rng.normal(size=40)
    model = make("GRURegressor").fit(frames(windows), y)
    return model, rng.normal(size=(5, 4, 3)), rng.normal(size=(5, 6, 2))


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_frames_are_forecast_by_the_names_of_their_columns(shops, kind):
    model, last, plan = shops
    expected = forecast_recursive(
        make("GRURegressor").fit(*_fitted_on_arrays()), last, 6, target=1, future=plan
    )
    others = frames(plan, ["plan", "price"], kind)
    swapped = [part[["price", "plan"]] for part in others]
    for future in (plan, others, swapped):
        found = forecast_recursive(
            model, frames(last, kind=kind), 6, target="sales", future=future
        )
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match="feature names should match"):
        forecast_recursive(
            model, frames(last, NAMES[::-1], kind), 6, target="sales", future=plan
        )
    mixed = [*frames(last[:1]), *frames(last[1:], NAMES[::-1])]
    with pytest.raises(ValueError, match="Window 1 has the columns"):
        forecast_recursive(model, mixed, 6, target="sales", future=plan)
    with pytest.raises(ValueError, match="target must be the name of one column"):
        forecast_recursive(model, frames(last), 6, target="sold", future=plan)


def _fitted_on_arrays():
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 4, 3)), rng.normal(size=40)


@pytest.mark.parametrize("kind", ["array", "frame", "objects"])
def test_static_covariates_stay(kind, rng):
    """Each shop grows by a rate of its own, which is a static covariate."""
    rates = np.array([1.0, 2.0, -1.0])
    windows = [np.arange(4.0)[:, None] * rate + 7 for rate in rates]
    cells = [pd.DataFrame(x, columns=["v"]) for x in windows]
    table = pd.DataFrame({"rate": rates, "x": cells if kind == "frame" else windows})
    if kind == "objects":
        table = table.to_numpy()

    class Growth(RegressorMixin, BaseEstimator):
        def predict(self, X):
            rows = X.to_numpy() if hasattr(X, "to_numpy") else X
            return np.array([np.asarray(x)[-1, 0] + rate for rate, x in rows])

    expected = np.stack(
        [x[-1, 0] + rates[i] * np.arange(1, 6) for i, x in enumerate(windows)]
    )
    np.testing.assert_array_equal(forecast_recursive(Growth(), table, 5), expected)
    assert len(np.asarray(table)[0, 1]) == 4
