"""Accuracy of ways to train one network, cross-validated on the training sets.

The network is the default LSTM; only the training differs. The test sets are not read.
Each variant also gets the CPU seconds of all its fits, as ratios to the first one.

    python benchmarks/recipes.py --data PATH [--seeds 2] [--only SET ...] [--variants ...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any

from accuracy import find_folder, load
from sklearn.model_selection import StratifiedKFold, cross_val_score

from sksequence import LSTMClassifier
from sksequence._base import budget
from sksequence._training import torch_threads

SETS = (
    *("ItalyPowerDemand", "GunPoint", "ArrowHead", "ECG200"),
    *("BasicMotions", "JapaneseVowels", "PickupGestureWiimoteZ"),
)
AUTO = {"max_epochs": "auto", "batch_size": "auto"}
MIN_BATCHES = budget.MIN_BATCHES
# Numbers of mini-batches of a budget that are tried.
BATCHES = (500, 1000, 1500, 2500, 4000)
OPTIONS: dict[str, dict[str, Any]] = {
    "smoothed": {"label_smoothing": 0.1},
    "ema": {"average_weights": "ema"},
    "swa": {"average_weights": "swa"},
    "warm-up": {"lr_warmup": 0.1},
    "jitter, scale": {"augment": ("jitter", "scale")},
    "crop": {"augment": "crop"},
    "warp": {"augment": "warp"},
    "mixup": {"augment": "mixup"},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "50 epochs of 16": {},
    "auto": AUTO,
    "fast": {"hidden_size": 16, "max_epochs": 30, "lr": 0.01},
    "hybrid": {
        **AUTO,
        "bidirectional": True,
        "hidden_size": 32,
        "lr": 0.002,
        "parallel_channels": (32, 64, 32),
        "parallel_stride": "auto",
    },
    **{f"auto, {n} batches": {**AUTO, "n": n} for n in BATCHES},
    **{f"auto, {name}": {**AUTO, **options} for name, options in OPTIONS.items()},
}


def accuracies(
    folder: Path, name: str, variants: list[str], n_seeds: int
) -> Iterator[tuple[float, float]]:
    """Yield each variant's mean accuracy, and the CPU seconds of its fits."""
    train, _ = load(folder, name)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    for variant in variants:
        params = dict(VARIANTS[variant])
        budget.MIN_BATCHES = params.pop("n", MIN_BATCHES)
        began = time.process_time()
        models = (
            LSTMClassifier(random_state=s, **params, random_convolutions=0)
            for s in range(n_seeds)
        )
        scores = [cross_val_score(m, train.X, train.y, cv=folds).mean() for m in models]
        yield mean(map(float, scores)), time.process_time() - began


def main() -> None:
    """Print a row for each data set, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="directory of the data (else SKSEQUENCE_DATA)")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    arguments = parser.parse_args()
    folder = find_folder(arguments.data)
    print("| set | " + " | ".join(arguments.variants) + " |")
    print("| --- |" + " --- |" * len(arguments.variants))
    rows, seconds = [], []
    with torch_threads(1):
        for name in arguments.only:
            found = accuracies(folder, name, arguments.variants, arguments.seeds)
            scores, times = zip(*found, strict=True)
            rows.append(scores)
            seconds.append(times)
            print(f"| {name} | " + " | ".join(f"{x:.3f}" for x in scores) + " |")
    means = [mean(column) for column in zip(*rows, strict=True)]
    print("| mean | " + " | ".join(f"{x:.3f}" for x in means) + " |")
    totals = [sum(column) for column in zip(*seconds, strict=True)]
    ratios = [total / totals[0] for total in totals]
    print("| CPU time | " + " | ".join(f"{x:.1f}" for x in ratios) + " |")


if __name__ == "__main__":
    main()
