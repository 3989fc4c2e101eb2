"""Time to send sequences of unequal length to the workers of a search.

A list of arrays is sent with every task. Views of one memory-mapped file are sent as
references to it, which is faster for long sequences, but not for many short ones. The
searches of sksequence.model_selection send a list once, as one array.

    python benchmarks/sending.py
"""

from __future__ import annotations

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from joblib import Parallel, delayed
from timing import seconds_of

from sksequence.model_selection._sharing import sharing

N_TASKS = 8


def touch(X: list[np.ndarray]) -> float:
    """Read one number of each sequence."""
    return sum(float(x[0, 0]) for x in X)


def main() -> None:
    """Print a Markdown table."""
    rng = np.random.default_rng(0)
    print("| sequences | steps | MB | ms per task, arrays | views | once |")
    print("| --- | --- | --- | --- | --- | --- |")
    for n, low, high in ((2000, 25, 75), (1000, 250, 750), (500, 1000, 3000)):
        lengths = rng.integers(low, high, size=n)
        steps, cuts = rng.normal(size=(lengths.sum(), 12)), np.cumsum(lengths)[:-1]
        with TemporaryDirectory() as folder, Parallel(n_jobs=2) as workers:
            path = Path(folder) / "steps.npy"
            np.save(path, steps)
            arrays = [x.copy() for x in np.split(steps, cuts)]
            views = np.split(np.load(path, mmap_mode="r"), cuts)
            took: list[list[float]] = [[], [], []]
            for i in range(6):
                # Packed anew each time, as for a new search.
                with sharing(2, arrays) as (once,):
                    lists = arrays, views, once
                for times, X in zip(took, lists, strict=True):
                    tasks = [delayed(touch)(X) for _ in range(N_TASKS)]
                    seconds = seconds_of(workers, tasks)
                    if i:  # the first time warms up
                        times.append(1000 * seconds / N_TASKS)
        cells = " | ".join(f"{statistics.median(times):.0f}" for times in took)
        megabytes = f"{steps.nbytes / 1e6:.0f}"
        print(f"| {n} | {low} to {high} | {megabytes} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
