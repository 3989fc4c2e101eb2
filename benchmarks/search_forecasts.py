"""Peak memory of a grid search over forecasters of a table, by its number of candidates.

The table is ``forecast/ETTh1.csv`` below the data directory: 17,420 hours of seven
columns, all of which are forecast; every other hour begins a window. Searched are the
number of rows per window, the cell, the strategy and the horizon of ``WindowForecaster``;
each candidate is scored by its forecasts of 24 hours after two parts of the table. Two
workers; measured is the private memory of all processes together, in addition to that
after a small search. Needs Linux's ``/proc``.

    python benchmarks/search_forecasts.py --data ~/series
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import pandas as pd
from accuracy import find_folder
from memory import Peak
from search_memory import family_megabytes
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sksequence import RecurrentRegressor, WindowForecaster

_CELL = "regressor__cell"
# The largest candidate, whose windows are longest, is in each of them.
GRIDS: list[dict[str, list]] = [
    {"length": [24, 168], _CELL: ["gru"], "strategy": ["decoder"], "horizon": [48]},
    {
        "length": [24, 168],
        _CELL: ["lstm", "gru"],
        "strategy": ["recursive", "decoder"],
        "horizon": [48],
    },
    {
        "length": [24, 168],
        _CELL: ["lstm", "gru"],
        "strategy": ["direct", "recursive", "decoder"],
        "horizon": [24, 48],
    },
]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="directory of the data (else SKSEQUENCE_DATA)")
    folder = find_folder(parser.parse_args(arguments).data)
    table = pd.read_csv(
        folder / "forecast/ETTh1.csv", index_col="date", parse_dates=True
    ).astype("float32")
    network = RecurrentRegressor(
        hidden_size=16,
        pooling="last",
        normalize="last",
        max_epochs=1,
        batch_size=256,
        random_state=0,
    )
    forecaster = WindowForecaster(network, length=24, horizon=24, step=2)
    cv = TimeSeriesSplit(2, test_size=24)

    def search(grid: dict[str, list], rows: pd.DataFrame) -> GridSearchCV:
        model = GridSearchCV(forecaster, grid, cv=cv, n_jobs=2, error_score="raise")
        return model.fit(rows)

    search({_CELL: ["lstm", "gru"]}, table[:500])
    print("| candidates | fits | seconds | peak, MB | best |")
    print("| ---: | ---: | ---: | ---: | --- |")
    for grid in GRIDS:
        start = time.perf_counter()
        with Peak(family_megabytes) as peak:
            found = search(grid, table)
        n = len(found.cv_results_["params"])
        best = ", ".join(str(found.best_params_[name]) for name in grid)
        print(
            f"| {n} | {n * cv.n_splits + 1} | {time.perf_counter() - start:.0f} "
            f"| {peak.most - peak.before:.0f} | {best} |",
            flush=True,
        )
    copies = table.to_numpy().nbytes * (168 + 48) / 2 / 2**20
    print(f"\nCopies of the longest windows and their targets: {copies:.0f} MB per fit.")


if __name__ == "__main__":
    main()
