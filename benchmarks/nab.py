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

# Profile "standard": an anomaly that is missed, and an alarm where there is none.
_MISSED, _FALSE = 1.0, 0.11
_PROBATION, _LONGEST = 0.15, 5000


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
    """Score by the tail of a normal distribution of the rows before, as in NAB."""
    scores, mean, std = np.zeros(len(series.values)), 0.0, 1.0
    window: list[float] = []
    waiting: list[float] = []
    for i, value in enumerate(series.values.tolist()):
        if window:
            scores[i] = 1 - 0.5 * math.erfc(abs(value - mean) / std / 1.4142)
        if len(window) < n_rows:
            window.append(value)
        else:
            waiting.append(value)
            if len(waiting) < n_ahead:
                continue
            window, waiting = window[n_ahead:] + waiting, []
        mean, std = float(np.mean(window)), float(np.std(window)) or 1e-6
    return scores


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
