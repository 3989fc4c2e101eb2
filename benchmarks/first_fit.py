"""Time of the first small fit of a new process, without imports.

200 sequences of 50 steps, 10 epochs: a typical size for first experiments, for which
importing a compiler takes longer than training.

    python benchmarks/first_fit.py
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

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
start = time.perf_counter()
{fit}
print(light - begin, imported - begin, time.perf_counter() - start, loaded)
"""

OURS = """
model = sksequence.{name}(hidden_size=32, max_epochs=10, batch_size=32, random_state=0)
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


def measure(fit: str, runs: int) -> tuple[list[float], bool]:
    """Return median seconds of our import, of all imports and of the fit.

    Also return whether our import loaded torch.
    """
    outputs = []
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(fit=fit)],
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.append(done.stdout.split())
    columns = list(zip(*outputs, strict=True))
    medians = [statistics.median(map(float, column)) for column in columns[:3]]
    return medians, columns[3][0] == "True"


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print("| fit | import sksequence | all imports | first fit |")
    print("| --- | --- | --- | --- |")
    names = ("LSTMClassifier", "GRUClassifier", "SimpleRNNClassifier")
    fits = {name: OURS.format(name=name) for name in names}
    for name, fit in {**fits, "bare loop, torch.optim, LSTM": BARE}.items():
        (light, imports, seconds), loaded = measure(fit, options.runs)
        torch = "with torch" if loaded else "without torch"
        print(f"| {name} | {light:.2f} s, {torch} | {imports:.2f} s | {seconds:.2f} s |")


if __name__ == "__main__":
    main()
