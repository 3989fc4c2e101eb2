"""Cost of missing values: time of an epoch and of a prediction, relative to no NaN.

400 sequences of 100 steps and 5 channels, 30 % of the values missing, batches of 16, one
thread. The three modes are timed alternately, so that a shared machine affects all alike.

    python benchmarks/missing.py
"""

from __future__ import annotations

import argparse
import statistics

import numpy as np
from timing import seconds_of

from sksequence import RecurrentClassifier

MODES = ("error", "mask", "decay")


def measure(cell: str, hidden_size: int, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each epoch and of each prediction, by mode."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 100, 5)).astype(np.float32)
    y = rng.integers(0, 2, size=len(X))
    gaps = np.where(rng.uniform(size=X.shape) < 0.3, np.nan, X).astype(np.float32)
    seconds: dict[str, list[float]] = {}
    models = {
        mode: RecurrentClassifier(
            cell=cell,
            hidden_size=hidden_size,
            missing=mode,
            random_state=0,
            random_convolutions=0,
        )
        for mode in MODES
    }
    for _ in range(rounds):
        for mode, model in models.items():
            data = X if mode == "error" else gaps
            took = {
                "epoch": seconds_of(model.partial_fit, data, y, classes=[0, 1]),
                "predict": seconds_of(model.predict, data),
            }
            for what, spent in took.items():
                seconds.setdefault(f"{mode} {what}", []).append(spent)
    return seconds


def ratio(seconds: dict[str, list[float]], mode: str, what: str) -> str:
    """Return the median ratio of consecutive measurements with and without NaN."""
    pairs = zip(seconds[f"{mode} {what}"], seconds[f"error {what}"], strict=True)
    return f"{statistics.median(ours / plain for ours, plain in pairs):.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    columns = [(mode, what) for what in ("epoch", "predict") for mode in MODES[1:]]
    print("| cell | hidden |", *(f"{mode}, {what} |" for mode, what in columns))
    print("| --- " * (2 + len(columns)) + "|")
    for cell in ("rnn", "gru", "lstm"):
        for hidden_size in (32, 64):
            seconds = measure(cell, hidden_size, rounds)
            ratios = (f"{ratio(seconds, *column)} |" for column in columns)
            print(f"| {cell} | {hidden_size} |", *ratios, flush=True)


if __name__ == "__main__":
    main()
