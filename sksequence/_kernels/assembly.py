"""From the source of kernels to machine code.

numba compiles :mod:`.recurrence`, :mod:`.scan`, :mod:`.alone`, :mod:`.step` or
:mod:`.pooling` to LLVM's intermediate code, which takes most of the time and is the same
for all machines, and LLVM compiles this to an object file for one machine. It has no
dependencies.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from .._cells import Cell

Parameters = dict[str, list[str]]  # of each kernel, in order


def assemble(source: str, bits: int, cell: type[Cell] | None) -> tuple[Parameters, bytes]:
    """Return the parameters of the kernels, and their intermediate code."""
    import llvmlite.binding as llvm
    from numba import cfunc, types

    module = import_module(f".{source}", __package__)
    types_of = {
        "Numbers": types.CPointer(types.float32 if bits == 32 else types.float64),
        "Doubles": types.CPointer(types.float64),
        "Indices": types.CPointer(types.int64),
        "Size": types.int64,
    }
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
    return parameters, everything.as_bitcode()


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


def emit(assembled: bytes, machine: Any) -> bytes:
    """Return intermediate code as an object file for a target machine."""
    import llvmlite.binding as llvm

    everything = llvm.parse_bitcode(assembled)
    everything.triple = machine.triple
    everything.data_layout = str(machine.target_data)
    builder = llvm.create_pass_builder(
        machine, llvm.create_pipeline_tuning_options(speed_level=3)
    )
    builder.getModulePassManager().run(everything, builder)
    # External symbols could not be resolved in a process without numba.
    outside = {p.name for p in everything.functions if p.is_declaration}
    outside = {name for name in outside if not name.startswith(("llvm.", "mem"))}
    if outside:
        raise RuntimeError(f"The kernels are not complete: {sorted(outside)}")
    return machine.emit_object(everything)


def this_machine() -> Any:
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
