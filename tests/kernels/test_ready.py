"""Kernels that come with a wheel: which are chosen, and what they compute."""

from __future__ import annotations

import llvmlite.binding as llvm
import numpy as np
import pytest
import torch

from helpers.kernels import KERNELS_ARE_ON, run
from helpers.processes import run_python
from sksequence import _kernels
from sksequence._cells import GRU, RNN, MinLSTM
from sksequence._kernels import building, compiler, files, ready
from sksequence._kernels.building import Unit
from sksequence.nn import RecurrentLayer, _compiled

pytestmark = KERNELS_ARE_ON

HERE = frozenset(name for name, has in llvm.get_host_cpu_features().items() if has)
RUNNABLE = [m for m in ready.MACHINES if m.runs_on(llvm.get_process_triple(), HERE)]
POOLING = Unit("pooling", 32, None)

needs_a_machine = pytest.mark.skipif(not RUNNABLE, reason="no kernels for this machine")


# ------------------------------------------------------------------------------- choosing

LINUX, MUSL = "x86_64-unknown-linux-gnu", "x86_64-alpine-linux-musl"
V3, V4 = ready._V3, ready._V4


@pytest.mark.parametrize(
    ("triple", "features", "expected"),
    [
        (LINUX, V4 | {"avx512bf16"}, "x86-64-v4"),
        (MUSL, V4, "x86-64-v4"),
        (LINUX, V4 - {"avx512dq"}, "x86-64-v3"),
        (LINUX, V3, "x86-64-v3"),
        (LINUX, V3 - {"fma"}, None),  # as in many emulators
        (LINUX, set(), None),
        ("x86_64-unknown-linux-gnux32", V4, None),
        ("x86_64-pc-windows-msvc", V4, None),
        ("x86_64-apple-darwin23.0", V4, None),
        ("i686-unknown-linux-gnu", V4, None),
        ("aarch64-unknown-linux-gnu", set(), "generic"),
        ("arm64-apple-darwin23.0", {"neon"}, None),
        ("riscv64-unknown-linux-gnu", set(), None),
    ],
)
def test_the_best_machine_is_chosen_whose_instructions_there_are(
    monkeypatch, triple, features, expected
):
    known = {name: name in features for name in [*V4, *features]}
    monkeypatch.setattr(llvm, "get_process_triple", lambda: triple)
    monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: known)
    machine = ready.machine_here()
    assert (machine and machine.name) == expected


@pytest.mark.parametrize(
    ("triple", "expected"), [(LINUX, None), ("aarch64-unknown-linux-gnu", "generic")]
)
def test_a_processor_that_llvm_does_not_know_has_no_features(
    monkeypatch, triple, expected
):
    def fail():
        raise RuntimeError("failed to get host CPU features")

    monkeypatch.setattr(llvm, "get_process_triple", lambda: triple)
    monkeypatch.setattr(llvm, "get_host_cpu_features", fail)
    machine = ready.machine_here()
    assert (machine and machine.name) == expected


@pytest.mark.parametrize("machine", ready.MACHINES, ids=lambda m: m.name)
def test_no_machine_has_instructions_that_are_not_asked_for(machine):
    """LLVM knows which features a level has."""
    if machine.architecture != "x86_64":
        assert not machine.features  # those that every such processor has
        return
    target = building.target_of(machine)
    names = {*V4, *llvm.get_host_cpu_features()} - {"64bit"}
    assert {name for name in names if _has(target, name)} == machine.features


def _has(target, feature):
    """Whether a function that needs a feature is inlined in one of the target."""
    module = llvm.parse_assembly(
        f"""
        define internal i32 @inner(ptr %p) "target-features"="+{feature}" {{
          %x = load volatile i32, ptr %p
          ret i32 %x
        }}
        define i32 @outer(ptr %p) {{
          %x = call i32 @inner(ptr %p)
          ret i32 %x
        }}"""
    )
    builder = llvm.create_pass_builder(
        target, llvm.create_pipeline_tuning_options(speed_level=3)
    )
    builder.getModulePassManager().run(module, builder)
    return "call" not in str(module)


