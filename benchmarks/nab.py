"""The Numenta anomaly benchmark: its series, its scoring, and detectors to compare with.

Lavin and Ahmad (2015), Evaluating real-time anomaly detection algorithms - the Numenta
anomaly benchmark. ICMLA. Scored is an alarm at one row at a time: of each window around
an anomaly the first alarm counts, by how early it is; alarms elsewhere cost, the less the
sooner they follow a window. This is the profile "standard".
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import erfc

# Profile "standard": an anomaly that is missed, and an alarm where there is none.
_MISSED, _FALSE = 1.0, 0.11
_PROBATION, _LONGEST = 0.15, 5000
_SILENT = -1e9


@dataclass(frozen=True)
class Series:
    """A series of numbers, and the windows around its anomalies.

    Attributes
    ----------
    name : str
        Folder and file.
    values : ndarray of shape (n_rows,)
        The numbers.
    times : ndarray of shape (n_rows,), datetime64
        When they were.
    windows : list of (int, int)
        First and last row of each.
    """

    name: str
    values: np.ndarray
    times: np.ndarray
    windows: list[tuple[int, int]]

    @property
    def n_probation(self) -> int:
        """Number of rows at the beginning that are not scored, to learn from."""
        return math.floor(_PROBATION * min(len(self.values), _LONGEST))


def load(folder: Path) -> list[Series]:
    """Return all series below a folder of the benchmark, sorted by name."""
    labels = json.loads((folder / "labels/combined_windows.json").read_text("utf-8"))
    return [_read(folder / "data" / name, name, labels[name]) for name in sorted(labels)]


def _read(path: Path, name: str, limits: list[list[str]]) -> Series:
    rows = [line.split(",") for line in path.read_text("utf-8").splitlines()[1:]]
    times = np.array([time for time, _ in rows], dtype="datetime64[s]")
    values = np.array([float(value) for _, value in rows])
    windows = []
    for begin, end in limits:
        first, last = (np.datetime64(time.split(".")[0], "s") for time in (begin, end))
        # Some times occur twice: the first of them, as the benchmark does.
        at = tuple(int(np.flatnonzero(times == time)[0]) for time in (first, last))
        windows.append((at[0], at[1]))
    return Series(name, values, times, windows)


# -------------------------------------------------------------------------------- scoring


def sigmoid(position: np.ndarray) -> np.ndarray:
    """Return the reward of an alarm: from 1 long before the end of a window to -1."""
    reward = 2 / (1 + np.exp(5 * np.minimum(position, 3.0))) - 1
    return np.where(position > 3, -1.0, reward)


def rewards_of(n_rows: int, windows: Sequence[tuple[int, int]]) -> np.ndarray:
    """Return what an alarm at each row of a series counts, if it counts.

    Examples
    --------
    >>> rewards_of(6, [(1, 3)]).round(3)
    array([-0.11 ,  1.   ,  0.945,  0.688, -0.109, -0.11 ])
    """
    rows = np.arange(n_rows)
    rewards = np.full(n_rows, -_FALSE)
    for begin, end in windows:
        width = end - begin + 1
        behind = rows > end
        after = (rows[behind] - end) / max(width - 1, 1)
        rewards[behind] = sigmoid(after) * _FALSE
        inside = slice(begin, end + 1)
        rewards[inside] = sigmoid(-(end - rows[inside] + 1) / width)
        rewards[inside] /= sigmoid(np.array(-1.0))
    return rewards


def best_score(
    series: Sequence[Series], scores: Sequence[np.ndarray]
) -> tuple[float, float]:
    """Return the normalised score of a corpus with its best threshold, and that.

    One threshold serves all series. 0 is the score of no alarm at all, 100 that of an
    alarm in the first row of each window and nowhere else.

    Parameters
    ----------
    series : list of Series
        The corpus.
    scores : list of ndarray of shape (n_rows,)
        How anomalous each row of each series is: greater is more.
    """
    steps = sorted(_steps_of(series, scores), key=lambda step: -step[0])
    missed = {step[2]: -_MISSED for step in steps if step[2] is not None}
    null, total = -_MISSED * len(missed), -_MISSED * len(missed)
    best, threshold = total, math.inf
    for i, (score, reward, window) in enumerate(steps):
        if window is None:
            total += reward
        elif reward > missed[window]:
            total += reward - missed[window]
            missed[window] = reward
        is_last = i + 1 == len(steps) or steps[i + 1][0] != score
        if is_last and total > best:
            best, threshold = total, score
    return 100 * (best - null) / (len(missed) - null), threshold


def score_at(
    series: Sequence[Series], scores: Sequence[np.ndarray], threshold: float
) -> float:
    """Return the normalised score of a corpus with a given threshold."""
    alarms = [np.where(one >= threshold, 1.0, 0.0) for one in scores]
    missed: dict[object, float] = {}
    total = 0.0
    for is_alarm, reward, window in _steps_of(series, alarms):
        if window is not None:
            missed.setdefault(window, -_MISSED)
            if is_alarm:
                missed[window] = max(missed[window], reward)
        elif is_alarm:
            total += reward
    null = -_MISSED * len(missed)
    return 100 * (total + sum(missed.values()) - null) / (len(missed) - null)


Step = tuple[float, float, object]


def _steps_of(series: Sequence[Series], scores: Sequence[np.ndarray]) -> Iterator[Step]:
    """Yield score, reward and window of each row that counts."""
    for one, own in zip(series, scores, strict=True):
        rewards = rewards_of(len(one.values), one.windows)
        inside: list[object] = [None] * len(one.values)
        for begin, end in one.windows:
            inside[begin : end + 1] = [(one.name, begin)] * (end + 1 - begin)
        begin = one.n_probation
        yield from zip(
            own[begin:].tolist(), rewards[begin:].tolist(), inside[begin:], strict=True
        )


# ------------------------------------------------------------------- scores that alarm


def surprise(
    errors: np.ndarray, lags: Sequence[int] = (1, 30), n_usual: int = 4000
) -> np.ndarray:
    """Return how unusual the size of errors is, as NAB's detectors do ("likelihood").

    The mean square root of the last errors is compared with mean and standard deviation
    of such means in the rows before: the larger of a mean over one row, for spikes, and
    one over thirty, for what changes slowly.
    """
    found = []
    for lag in lags:
        short = _mean_of_last(np.sqrt(errors), lag)
        mean = _mean_of_last(short, n_usual)
        variance = _mean_of_last(short**2, n_usual) - mean**2
        std = np.sqrt(np.maximum(variance, 1e-6))
        before = np.maximum(np.arange(len(errors)) - 1, 0)
        found.append((short - mean[before]) / std[before])
    return np.max(found, axis=0)


def once(scores: np.ndarray, n_rows: int = 200) -> np.ndarray:
    """Silence scores that are not the largest of so many rows: one alarm is enough."""
    before = np.concatenate([np.full(n_rows, -np.inf), scores])[:-1]
    largest = np.lib.stride_tricks.sliding_window_view(before, n_rows).max(axis=1)
    return np.where(scores > largest, scores, _SILENT)


def _mean_of_last(values: np.ndarray, n_rows: int) -> np.ndarray:
    """Return the mean of each value and those before it, so many in all."""
    sums = np.concatenate([[0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    begins = np.maximum(ends - n_rows, 0)
    return (sums[ends] - sums[begins]) / (ends - begins)


# -------------------------------------------------------------- detectors to compare with


def never(series: Series) -> np.ndarray:
    """Never raise an alarm: all rows are alike."""
    return np.zeros(len(series.values))


def always(series: Series) -> np.ndarray:
    """Raise an alarm at every row."""
    return np.ones(len(series.values))


def random(series: Series) -> np.ndarray:
    """Draw scores."""
    seed = sum(map(ord, series.name))
    return np.random.default_rng(seed).uniform(size=len(series.values))


def windowed_gaussian(
    series: Series, n_rows: int = 6400, n_ahead: int = 100
) -> np.ndarray:
    """Score by the tail of a normal distribution of the rows before, as in NAB.

    The window grows to ``n_rows``, and then moves by ``n_ahead`` rows at a time.
    """
    # Shifted, since the squares of large numbers have no digits left for the variance.
    values = series.values - series.values[: series.n_probation].mean()
    ends = np.arange(len(values))
    late = ends > n_rows
    ends[late] -= (ends[late] - n_rows) % n_ahead
    begins = np.maximum(ends - n_rows, 0)
    sums, squares = (np.concatenate([[0], np.cumsum(values**k)]) for k in (1, 2))
    count = np.maximum(ends - begins, 1)
    mean = (sums[ends] - sums[begins]) / count
    variance = (squares[ends] - squares[begins]) / count - mean**2
    std = np.where(variance > 1e-12, np.sqrt(np.maximum(variance, 0)), 1e-6)
    return np.where(ends > 0, 1 - erfc(np.abs(values - mean) / std / 1.4142) / 2, 0)


def last_value(series: Series) -> np.ndarray:
    """Score the difference to the row before, in deviations of those so far."""
    change = np.abs(np.diff(series.values, prepend=series.values[0]))
    so_far = np.cumsum(change**2) / np.arange(1, len(change) + 1)
    usual = np.sqrt(np.concatenate([[0], so_far[:-1]]))
    return change / np.maximum(usual, 1e-9 * max(np.abs(series.values).max(), 1e-9))


NAIVE: dict[str, Callable[[Series], np.ndarray]] = {
    "never an alarm": never,
    "always an alarm": always,
    "random scores": random,
    "windowed Gaussian": windowed_gaussian,
    "change since the last value": last_value,
}
