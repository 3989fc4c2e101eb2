"""Remaining life of engines that run to failure: a number for every cycle.

C-MAPSS FD001: 100 engines until they fail, and 100 others that are cut off before. The
network reads an engine from its first cycle on, and predicts after each how many remain;
later cycles weigh more. Targets are capped, as there is no wear to see in an early cycle,
but errors are those of the true, uncapped remaining life.

Its configuration is chosen among ``NETWORKS`` on engines left out of the fit, five folds
of the 100. There every engine counts equally, and so does each of its cycles with 1 to
150 left: an engine in service is as likely to be in one as in another. The test engines
are predicted only by what is chosen. Ridge regression and gradient boosting on statistics
of the last 30 cycles are treated alike.

The data are in ``turbofan/`` below one directory: ``train_FD001.txt.gz``,
``test_FD001.txt.gz`` and ``RUL_FD001.txt``::

    python benchmarks/engines.py --data ~/series
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
import pandas as pd
from accuracy import configuration, find_folder
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sksequence import RecurrentStepRegressor
from sksequence.preprocessing import StepwiseTransformer, from_long

SEEDS = (0, 1, 2)
IN_SERVICE = 150
COLUMNS = ["engine", "cycle", "altitude", "mach", "throttle"]
COLUMNS += [f"sensor {i}" for i in range(1, 22)]

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Engines:
    """Engines of a fleet.

    Attributes
    ----------
    table : DataFrame
        A row per cycle: engine, cycle, the sensors that vary, and the cycles that remain.
    """

    table: pd.DataFrame

    def sequences(self) -> tuple[Arrays, Arrays]:
        """Return the sensors of each engine, and what remains after each cycle."""
        X, y, _ = from_long(
            self.table, by="engine", time="cycle", target="remaining", target_per="step"
        )
        return X, y

    def part(self, which: np.ndarray) -> Engines:
        """Return some of the engines, by position."""
        wanted = self.table["engine"].unique()[which]
        return Engines(self.table[self.table["engine"].isin(wanted)])


def load(folder: Path) -> tuple[Engines, Engines]:
    """Return training and test engines."""
    train, test = (
        pd.read_csv(
            folder / f"turbofan/{part}_FD001.txt.gz",
            sep=r"\s+",
            header=None,
            names=COLUMNS,
        )
        for part in ("train", "test")
    )
    # There is one operating condition; some sensors never change.
    sensors = [name for name in COLUMNS[5:] if train[name].std() > 1e-6]
    left = np.loadtxt(folder / "turbofan/RUL_FD001.txt")
    fleets = []
    for table, after_last in ((train, np.zeros(train["engine"].nunique())), (test, left)):
        ends = table.groupby("engine")["cycle"].transform("max")
        after = pd.Series(after_last, index=table["engine"].unique())
        remaining = ends - table["cycle"] + table["engine"].map(after)
        columns = ["engine", "cycle", *sensors]
        fleets.append(Engines(table[columns].assign(remaining=remaining.astype(float))))
    return fleets[0], fleets[1]


@dataclass(frozen=True)
class StepModel:
    """A network that predicts after every cycle.

    Attributes
    ----------
    network : RecurrentStepRegressor
    n_components : int or None
        The number of principal components that it reads; None for the sensors as they
        are.
    cap : float
        The largest target.
    rise : float
        By how much the weight of cycles rises from 1 during a life.
    means : tuple of int
        Numbers of cycles of trailing means, which it reads, with the age, in place of
        single cycles.
    """

    network: RecurrentStepRegressor
    n_components: int | None = None
    cap: float = 125
    rise: float = 3
    means: tuple[int, ...] = ()

    def __str__(self) -> str:
        read = f"means of {self.means} cycles" if self.means else "every cycle"
        return (
            f"cap {self.cap:g}, weights up to {1 + self.rise:g}, {read}, "
            f"{self.n_components or 'no'} components, `{configuration(self.network)}`"
        )

    def predict(self, train: Engines, test: Engines, seed: int) -> Arrays:
        """Fit to engines, and predict every cycle of others."""
        X, y = train.sequences()
        weights = [1 + self.rise * np.arange(1, len(x) + 1) / len(x) for x in X]
        components = PCA(self.n_components) if self.n_components else "passthrough"
        components = make_pipeline(StandardScaler(), components)
        means = FunctionTransformer(_trailing_means, kw_args={"lengths": self.means})
        model = make_pipeline(
            StepwiseTransformer(components),
            means if self.means else "passthrough",
            clone(self.network).set_params(random_state=seed),
        )
        model.fit(
            X,
            [np.minimum(left, self.cap) for left in y],
            recurrentstepregressor__sample_weight=weights,
        )
        return [np.minimum(x, self.cap) for x in model.predict(test.sequences()[0])]


@dataclass(frozen=True)
class RowModel:
    """A regressor of the statistics of the last 30 cycles.

    Attributes
    ----------
    regressor : regressor
    cap : float
        The largest target.
    """

    regressor: BaseEstimator
    cap: float = 125

    def __str__(self) -> str:
        return f"cap {self.cap:g}: `{configuration(self.regressor)}`"

    def predict(self, train: Engines, test: Engines, seed: int) -> Arrays:
        """Fit to engines, and predict every cycle of others."""
        rows, left = _statistics(train)
        regressor = clone(self.regressor).fit(rows, np.minimum(left, self.cap))
        rows, _ = _statistics(test)
        counts = test.table.groupby("engine").size()
        answers = np.minimum(regressor.predict(rows), self.cap)
        return np.split(answers, np.cumsum(counts)[:-1])


Model = StepModel | RowModel


def _trailing_means(X: Arrays, lengths: tuple[int, ...]) -> Arrays:
    """Replace each cycle by means of the last ones, and the number of cycles so far."""
    answers = []
    for rows in map(pd.DataFrame, X):
        means = [rows.rolling(n, min_periods=1).mean().to_numpy() for n in lengths]
        age = np.arange(1, len(rows) + 1)[:, None] / 100
        answers.append(np.hstack([*means, age]).astype(np.float32))
    return answers


def _statistics(engines: Engines) -> tuple[np.ndarray, np.ndarray]:
    """Return the cycle, and mean, deviation, extremes and rise of the last 30."""
    table = engines.table
    parts = []
    for _, rows in table.drop(columns="remaining").groupby("engine"):
        sensors = rows.drop(columns=["engine", "cycle"])
        last = sensors.rolling(30, min_periods=1)
        rise = last.cov(rows["cycle"]).div(
            rows["cycle"].rolling(30, min_periods=1).var(), 0
        )
        every = [
            rows["cycle"].to_frame(),
            sensors,
            last.mean(),
            last.std(),
            last.min(),
            last.max(),
            rise,
        ]
        parts.append(np.nan_to_num(np.hstack(every)))
    return np.concatenate(parts), table["remaining"].to_numpy()


def validated(model: Model, engines: Engines, seed: int = 0) -> float:
    """Return the RMSE on engines in service, of five folds."""
    errors = []
    n = engines.table["engine"].nunique()
    for train, test in KFold(5, shuffle=True, random_state=7).split(np.arange(n)):
        left_out = engines.part(test)
        predicted = model.predict(engines.part(train), left_out, seed)
        for life, answer in zip(left_out.sequences()[1], predicted, strict=True):
            in_service = (life >= 1) & (life <= IN_SERVICE)
            errors.append(np.mean((life - answer)[in_service] ** 2))
    return float(np.sqrt(np.mean(errors)))


def tested(model: Model, train: Engines, test: Engines, seed: int) -> tuple[float, ...]:
    """Return the RMSE after the last cycle, that of capped life, and the seconds.

    The published errors of capped life take the truth as at most 125.
    """
    start = time.perf_counter()
    answer = np.array([steps[-1] for steps in model.predict(train, test, seed)])
    seconds = time.perf_counter() - start
    truth = np.array([life[-1] for life in test.sequences()[1]])
    capped = np.minimum(truth, 125)
    rmse, rmse_capped = (np.sqrt(np.mean((y - answer) ** 2)) for y in (truth, capped))
    return float(rmse), float(rmse_capped), seconds


def measure(
    name: str,
    models: Sequence[Model],
    train: Engines,
    test: Engines,
    seeds: Sequence[int],
) -> str:
    """Choose one of the models, and return the row of the table."""
    found = [validated(model, train) for model in models]
    for model, error in zip(models, found, strict=True):
        print(f"- {name}, validation {error:.2f}: {model}", flush=True)
    best = models[int(np.argmin(found))]
    runs = [tested(best, train, test, seed) for seed in seeds]
    errors, capped, seconds = zip(*runs, strict=True)
    each = ", ".join(f"{error:.2f}" for error in errors)
    return (
        f"| {name} | {min(found):.2f} | {mean(errors):.2f} | {each} | {mean(capped):.2f} "
        f"| {mean(seconds):.0f} |"
    )


def gru(**params: object) -> RecurrentStepRegressor:
    """Return a GRU that reads 10 engines at a time."""
    given = {"dropout": 0.3, "lr": 0.003, "max_epochs": 40, "batch_size": 10} | params
    return RecurrentStepRegressor(cell="gru", **given)


NETWORKS = [
    StepModel(gru(hidden_size=64)),
    StepModel(gru(hidden_size=64), n_components=3),
    StepModel(gru(hidden_size=128, lr=0.005)),
    StepModel(gru(hidden_size=128, lr=0.005), n_components=3),
    StepModel(gru(hidden_size=128, lr=0.005), n_components=3, cap=140),
    StepModel(gru(hidden_size=128, lr=0.005), n_components=3, rise=0),
    *(
        StepModel(gru(hidden_size=96), means=means, cap=135)
        for means in ((10, 30), (5, 30), (5, 50), (5, 80), (5, 30, 100), (5, 20, 60, 150))
    ),
    StepModel(gru(hidden_size=96), means=(5, 30, 100), cap=125),
    StepModel(gru(hidden_size=96), means=(5, 30, 100), cap=145),
    StepModel(gru(hidden_size=128), means=(5, 30, 100), cap=135),
    StepModel(gru(hidden_size=96), means=(5, 30, 100), cap=135, rise=1),
]
BASELINES = {
    "ridge regression": make_pipeline(
        StandardScaler(), RidgeCV(alphas=(0.1, 1, 10, 100, 1000, 10_000))
    ),
    "gradient boosting": HistGradientBoostingRegressor(
        learning_rate=0.05, max_iter=150, random_state=0
    ),
}


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="FOLDER", help="directory of the data")
    train, test = load(find_folder(parser.parse_args().data))
    rows = [measure("GRU, every cycle", NETWORKS, train, test, SEEDS)]
    for name, regressor in BASELINES.items():
        row = measure(f"{name}, 30 cycles", [RowModel(regressor)], train, test, SEEDS[:1])
        rows.append(row)
    print("\n| model | validation | RMSE | seeds | capped at 125 | seconds |")
    print("| --- | ---: | ---: | --- | ---: | ---: |")
    print(*rows, sep="\n")


if __name__ == "__main__":
    main()
