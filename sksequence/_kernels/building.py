"""Compile kernels for the machines of :mod:`.ready`, when a wheel is built.

Of the package's dependencies this needs numba and llvmlite only; ``setup.py`` calls it.
"usual" are the kernels that most fits need, for the machines of this architecture:
float32, and the cells of the estimators that are named after theirs. "all" takes some
minutes.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from .._cells import CELLS, NONLINEARITIES, Cell
from . import ready
from .assembly import assemble, emit
from .files import read, write
from .layout import reads_only_input

_USUAL = ("lstm", "gru", "rnn")
_WITHOUT_CELL = (
    *("attention", "convlstm", "convolution", "decay", "embedding", "pooling", "shares"),
)


class Unit(NamedTuple):
    """What is compiled and loaded together."""

    source: str
    bits: int
    cell: type[Cell] | None


def units(which: str) -> list[Unit]:
    """Return all kernels, or the usual ones, those first that take longest."""
    everything = which == "all"
    cells = {**CELLS, **NONLINEARITIES} if everything else {k: CELLS[k] for k in _USUAL}
    sizes = (32, 64) if everything else (32,)
    # RNN is among the cells, and among the nonlinearities.
    distinct = dict.fromkeys(cells.values())
    of_cells = product(("recurrence", "alone", "step"), sizes, distinct)
    scanned = product(("scan",), sizes, filter(reads_only_input, distinct))
    without = product(_WITHOUT_CELL, sizes, [None])
    return [Unit(*unit) for unit in (*of_cells, *scanned, *without)]


def machines(which: str) -> list[ready.Machine]:
    """Return all machines, or those of this architecture."""
    import llvmlite.binding as llvm

    here = llvm.get_process_triple().split("-")
    if which == "all":
        return list(ready.MACHINES)
    return [m for m in ready.MACHINES if m.architecture == here[0] and "linux" in here]


def target_of(machine: ready.Machine) -> Any:
    """Return LLVM's target machine.

    Raises
    ------
    RuntimeError
        If this LLVM does not know the machine's architecture.
    """
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple(machine.triple).create_target_machine(
        cpu=machine.name, features=machine.tuning, opt=3, codemodel="jitdefault", jit=True
    )


def build(unit: Unit, wanted: list[ready.Machine]) -> list[Path]:
    """Write the files of a unit, except those that are there, and return them."""
    files = {ready.file_of(machine, *unit): machine for machine in wanted}
    missing = {path: m for path, m in files.items() if read(path) is None}
    if missing:
        parameters, assembled = assemble(*unit)
        for path, machine in missing.items():
            write(path, parameters, emit(assembled, target_of(machine)))
            path.chmod(0o644)
    return list(files)


def build_all(which: str) -> list[Path]:
    """Write all files in ``ready.DIRECTORY``, remove stale ones, and return them."""
    one = partial(build, wanted=machines(which))
    if sys.platform == "linux":
        with ProcessPoolExecutor(mp_context=get_context("fork")) as pool:
            written = list(pool.map(one, units(which)))
    else:
        written = list(map(one, units(which)))
    files = [path for paths in written for path in paths]
    for path in set(ready.DIRECTORY.rglob("*.kernels")).difference(files):
        path.unlink()
    return files
