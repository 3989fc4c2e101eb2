"""Accuracy with nothing chosen by hand: defaults, presets, ensembles, ablation, peers.

The configurations were chosen by cross-validation on the training parts
(``benchmarks/recipes.py``); the official test parts are only scored. Every row is a data
set, every column a method; then come mean accuracies and ranks, the critical difference
of ranks (Nemenyi's test, as Demsar, 2006, proposes), paired differences to the preset
"accurate" over sets and seeds, and CPU seconds::

    python benchmarks/out_of_box.py --data PATH [--seeds 3] [--only SET ...]
        [--methods ...] [--peers PYTHON]

The peers are fitted by another interpreter, in whose environment aeon is installed
(``python -m venv peers && peers/bin/pip install aeon``, then ``--peers
peers/bin/python``), on the same arrays and in the same run.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from accuracy import DEFAULT_SETS, Part, find_folder, load
from scipy.stats import rankdata, studentized_range, wilcoxon

from sksequence import LSTMClassifier
from sksequence._training import direct, torch_threads
from sksequence.nn import network

UNEQUAL = ("JapaneseVowels", "PickupGestureWiimoteZ")
N_MEMBERS = 5
REFERENCE = "accurate"
WITHOUT = "without recurrence"
TOGETHER = f"{N_MEMBERS} accurate as one"
METHODS = ("default", "fast", REFERENCE, WITHOUT, TOGETHER)
PEERS = ("MiniRocket", "MultiRocket")

# Runs in the environment of the peers.
_PEERS = """
import json, sys, time, warnings
import numpy as np
warnings.filterwarnings("ignore")
from aeon.classification import convolution_based as ways
found = np.load(sys.argv[1], allow_pickle=True)
answers = {}
for name in sys.argv[3:]:
    make = getattr(ways, name + "Classifier")
    make(random_state=0, n_jobs=1).fit(found["X"][::4], found["y"][::4])  # compiles
    rows = []
    for seed in range(int(sys.argv[2])):
        began = time.process_time()
        model = make(random_state=seed, n_jobs=1).fit(found["X"], found["y"])
        share = float((model.predict(found["X_test"]) == found["y_test"]).mean())
        rows.append((share, time.process_time() - began))
    answers[name] = rows
