"""Time to send sequences of unequal length to the workers of a search.

A list of arrays is sent with every task. Views of one memory-mapped file are sent as
references to it, which is faster for long sequences, but not for many short ones.

    python benchmarks/sending.py
"""

from __future__ import annotations

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from joblib import Parallel, delayed
from timing import seconds_of

N_TASKS = 8


def touch(X: list[np.ndarray]) -> float:
    """Read one number of each sequence."""
    return sum(float(x[0, 0]) for x in X)


def main() -> None:
    """Print a Markdown table."""
    rng = np.random.default_rng(0)
    print("| sequences | steps | MB | ms per task, arrays | views | arrays / views |")
    print("| --- | --- | --- | --- | --- | --- |")
    for n, low, high in ((2000, 25, 75), (1000, 250, 750), (500, 1000, 3000)):
        lengths = rng.integers(low, high, size=n)
        steps, cuts = rng.normal(size=(lengths.sum(), 12)), np.cumsum(lengths)[:-1]
        with TemporaryDirectory() as folder, Parallel(n_jobs=2) as workers:
            path = Path(folder) / "steps.npy"
            np.save(path, steps)
            lists = np.split(steps, cuts), np.split(np.load(path, mmap_mode="r"), cuts)
            took: tuple[list[float], list[float]] = [], []
            for i in range(6):
                for times, X in zip(took, lists, strict=True):
                    tasks = [delayed(touch)(X) for _ in range(N_TASKS)]
                    seconds = seconds_of(workers, tasks)
                    if i:  # the first time warms up
                        times.append(1000 * seconds / N_TASKS)
        arrays, views = map(statistics.median, took)
        print(
            f"| {n} | {low} to {high} | {steps.nbytes / 1e6:.0f} | {arrays:.0f} | "
            f"{views:.0f} | {arrays / views:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
