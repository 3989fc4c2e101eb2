"""Kernels, compiled at their first use and kept in a file for the next process.

numba turns :mod:`.recurrence` or :mod:`.step` into LLVM's language, llvmlite that into
machine code. It needs nothing but itself, so a process that finds it kept loads llvmlite
alone: numba, which takes the better part of a second to import and set up, stays out.
"""

from __future__ import annotations

import ctypes
import hashlib
import inspect
import json
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, cast

from .._cells import Cell

_LOGGER = logging.getLogger("sksequence")
_LOCK = Lock()


class Kernel:
    """A compiled function, called by keywords; others than its parameters it ignores."""

    def __init__(self, engine: Any, name: str, parameters: list[str]) -> None:
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * len(parameters))
        self._function = kind(engine.get_function_address(name))
        self._parameters = parameters
        self._engine = engine  # with which the code would go

    def __call__(self, **arguments: int) -> None:
        self._function(*[arguments[name] for name in self._parameters])

    def bind(self, **arguments: int) -> Callable[[], None]:
        """Return a call of always the same arguments, which takes half the time."""
        return partial(self._function, *[arguments[name] for name in self._parameters])


Kernels = dict[str, Kernel]


def load(source: str, bits: int, cell: type[Cell] | None = None) -> Kernels | None:
    """Return kernels for floats of so many bits; None where there can be none.

    ``source`` is the module that has them: "recurrence" and "step", for a cell, or
    "pooling". Where there are none, one warning tells why. They take keywords: addresses
    and sizes.
    """
    with _LOCK:
        return _load(source, bits, cast(Hashable, cell))


@cache
def _load(source: str, bits: int, cell: type[Cell] | None) -> Kernels | None:
    if os.environ.get("SKSEQUENCE_KERNELS", "").lower() in ("0", "off", "no"):
        return None
    try:
        name = f"{source}-{'' if cell is None else cell.__name__.lower()}{bits}"
        path = _directory() / f"{name}-{_fingerprint(cell)}.kernels"
        kept = _read(path)
        if kept is None:
            _LOGGER.warning(
                "Compiling the %s kernels for this machine: some seconds, once.", name
            )
            kept = _compile(source, bits, cell)
            _write(path, *kept)
        return _link(*kept)
    except Exception as error:
        _warn(f"{type(error).__name__}: {error}")
        return None


@cache
def _warn(why: str) -> None:
    warnings.warn(
        f"There are no compiled kernels ({why}). torch's own, slower layers are used, "
        "with the same results within rounding. Installing a recent numba may help; "
        "SKSEQUENCE_KERNELS=off silences this.",
        RuntimeWarning,
        stacklevel=2,
    )


# -------------------------------------------------------------------------- compiling


def _compile(
    source: str, bits: int, cell: type[Cell] | None
) -> tuple[dict[str, list[str]], bytes]:
    """Return the kernels' parameters, and their code as an object file."""
    import llvmlite.binding as llvm
    from numba import cfunc, types

    module = import_module(f".{source}", __package__)
    types_of = {
        "Numbers": types.CPointer(types.float32 if bits == 32 else types.float64),
        "Doubles": types.CPointer(types.float64),
        "Indices": types.CPointer(types.int64),
        "Size": types.int64,
    }
    machine = _target_machine()
    everything = llvm.parse_assembly("")
    parameters = {}
    with _unoptimised():
        for name, function in module.kernels_of(cell).items():
            expected = inspect.signature(function).parameters
            parameters[name] = list(expected)
            signature = types.void(*(types_of[p.annotation] for p in expected.values()))
            compiled = cfunc(signature, error_model="numpy")(function)
            one = llvm.parse_assembly(compiled.inspect_llvm())
            for part in one.functions:
                if part.name.startswith("cfunc."):
                    part.name = name
            everything.link_in(one)
    # What is called from here only can't fail, and the code for failures goes.
    for part in everything.functions:
        if not part.is_declaration and part.name not in parameters:
            part.linkage = "internal"
    builder = llvm.create_pass_builder(
        machine, llvm.create_pipeline_tuning_options(speed_level=3)
    )
    builder.getModulePassManager().run(everything, builder)
    # A process without numba would have nothing to fill these in with.
    outside = {p.name for p in everything.functions if p.is_declaration}
    outside = {name for name in outside if not name.startswith(("llvm.", "mem"))}
    if outside:
        raise RuntimeError(f"The {source} kernels are not complete: {sorted(outside)}")
    return parameters, machine.emit_object(everything)


@contextmanager
def _unoptimised() -> Iterator[None]:
    """Spare numba the optimisation, which all kernels together get afterwards."""
    from .borrowed import config as numba_config

    config: Any = numba_config
    level = config.OPT
    config.OPT = type(level)(0)
    try:
        yield
    finally:
        config.OPT = level


def _target_machine() -> Any:
    """Return this machine's; an engine makes the one that it is given its own."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        codemodel="jitdefault",
    )


def _link(parameters: dict[str, list[str]], code: bytes) -> Kernels:
    """Put code into this process."""
    import llvmlite.binding as llvm

    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()

    return {name: Kernel(engine, name, names) for name, names in parameters.items()}


# ---------------------------------------------------------------------------- keeping


def _directory() -> Path:
    """Where code is kept: as the machine's user has it, or SKSEQUENCE_CACHE_DIR."""
    chosen = os.environ.get("SKSEQUENCE_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sksequence"


def _fingerprint(cell: type[Cell] | None) -> str:
    """Name all that the code depends on: our sources, the compiler, the machine."""
    import llvmlite
    import llvmlite.binding as llvm

    digest = hashlib.sha256()
    sources = sorted(Path(__file__).parent.glob("*.py"))
    if cell is not None:
        sources += [Path(inspect.getfile(part)) for part in (Cell, cell)]
    for source in sources:
        digest.update(source.read_bytes())
    versions = version("numba"), llvmlite.__version__
    machine = llvm.get_default_triple(), llvm.get_host_cpu_name()
    features = llvm.get_host_cpu_features().flatten()
    digest.update(repr((versions, machine, features)).encode())
    return digest.hexdigest()[:16]


def _read(path: Path) -> tuple[dict[str, list[str]], bytes] | None:
    """Return what was kept, if it is there and whole."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, kept = content[:32], content[32:]
    if hashlib.sha256(kept).digest() != digest:
        return None
    head, code = kept.split(b"\n", 1)
    return json.loads(head), code


def _write(path: Path, parameters: dict[str, list[str]], code: bytes) -> None:
    """Keep code: whole or, with a warning, not at all."""
    kept = json.dumps(parameters).encode() + b"\n" + code
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(kept).digest() + kept)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        warnings.warn(
            f"Compiled kernels cannot be kept in {path.parent} ({error}): each process "
            "will compile them anew. SKSEQUENCE_CACHE_DIR may name another directory.",
            RuntimeWarning,
            stacklevel=2,
        )
