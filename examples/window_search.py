"""How many past years does a forecast of sunspots need? Let a grid search say.

The sun has had more and fewer spots in a cycle of about eleven years since 1700 at least
(yearly numbers, shipped in statsmodels). The pipeline scales the series, makes one window
of each year and those before it, and a GRU forecasts the year to come. The windows'
length is a parameter of the pipeline like any other, so ``GridSearchCV`` chooses it
together with the cell, by folds that train on the past and test the years after it.

The last sixty years take no part in the choice. There the forecast stands next to the
last year's number, and to the cycle eleven years ago.
"""

import argparse

import pandas as pd
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.datasets import sunspots

from sksequence import RecurrentRegressor
from sksequence.preprocessing import SlidingWindow

N_TEST = 60


def main() -> None:
    """Search, print a table of the lengths and cells, and forecast what is held out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a smaller grid")
    quick = parser.parse_args().quick

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
    print("Error of the next year by the window's length, cross-validated:\n")
    print(
        errors.rename_axis(index="years", columns=None).to_string(
            float_format="{:.1f}".format
        )
    )

    truth = y[-N_TEST:]
    answers = {
        "the last year": X["SUNACTIVITY"].to_numpy()[-N_TEST:],
        "eleven years before": y[-N_TEST - 11 : -11],
        "the best of the search": search.predict(X[-N_TEST:]),
    }
    first, last = (int(table["YEAR"].iloc[i]) for i in (-N_TEST, -1))
    print(f"\n{f'{first} to {last}':<24}{'RMSE':>6}")
    for name, answer in answers.items():
        print(f"{name:<24}{root_mean_squared_error(truth, answer):>6.1f}")

    # Why: one year cannot tell a rise from a fall, two can, and one that has seen a
    # good part of the cycle knows how high it has been. Beyond that there is nothing to
    # gain: the cycles differ in length, so that older ones say little, and every year
    # more is more to learn from few. All folds test what came after their training part.
    best = search.best_params_["slidingwindow__length"]
    print(
        f"\n{best} years were chosen. With one year alone the network cannot see whether "
        "the number\nwas on its way up or down."
    )


if __name__ == "__main__":
    main()
