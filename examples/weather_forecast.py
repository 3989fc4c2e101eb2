"""From a table to a temperature forecast with a prediction interval.

The table has a row for each day in Seattle from 2012 to 2015 (from vega_datasets):
temperatures, rain, wind, and the weather in words. ``WindowForecaster`` in the function
``forecast`` below cuts it into windows of days and fits a GRU, which predicts the highest
temperature of the day after and both ends of an interval in one fit; the season, as a
sine and a cosine, is known ahead.

The last year is forecast day by day, given the data up to the day before; the first three
years are the training set. The errors are compared with those of two simple forecasts,
today's temperature and the climatology.
"""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from vega_datasets import data

from sksequence import GRURegressor, WindowForecaster


def load_weather() -> pd.DataFrame:
    """Load a row for each day, with the weather as flags and the season as waves."""
    table = data.seattle_weather().set_index("date")
    angle = 2 * np.pi * table.index.day_of_year.to_numpy() / 365.25
    table = pd.get_dummies(table, columns=["weather"], dtype=float)
    return table.assign(sine=np.sin(angle), cosine=np.cos(angle))


def forecast(table: pd.DataFrame, first: str, **network: Any) -> pd.DataFrame:
    """Forecast every day from ``first`` on, the day before: quantiles by time stamp."""
    known = table[table.index < first]
    model = GRURegressor(
        loss="quantile", quantile=(0.1, 0.5, 0.9), normalize="last", **network
    )
    forecaster = WindowForecaster(
        model, length=7, horizon=1, target="temp_max", known=["sine", "cosine"]
    )
    rows = table[known.index[-7] :]
    return forecaster.fit(known).historical_forecasts(rows).droplevel("origin")


def usual(table: pd.DataFrame, first: str) -> np.ndarray:
    """Fit a climatology, two harmonics of the year, to the rows before ``first``."""

    def waves(rows: pd.DataFrame) -> np.ndarray:
        s, c = rows["sine"], rows["cosine"]
        return np.column_stack([np.ones(len(rows)), s, c, s * c, s**2 - c**2])

    known = table.index < first
    fitted = np.linalg.lstsq(waves(table[known]), table["temp_max"][known], rcond=None)[0]
    return waves(table[~known]) @ fitted


def draw(predictions: pd.DataFrame, truth: pd.Series, output: Path) -> None:
    """Plot four months of forecasts with their interval and the observations."""
    part = slice("2015-05-01", "2015-08-31")
    figure, axes = plt.subplots(figsize=(10, 3.6), layout="constrained")
    shown = predictions.loc[part]
    axes.fill_between(
        shown.index,
        shown[0.1],
        shown[0.9],
        color="C0",
        alpha=0.25,
        lw=0,
        label="80 % interval",
    )
    axes.plot(shown.index, shown[0.5], color="C0", label="forecast the day before")
    axes.plot(shown.index, truth.loc[part], "k.", ms=4, label="observed")
    axes.set(ylabel="highest temperature, °C", title="Seattle, 2015")
    axes.margins(x=0.02)
    axes.set_ylim(bottom=8)  # room for the legend
    days = AutoDateLocator(maxticks=10)
    axes.xaxis.set_major_locator(days)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(days, show_offset=False))
    axes.legend(ncols=3, frameon=False, loc="lower center")
    figure.savefig(output, dpi=150)


def main() -> None:
    """Forecast a year, compare, and plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("weather_forecast.png"))
    parser.add_argument("--quick", action="store_true", help="fewer epochs")
    options = parser.parse_args()

    table, first = load_weather(), "2015-01-01"
    predictions = forecast(
        table,
        first,
        hidden_size=24,
        pooling="last",
        dropout=0.2,
        max_epochs=5 if options.quick else 15,
        batch_size=32,
        random_state=0,
    )["temp_max"]
    truth = table["temp_max"][first:]
    names = {
        "as warm as the day before": table["temp_max"].shift()[first:].to_numpy(),
        "as usual that day": usual(table, first),
        "GRU": predictions[0.5].to_numpy(),
    }
    print(f"{len(truth)} days{'mean absolute error, degrees':>46}")
    for name, prediction in names.items():
        print(f"{name:<26}{np.abs(truth - prediction).mean():>8.2f}")

    inside = (predictions[0.1] <= truth) & (truth <= predictions[0.9])
    width = predictions[0.9] - predictions[0.1]
    print(f"\n{'80 % interval':<16}{'width':>6}{'inside':>8}")
    for name, months in {
        "all year": range(1, 13),
        "summer": (6, 7, 8),
        "winter": (12, 1, 2),
    }.items():
        part = truth.index.month.isin(months)
        print(f"{name:<16}{width[part].mean():>6.1f}{inside[part].mean():>8.0%}")
    draw(predictions, truth, options.output)
    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
