"""Measure detectors: alarms in 58 series, and the health of engines without labels.

``nab``: the Numenta anomaly benchmark (``nab.py``), 365,558 rows with 116 windows around
anomalies, scored by its profile "standard" with one threshold for all series. A small
GRU is fitted on the first rows of each series, up to 750, which are not scored; then
every row is scored by those before it. The configuration was chosen on every second
series by name ("chosen on"); the table has the others ("held out") beside them, each
half and the whole with the best threshold of its own. Below it are the halves held out
scored with the threshold of the others.

``health``: engines until they fail (C-MAPSS FD001). A detector is fitted to windows of
their sensors; the health of an engine is the Mahalanobis distance of ``transform`` of
its last cycles from that of the first cycles of all engines. Neither sees how long an
engine lasts. The score is the rank correlation with the cycles that remain. The
configuration was chosen on the training engines, each cut at random cycles.

The data are in ``nab`` and ``turbofan`` below one directory::

    python benchmarks/alarms.py --data ~/sequences --only nab
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import nab
import numpy as np
from accuracy import cpu_model, find_folder
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from sksequence import RecurrentDetector

Engines = list[np.ndarray]

# ------------------------------------------------------------------------------------ NAB

_N_STEPS = 120


def errors_of(series: nab.Series, seed: int) -> np.ndarray:
    """Fit to the first rows of a series, and return the error of every row."""
    values, n = series.values, series.n_probation
    n_steps = min(_N_STEPS, n // 2)
    windows = np.lib.stride_tricks.sliding_window_view(values[:n], n_steps)
    model = RecurrentDetector(
        cell="gru",
        hidden_size=16,
        lr=0.01,
        max_epochs=15,
        batch_size=32,
        random_state=seed,
    )
    # As a list: one series, whatever its length.
    return -model.fit(list(windows)).score_steps([values])[0]


def measure_nab(folder: Path, seeds: Sequence[int]) -> None:
    """Print the scores of detectors with each postprocessing."""
    series = nab.load(folder / "nab")
    print(f"{len(series)} series, {sum(len(one.values) for one in series)} rows")
    print("| detector | chosen on | held out | all | CPU s |\n| --- |" + " --- |" * 4)
    for name, detect in nab.NAIVE.items():
        _row(name, series, detect)
    _row(
        "windowed Gaussian, each alarm once",
        series,
        lambda one: nab.once(nab.windowed_gaussian(one)),
    )
    _row(
        "change since the last value, its surprise, each alarm once",
        series,
        lambda one: nab.once(nab.surprise(nab.last_value(one))),
    )
    for seed in seeds:
        began = time.process_time()
        errors = [errors_of(one, seed) for one in series]
        spent = time.process_time() - began
        ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {
            "errors": np.asarray,
            "their surprise": nab.surprise,
            "their surprise, each alarm once": lambda x: nab.once(nab.surprise(x)),
        }
        for way, finish in ways.items():
            scores = [finish(own) for own in errors]
            _print(f"GRU, seed {seed}: {way}", series, scores, spent)
        chosen, others = slice(0, None, 2), slice(1, None, 2)
        _, limit = nab.best_score(series[chosen], scores[chosen])
        found = nab.score_at(series[others], scores[others], limit)
        print(f"held out with the threshold of the others: {found:.1f}", flush=True)


def _row(
    name: str, series: list[nab.Series], detect: Callable[[nab.Series], np.ndarray]
) -> None:
    began = time.process_time()
    scores = [detect(one) for one in series]
    _print(name, series, scores, time.process_time() - began)


def _print(
    name: str, series: list[nab.Series], scores: list[np.ndarray], spent: float
) -> None:
    halves = (slice(0, None, 2), slice(1, None, 2), slice(None))
    found = [nab.best_score(series[part], scores[part])[0] for part in halves]
    cells = [name, *(f"{score:.1f}" for score in found), f"{spent:.0f}"]
    print(f"| {' | '.join(cells)} |", flush=True)


# ---------------------------------------------------------------------- health of engines

_WINDOW, _HEALTHY = 50, 30


def load_engines(path: Path) -> Engines:
    """Return the sensors of each engine (n_cycles, 21)."""
    table = np.loadtxt(path)
    return [table[table[:, 0] == i, 5:] for i in np.unique(table[:, 0])]


def windows_of(engine: np.ndarray) -> Engines:
    """Return the last cycles before and at each cycle."""
    return [engine[max(0, i - _WINDOW) : i] for i in range(1, len(engine) + 1)]


def wear_by_transform(train: Engines, test: Engines, seed: int) -> list[np.ndarray]:
    """Return the distance from healthy engines at each cycle of each test engine."""
    windows = [window for engine in train for window in windows_of(engine)]
    model = RecurrentDetector(
        cell="gru",
        hidden_size=32,
        pooling="last",
        max_epochs=15,
        batch_size=64,
        random_state=seed,
    )
    model.fit(windows[::3])
    age = np.concatenate([np.arange(len(engine)) for engine in train])
    healthy = model.transform([windows[i] for i in np.flatnonzero(age < _HEALTHY)])
    centre, spread = healthy.mean(axis=0), np.cov(healthy.T) + 1e-6 * np.eye(32)
    found = []
    for engine in test:
        apart = model.transform(windows_of(engine)) - centre
        found.append((apart * np.linalg.solve(spread, apart.T).T).sum(axis=1))
    return found


def wear_by_sensors(train: Engines, test: Engines) -> list[np.ndarray]:
    """Return the first principal component of the sensors, which grows with age."""
    every = np.concatenate(train)
    component = PCA(1).fit(every)
    age = np.concatenate([np.arange(len(engine)) for engine in train])
    sign = np.sign(spearmanr(component.transform(every)[:, 0], age)[0])
    return [sign * component.transform(engine)[:, 0] for engine in test]


def measure_health(folder: Path, seeds: Sequence[int]) -> None:
    """Print rank correlations of wear with the cycles that remain, with another sign."""
    train, test = (
        load_engines(folder / f"turbofan/{part}_FD001.txt.gz")
        for part in ("train", "test")
    )
    left = np.loadtxt(folder / "turbofan/RUL_FD001.txt")
    life = [n + np.arange(len(x))[::-1] for n, x in zip(left, test, strict=True)]
    scaler = StandardScaler().fit(np.concatenate(train))
    moves = np.flatnonzero(np.std(np.concatenate(train), axis=0) > 1e-6)
    train, test = (
        [scaler.transform(x)[:, moves] for x in part] for part in (train, test)
    )
    print("| wear | at the last cycle | at all cycles | CPU s |\n| --- |" + " --- |" * 3)

    def report(name: str, wear: list[np.ndarray], spent: float) -> None:
        last = -spearmanr([x[-1] for x in wear], [x[-1] for x in life])[0]
        every = -spearmanr(np.concatenate(wear), np.concatenate(life))[0]
        print(f"| {name} | {last:.3f} | {every:.3f} | {spent:.0f} |", flush=True)

    report("the age in cycles", [np.arange(len(x)) for x in test], 0)
    report("first principal component of the sensors", wear_by_sensors(train, test), 0)
    for seed in seeds:
        began = time.process_time()
        wear = wear_by_transform(train, test, seed)
        report(f"`transform`, seed {seed}", wear, time.process_time() - began)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--only", choices=("nab", "health"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    folder = find_folder(options.data)
    print(cpu_model())
    if options.only != "health":
        measure_nab(folder, options.seeds)
    if options.only != "nab":
        measure_health(folder, options.seeds)


if __name__ == "__main__":
    main()
