"""Compile kernels on first use, and cache them in files for later processes.

numba compiles :mod:`.recurrence` or :mod:`.step` to LLVM IR, and llvmlite compiles this
to machine code. The code has no dependencies, so a process that finds it in the cache
only imports llvmlite, and not numba, which takes most of a second.
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
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import Any, cast

from .._cells import Cell
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

    ``source`` is the module of the kernels: "recurrence" or "step", for a cell, or
    "pooling". If compilation fails, a warning with the reason is raised once. Kernels
    take addresses and sizes as keywords.
    """
    with _LOCK:
        return _load(source, bits, cast(Hashable, cell))


@cache
def _load(source: str, bits: int, cell: type[Cell] | None) -> Kernels | None:
    if os.environ.get("SKSEQUENCE_KERNELS", "").lower() in ("0", "off", "no"):
        return None
    try:
        return _link(*_find(source, bits, cell))
    except Exception as error:
        advice = "Installing a recent numba may help"
        if not _is_of_compiler(error):
            advice = "This is a mistake of sksequence, please report it"
            _LOGGER.debug("No kernels", exc_info=True)
        _warn(f"{type(error).__name__}: {error}", advice)
        return None


def _find(
    source: str, bits: int, cell: type[Cell] | None
) -> tuple[dict[str, list[str]], bytes]:
    """Return kernels from the cache, or compile them and cache them."""
    name = f"{source}-{'' if cell is None else cell.__name__.lower()}{bits}"

    def compile_now() -> tuple[dict[str, list[str]], bytes]:
        _LOGGER.warning(
            "Compiling the %s kernels for this machine: some seconds, once.", name
        )
        return _compile(source, bits, cell)

    fingerprint, directory = _fingerprint(cell), _directory()
    if directory is None:
        _warn_not_kept("There is no home directory to keep compiled kernels in")
        return compile_now()
    path = directory / f"{name}-{fingerprint}.kernels"
    kept = _read(path)
    if kept is None:
        # Whoever waits here finds what the other process has compiled.
        with only_one(path.with_suffix(".lock")):
            kept = _read(path)
            if kept is None:
                kept = compile_now()
                _write(path, *kept)
    return kept


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


# -------------------------------------------------------------------------- compiling


def _compile(
    source: str, bits: int, cell: type[Cell] | None
) -> tuple[dict[str, list[str]], bytes]:
    """Return the parameters of the kernels, and their code as an object file."""
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
    # Internal linkage lets LLVM remove unused code, such as error handling.
    for part in everything.functions:
        if not part.is_declaration and part.name not in parameters:
            part.linkage = "internal"
    builder = llvm.create_pass_builder(
        machine, llvm.create_pipeline_tuning_options(speed_level=3)
    )
    builder.getModulePassManager().run(everything, builder)
    # External symbols could not be resolved in a process without numba.
    outside = {p.name for p in everything.functions if p.is_declaration}
    outside = {name for name in outside if not name.startswith(("llvm.", "mem"))}
    if outside:
        raise RuntimeError(f"The {source} kernels are not complete: {sorted(outside)}")
    return parameters, machine.emit_object(everything)


@contextmanager
def _unoptimised() -> Iterator[None]:
    """Disable numba's optimisation, as all kernels are optimised together later."""
    from .borrowed import config as numba_config

    config: Any = numba_config
    level = config.OPT
    config.OPT = type(level)(0)
    try:
        yield
    finally:
        config.OPT = level


def _target_machine() -> Any:
    """Return a new target machine for this CPU; an engine takes ownership of it."""
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
    """Load code into this process."""
    import llvmlite.binding as llvm

    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()

    return {name: Kernel(engine, name, names) for name, names in parameters.items()}


# ------------------------------------------------------------------------------ cache


def _directory() -> Path | None:
    """Return the cache directory: SKSEQUENCE_CACHE_DIR, the user's, or None."""
    chosen = os.environ.get("SKSEQUENCE_CACHE_DIR")
    if chosen:
        return Path(chosen)
    try:
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        return None  # neither HOME nor an entry for this user, as in some containers
    # A relative HOME is below the working directory, where nobody would look for it.
    return Path(base) / "sksequence" if Path(base).is_absolute() else None


def _fingerprint(cell: type[Cell] | None) -> str:
    """Return a hash of all that the code depends on: sources, compiler, machine."""
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
    """Return cached code, if it exists and its checksum is right."""
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
    """Write code to the cache atomically; warn if it cannot be written."""
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
        _warn_not_kept(f"Compiled kernels cannot be kept in {path.parent} ({error})")


def _warn_not_kept(why: str) -> None:
    warnings.warn(
        f"{why}: each process will compile them anew. SKSEQUENCE_CACHE_DIR may name "
        "another directory.",
        RuntimeWarning,
        stacklevel=2,
    )
