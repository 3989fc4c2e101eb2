"""Leakage in time series cross-validation, and splitters that avoid it.

Two tasks with nothing to learn: in both the question is whether a random walk will be
higher in ten steps, which cannot be predicted. The correct accuracy is that of chance, a
half; how near the score of one walk is to it is also chance, so it is the mean of several
walks.

In the first task, a row is a window of one walk, and its target depends on the next ten
steps, nine of which it shares with the target of the next row. Shuffled folds
train on the neighbours of every test row, which the network can recognise from the
values of the walk and of two unrelated walks. ``PurgedKFold`` leaves out all training
rows that overlap test rows.

The second task is a panel: twenty shops on one market, in a table sorted by shop.
``TimeSeriesSplit`` counts rows. It trains on some shops up to the last day, so the
network knows the future of the market when it is tested on others.
``PanelTimeSeriesSplit`` counts days and cuts all shops at the same day.

    python leakage.py --output leakage.png
"""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score

from sksequence import GRUClassifier
from sksequence.model_selection import PanelTimeSeriesSplit, PurgedKFold
from sksequence.preprocessing import make_windows

LENGTH, HORIZON = 10, 10


def make_walk(n_steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return windows (n, LENGTH, 3) of random walks, and where the first walk goes."""
    walks = np.random.default_rng(seed).normal(size=(n_steps, 3)).cumsum(axis=0)
    X, y, _ = make_windows(walks, LENGTH, HORIZON, target=0)
    return X, np.where(y[:, -1] > X[:, -1, 0], "up", "down")


def make_shops(
    n_shops: int, n_days: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the same for the sales of each shop, and the last day of each window."""
    rng = np.random.default_rng(seed)
    market = rng.normal(size=n_days).cumsum()
    sales = market + rng.normal(0, 0.3, size=(n_shops, n_days))
    days = pd.MultiIndex.from_product(
        [range(n_shops), range(n_days)], names=["shop", "day"]
    )
    table = pd.DataFrame({"sales": sales.ravel()}, index=days)
    X, y, last = make_windows(table, LENGTH, HORIZON, step=5, by="shop")
    X = np.stack(X)
    rises = np.where(y[:, -1] > X[:, -1, 0], "up", "down")
    return X, rises, last.get_level_values("day")


def draw(
    path: Path, scores: dict[str, list[float]], splitters: dict[str, Any], X: np.ndarray
) -> None:
    """Plot the first fold of the walks for both splitters, and all accuracies."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3), layout="constrained")
    names = [name for name in splitters if name.startswith("one")]
    for row, name in enumerate(names):
        train, test = next(splitters[name].split(X))
        left.vlines(train, row - 0.4, row + 0.4, color="C0", lw=0.5)
        left.vlines(test, row - 0.4, row + 0.4, color="C1", lw=0.5)
    left.set_yticks(range(len(names)), [name.split()[2] for name in names])
    left.set(title="Train (blue), test (orange), left out (white)", xlabel="row")
    left.invert_yaxis()
    for row, found in enumerate(scores.values()):
        right.plot(found, [row] * len(found), "o", alpha=0.6)
    right.axvline(0.5, color="gray", linestyle=":")
    right.set_yticks(range(len(scores)), list(scores))
    right.set(title="Accuracy; there is nothing to learn", xlim=(0.3, 1))
    right.margins(y=0.15)
    right.invert_yaxis()
    figure.savefig(path, dpi=100)


def main() -> None:
    """Score one network with four splitters."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("leakage.png"))
    parser.add_argument("--quick", action="store_true", help="fewer rows and folds")
    options = parser.parse_args()
    quick = options.quick

    n_folds = 3 if quick else 5
    gru = GRUClassifier(
        hidden_size=32,
        pooling="last",
        lr=0.01,
        max_epochs=20,
        batch_size=32,
        random_state=0,
        random_convolutions=0,
    )
    # Windows of every fifth day: length and horizon are given in these steps.
    panel = PanelTimeSeriesSplit(n_folds, length=LENGTH // 5, horizon=HORIZON // 5)
    splitters = {
        "one walk, KFold shuffled": KFold(n_folds, shuffle=True, random_state=0),
        "one walk, PurgedKFold": PurgedKFold(n_folds, length=LENGTH, horizon=HORIZON),
        "shops, TimeSeriesSplit": TimeSeriesSplit(n_folds),
        "shops, PanelTimeSeriesSplit": panel,
    }
    scores: dict[str, list[float]] = {name: [] for name in splitters}
    for seed in range(2 if quick else 5):
        X, y = make_walk(300 if quick else 500, seed)
        X_shop, y_shop, day = make_shops(8, 250 if quick else 400, seed)
        for name, cv in splitters.items():
            data = (X, y) if name.startswith("one") else (X_shop, y_shop)
            groups = day if cv is panel else None
            folds = cross_val_score(gru, *data, cv=cv, groups=groups)
            scores[name].append(folds.mean())
    print(f"{'will a random walk rise?':<36}{'accuracy':>9}{'std':>6}")
    for name, found in scores.items():
        print(f"{name:<36}{np.mean(found):>9.2f}{np.std(found):>6.2f}")
    draw(options.output, scores, splitters, X)

    # Why: slowly drifting values identify the training rows next to a test row, whose
    # targets are nearly the same. Without such rows the same network knows nothing. Only
    # the split differs, and with real data nothing shows which score is right.
    print("\nOne network, and nothing to learn: only the splitters differ.")

    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
