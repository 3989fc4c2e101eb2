"""What leakage looks like, and how the splitters stop it.

Two tasks in which there is nothing to learn: both ask how much a random walk will move,
which nobody can know. The right score, R² (the foreseen share of the variance), is zero
or less.

In the first, a row is a window of one walk, and its target the move over the next ten
steps, nine of which are those of the next row's target too. Shuffled folds train on the
neighbours of every tested row, and where the walk is, with two others that have nothing
to do with it, gives away which those are. ``PurgedKFold`` leaves out whatever
overlaps the tested rows.

The second is a panel: twenty shops on one market, sorted by shop, as tables are.
``TimeSeriesSplit`` counts rows. It trains on some shops up to the last day, and has seen
what the market does by the time it tests others. ``PanelTimeSeriesSplit`` counts days
and cuts all shops at the same one.
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
    """Windows (n, LENGTH, 3) of random walks, the first's move over the HORIZON after."""
    walks = np.random.default_rng(0).normal(size=(n_steps, 3)).cumsum(axis=0)
    X, y, _ = make_windows(walks, LENGTH, HORIZON, target=0)
    return X, y[:, -1] - X[:, -1, 0]


def make_shops(n_shops: int, n_days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same of each shop's sales, sorted by shop; and the last day of each window."""
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
    """Score one network by four splitters."""
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
    # Windows of every fifth day: what overlaps is counted in these steps.
    panel = PanelTimeSeriesSplit(n_folds, length=LENGTH // 5, horizon=HORIZON // 5)
    cases = {
        "one walk, KFold shuffled": (X, y, shuffled, None),
        "one walk, PurgedKFold": (X, y, purged, None),
        "shops, TimeSeriesSplit": (X_shop, y_shop, TimeSeriesSplit(n_folds), None),
        "shops, PanelTimeSeriesSplit": (X_shop, y_shop, panel, day),
    }
    print(f"{'of a move that nobody can foresee':<36}{'R²':>6}{'std':>6}")
    for name, (features, target, cv, groups) in cases.items():
        scores = cross_val_score(gru, features, target, cv=cv, groups=groups)
        print(f"{name:<36}{scores.mean():>6.2f}{scores.std():>6.2f}")

    # Why: a network that finds the training rows next to a tested one, by values that
    # drift slowly, reads the answer off their targets. With no such rows left the same
    # network is worse than the mean, as one that believes in noise has to be. Nothing but
    # the split is different, and in practice nobody is there to say which score is true.
    print("\nOne network, and nothing to learn: the splitters alone make the difference.")


if __name__ == "__main__":
    main()
