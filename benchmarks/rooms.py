"""How often a fit of one batch, and a predict, move between rooms of the package.

A room is a module or package right below ``sksequence``, as in the table of
``tests/test_structure.py``. A move is a call, or a return, that leads from a function in
one room to a function in another, through whatever other libraries stand between them.
Counted by a profiler, in the thread that fits, once everything is imported and compiled:
the figures are the same in every run. Nothing is timed.

    python benchmarks/rooms.py
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

import sksequence
from sksequence import LSTMClassifier

PACKAGE = Path(sksequence.__file__).parent


def file_of(code: CodeType) -> str | None:
    """Where in the package a function stands; None for one of another library."""
    path = Path(code.co_filename)
    return path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else None


class Moves:
    """Count moves from room to room while the block runs.

    Attributes
    ----------
    between : Counter
        Moves by (room left, room entered).
    files : set
        Files of the package whose functions ran.
    """

    def __init__(self) -> None:
        self.between: Counter[tuple[str, str]] = Counter()
        self.files: set[str] = set()
        self._rooms: list[str] = []  # of the functions of ours that are running
        self._known: dict[CodeType, str | None] = {}

    def __enter__(self) -> Moves:
        sys.setprofile(self._see)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _see(self, frame: FrameType, event: str, _: Any) -> None:
        if event not in ("call", "return"):
            return
        code = frame.f_code
        if code not in self._known:
            self._known[code] = file_of(code)
        file = self._known[code]
        if file is None:
            return
        if event == "call":
            self.files.add(file)
            self._rooms.append(file.partition("/")[0].removesuffix(".py"))
            self._move(*self._rooms[-2:])
        elif self._rooms:
            self._move(self._rooms.pop(), *self._rooms[-1:])

    def _move(self, left: str, entered: str | None = None) -> None:
        if entered is not None and entered != left:
            self.between[left, entered] += 1


def count(function: Callable[[], Any]) -> Moves:
    """The moves of a call, once it has been called before."""
    function()
    with Moves() as moves:
        function()
    return moves


def report(name: str, moves: Moves, n_pairs: int = 8) -> None:
    """Print how many moves there are, and between which rooms there are most."""
    total = moves.between.total()
    print(f"{name}: {total} moves between rooms, {len(moves.files)} files entered")
    pairs: Counter[tuple[str, ...]] = Counter()
    for rooms, n in moves.between.items():
        pairs[tuple(sorted(rooms))] += n
    for rooms, n in pairs.most_common(n_pairs):
        print(f"  {n:4}  {' and '.join(rooms)}")


def main() -> None:
    """Print both figures."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in rng.integers(5, 12, 16)]
    y = np.arange(16) % 2
    model = LSTMClassifier(
        hidden_size=8, max_epochs=1, random_state=0, random_convolutions=0
    )
    report("fit", count(lambda: model.fit(X, y)))
    report("predict", count(lambda: model.predict(X)))
    print(f"LSTMClassifier.__mro__ has {len(LSTMClassifier.__mro__)} entries")


if __name__ == "__main__":
    main()
