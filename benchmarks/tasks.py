"""Tasks, their scores, and reports, shared by several benchmarks."""

from __future__ import annotations

import argparse
import platform
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import mean
from typing import Any

import sklearn
import torch
from accuracy import configuration, cpu_model, find_folder
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_validate
from sklearn.pipeline import Pipeline
from timing import seconds_of

import sksequence

_HEAD = ("task", "metric", "mean", "seeds", "must", "aim", "naive", "s per fit", "on")

Score = Callable[[BaseEstimator], tuple[float, float]]


@dataclass
class Task:
    """A data set with its metric, estimator and targets.

    ``score`` fits a copy of the estimator and returns its score and the seconds of a fit.
    """

    title: str
    metric: str
    estimator: BaseEstimator
    score: Score
    naive: float
    naive_is: str
    chosen: str
    must: float | None = None
    aim: float | None = None
    less_is_better: bool = False
    n_seeds: int = 3


@dataclass
class Result:
    """Scores of a task so far, one per seed."""

    name: str
    task: Task
    scores: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def row(self) -> str:
        """Return the row of the table."""
        task = self.task
        return _cells(
            self.name,
            task.metric,
            f"{mean(self.scores):.4f}",
            ", ".join(f"{score:.4f}" for score in self.scores),
            self._target(task.must),
            self._target(task.aim),
            f"{task.naive:.4f}",
            f"{mean(self.seconds):.0f}",
            date.today().isoformat(),
        )

    def section(self) -> str:
        """Return the section with the details."""
        task = self.task
        return (
            f"## {self.name}\n\n{task.title} Naive is {task.naive_is}.\n\n"
            f"`{written(task.estimator)}`\n\n{task.chosen}\n"
        )

    def _target(self, target: float | None) -> str:
        if target is None:
            return ""
        sign = -1 if self.task.less_is_better else 1
        reached = sign * mean(self.scores) >= sign * target
        return f"{target:g}" + ("" if reached else " (missed)")


def held_out(train: tuple, test: tuple, metric: Callable) -> Score:
    """Score by fitting on a training set, and ``metric(model, X, y)`` on a test set."""

    def score(estimator: BaseEstimator) -> tuple[float, float]:
        seconds = seconds_of(estimator.fit, *train)
        return float(metric(estimator, *test)), seconds

    return score


def cross_validated(X: Any, y: Any, cv: Any, groups: Any = None) -> Score:
    """Score by cross-validation."""

    def score(estimator: BaseEstimator) -> tuple[float, float]:
        folds = cross_validate(
            estimator, X, y, cv=cv, groups=groups, error_score="raise", verbose=2
        )
        return float(folds["test_score"].mean()), float(folds["fit_time"].mean())

    return score


def seeded(estimator: BaseEstimator, seed: int) -> BaseEstimator:
    """Return a copy on the CPU with that ``random_state``, different in each part."""
    copy = clone(estimator)
    names = sorted(copy.get_params())
    states = [name for name in names if name.endswith("random_state")]
    devices = [name for name in names if name.endswith("device")]
    copy.set_params(**{name: seed + 1000 * i for i, name in enumerate(states)})
    return copy.set_params(**dict.fromkeys(devices, "cpu"))


def written(estimator: BaseEstimator) -> str:
    """Return the estimator as code, without parameters that have their default.

    Examples
    --------
    >>> from sksequence import GRUClassifier, LSTMClassifier
    >>> members = [("a", LSTMClassifier()), ("b", GRUClassifier(lr=0.01))]
    >>> written(VotingClassifier(members, voting="soft"))
    "VotingClassifier([LSTMClassifier(), GRUClassifier(lr=0.01)], voting='soft')"
    """
    if isinstance(estimator, Pipeline):
        return f"make_pipeline({', '.join(written(step) for _, step in estimator.steps)})"
    if isinstance(estimator, VotingClassifier):
        members = ", ".join(written(member) for _, member in estimator.estimators)
        return f"VotingClassifier([{members}], voting={estimator.voting!r})"
    return configuration(estimator)


@dataclass(frozen=True)
class Report:
    """A Markdown page with a row and a section for each task measured so far.

    Attributes
    ----------
    path : Path
        The page.
    script : str
        Name of the script that writes it.
    title : str
        Its heading.
    names : list of str
        All tasks, in the order of the rows.
    """

    path: Path
    script: str
    title: str
    names: list[str]

    def add(self, result: Result) -> None:
        """Add a result to the page; rows and sections of other tasks do not change."""
        earlier = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        self.path.write_text(self.with_result(earlier, result), encoding="utf-8")

    def with_result(self, earlier: str, result: Result) -> str:
        """Return the page with a new result."""
        lines = [line for line in earlier.splitlines() if line.startswith("| ")]
        rows = {line.split(" | ")[0].removeprefix("| "): line for line in lines}
        headed = re.split(r"^(?=## )", earlier, flags=re.MULTILINE)[1:]
        sections = {part.splitlines()[0].removeprefix("## "): part for part in headed}
        rows[result.name] = result.row()
        sections[result.name] = result.section()
        known = [name for name in self.names if name in rows]
        head = [
            f"# {self.title}",
            "",
            f"Measured by `benchmarks/{self.script}`, {cpu_model()}, one thread. "
            f"Python {platform.python_version()}, torch {torch.__version__}, "
            f"scikit-learn {sklearn.__version__}, sksequence {sksequence.__version__}.",
            "",
            "Seeds are the values 0, 1, ... of `random_state`; targets are for the mean "
            "over them. Smaller errors and negative log-likelihoods are better. "
            "Parameters not named have their defaults. The machine was shared.",
            "",
            _cells(*_HEAD),
            "|---|---|---:|---|---:|---:|---:|---:|---|",
            *(rows[name] for name in known),
            "",
        ]
        return "\n".join([*head, *(sections[name].rstrip() + "\n" for name in known)])


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def measure(name: str, task: Task, n_seeds: int | None, report: Report) -> None:
    """Score a task with ``random_state`` 0, 1, ..., and report each score."""
    result = Result(name, task)
    for seed in range(n_seeds or task.n_seeds):
        model = seeded(task.estimator, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            score, seconds = task.score(model)
        result.scores.append(score)
        result.seconds.append(seconds)
        print(f"{name}, seed {seed}: {score:.4f}, {seconds:.0f} s per fit", flush=True)
        report.add(result)


def run(
    tasks: dict[str, Callable[[Path], Task]],
    script: str,
    title: str,
    description: str,
    arguments: Sequence[str] | None = None,
) -> None:
    """Measure the tasks given on the command line, and report each seed."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--data", help="directory of the data (else SKSEQUENCE_DATA)")
    parser.add_argument(
        "--only", nargs="+", metavar="TASK", choices=[*tasks], help="these tasks alone"
    )
    parser.add_argument(
        "--seeds", type=int, help="fits per task (default 3, or 1 of the long ones)"
    )
    page = Path(script).with_suffix(".md")
    parser.add_argument("--output", type=Path, default=page, help="Markdown to write")
    wanted = parser.parse_args(arguments)
    if wanted.seeds is not None and wanted.seeds < 1:
        parser.error("--seeds must be at least 1")
    folder = find_folder(wanted.data)
    report = Report(wanted.output, Path(script).name, title, [*tasks])
    for name in wanted.only or tasks:
        measure(name, tasks[name](folder), wanted.seeds, report)
