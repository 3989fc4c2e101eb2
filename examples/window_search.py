"""Choose the window length of a sunspot forecast by grid search.

The number of sunspots has a cycle of about eleven years (yearly numbers since 1700, from
statsmodels). The pipeline scales the series and makes a window of each year and those
before it, from which a recurrent network forecasts the next year. The window length is a
parameter of the pipeline like any other, so ``GridSearchCV`` chooses it together with the
cell, with folds that train on the past and test on the following years.

The last sixty years are held out. There, the forecast is compared with the number of the
last year, and with that of eleven years before.

    python window_search.py --output window_search.png
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.datasets import sunspots

from sksequence import RecurrentRegressor
from sksequence.preprocessing import SlidingWindow

N_TEST = 60


def draw(
    path: Path,
    errors: pd.DataFrame,
    years: np.ndarray,
    truth: np.ndarray,
    predictions: dict[str, np.ndarray],
) -> None:
    """Plot the error by window length, and the forecasts of the best window."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.5), layout="constrained")
    for cell, of_cell in errors.items():
        left.plot(of_cell.index, of_cell, "o-", label=cell)
    left.set(xscale="log", title="Cross-validated error")
    left.set(xlabel="years in a window", ylabel="RMSE, sunspots")
    left.set_xticks(errors.index, [str(n) for n in errors.index])
    left.minorticks_off()
    left.set_ylim(0, 1.1 * errors.max().max())
    left.legend()
    right.plot(years, truth, "k-", label="counted")
    right.plot(years, predictions["the best of the search"], "C1-", label="forecast")
    right.set(title="The years held out", xlabel="year", ylabel="sunspots")
    right.legend()
    figure.savefig(path, dpi=100)


def main() -> None:
    """Search, print a table of lengths and cells, and forecast the held-out years."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("window_search.png"))
    parser.add_argument("--quick", action="store_true", help="a smaller grid")
    options = parser.parse_args()
    quick = options.quick

    table = sunspots.load_pandas().data
    X, y = table[["SUNACTIVITY"]][:-1], table["SUNACTIVITY"][1:].to_numpy()
    model = make_pipeline(
        StandardScaler(),
        SlidingWindow(8, context=True),
        RecurrentRegressor(
            hidden_size=16,
            pooling="last",
            max_epochs=20 if quick else 30,
            lr=0.01,
            random_state=0,
        ),
    )
    grid = {
        "slidingwindow__length": [1, 8] if quick else [1, 2, 4, 8, 16, 32],
        "recurrentregressor__cell": ["gru"] if quick else ["rnn", "gru", "lstm"],
    }
    search = GridSearchCV(
        model,
        grid,
        cv=TimeSeriesSplit(2 if quick else 5, test_size=30),
        scoring="neg_root_mean_squared_error",
        n_jobs=None if quick else 2,
    )
    search.fit(X[:-N_TEST], y[:-N_TEST])

    results = pd.DataFrame(search.cv_results_)
    errors = -results.pivot_table(
        index="param_slidingwindow__length",
        columns="param_recurrentregressor__cell",
        values="mean_test_score",
    )
    print("Cross-validated error of the next year, by window length:\n")
    print(
        errors.rename_axis(index="years", columns=None).to_string(
            float_format="{:.1f}".format
        )
    )

    truth = y[-N_TEST:]
    predictions = {
        "the last year": X["SUNACTIVITY"].to_numpy()[-N_TEST:],
        "eleven years before": y[-N_TEST - 11 : -11],
        "the best of the search": search.predict(X[-N_TEST:]),
    }
    first, last = (int(table["YEAR"].iloc[i]) for i in (-N_TEST, -1))
    print(f"\n{f'{first} to {last}':<24}{'RMSE':>6}")
    for name, prediction in predictions.items():
        print(f"{name:<24}{root_mean_squared_error(truth, prediction):>6.1f}")

    draw(options.output, errors, table["YEAR"].to_numpy()[-N_TEST:], truth, predictions)

    # Why: one year does not show whether the number rises or falls, two years do, and a
    # good part of a cycle shows its height. Longer windows do not help: the lengths of
    # cycles differ, so older ones contain little information, and there are few data to
    # learn from. All folds test on years after their training set.
    best = search.best_params_["slidingwindow__length"]
    print(
        f"\nThe best window has {best} years. One year alone does not show whether the "
        "number\nwas rising or falling."
    )

    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
