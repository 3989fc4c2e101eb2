"""Tags that depend on one another: a conditional random field against a softmax.

``slots``: the slots of 13,084 requests to an assistant (Snips), 72 tags of the scheme
"bio"; strict F1 of whole slots on the official test part. ``words``: parts of speech of
UD English EWT, 17 tags; share of words. Both networks of a task differ in nothing but
``crf``, and run in turn. Each network was chosen by the development part, which
the table has beside the test part.

The data are in ``slots`` and ``tagging`` below one directory::

    python benchmarks/slots.py --data ~/sequences --only slots
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from accuracy import find_folder
from sequences import WordStatistics, _tagged
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sksequence import RecurrentTagger
from sksequence.metrics import chunk_f1, exact_share, flatten_steps
from sksequence.preprocessing import SequenceTokenizer

Sentences = list[list[str]]
Part = tuple[Sentences, Sentences]
Score = Callable[[Sentences, Any], float]


@dataclass
class Task:
    """Data, network and score of a task."""

    train: Part
    dev: Part
    test: Part
    network: Any
    score: Score
    tag_scheme: str | None


def slots(folder: Path) -> Task:
    """Slots of requests."""

    def load(part: str) -> Part:
        texts = (folder / "slots" / part / f"seq.{side}" for side in ("in", "out"))
        words, tags = (
            [line.split() for line in text.read_text("utf-8").splitlines()]
            for text in texts
        )
        return words, tags

    network = make_pipeline(
        SequenceTokenizer(min_df=2),
        RecurrentTagger(
            embedding_dim=100,
            hidden_size=128,
            bidirectional=True,
            dropout=0.5,
            lr=0.003,
            max_epochs=12,
            batch_size=32,
        ),
    )
    return Task(load("train"), load("valid"), load("test"), network, chunk_f1, "bio")


def words(folder: Path) -> Task:
    """Parts of speech; the network is that of `sequences.py`."""
    parts = (_tagged(folder / f"tagging/{part}.tsv.gz") for part in PARTS)
    network = make_pipeline(
        WordStatistics(),
        RecurrentTagger(
            hidden_size=64,
            bidirectional=True,
            dropout=0.5,
            lr=0.003,
            max_epochs=6,
            batch_size=32,
        ),
    )
    return Task(*parts, network, share_right, None)


PARTS = ("train", "dev", "test")
TASKS = {"slots": slots, "words": words}


def share_right(y_true: Sentences, y_pred: Any) -> float:
    """Return the share of tags that are right."""
    return float(np.equal(*flatten_steps(y_true, y_pred)).mean())


def illegal(y_pred: Any) -> int:
    """Return the number of sentences with an I- that follows neither B- nor I-."""
    wrong = 0
    for tags in y_pred:
        pairs = zip(["O", *tags[:-1]], tags, strict=True)
        wrong += any(b[0] == "I" and (a[0] == "O" or a[2:] != b[2:]) for a, b in pairs)
    return wrong


def most_frequent(task: Task) -> list[list[str]]:
    """Tag each word of the test part as it is tagged most often, unknown ones as all."""
    of_each: dict[str, Counter[str]] = {}
    for word, tag in zip(*map(chain.from_iterable, task.train), strict=True):
        of_each.setdefault(word, Counter())[tag] += 1
    overall = sum(of_each.values(), Counter())
    return [
        [of_each.get(word, overall).most_common(1)[0][0] for word in words]
        for words in task.test[0]
    ]


def measure(task: Task, seed: int, **chain: Any) -> tuple[Any, ...]:
    """Return the score on both parts, what else is counted, and the seconds of a fit."""
    model = clone(task.network)
    model[-1].set_params(random_state=seed, **chain)
    X = model[:-1].fit_transform(*task.train)
    start = time.process_time()
    model[-1].fit(X, task.train[1])
    seconds = time.process_time() - start
    dev, test = (model.predict(part[0]) for part in (task.dev, task.test))
    scores = task.score(task.dev[1], dev), task.score(task.test[1], test)
    return *scores, exact_share(task.test[1], test), test, seconds


def main() -> None:
    """Print a table for each task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="FOLDER", help="directory of the data")
    parser.add_argument("--only", choices=TASKS, nargs="+", default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    for name in options.only:
        task = TASKS[name](find_folder(options.data))
        print(f"\n| {name} | dev | test | sentences right | illegal | CPU s |")
        print("| --- " * 6 + "|")
        naive = most_frequent(task)
        right = exact_share(task.test[1], naive)
        wrong = illegal(naive) if task.tag_scheme else "-"
        said = f"{task.score(task.test[1], naive):.4f} | {right:.3f} | {wrong}"
        print(f"| most frequent tag of a word | - | {said} | - |")
        chained = {"crf": True, "tag_scheme": task.tag_scheme}
        for seed in range(options.seeds):
            for params in ({}, chained):
                dev, test, right, tags, seconds = measure(task, seed, **params)
                way = "crf" if params else "softmax"
                wrong = illegal(tags) if task.tag_scheme else "-"
                print(
                    f"| {way}, seed {seed} | {dev:.4f} | {test:.4f} | {right:.3f} "
                    f"| {wrong} | {seconds:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
