"""Kernels that are compiled when the package is built, for common machines.

``ready/`` beside this file has a directory for each machine, in wheels and installed
packages; in a working copy of the sources there is none. The instructions of a machine
are a level that many processors have in common. All of them have a fused multiply-add, so
that answers are those of code compiled for one processor, bit for bit.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .._cells import Cell
from .files import Code, fingerprint, read, title

DIRECTORY = Path(__file__).parent / "ready"


class Machine(NamedTuple):
    """A level of instructions.

    Parameters
    ----------
    name : str
        LLVM's name of the level.
    architecture : str
        The first word of LLVM's triple.
    elf_number : int
        The architecture's number in an object file.
    features : frozenset of str
        LLVM's names of what a processor must have. (A missing one that code does not
        use costs a compilation; one that is not asked for, the process.)
    tuning : str
        What else LLVM is told.
    """

    name: str
    architecture: str
    elf_number: int
    features: frozenset[str]
    tuning: str = ""

    @property
    def triple(self) -> str:
        """LLVM's name of the architecture with Linux, the only system that has these."""
        return f"{self.architecture}-unknown-linux-gnu"

    def runs_on(self, triple: str, features: frozenset[str]) -> bool:
        """Return whether a processor with these features runs the code."""
        architecture, *rest = triple.split("-")
        linux = architecture == self.architecture and "linux" in rest
        # Not the variant of x86-64 whose pointers have 32 bits.
        return linux and rest[-1] != "gnux32" and self.features <= features


# fmt: off
_V3 = frozenset([
    "avx", "avx2", "bmi", "bmi2", "cmov", "crc32", "cx16", "cx8", "f16c", "fma", "fxsr",
    "lzcnt", "mmx", "movbe", "popcnt", "sahf", "sse", "sse2", "sse3", "sse4.1", "sse4.2",
    "ssse3", "xsave",
])
_V4 = _V3 | {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}
# fmt: on

# The first that a processor runs is the best.
MACHINES = (
    # Vectors have 64 bytes: without this, LLVM splits some of them.
    Machine("x86-64-v4", "x86_64", 62, _V4, "-prefer-256-bit"),
    Machine("x86-64-v3", "x86_64", 62, _V3),
    Machine("generic", "aarch64", 183, frozenset()),
)


def machine_here() -> Machine | None:
    """Return the best of the machines that this processor can stand for, or None."""
    import llvmlite.binding as llvm

    triple = llvm.get_process_triple()
    try:
        known = llvm.get_host_cpu_features()
    except RuntimeError:
        known = {}  # LLVM does not know this processor
    features = frozenset(name for name, has in known.items() if has)
    return next((m for m in MACHINES if m.runs_on(triple, features)), None)


def file_of(machine: Machine, source: str, bits: int, cell: type[Cell] | None) -> Path:
    """Return where the kernels of a machine are; stale ones have another name."""
    hashed = fingerprint(cell, machine.triple, machine.tuning)
    directory = DIRECTORY / f"{machine.architecture}-{machine.name}"
    return directory / f"{title(source, bits, cell)}-{hashed}.kernels"


def find(source: str, bits: int, cell: type[Cell] | None) -> Code | None:
    """Return ready kernels that this machine can run, or None.

    Raises
    ------
    ValueError
        If there is a file, and it is damaged or of another architecture.
    """
    if not DIRECTORY.is_dir():
        return None
    machine = machine_here()
    if machine is None:
        return None
    path = file_of(machine, source, bits, cell)
    if not path.exists():
        return None
    found = read(path)
    if found is None:
        raise ValueError(f"{path.name} is damaged")
    # LLVM does not survive what is no object file, or one of another architecture.
    code = found[1]
    number = int.from_bytes(code[18:20], "little")
    if not code.startswith(b"\x7fELF") or number != machine.elf_number:
        raise ValueError(f"{path.name} is no object file for {machine.architecture}")
    return found
