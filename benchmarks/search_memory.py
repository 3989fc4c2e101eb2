"""Peak memory of a grid search over windows of a table, by its number of candidates.

The table is ``forecast/ETTh1.csv`` below the data directory: 17,420 hours of seven
columns; the target is the oil temperature one day later. Windows have 24 to 168 rows, so
copies of the longest would take the memory of 168 tables. Two workers; measured is the
private memory of all processes together, in addition to that after a small fit. Needs
Linux's ``/proc``.

    python benchmarks/search_memory.py --data ~/series
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from accuracy import find_folder
from memory import Peak, private_megabytes
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksequence import RecurrentRegressor
from sksequence.preprocessing import SlidingWindow

_LENGTH, _CELL, _DEPTH = (
    "slidingwindow__length",
    "recurrentregressor__cell",
    "recurrentregressor__num_layers",
)
GRIDS = [
    {_LENGTH: [24, 168], _CELL: ["gru"], _DEPTH: [1]},
    {_LENGTH: [24, 168], _CELL: ["lstm", "gru"], _DEPTH: [1, 2]},
    {_LENGTH: [24, 48, 96, 168], _CELL: ["rnn", "lstm", "gru"], _DEPTH: [1, 2]},
]


def family_megabytes() -> float:
    """Return the private memory of this process and all its descendants."""
    parent = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = status.read_text(encoding="ascii").rpartition(") ")[2]
        except OSError:  # it has ended
            continue
        parent[int(status.parent.name)] = int(after_name.split()[1])
    family = {os.getpid()}
    while more := {child for child, of in parent.items() if of in family} - family:
        family |= more
    total = 0.0
    for process in family:
        try:
            total += private_megabytes(process)
        except OSError:
            continue
    return total


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="directory of the data (else SKSEQUENCE_DATA)")
    folder = find_folder(parser.parse_args(arguments).data)
    table = pd.read_csv(folder / "forecast/ETTh1.csv", index_col="date")
    table.index = pd.to_datetime(table.index)
    X, y = table[:-24], table["OT"].to_numpy()[24:]
    model = make_pipeline(
        StandardScaler(),
        SlidingWindow(24, context=True),
        RecurrentRegressor(
            hidden_size=16, pooling="last", max_epochs=1, batch_size=256, random_state=0
        ),
    )
    cv = TimeSeriesSplit(2)
    GridSearchCV(model, {_DEPTH: [1, 2]}, cv=cv, n_jobs=2).fit(X[:500], y[:500])
    print("| candidates | fits | seconds | peak, MB | best: rows, cell, layers |")
    print("| ---: | ---: | ---: | ---: | --- |")
    for grid in GRIDS:
        start = time.perf_counter()
        with Peak(family_megabytes) as peak:
            search = GridSearchCV(model, grid, cv=cv, n_jobs=2).fit(X, y)
        n = len(search.cv_results_["params"])
        best = ", ".join(
            str(search.best_params_[key]) for key in (_LENGTH, _CELL, _DEPTH)
        )
        print(
            f"| {n} | {n * cv.n_splits + 1} | {time.perf_counter() - start:.0f} "
            f"| {peak.most - peak.before:.0f} | {best} |",
            flush=True,
        )
    copies = np.float64().nbytes * X.size * 168 / 2**20
    print(f"\nCopies of the longest windows: {copies:.0f} MB a fit.")


if __name__ == "__main__":
    main()
