"""Forecasts of a shop's sales, which promotions that are known ahead decide.

Sales are generated: 100 a day, 30 more at the weekend, and four times the discount in per
cent, half as much again at the weekend. Who bought ahead stays away: three tenths of what
promotions sold per day of the last week are missing. The rest is noise. The plan of
discounts is known two weeks ahead, and only it tells when sales rise.

Each strategy of ``WindowForecaster`` is fitted to three years; its learning
rate is chosen by the coefficient of determination in the following half year, and
that of the half year after it is reported, over the forecasts of two weeks from every
day. Each seed is a shop of its own and a ``random_state``. Beside them: the same
forecaster without the plan, the sales of the same weekday last week, and the sales
without noise, which no forecast can beat::

    python benchmarks/promotions.py
"""

from __future__ import annotations

from statistics import mean

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score
from timing import seconds_of

from sksequence import GRURegressor, WindowForecaster

LENGTH, HORIZON = 21, 14
VALIDATED, TESTED, END = 1096, 1096 + 182, 1096 + 2 * 182
SEEDS = (0, 1, 2)
LEARNING_RATES = (0.005, 0.01)
STRATEGIES = ("direct", "recursive", "decoder")


def shop(seed: int) -> pd.DataFrame:
    """Generate the days of a shop, with its sales also before noise."""
    rng = np.random.default_rng(seed)
    discount = np.zeros(END)
    day = 0
    while (day := day + int(rng.integers(3, 15))) < END:
        n = int(rng.integers(1, 8))
        discount[day : day + n] = rng.choice([10, 20, 30, 40, 50])
        day += n
    days = pd.date_range("2021-01-01", periods=END)
    weekend = (days.day_of_week >= 5).astype(float)
    extra = 4 * discount * (1 + 0.5 * weekend)
    bought = np.convolve(extra, np.full(7, 1 / 7))[: END - 1]
    expected = 100 + 30 * weekend + extra - 0.3 * np.concatenate([[0], bought])
    sales = expected + rng.normal(scale=3, size=END)
    columns = {"sales": sales, "discount": discount, "weekend": weekend}
    return pd.DataFrame(columns | {"expected": expected}, index=days)


def forecaster(strategy: str, known: list[str], **params: object) -> WindowForecaster:
    """Return a forecaster of the sales of two weeks."""
    network = GRURegressor(
        hidden_size=64, pooling="last", max_epochs=100, batch_size=32, **params
    )
    return WindowForecaster(
        network,
        length=LENGTH,
        horizon=HORIZON,
        strategy=strategy,
        target="sales",
        known=known,
    )


def r2(table: pd.DataFrame, forecasts: pd.Series, begin: int, end: int) -> float:
    """Return the coefficient of determination in the rows from ``begin`` to ``end``.

    Parameters
    ----------
    table : DataFrame
        The days, with their sales.
    forecasts : Series
        Forecasts, with the origin and the day as index.
    begin, end : int
        First row, and the row after the last one.
    """
    days = forecasts.index.get_level_values(-1)
    within = days.isin(table.index[begin:end])
    truth = table["sales"].reindex(days[within])
    return float(r2_score(truth, forecasts[within]))


def scores(
    table: pd.DataFrame, strategy: str, known: list[str], **params: object
) -> tuple[float, float, float]:
    """Fit, and return the scores of validation and test set, and the seconds."""
    model = forecaster(strategy, known, **params)
    rows = table[["sales", *known]]
    seconds = seconds_of(model.fit, rows[:VALIDATED])
    forecasts = model.historical_forecasts(rows[VALIDATED - LENGTH :])["sales"]
    valid = r2(table, forecasts, VALIDATED, TESTED)
    return valid, r2(table, forecasts, TESTED, END), seconds


def reference(table: pd.DataFrame, forecasts: pd.Series) -> float:
    """Return the score of forecasts by day alone on the test set."""
    return float(r2_score(table["sales"][TESTED:], forecasts[TESTED:]))


def row(name: str, chosen: str, valid: str, seeds: list[float], seconds: str) -> str:
    """Return a row of the table."""
    each = ", ".join(f"{score:.4f}" for score in seeds)
    return f"| {name} | {chosen} | {valid} | {mean(seeds):.4f} | {each} | {seconds} |"


def main() -> None:
    """Print a Markdown table."""
    shops = [shop(seed) for seed in SEEDS]
    print("| forecast | lr | validation | test | seeds | s per fit |")
    print("| --- | --- | ---: | ---: | --- | ---: |")
    plan = ["discount", "weekend"]
    for strategy, known in [
        *((name, plan) for name in STRATEGIES),
        ("decoder", plan[1:]),
    ]:
        found = {}
        for lr in LEARNING_RATES:
            found[lr] = [
                scores(shops[seed], strategy, known, random_state=seed, lr=lr)
                for seed in SEEDS
            ]
        best = max(found, key=lambda key: mean(run[0] for run in found[key]))
        valid, test, seconds = map(list, zip(*found[best], strict=True))
        name = strategy if known == plan else f"{strategy}, without the plan"
        print(
            row(name, str(best), f"{mean(valid):.4f}", test, f"{mean(seconds):.0f}"),
            flush=True,
        )
    last_week = [reference(table, table["sales"].shift(7)) for table in shops]
    print(row("the day a week before", "", "", last_week, ""))
    print(
        row(
            "sales without noise",
            "",
            "",
            [reference(t, t["expected"]) for t in shops],
            "",
        )
    )


if __name__ == "__main__":
    main()
