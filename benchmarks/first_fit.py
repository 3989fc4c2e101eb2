"""Time of the first small fit of a new process, without imports.

200 sequences of 50 steps, 10 epochs: a typical size for first experiments, for which
importing a compiler takes longer than training. With --cold, every process begins without
a cache: kernels come with the package, if it is installed from a wheel, or are compiled.

    python benchmarks/first_fit.py
    python benchmarks/first_fit.py --cold --package DIRECTORY_OF_A_WHEEL_S_CONTENT
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

PROGRAM = """
import sys, time
begin = time.perf_counter()
import sksequence
light = time.perf_counter()
loaded = "torch" in sys.modules
import numpy as np, torch
import sksequence._training
imported = time.perf_counter()
X = np.random.default_rng(0).normal(size=(200, 50)).astype(np.float32)
y = (X.mean(axis=1) > 0).astype(np.int64)
start, cpu = time.perf_counter(), time.process_time()
{fit}
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
print(light - begin, imported - begin, seconds, cpu, loaded)
"""

OURS = """
model = sksequence.{name}(
    hidden_size=32, max_epochs=10, batch_size=32, random_convolutions=0, random_state=0
)
model.fit(X, y)
"""

BARE = """
torch.set_num_threads(1)
network = sksequence.nn.SequenceNetwork(1, 2, hidden_size=32)
optimizer = torch.optim.Adam(network.parameters(), 0.005)
A, b = torch.from_numpy(X)[..., None], torch.from_numpy(y)
for epoch in range(10):
    for index in torch.randperm(200).split(32):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(A[index]), b[index]).backward()
        optimizer.step()
"""


def run(
    fit: str, environment: dict[str, str], directory: str | None
) -> tuple[list[float], bool, bool]:
    """Return seconds of a process, whether it loaded torch, and whether it compiled."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(fit=fit)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
        cwd=directory,  # which is where a process looks for packages first
    )
    *seconds, loaded = done.stdout.split()
    return [*map(float, seconds)], loaded == "True", "Compiling" in done.stderr


def measure(
    fit: str, runs: int, cold: bool, package: str | None
) -> tuple[list[float], bool, bool]:
    """Return median seconds of our import, all imports and the fit, and its CPU seconds.

    Also return whether our import loaded torch, and whether kernels were compiled.
    """
    done = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as empty:
            names = ("SKSEQUENCE_CACHE_DIR", "NUMBA_CACHE_DIR") if cold else ()
            environment = dict.fromkeys(names, empty)
            if package is not None:
                environment["PYTHONPATH"] = package
            done.append(run(fit, environment, package))
    medians = [*map(statistics.median, zip(*(times for times, *_ in done), strict=True))]
    return medians, done[0][1], done[0][2]


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cold", action="store_true", help="without a cache")
    parser.add_argument("--package", help="where sksequence is imported from")
    options = parser.parse_args()
    print("| fit | import sksequence | all imports | first fit | its CPU | compiled |")
    print("| --- | --- | --- | --- | --- | --- |")
    names = ("LSTMClassifier", "GRUClassifier", "SimpleRNNClassifier")
    fits = {name: OURS.format(name=name) for name in names}
    for name, fit in {**fits, "bare loop, torch.optim, LSTM": BARE}.items():
        (light, *times), loaded, compiled = measure(
            fit, options.runs, options.cold, options.package
        )
        torch = "with torch" if loaded else "without torch"
        others = " | ".join(f"{seconds:.2f} s" for seconds in times)
        answer = "yes" if compiled else "no"
        print(f"| {name} | {light:.2f} s, {torch} | {others} | {answer} |", flush=True)


if __name__ == "__main__":
    main()
