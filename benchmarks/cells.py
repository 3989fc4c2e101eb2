"""Accuracy of every cell with otherwise default parameters, on the sets of accuracy.py.

Nothing is chosen: each cell gets the same network, trained in the same way, on the given
training set, and is scored on the given test set.

    python benchmarks/cells.py --data PATH [--seeds 3] [--only NAME ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

from accuracy import CHOSEN, DEFAULT_SETS, find_folder, load, score

from sksequence import RecurrentClassifier
from sksequence._training import torch_threads

CELLS = ("rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn")
DEEP = {"num_layers": 2, "layer_norm": True, "residual": True}
VARIANTS = {
    **{cell: {"cell": cell} for cell in CELLS},
    "mingru, two layers": {"cell": "mingru", **DEEP},
    "minlstm, two layers": {"cell": "minlstm", **DEEP},
}
SETS = tuple(name for name in DEFAULT_SETS if name in CHOSEN)


def accuracies(folder: Path, name: str, n_seeds: int) -> Iterator[float]:
    """Yield each variant's mean accuracy on the test set."""
    train, test = load(folder, name)
    for params in VARIANTS.values():
        yield mean(
            score(
                RecurrentClassifier(random_state=seed, **params, random_convolutions=0),
                train,
                test,
            )
            for seed in range(n_seeds)
        )


def main() -> None:
    """Print a row for each data set, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="directory of the data (else SKSEQUENCE_DATA)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=DEFAULT_SETS, default=list(SETS))
    arguments = parser.parse_args()
    folder = find_folder(arguments.data)
    print("| set | " + " | ".join(VARIANTS) + " |")
    print("| --- |" + " --- |" * len(VARIANTS))
    rows = []
    with torch_threads(1):
        for name in arguments.only:
            rows.append(list(accuracies(folder, name, arguments.seeds)))
            print(f"| {name} | " + " | ".join(f"{x:.3f}" for x in rows[-1]) + " |")
    means = [mean(column) for column in zip(*rows, strict=True)]
    print("| mean | " + " | ".join(f"{x:.3f}" for x in means) + " |")


if __name__ == "__main__":
    main()
