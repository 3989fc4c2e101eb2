"""Predict a table that is larger than memory, part by part, on a cluster of Dask.

A sequence's prediction depends on that sequence alone, so it does not matter in which
part of a table it stands, as long as it stands there whole. Tables are of two kinds:

- In time order, with a prediction for every row from the rows before it: ``map_overlap``
  gives each part the last rows of the one before, as many as a window needs.
- In long form, with a prediction for every entity: no part may cut an entity. This holds
  for files written entity by entity, and after ``set_index`` on the entity's column.

Here the tables are small and the cluster consists of two local processes, and the
predictions are compared with those of the whole table in memory: they are equal to the
last bit. On a cluster, the workers read and write the parts; none holds more than a few.

    python larger_than_memory.py --output larger_than_memory.png
"""

import argparse
import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import dask
import dask.dataframe as dd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from dask.distributed import Client, LocalCluster
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksequence import GRUClassifier, GRURegressor
from sksequence.preprocessing import SlidingWindow, from_long

LENGTH = 12  # rows per window


def main() -> None:
    """Write tables part by part, and predict them part by part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("larger_than_memory.png"))
    parser.add_argument("--quick", action="store_true", help="fewer and shorter parts")
    arguments = parser.parse_args()
    n_parts, n_rows = (4, 300) if arguments.quick else (12, 5000)
    dask.config.set({"distributed.worker.memory.terminate": False})
    options = {
        "n_workers": 2,
        "threads_per_worker": 1,
        "dashboard_address": None,
        "silence_logs": logging.ERROR,
    }
    with (
        TemporaryDirectory() as folder,
        LocalCluster(**options) as cluster,
        Client(cluster),
    ):
        forecasts = predict_rows(Path(folder), n_parts, n_rows)
        predict_entities(Path(folder), n_parts, n_rows)
    draw(arguments.output, forecasts, n_rows)
    print(f"Figure: {arguments.output}")


def predict_rows(folder: Path, n_parts: int, n_rows: int) -> pd.Series:
    """Forecast the next hour's load from each row and the rows before it."""
    (folder / "hours").mkdir()
    for i in range(n_parts):
        hours(i, n_rows).to_parquet(folder / "hours" / f"{i:03}.parquet")
    first = hours(0, n_rows)
    model = make_pipeline(
        StandardScaler(),
        SlidingWindow(LENGTH),
        GRURegressor(hidden_size=8, pooling="last", max_epochs=5, random_state=0),
    ).fit(first[:-1], first["load"].to_numpy()[1:])

    table = dd.read_parquet(folder / "hours")
    # The first predictions of a part are of windows that begin in the part before.
    forecasts = table.map_overlap(
        forecast, LENGTH - 1, 0, model, meta=("forecast", "float64")
    )
    forecasts.to_frame().to_parquet(folder / "forecasts")  # the workers do it all here
    found = dd.read_parquet(folder / "forecasts")["forecast"].compute()
    report("rows", found, forecast(table.compute(), model), table.npartitions)
    return found


def hours(i: int, n_rows: int) -> pd.DataFrame:
    """Return the i-th part of a table of hours."""
    rng = np.random.default_rng(i)
    hour = np.arange(i * n_rows, (i + 1) * n_rows)
    load = np.sin(hour * 2 * np.pi / 24) + 0.2 * rng.normal(size=n_rows)
    time = pd.Timestamp("2020-01-01") + pd.to_timedelta(hour, unit="h")
    return pd.DataFrame({"load": load, "wind": rng.normal(size=n_rows)}, index=time)


def forecast(part: pd.DataFrame, model: BaseEstimator) -> pd.Series:
    """Return the prediction for each row of a table."""
    return pd.Series(model.predict(part), index=part.index, name="forecast")


def predict_entities(folder: Path, n_parts: int, n_rows: int) -> None:
    """Tell for each machine, by its whole history, whether it heats up."""
    (folder / "machines").mkdir()
    for i in range(n_parts):
        machines(i, n_rows).to_parquet(folder / "machines" / f"{i:03}.parquet")
    X, y, _ = from_long(machines(0, n_rows), by="machine", target="heats")
    model = GRUClassifier(
        hidden_size=8, max_epochs=10, random_state=0, random_convolutions=0
    ).fit(X, y)

    table = dd.read_parquet(folder / "machines").drop(columns="heats")
    found = table.map_partitions(classify, model, meta=("heats", "int64")).compute()
    report("machines", found, classify(table.compute(), model), table.npartitions)


def machines(i: int, n_rows: int) -> pd.DataFrame:
    """Return the i-th part of a table of machines, with a row for each measurement."""
    rng = np.random.default_rng(i)
    lengths = rng.integers(5, 25, size=n_rows // 15)
    machine = np.repeat(np.arange(len(lengths)) + i * n_rows, lengths)
    heats = np.repeat(rng.integers(2, size=len(lengths)), lengths)
    steps = np.concatenate([np.arange(n) for n in lengths])
    celsius = 20 + 0.3 * heats * steps + rng.normal(size=len(steps))
    return pd.DataFrame({"machine": machine, "celsius": celsius, "heats": heats})


def classify(part: pd.DataFrame, model: GRUClassifier) -> pd.Series:
    """Return the predicted class of each entity in a table."""
    X, _, names = from_long(part, by="machine")
    return pd.Series(model.predict(X), index=names, name="heats")


def report(what: str, found: pd.Series, expected: pd.Series, n_parts: int) -> None:
    """Print how predictions of parts compare with those of the whole table."""
    same = found.index.equals(expected.index) and np.array_equal(found, expected)
    print(f"{len(found)} {what} in {n_parts} parts, equal to the last bit: {same}")


def draw(path: Path, forecasts: pd.Series, n_rows: int) -> None:
    """Plot what was measured and forecast on both sides of a cut between two parts."""
    around = slice(n_rows - 36, n_rows + 36)
    load = pd.concat([hours(0, n_rows), hours(1, n_rows)])["load"].iloc[around]
    figure, ax = plt.subplots(figsize=(8, 3), layout="constrained")
    ax.plot(load.index, load, color="0.7", label="load")
    ahead = forecasts.iloc[around].shift(freq="h")
    ax.plot(ahead.index, ahead, label="forecast an hour before")
    ax.axvline(load.index[36], color="0.3", ls="--", label="the next part begins")
    hour = AutoDateLocator()
    ax.xaxis.set_major_locator(hour)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(hour, show_offset=False))
    ax.set(ylabel="load")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
