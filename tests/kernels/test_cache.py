"""Kernels that are kept in files."""

from __future__ import annotations

import pwd
import sys
from pathlib import Path

import pytest

from helpers.kernels import KERNELS_ARE_ON
from helpers.processes import run_python
from sksequence import _kernels
from sksequence._cells import GRU, RNN
from sksequence._kernels import compiler, files

pytestmark = KERNELS_ARE_ON


def test_what_is_kept_is_read_again_without_numba():
    _kernels.load("recurrence", 32, GRU)
    program = """
import sys, torch
from sksequence.nn import RecurrentLayer
layer = RecurrentLayer(3, 8, cell="gru")
layer(torch.randn(4, 5, 3))[0].sum().backward()
from sksequence import _kernels
from sksequence._cells import find_cell
assert _kernels.load("recurrence", 32, find_cell("gru")) is not None
assert "numba" not in sys.modules
"""
    run_python(program)


def test_a_directory_that_cannot_be_written_is_a_warning(fresh, monkeypatch, compiled):
    fresh.write_text("a file where the directory should be")
    monkeypatch.setattr(compiler, "_compile", lambda *_: compiled)
    with pytest.warns(RuntimeWarning, match="SKSEQUENCE_CACHE_DIR may name another"):
        assert compiler.load("recurrence", 32, RNN) is not None


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_damaged_kernels_are_compiled_anew(fresh, monkeypatch, compiled, damage):
    compilations = []

    def compile_again(*args):
        compilations.append(args)
        return compiled

    monkeypatch.setattr(compiler, "_compile", compile_again)
    assert compiler.load("recurrence", 32, RNN) is not None
    assert compiler.load("recurrence", 32, RNN) is not None
    assert len(compilations) == 1  # the second time they were kept
    (path,) = fresh.glob("*.kernels")
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    path.write_bytes({"cut": content[:-100], "flipped": content, "empty": b""}[damage])
    assert compiler.load("recurrence", 32, RNN) is not None
    assert len(compilations) == 2
    assert compiler.load("recurrence", 32, RNN) is not None
    assert len(compilations) == 2


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("home", [None, "somewhere"])
def test_without_a_home_kernels_are_compiled_and_not_kept(
    fresh, monkeypatch, compiled, home, platform, tmp_path
):
    """As in a container whose user has no entry; or with a HOME that is relative."""
    for name in ("SKSEQUENCE_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.chdir(tmp_path)
    if home is None:
        monkeypatch.delenv("HOME", raising=False)
        monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    else:
        monkeypatch.setenv("HOME", home)
    monkeypatch.setattr(compiler, "_compile", lambda *_: compiled)
    with pytest.warns(RuntimeWarning, match="no home .*SKSEQUENCE_CACHE_DIR") as caught:
        assert compiler.load("recurrence", 32, RNN) is not None
    assert [one for one in caught if "numba" in str(one.message)] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "{home}/sksequence"),
        ("win32", "LOCALAPPDATA", "{home}/sksequence"),
        ("darwin", None, "{user}/Library/Caches/sksequence"),
        ("linux", None, "{user}/.cache/sksequence"),
    ],
)
def test_kernels_are_kept_where_the_system_keeps_such_things(
    monkeypatch, tmp_path, platform, variable, expected
):
    for name in ("SKSEQUENCE_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
    expected = expected.format(home=tmp_path, user=Path.home())
    assert files.cache_directory() == Path(expected)
