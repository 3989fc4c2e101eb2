"""Nine quantiles from one fit against nine fits: crossings, pinball loss, time.

The oil temperature of ETTh1, hourly: the next 24 hours from the last 14 days, a day per
step, relative to the last value, in standard deviations of the first 8640 hours, on which
the networks are fitted. Learning rate and number of epochs are chosen for each way by its
pinball loss on the following 2880 hours; the losses in the table are those of the 2880
hours after them. Both ways run in turn, so that a shared machine affects both alike.

The data are in ``forecast/ETTh1.csv`` below one directory::

    python benchmarks/quantiles.py --data ~/series
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from statistics import mean

import numpy as np
import pandas as pd
from accuracy import find_folder
from sklearn.base import clone
from timing import seconds_of

from sksequence import GRURegressor
from sksequence.metrics import interval_coverage, pinball_loss
from sksequence.preprocessing import make_windows

LEVELS = tuple(i / 10 for i in range(1, 10))
LENGTH, HORIZON = 336, 24
VALIDATED, TESTED, END = 8640, 8640 + 2880, 8640 + 2 * 2880
SEEDS = (0, 1, 2)
GRID = tuple(product((0.001, 0.003), (5, 10)))  # learning rate, epochs
NETWORK = GRURegressor(
    loss="quantile", hidden_size=64, dropout=0.3, pooling="last", batch_size=256
)

Windows = tuple[np.ndarray, np.ndarray]


def load(folder: Path) -> tuple[Windows, Windows, Windows]:
    """Return windows and targets of training, validation and test set."""
    table = pd.read_csv(folder / "forecast/ETTh1.csv")
    values = table["OT"].to_numpy(dtype=float)[:END]
    values = (values - values[:VALIDATED].mean()) / values[:VALIDATED].std()
    parts = (0, VALIDATED), (VALIDATED - LENGTH, TESTED), (TESTED - LENGTH, END)

    def windows(begin: int, end: int) -> Windows:
        X, y, _ = make_windows(values[begin:end], LENGTH, HORIZON)
        last = X[:, -1:, 0]
        return (X[:, :, 0] - last).reshape(len(X), -1, 24), y - last

    train, valid, test = (windows(*part) for part in parts)
    return train, valid, test


def one_fit(train: Windows, X: list[np.ndarray], **params: object) -> tuple:
    """Return the seconds of a fit of all quantiles, and its predictions for each X."""
    model = clone(NETWORK).set_params(quantile=LEVELS, **params)
    seconds = seconds_of(model.fit, *train)
    return seconds, [model.predict(x) for x in X]


def nine_fits(train: Windows, X: list[np.ndarray], **params: object) -> tuple:
    """Return the seconds of a fit for each quantile, and the predictions of all."""
    seconds, answers = 0.0, []
    for level in LEVELS:
        model = clone(NETWORK).set_params(quantile=level, **params)
        seconds += seconds_of(model.fit, *train)
        answers.append([model.predict(x) for x in X])
    return seconds, [np.stack(parts, axis=-1) for parts in zip(*answers, strict=True)]


def crossings(predicted: np.ndarray) -> float:
    """Return the share of neighbouring quantiles of which the higher is below."""
    return float((np.diff(predicted) < 0).mean())


def main() -> None:
    """Print a table of both ways, and how each was chosen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="FOLDER", help="directory of the data")
    train, valid, test = load(find_folder(parser.parse_args().data))
    found: dict[tuple, list[tuple[float, np.ndarray, np.ndarray]]] = {}
    for (lr, n_epochs), seed in product(GRID, SEEDS):
        params = {"lr": lr, "max_epochs": n_epochs, "random_state": seed}
        for way in (one_fit, nine_fits):
            seconds, answers = way(train, [valid[0], test[0]], **params)
            key = way.__name__, lr, n_epochs
            found.setdefault(key, []).append((seconds, *answers))
    times = {}
    print("| way | lr | epochs | validation | test | seeds | crossings | 80 % |")
    print("| --- " * 8 + "|")
    for way in ("one_fit", "nine_fits"):
        losses = {
            key: mean(pinball_loss(valid[1], run[1], quantiles=LEVELS) for run in runs)
            for key, runs in found.items()
            if key[0] == way
        }
        best = min(losses, key=lambda key: losses[key])
        runs = found[best]
        seeds = [pinball_loss(test[1], run[2], quantiles=LEVELS) for run in runs]
        covered = mean(interval_coverage(test[1], run[2]) for run in runs)
        crossed = max(crossings(run[2]) for run in runs)
        times[way] = sum(run[0] for key in losses for run in found[key])
        each = ", ".join(f"{loss:.4f}" for loss in seeds)
        print(
            f"| {way.replace('_', ' ')} | {best[1]} | {best[2]} | {losses[best]:.4f} "
            f"| {mean(seeds):.4f} | {each} | {crossed:.4f} | {covered:.3f} |"
        )
    ratio = times["nine_fits"] / times["one_fit"]
    print(f"\nNine fits take {ratio:.1f} times as long as one.")


if __name__ == "__main__":
    main()
