"""Find kernels, or compile them on first use and cache them for later processes.

Machine code comes from the first of these that has it: the package, if its wheel was
built with kernels for machines like this; the cache; the compiler. The code has no
dependencies, so a process that finds it in a file only imports llvmlite, and not numba,
which takes most of a second.
"""

from __future__ import annotations

import ctypes
import logging
import os
import warnings
from collections.abc import Callable, Hashable
from functools import cache, partial
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import Any, cast

from .._cells import Cell
from . import ready
from .assembly import assemble, emit, this_machine
from .files import Code, cache_directory, fingerprint, read, title, write
from .lock import only_one

_LOGGER = logging.getLogger("sksequence")
_LOCK = Lock()


class Kernel:
    """A compiled function, called by keywords; unknown keywords are ignored."""

    def __init__(self, engine: Any, name: str, parameters: list[str]) -> None:
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * len(parameters))
        self._function = kind(engine.get_function_address(name))
        self._pick = itemgetter(*parameters)
        self._engine = engine  # keeps the code alive

    def __call__(self, **arguments: int) -> None:
        self._function(*self._pick(arguments))

    def bind(self, **arguments: int | ctypes.c_int64) -> Callable[[], None]:
        """Return a call with fixed arguments, which takes half the time.

        The value of a ctypes object may change from call to call.
        """
        return partial(self._function, *self._pick(arguments))


Kernels = dict[str, Kernel]


def load(source: str, bits: int, cell: type[Cell] | None = None) -> Kernels | None:
    """Return the kernels for floats of the given size, or None if there are none.

    ``source`` is the module of the kernels: "recurrence", "alone" or "step", for a cell,
    "scan" for one whose gates read only the input, or "pooling" or "shares". If
    compilation fails, a warning with the reason is raised once. Kernels take addresses
    and sizes as keywords.
    """
    with _LOCK:
        return _load(source, bits, cast(Hashable, cell))


@cache
def _load(source: str, bits: int, cell: type[Cell] | None) -> Kernels | None:
    if os.environ.get("SKSEQUENCE_KERNELS", "").lower() in ("0", "off", "no"):
        return None
    try:
        return _ready(source, bits, cell) or _link(*_find(source, bits, cell))
    except Exception as error:
        advice = "Installing a recent numba may help"
        if not _is_of_compiler(error):
            advice = "This is a mistake of sksequence, please report it"
            _LOGGER.debug("No kernels", exc_info=True)
        _warn(f"{type(error).__name__}: {error}", advice)
        return None


def _ready(source: str, bits: int, cell: type[Cell] | None) -> Kernels | None:
    """Return the kernels that came with the package, or None if they do not run here."""
    try:
        found = ready.find(source, bits, cell)
        return None if found is None else _link(*found)
    except ImportError:
        raise  # without llvmlite, nothing else would run either
    except Exception as error:
        _LOGGER.warning(
            "The %s kernels that came with sksequence cannot be used (%s: %s). "
            "Installing it anew may help.",
            *(title(source, bits, cell), type(error).__name__, error),
        )
        return None


def _find(source: str, bits: int, cell: type[Cell] | None) -> Code:
    """Return kernels from the cache, or compile them and cache them."""
    name = title(source, bits, cell)

    def compile_now() -> Code:
        _LOGGER.warning(
            "Compiling the %s kernels for this machine: some seconds, once.", name
        )
        return _compile(source, bits, cell)

    directory = cache_directory()
    if directory is None:
        _warn_not_kept("There is no home directory to keep compiled kernels in")
        return compile_now()
    path = directory / f"{name}-{_fingerprint(cell)}.kernels"
    kept = read(path)
    if kept is None:
        # Whoever waits here finds what the other process has compiled.
        with only_one(path.with_suffix(".lock")):
            kept = read(path)
            if kept is None:
                kept = compile_now()
                _keep(path, kept)
    return kept


def _fingerprint(cell: type[Cell] | None) -> str:
    """Return a hash of all that compiled code depends on: sources, compiler, machine."""
    import llvmlite
    import llvmlite.binding as llvm

    versions = version("numba"), llvmlite.__version__
    machine = llvm.get_default_triple(), llvm.get_host_cpu_name()
    features = llvm.get_host_cpu_features().flatten()
    return fingerprint(cell, versions, machine, features)


def _compile(source: str, bits: int, cell: type[Cell] | None) -> Code:
    """Return the parameters of the kernels, and their code for this machine."""
    parameters, assembled = assemble(source, bits, cell)
    return parameters, emit(assembled, this_machine())


def _keep(path: Path, compiled: Code) -> None:
    """Write code to the cache; warn if it cannot be written."""
    try:
        write(path, *compiled)
    except OSError as error:
        _warn_not_kept(f"Compiled kernels cannot be kept in {path.parent} ({error})")


def _is_of_compiler(error: Exception) -> bool:
    """Return whether numba or LLVM is missing, too old or at a loss."""
    if isinstance(error, ImportError | RuntimeError):
        return True  # a missing package or private name, or what LLVM raises
    # An error of theirs, or a name that one of their modules lacks.
    module = getattr(getattr(error, "obj", None), "__name__", type(error).__module__)
    return module.split(".")[0] in ("numba", "llvmlite")


@cache
def _warn(why: str, advice: str) -> None:
    warnings.warn(
        f"There are no compiled kernels ({why}). torch's own, slower layers are used, "
        f"with the same results within rounding. {advice}; SKSEQUENCE_KERNELS=off "
        "silences this.",
        RuntimeWarning,
        stacklevel=2,
    )


def _warn_not_kept(why: str) -> None:
    warnings.warn(
        f"{why}: each process will compile them anew. SKSEQUENCE_CACHE_DIR may name "
        "another directory.",
        RuntimeWarning,
        stacklevel=2,
    )


def _link(parameters: dict[str, list[str]], code: bytes) -> Kernels:
    """Load code into this process."""
    import llvmlite.binding as llvm

    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), this_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return {name: Kernel(engine, name, names) for name, names in parameters.items()}
