"""Peak memory of a fit on recordings in a memory-mapped file, by the size of the file.

Each fit runs in its own process, for one epoch, on sequences of 16,000 steps of one
channel, which strided convolutions shorten. Measured is the private memory in addition
to that of the process before the fit, without pages of the file, which the system may
drop at any time. Needs Linux's ``/proc``.

    python benchmarks/memory.py --recordings 256 1024 4096
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from sksequence import LSTMClassifier

N_STEPS = 16_000


def private_megabytes(process: int | str = "self") -> float:
    """Return the private memory of a process, without memory-mapped files."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


class Peak:
    """Record peak memory while the block runs, by default that of this process."""

    def __init__(self, measure: Callable[[], float] = private_megabytes):
        self._measure = measure

    def __enter__(self) -> Peak:
        self.before = self.most = self._measure()
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(0.005):
            self.most = max(self.most, self._measure())


def fit(path: Path, mapped: bool) -> float:
    """Fit for one epoch, and return the peak memory in megabytes."""
    model = LSTMClassifier(
        hidden_size=16,
        conv_channels=(16, 16),
        conv_kernel_size=16,
        conv_stride=8,
        max_epochs=1,
        random_state=0,
        device="cpu",
        random_convolutions=0,
    )
    few = np.random.default_rng(0).normal(size=(32, 200, 1))
    model.fit(few, np.arange(32) % 2)  # so that imports are not counted
    with Peak() as peak:
        X = np.load(path, mmap_mode="r" if mapped else None)
        model.fit(X, np.arange(len(X)) % 2)
        model.predict(X)
    return peak.most - peak.before


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, nargs="+", default=[256, 1024, 4096])
    wanted = parser.parse_args(arguments)
    print("| recordings | file, MB | mapped: peak, MB | in memory: peak, MB |")
    print("| ---: | ---: | ---: | ---: |")
    rng = np.random.default_rng(0)
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recordings.npy"
        for n in wanted.recordings:
            shape = (n, N_STEPS, 1)
            file = np.lib.format.open_memmap(path, "w+", dtype=np.float32, shape=shape)
            for recording in file:
                recording[:] = rng.normal(size=(N_STEPS, 1))
            file.flush()
            with spawn.Pool(1, maxtasksperchild=1) as pool:
                peaks = [pool.apply(fit, (path, mapped)) for mapped in (True, False)]
            size = path.stat().st_size / 2**20
            cells = f"{n}", *(f"{number:.0f}" for number in (size, *peaks))
            print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
