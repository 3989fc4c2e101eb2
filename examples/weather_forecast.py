"""From a table to a temperature forecast with a prediction interval.

The table has a row for each day in Seattle from 2012 to 2015 (from vega_datasets):
temperatures, rain, wind, and the weather in words. The function ``forecast`` below does
everything: its pipeline encodes the columns, makes windows of days, and feeds them to a
GRU, with one fit for the median and one for each end of an interval. The target is the
difference between the highest temperatures of tomorrow and today.

The last year is forecast day by day, given the data up to the day before; the first three
years are the training set. The errors are compared with those of two simple forecasts,
today's temperature and the climatology.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from vega_datasets import data

from sksequence import GRURegressor
from sksequence.preprocessing import SlidingWindow


def load_weather() -> tuple[pd.DataFrame, pd.Series]:
    """Load a row for each day, and the highest temperature of the next day, in °C."""
    table = data.seattle_weather().set_index("date")
    angle = 2 * np.pi * table.index.day_of_year.to_numpy() / 365.25
    table = table.assign(sine=np.sin(angle), cosine=np.cos(angle))
    return table[:-1], table["temp_max"].shift(-1)[:-1].rename("tomorrow")


def forecast(
    table: pd.DataFrame, tomorrow: pd.Series, first: str, max_epochs: int
) -> pd.DataFrame:
    """Forecast the rows from ``first`` on; return the quantiles 0.1, 0.5 and 0.9."""
    numbers = ["temp_max", "temp_min", "precipitation", "wind", "sine", "cosine"]
    words = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    known, new = table.index < first, table.index >= first
    rise = tomorrow - table["temp_max"]
    columns = {}
    for quantile in (0.1, 0.5, 0.9):
        model = make_pipeline(
            make_column_transformer((words, ["weather"]), ("passthrough", numbers)),
            SlidingWindow(3, context=True),
            GRURegressor(
                hidden_size=24,
                pooling="last",
                loss="quantile",
                quantile=quantile,
                dropout=0.2,
                max_epochs=max_epochs,
                batch_size=32,
                random_state=0,
            ),
        )
        model.fit(table[known], rise[known])
        columns[quantile] = table["temp_max"][new] + model.predict(table[new])
    return pd.DataFrame(columns)


def usual(table: pd.DataFrame, tomorrow: pd.Series, first: str) -> np.ndarray:
    """Fit a climatology, two harmonics of the year, to the rows before ``first``."""

    def waves(rows: pd.DataFrame) -> np.ndarray:
        s, c = rows["sine"], rows["cosine"]
        return np.column_stack([np.ones(len(rows)), s, c, s * c, s**2 - c**2])

    known = table.index < first
    fitted = np.linalg.lstsq(waves(table[known]), tomorrow[known], rcond=None)[0]
    return waves(table[~known]) @ fitted


def draw(predictions: pd.DataFrame, truth: pd.Series, output: Path) -> None:
    """Plot four months of forecasts with their interval and the observations."""
    part = slice("2015-05-01", "2015-08-31")
    figure, axes = plt.subplots(figsize=(10, 3.6), layout="constrained")
    shown = predictions.loc[part]
    axes.fill_between(
        shown.index, shown[0.1], shown[0.9], color="C0", alpha=0.25, lw=0, label="80 %"
    )
    axes.plot(shown.index, shown[0.5], color="C0", label="forecast the day before")
    axes.plot(shown.index, truth.loc[part], "k.", ms=4, label="observed")
    axes.set(ylabel="highest temperature, °C", title="Seattle, 2015")
    axes.legend(ncols=3, frameon=False, loc="lower center")
    figure.savefig(output, dpi=150)


def main() -> None:
    """Forecast a year, compare, and plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("weather_forecast.png"))
    parser.add_argument("--quick", action="store_true", help="fewer epochs")
    options = parser.parse_args()

    table, tomorrow = load_weather()
    first = "2015-01-01"
    predictions = forecast(table, tomorrow, first, max_epochs=5 if options.quick else 15)
    predictions.index = predictions.index + pd.Timedelta(days=1)
    truth = tomorrow[table.index >= first].set_axis(predictions.index)
    names = {
        "as warm as today": table["temp_max"][first:].to_numpy(),
        "as usual that day": usual(table, tomorrow, first),
        "GRU": predictions[0.5].to_numpy(),
    }
    print(f"{len(truth)} days{'mean absolute error, degrees':>40}")
    for name, prediction in names.items():
        print(f"{name:<20}{np.abs(truth - prediction).mean():>8.2f}")

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