# ------------------------------------------------------------------------------ computing


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A directory with kernels for the machines that this one can stand for."""
    directory = tmp_path_factory.mktemp("package") / "ready"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ready, "DIRECTORY", directory)
        for unit in (POOLING, *BUILT):
            building.build(unit, RUNNABLE)
    return directory


BUILT = [Unit("recurrence", 32, GRU), Unit("step", 64, MinLSTM)]


@needs_a_machine
@pytest.mark.no_cover
@pytest.mark.parametrize("machine", RUNNABLE, ids=lambda m: m.name)
@pytest.mark.parametrize(
    ("unit", "compute"),
    zip(BUILT, ("_train", "_step"), strict=True),
    ids=["a GRU's training", "a minLSTM's step"],
)
def test_ready_kernels_compute_what_compiled_ones_do(
    built, monkeypatch, machine, unit, compute
):
    """Bit for bit."""
    monkeypatch.setattr(ready, "DIRECTORY", built)
    found = compiler._link(*files.read(ready.file_of(machine, *unit)))
    compiled = compiler._link(*compiler._find(*unit))
    theirs, ours = (globals()[compute](kernels) for kernels in (compiled, found))
    assert all(np.isfinite(one).all() for one in theirs)
    assert all(map(np.array_equal, theirs, ours))


def _train(kernels):
    """Results of a layer, and gradients, in full and in ragged blocks of sequences."""
    torch.manual_seed(0)
    layer = RecurrentLayer(3, 21, cell="gru")
    x, lengths = torch.randn(70, 12, 3), torch.randint(1, 13, (70,))
    upstream = [torch.randn(70, 12, 21), torch.randn(70, 21)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_kernels, "load", lambda *_: kernels)
        _compiled.plan_of.cache_clear()
        results = run(layer, x, lengths, upstream)
    _compiled.plan_of.cache_clear()
    return [one.numpy() for one in results]


def _step(kernels):
    """States after a step of six sequences: a whole tile of rows, and two more."""
    rng, n, wide, depth = np.random.default_rng(0), 6, 16, 20
    columns, memory = rng.normal(size=(n, depth)), np.zeros((n, wide))
    gates, matrix = np.zeros((n, 3 * wide)), rng.normal(size=(depth, 3 * wide))
    arrays = {"columns": columns, "memory": memory, "gates": gates, "matrix": matrix}
    kernels["step"](
        **{name: array.ctypes.data for name, array in arrays.items()},
        **{"x": 0, "mean": 0, "scale": 0, "has_x": 0},
        **{"n": n, "depth": depth, "rows": 3 * wide, "wide": wide},
    )
    assert gates.any()
    return columns, gates


@needs_a_machine
def test_ready_kernels_need_neither_numba_nor_a_cache(built, tmp_path):
    program = """
import sys
from pathlib import Path
sys.modules["numba"] = None
from sksequence import _kernels
from sksequence._cells import find_cell
from sksequence._kernels import ready
ready.DIRECTORY = Path(sys.argv[1])
assert set(_kernels.load("pooling", 32)) == {"forward", "backward"}
assert "forward" in _kernels.load("recurrence", 32, find_cell("gru"))
"""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKSEQUENCE_CACHE_DIR", str(tmp_path / "kept"))
        run_python(program, built)
    assert not (tmp_path / "kept").exists()


@needs_a_machine
def test_kernels_switched_off_are_not_ready_either(fresh, built, monkeypatch):
    monkeypatch.setattr(ready, "DIRECTORY", built)
    assert compiler.load(*POOLING) is not None
    monkeypatch.setenv("SKSEQUENCE_KERNELS", "off")
    assert compiler.load(*POOLING) is None


# --------------------------------------------------------------------------- falling back


@pytest.fixture
def compilations(fresh, monkeypatch):
    """The compilations that take place, from an empty cache."""
    done, inner = [], compiler._compile

    def counted(*unit):
        done.append(Unit(*unit))
        return inner(*unit)

    monkeypatch.setattr(compiler, "_compile", counted)
    return done


@pytest.fixture
def file(fresh, built, compilations, monkeypatch, tmp_path):
    """A file of ready kernels, of max pooling, in a directory of its own."""
    monkeypatch.setattr(ready, "DIRECTORY", tmp_path / "ready")
    (path,) = building.build(POOLING, RUNNABLE[:1])
    return path


@needs_a_machine
def test_what_is_ready_is_not_compiled(file, compilations, caplog):
    assert compiler.load(*POOLING) is not None
    assert not compilations
    assert not caplog.text


@needs_a_machine
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "a directory"])
def test_damaged_files_are_one_line_in_the_log(file, compilations, caplog, damage):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "a directory":
        file.unlink()
        file.mkdir()
    else:
        file.write_bytes(
            {"cut": content[:-100], "flipped": content, "empty": b""}[damage]
        )
    assert set(compiler.load(*POOLING)) == {"forward", "backward"}
    assert compilations == [POOLING]
    assert caplog.text.count("came with sksequence cannot be used (ValueError") == 1


@needs_a_machine
@pytest.mark.parametrize("what", ["no object file", "another architecture", "no link"])
def test_code_that_cannot_be_loaded_is_one_line_in_the_log(
    file, compilations, caplog, monkeypatch, what
):
    parameters, code = files.read(file)
    if what == "no object file":
        files.write(file, parameters, b"no object file" + code)
    elif what == "another architecture":
        files.write(file, parameters, code[:18] + b"\xf3\0" + code[20:])  # RISC-V
    else:
        link = compiler._link
        refuse = iter([lambda *_: 1 / 0, link])
        monkeypatch.setattr(compiler, "_link", lambda *found: next(refuse)(*found))
    assert set(compiler.load(*POOLING)) == {"forward", "backward"}
    assert compilations == [POOLING]
    assert caplog.text.count("came with sksequence cannot be used") == 1


@needs_a_machine
@pytest.mark.parametrize("change", ["machine", "source", "cell"])
def test_kernels_of_other_machines_and_sources_are_not_used(
    file, compilations, caplog, monkeypatch, change
):
    unit = Unit("recurrence", 32, RNN) if change == "cell" else POOLING
    if change == "machine":
        monkeypatch.setattr(llvm, "get_process_triple", lambda: "riscv64-linux-gnu")
    elif change == "source":
        file.rename(file.with_name("pooling-32-0123456789abcdef.kernels"))

    def count(*args):
        compilations.append(args)
        return {}, b""

    monkeypatch.setattr(compiler, "_compile", count)
    monkeypatch.setattr(compiler, "_link", lambda *_: {"forward": None})
    assert compiler.load(*unit) is not None
    assert compilations == [unit]
    assert caplog.text.count("Compiling the") == 1
    assert "cannot be used" not in caplog.text
