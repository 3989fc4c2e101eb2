"""Kernels that are compiled when a wheel is built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from helpers.kernels import KINDS
from helpers.package import ROOT
from helpers.processes import run_python
from sksequence._cells import CELLS
from sksequence._kernels import building, files, ready
from sksequence._kernels.building import Unit

POOLING = Unit("pooling", 32, None)
WITHOUT_CELL = ("attention", "convlstm", "convolution", "decay", "embedding")
WITHOUT_CELL += ("pooling", "shares")


def test_all_kernels_are_those_of_every_cell_and_size():
    expected = {
        *((source, bits, cell) for cell in KINDS.values() for bits in (32, 64)
          for source in ("recurrence", "alone", "step")),
        *((source, bits, None) for bits in (32, 64) for source in WITHOUT_CELL),
        *(("scan", bits, CELLS[name]) for bits in (32, 64)
          for name in ("mingru", "minlstm", "qrnn")),
    }  # fmt: skip
    units = building.units("all")
    assert set(units) == expected
    assert len(units) == len(expected)


def test_usual_kernels_are_a_part_of_them():
    usual, everything = building.units("usual"), building.units("all")
    assert set(usual) < set(everything)
    assert {unit.cell for unit in usual if unit.cell} == {
        CELLS[name] for name in ("rnn", "lstm", "gru")
    }
    assert {unit.bits for unit in usual} == {32}


@pytest.fixture
def directory(monkeypatch, tmp_path):
    monkeypatch.setattr(ready, "DIRECTORY", tmp_path / "ready")
    return tmp_path / "ready"


def test_there_is_an_object_file_for_each_machine(directory):
    building.build(POOLING, list(ready.MACHINES))
    machine_codes = {}
    for path in directory.glob("*/pooling-32-*.kernels"):
        parameters, code = files.read(path)
        assert {"steps", "lengths", "largest"} <= set(parameters["forward"])
        assert code[:4] == b"\x7fELF"
        machine_codes[path.parent.name] = int.from_bytes(code[18:20], "little")
    # Numbers of the ELF format for x86-64 and for AArch64.
    assert machine_codes == {
        "x86_64-x86-64-v4": 62,
        "x86_64-x86-64-v3": 62,
        "aarch64-generic": 183,
    }


def test_only_what_is_missing_is_compiled_and_stale_files_go(directory, monkeypatch):
    one = list(ready.MACHINES[:1])
    monkeypatch.setattr(building, "units", lambda _: [POOLING])
    monkeypatch.setattr(building, "machines", lambda _: one)
    (path,) = building.build_all("usual")
    before = path.read_bytes()
    stale = path.with_name("pooling-32-0123456789abcdef.kernels")
    stale.write_bytes(b"of an earlier source")
    path.write_bytes(b"damaged")
    assert building.build_all("usual") == [path]
    assert list(directory.rglob("*.kernels")) == [path]
    assert path.read_bytes() == before
    monkeypatch.setattr(building, "assemble", None)  # it is not called
    assert building.build_all("usual") == [path]


# --------------------------------------------------------------------------------- wheels


def source_in(directory):
    """A copy of what a wheel is built from, as building leaves files behind."""
    source = directory / "source"
    names = ("setup.py", "setup.cfg", "pyproject.toml", "build_backend.py", "README.md")
    source.mkdir()
    for name in (*names, "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(
        ROOT / "sksequence",
        source / "sksequence",
        ignore=shutil.ignore_patterns("__pycache__", "ready"),
    )
    return source


def build_wheel(directory, **environment):
    """What is in a wheel, and what building it prints."""
    program = f"import build_backend; build_backend.build_wheel({str(directory)!r})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=source_in(directory),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wheels = list(directory.glob("*.whl"))
    inside = [name for wheel in wheels for name in zipfile.ZipFile(wheel).namelist()]
    return inside, done.stdout


@pytest.mark.parametrize("how", ["none are wanted", "numba is missing"])
def test_a_wheel_can_be_built_without_kernels(tmp_path, how):
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "numba.py").write_text("raise ImportError('no numba')")
    path = os.pathsep.join([str(fake), os.environ.get("PYTHONPATH", "")])
    inside, said = build_wheel(
        tmp_path,
        SKSEQUENCE_BUILD_KERNELS="none" if how == "none are wanted" else "usual",
        PYTHONPATH=path,
    )
    assert "sksequence/_kernels/recurrence.py" in inside
    assert not any(name.endswith(".kernels") for name in inside)
    assert ("will be compiled on first use" in said) == (how == "numba is missing")


def test_an_unknown_choice_of_kernels_is_an_error(tmp_path):
    inside, said = build_wheel(tmp_path, SKSEQUENCE_BUILD_KERNELS="some")
    assert not inside
    assert "must be one of ('usual', 'all', 'none'), got 'some'" in said


def test_the_compiler_is_required_for_wheels_with_kernels_only(tmp_path):
    source = source_in(tmp_path)
    program = """
import build_backend
wheel = build_backend.get_requires_for_build_wheel()
print(*wheel, "|", *build_backend.get_requires_for_build_editable())
"""
    for choice, expected in (
        ("usual", "llvmlite>=0.44 numba>=0.61 |"),
        ("none", "|"),
    ):
        environment = {**os.environ, "SKSEQUENCE_BUILD_KERNELS": choice}
        said = run_python(program, cwd=source, env=environment)
        assert said.splitlines()[-1].strip() == expected


def test_kernels_are_built_without_the_packages_other_dependencies():
    """As where pip builds: scikit-learn and torch are not there."""
    program = """
import sys
from types import ModuleType
for name in ("torch", "sklearn", "scipy"):
    sys.modules[name] = None
sys.modules["sksequence"] = ModuleType("sksequence")
sys.modules["sksequence"].__path__ = [sys.argv[1]]
from sksequence._kernels import building
parameters, _ = building.assemble("pooling", 32, None)
print(*parameters)
"""
    assert run_python(program, ROOT / "sksequence").split() == ["forward", "backward"]
