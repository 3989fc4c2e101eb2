"""Presets on text, genes and speech: nothing chosen by hand but the size of embeddings.

The tasks are those of ``sequences.py``: movie reviews (10 folds), human promoters, spoken
digits of new speakers. Each line has a preset's score and the mean seconds of a fit::

    python benchmarks/presets.py --data ~/sequences [--only TASK ...] [--presets ...]
"""

from __future__ import annotations

import argparse

from accuracy import find_folder
from sequences import TASKS
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sksequence import LSTMClassifier
from sksequence._base.presets import PRESETS
from sksequence._training import torch_threads

ONLY = ("movie-reviews", "promoters", "spoken-digits-speakers")


def with_preset(pipeline: Pipeline, preset: str) -> Pipeline:
    """Return a copy that ends in the preset, with an embedding if there was one."""
    changes = {"random_state": 0}
    if pipeline[-1].embedding_dim is not None:
        changes["embedding_dim"] = 64
    model = LSTMClassifier.from_preset(preset, **changes)
    return Pipeline([*clone(pipeline).steps[:-1], ("lstm", model)])


def main() -> None:
    """Print a line for each task and preset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="directory of the data (else SKSEQUENCE_DATA)")
    parser.add_argument("--only", nargs="+", choices=ONLY, default=ONLY)
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=list(PRESETS))
    arguments = parser.parse_args()
    folder = find_folder(arguments.data)
    with torch_threads(1):
        for name in arguments.only:
            task = TASKS[name](folder)
            for preset in arguments.presets:
                score, seconds = task.score(with_preset(task.estimator, preset))
                print(f"{name}, {preset}: {task.metric} {score:.4f}, {seconds:.0f} s")


if __name__ == "__main__":
    main()
