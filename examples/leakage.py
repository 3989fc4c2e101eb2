"""Leakage in time series cross-validation, and splitters that avoid it.

Two tasks with nothing to learn: in both the target is the future change of a random walk,
which cannot be predicted. The correct score, R², is zero or less.

In the first task, a row is a window of one walk, and its target is the change over the
next ten steps, nine of which it shares with the target of the next row. Shuffled folds
train on the neighbours of every test row, which the network can recognise from the
values of the walk and of two unrelated walks. ``PurgedKFold`` leaves out all training
rows that overlap test rows.

The second task is a panel: twenty shops on one market, in a table sorted by shop.
``TimeSeriesSplit`` counts rows. It trains on some shops up to the last day, so the
network knows the future of the market when it is tested on others.
``PanelTimeSeriesSplit`` counts days and cuts all shops at the same day.
"""

import argparse

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score

from sksequence import GRURegressor
from sksequence.model_selection import PanelTimeSeriesSplit, PurgedKFold
from sksequence.preprocessing import make_windows

LENGTH, HORIZON = 10, 10


def make_walk(n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return windows (n, LENGTH, 3) of random walks, and changes of the first walk."""
    walks = np.random.default_rng(0).normal(size=(n_steps, 3)).cumsum(axis=0)
    X, y, _ = make_windows(walks, LENGTH, HORIZON, target=0)
    return X, y[:, -1] - X[:, -1, 0]


def make_shops(n_shops: int, n_days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the same for the sales of each shop, and the last day of each window."""
    rng = np.random.default_rng(1)
    market = rng.normal(size=n_days).cumsum()
    sales = market + rng.normal(0, 0.3, size=(n_shops, n_days))
    days = pd.MultiIndex.from_product(
        [range(n_shops), range(n_days)], names=["shop", "day"]
    )
    table = pd.DataFrame({"sales": sales.ravel()}, index=days)
    X, y, last = make_windows(table, LENGTH, HORIZON, step=5, by="shop")
    X = np.stack(X)
    return X, y[:, -1] - X[:, -1, 0], last.get_level_values("day")


def main() -> None:
    """Score one network with four splitters."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rows and folds")
    quick = parser.parse_args().quick

    n_folds = 3 if quick else 5
    gru = GRURegressor(
        hidden_size=32,
        pooling="last",
        lr=0.01,
        max_epochs=20,
        batch_size=32,
        random_state=0,
    )
    X, y = make_walk(300 if quick else 800)
    shuffled = KFold(n_folds, shuffle=True, random_state=0)
    purged = PurgedKFold(n_folds, length=LENGTH, horizon=HORIZON)
    X_shop, y_shop, day = make_shops(8 if quick else 20, 250)
    # Windows of every fifth day: length and horizon are given in these steps.
    panel = PanelTimeSeriesSplit(n_folds, length=LENGTH // 5, horizon=HORIZON // 5)
    cases = {
        "one walk, KFold shuffled": (X, y, shuffled, None),
        "one walk, PurgedKFold": (X, y, purged, None),
        "shops, TimeSeriesSplit": (X_shop, y_shop, TimeSeriesSplit(n_folds), None),
        "shops, PanelTimeSeriesSplit": (X_shop, y_shop, panel, day),
    }
    print(f"{'predicting a random walk':<36}{'R²':>6}{'std':>6}")
    for name, (features, target, cv, groups) in cases.items():
        scores = cross_val_score(gru, features, target, cv=cv, groups=groups)
        print(f"{name:<36}{scores.mean():>6.2f}{scores.std():>6.2f}")

    # Why: slowly drifting values identify the training rows next to a test row, whose
    # targets are nearly the same. Without such rows the same network is worse than the
    # mean, since it has fitted noise. Only the split differs, and with real data nothing
    # shows which score is right.
    print("\nOne network, and nothing to learn: only the splitters differ.")


if __name__ == "__main__":
    main()