print(json.dumps(answers))
"""


@contextmanager
def without_recurrence() -> Iterator[None]:
    """Set what networks pool of their recurrence to zero: neither read nor trained."""
    pool, serves = network.pool_segments, direct.can_be_direct
    network.pool_segments = lambda *parts: 0 * pool(*parts)
    direct.can_be_direct = lambda network: False  # its steps pool by themselves
    try:
        yield
    finally:
        network.pool_segments, direct.can_be_direct = pool, serves


def score(train: Part, test: Part, method: str, seed: int) -> tuple[np.ndarray, float]:
    """Return the probabilities of the test part, and CPU seconds of fit and answer."""
    preset = REFERENCE if method == WITHOUT else method
    began = time.process_time()
    model = LSTMClassifier.from_preset(preset, random_state=seed)
    if method == WITHOUT:
        with without_recurrence():
            found = model.fit(train.X, train.y).predict_proba(test.X)
    else:
        found = model.fit(train.X, train.y).predict_proba(test.X)
    return found, time.process_time() - began


Scores = dict[str, list[tuple[float, float]]]


def measure(train: Part, test: Part, methods: list[str], n_seeds: int) -> Scores:
    """Return accuracy and CPU seconds of each method, once per seed."""
    classes, truth = np.unique(np.r_[train.y, test.y], return_inverse=True)
    truth = truth[len(train.y) :]
    assert len(np.unique(train.y)) == len(classes), "a class is in the test part alone"

    def share(found: np.ndarray) -> float:
        return float((found.argmax(1) == truth).mean())

    rows: Scores = {}
    for method in methods:
        if method == TOGETHER:
            continue
        n = N_MEMBERS if method == REFERENCE and TOGETHER in methods else n_seeds
        answers = [score(train, test, method, seed) for seed in range(max(n, n_seeds))]
        rows[method] = [(share(found), s) for found, s in answers[:n_seeds]]
        if n == N_MEMBERS:
            # What an ensemble answers: the mean of its members.
            together = np.mean([found for found, _ in answers[:n]], axis=0)
            seconds = sum(s for _, s in answers[:n])
            rows[TOGETHER] = [(share(together), seconds)] * n_seeds
    return rows


def measure_peers(python: str, train: Part, test: Part, n_seeds: int) -> Scores:
    """Return the same of the peers, in their own environment."""
    # Channels first, as they expect.
    arrays = {"X": train.X.swapaxes(1, 2), "X_test": test.X.swapaxes(1, 2)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npz"
        np.savez(path, **arrays, y=train.y.astype(str), y_test=test.y.astype(str))
        command = [python, "-c", _PEERS, str(path), str(n_seeds), *PEERS]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(answer.stdout.splitlines()[-1])
    return {name: [tuple(row) for row in rows] for name, rows in found.items()}


def say_ranks(names: list[str], table: np.ndarray) -> None:
    """Print mean ranks (best first), and the difference that is critical at 5 %."""
    ranks = np.array([rankdata(-row) for row in table]).mean(axis=0)
    n, k = table.shape
    critical = studentized_range.ppf(0.95, k, np.inf) / math.sqrt(2)
    critical *= math.sqrt(k * (k + 1) / (6 * n))
    print(f"\nMean ranks over {n} sets; critical difference {critical:.2f}:")
    for i in np.argsort(ranks):
        print(f"  {names[i]}: {ranks[i]:.2f}")


def say_differences(results: dict[str, Scores], names: list[str]) -> None:
    """Print differences to the reference, paired over sets and seeds."""
    print(f'\n"{REFERENCE}" less each, paired over sets and seeds (percent points):')
    for name in names:
        if name == REFERENCE:
            continue
        pairs = np.array(
            [
                (own[0], other[0])
                for rows in results.values()
                if name in rows
                for own, other in zip(rows[REFERENCE], rows[name], strict=True)
            ]
        )
        gaps = 100 * (pairs[:, 0] - pairs[:, 1])
        n = len(gaps)
        spread = gaps.std(ddof=1) / math.sqrt(n)
        said = f"p = {wilcoxon(gaps).pvalue:.3f}" if np.any(gaps) else "all equal"
        wins, losses = int((gaps > 1e-9).sum()), int((gaps < -1e-9).sum())
        print(
            f"  {name}: {gaps.mean():+.2f} +- {spread:.2f}; {wins} wins, "
            f"{n - wins - losses} ties, {losses} losses of {n}; {said}"
        )


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="directory of the data (else SKSEQUENCE_DATA)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=DEFAULT_SETS, default=DEFAULT_SETS)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--peers", help="interpreter of an environment with aeon")
    arguments = parser.parse_args()
    folder, methods = find_folder(arguments.data), list(arguments.methods)
    if TOGETHER in methods and REFERENCE not in methods:
        parser.error(f"{TOGETHER!r} needs {REFERENCE!r}")
    names = methods + list(PEERS if arguments.peers else ())
    print("| set | " + " | ".join(names) + " |\n| --- |" + " --- |" * len(names))
    results: dict[str, Scores] = {}
    with torch_threads(1):
        for name in arguments.only:
            train, test = load(folder, name)
            rows: Any = measure(train, test, methods, arguments.seeds)
            if arguments.peers and name not in UNEQUAL:
                rows |= measure_peers(arguments.peers, train, test, arguments.seeds)
            results[name] = rows
            said = [
                f"{mean(share for share, _ in rows[m]):.3f}" if m in rows else ""
                for m in names
            ]
            print(f"| {name} | " + " | ".join(said) + " |", flush=True)
    equal = [rows for name, rows in results.items() if name not in UNEQUAL]
    if not equal:
        return
    table = np.array([[mean(s for s, _ in rows[m]) for m in names] for rows in equal])
    means = " | ".join(f"{x:.3f}" for x in table.mean(axis=0))
    print(f"| mean, equal lengths | {means} |")
    seconds = [sum(mean(s for _, s in rows[m]) for rows in equal) for m in names]
    print("| their CPU seconds | " + " | ".join(f"{s:.0f}" for s in seconds) + " |")
    if len(equal) > 1 and len(names) > 1:
        say_ranks(names, table)
    if REFERENCE in methods:
        say_differences(results, names)


if __name__ == "__main__":
    main()
