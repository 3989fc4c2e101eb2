"""Forecasts as pictures: what is drawn is what is predicted, at its time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.dates import date2num
from sklearn.exceptions import NotFittedError

from helpers.estimators import make
from sksequence import WindowForecaster
from sksequence.datasets import make_sales
from sksequence.inspection import ForecastDisplay

TABLE = make_sales(120, random_state=0)
PLAN = ["discount", "weekend"]
LEVELS = (0.1, 0.3, 0.5, 0.9)
QUANTILES = {"loss": "quantile", "quantile": LEVELS}


def forecaster(table=TABLE[:-7], regressor=None, **options):
    regressor = make("GRURegressor", **QUANTILES) if regressor is None else regressor
    options = {"length": 10, "horizon": 7, "target": "sales", "known": PLAN} | options
    return WindowForecaster(regressor, **options).fit(table)


def points_of(line):
    return line.get_xdata(orig=False), line.get_ydata()


def band_of(band):
    """Times, lower and upper edge of a band."""
    corners = band.get_paths()[0].vertices
    times = np.unique(corners[:, 0])
    edges = [corners[corners[:, 0] == t, 1] for t in times]
    return times, [e.min() for e in edges], [e.max() for e in edges]


def test_quantiles_are_drawn_at_their_days(pictures):
    model, (_, ax) = forecaster(), pictures.subplots()
    past, future = TABLE[:-7], TABLE[-7:]
    display = ForecastDisplay.from_estimator(model, past, future, truth=future, ax=ax)
    expected = model.predict(future)["sales"]
    days, median = points_of(display.line_)
    np.testing.assert_allclose(days, date2num(future.index))
    np.testing.assert_allclose(median, expected[0.5])
    (band,) = display.bands_[:1]
    times, low, high = band_of(band)
    np.testing.assert_allclose(times, date2num(future.index))
    np.testing.assert_allclose(low, expected[0.1])
    np.testing.assert_allclose(high, expected[0.9])
    assert len(display.bands_) == 2  # .1 to .9, and .3 to .5
    days, before = points_of(display.history_line_)
    np.testing.assert_allclose(days, date2num(past.index[-21:]))
    np.testing.assert_array_equal(before, past["sales"][-21:])
    np.testing.assert_array_equal(points_of(display.truth_line_)[1], future["sales"])
    assert display.ax_ is ax
    assert ax.get_title() == "sales"


def test_a_single_forecast_is_a_line():
    model = forecaster(regressor=make("GRURegressor"))
    display = ForecastDisplay.from_estimator(model, TABLE[:-7], TABLE[-7:], n_history=5)
    np.testing.assert_allclose(
        points_of(display.line_)[1], model.predict(TABLE[-7:])["sales"]
    )
    assert display.bands_ == []
    assert display.truth_line_ is None
    assert len(points_of(display.history_line_)[0]) == 5


def test_of_a_distribution_three_quantiles_are_drawn():
    model = forecaster(regressor=make("GRURegressor", loss="gaussian"))
    display = ForecastDisplay.from_estimator(model, TABLE[:-7], TABLE[-7:])
    expected = model.predict(TABLE[-7:], quantiles=(0.1, 0.5, 0.9))["sales"]
    np.testing.assert_allclose(band_of(display.bands_[0])[1], expected[0.1], rtol=1e-6)
    assert display.levels == [0.1, 0.5, 0.9]


@pytest.mark.parametrize("time", [None, "day"])
def test_the_shop_that_is_drawn_is_the_one_that_is_asked_for(time):
    table = make_sales(60, 3, random_state=0)
    table = table if time is None else table.reset_index()
    model = forecaster(table, by="shop", known=None, time=time, target="sales")
    display = ForecastDisplay.from_estimator(
        model, table, entity="shop 2", truth=table, n_history=9
    )
    expected = model.predict(history=table).loc["shop 2"]["sales"]
    np.testing.assert_allclose(points_of(display.line_)[1], expected[0.5])
    own = table[table["shop"] == "shop 2"]
    np.testing.assert_array_equal(points_of(display.history_line_)[1], own["sales"][-9:])
    assert display.ax_.get_title() == "sales, shop 2"
    with pytest.raises(ValueError, match=r"one of \['shop 1', 'shop 2'.*got None"):
        ForecastDisplay.from_estimator(model, table)


def test_the_target_that_is_drawn_is_the_one_that_is_asked_for():
    rows = TABLE[["sales", "discount"]]
    model = forecaster(rows, known=None, target=None)
    display = ForecastDisplay.from_estimator(model, rows, target="discount")
    expected = model.predict(history=rows)["discount"][0.5]
    np.testing.assert_allclose(points_of(display.line_)[1], expected)
    with pytest.raises(
        ValueError, match=r"target must be one of \['sales', 'discount'\]"
    ):
        ForecastDisplay.from_estimator(model, rows)


# -------------------------------------------------------------------------- given numbers


@pytest.mark.parametrize("as_frame", [False, True])
def test_given_forecasts_continue_the_history(as_frame):
    values = np.arange(12.0).reshape(4, 3)
    levels = [0.25, 0.5, 0.75]
    history, truth = np.arange(6.0), np.ones(4)
    days = pd.period_range("2024-01", periods=10, freq="M")
    if as_frame:
        display = ForecastDisplay.from_predictions(
            pd.Series(history, days[:6]),
            pd.DataFrame(values, days[6:], levels),
            truth=pd.Series(truth, days[6:]),
        )
        times = date2num(days[6:].to_timestamp())
    else:
        display = ForecastDisplay.from_predictions(
            history, values, quantiles=levels, truth=truth
        )
        times = np.arange(6, 10)
    for line, expected in (
        (display.line_, values[:, 1]),
        (display.truth_line_, truth),
    ):
        np.testing.assert_allclose(points_of(line)[0], times)
        np.testing.assert_allclose(points_of(line)[1], expected)
    np.testing.assert_allclose(band_of(display.bands_[0])[1], values[:, 0])


def test_without_a_median_the_quantile_nearest_to_it_is_named():
    display = ForecastDisplay.from_predictions([1.0], [[1.0, 2.0]], quantiles=[0.4, 0.9])
    assert display.line_.get_label() == "quantile 0.4"


# ---------------------------------------------------------------------------- bad input

SERIES = pd.Series([1.0, 2.0], pd.date_range("2024-01-01", periods=2))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([1.0], np.ones((2, 3))), "quantiles must say of which levels the 3 columns"),
        (([1.0], np.ones((2, 2)), [0.1]), "quantiles must be 2 numbers between 0 and 1"),
        (([1.0], np.ones((2, 2)), [0, 1]), "quantiles must be 2 numbers between 0 and 1"),
        (([], [1.0]), "one series"),
        ((np.ones((4, 2)), [1.0]), "one series"),
        (([1.0], np.ones((2, 2, 2))), r"got \(2, 2, 2\)"),
        ((SERIES, [1.0]), "forecast must have an index of time"),
        (([1.0], pd.DataFrame(np.ones((2, 2)), columns=["a", "b"])), "Pick one target"),
    ],
)
def test_numbers_of_another_form_are_refused(given, message):
    history, forecast, *quantiles = given
    with pytest.raises(ValueError, match=message):
        ForecastDisplay.from_predictions(
            history, forecast, quantiles=quantiles[0] if quantiles else None
        )


def test_what_came_true_must_match():
    with pytest.raises(ValueError, match=r"the 2 steps of the forecast.*got 3"):
        ForecastDisplay.from_predictions([1.0], [1.0, 2.0], truth=np.ones(3))
    for n_history in (0, True):
        with pytest.raises(ValueError, match="n_history must be at least 1"):
            ForecastDisplay.from_predictions([1.0], [1.0], n_history=n_history)


def test_what_is_no_forecaster_is_led_elsewhere():
    model = make("GRURegressor").fit(np.ones((3, 4)), np.arange(3))
    with pytest.raises(TypeError, match=r"got GRURegressor.*from_predictions"):
        ForecastDisplay.from_estimator(model, TABLE)
    unfitted = WindowForecaster(make("GRURegressor"), length=3, horizon=1)
    with pytest.raises(NotFittedError):
        ForecastDisplay.from_estimator(unfitted, TABLE)
    with pytest.raises(
        TypeError, match=r"history must be a DataFrame of pandas.*to_pandas"
    ):
        ForecastDisplay.from_estimator(forecaster(), pl.from_pandas(TABLE), TABLE[-7:])
    with pytest.raises(ValueError, match="there is one series"):
        ForecastDisplay.from_estimator(forecaster(), TABLE[:-7], TABLE[-7:], entity="a")
