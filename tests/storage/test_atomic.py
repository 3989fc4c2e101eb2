"""Writing a file wholly or not at all."""

from __future__ import annotations

import errno
import os
import resource
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from helpers.trees import THIS, written
from sksequence._storage import atomic, read


def fails_at(monkeypatch, call, error):
    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(atomic.os, call, fail)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_after_a_failure_all_is_as_it_was(error, call, old, path, monkeypatch):
    if old:
        written(path, "old")
    before = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    fails_at(monkeypatch, call, error)
    with pytest.raises(type(error)) as raised:
        written(path, "new")
    if isinstance(error, OSError):
        assert raised.value.errno == errno.ENOSPC
        assert "No space left on device; nothing was saved" in str(raised.value)
        assert str(path) in str(raised.value)
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == before


def test_a_limit_of_the_system_is_such_a_failure(path):
    before = written(path, "old").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large; nothing was saved"):
            written(path, np.zeros(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_a_folder_without_permission_is_such_a_failure(path, monkeypatch):
    before = written(path, "old").read_bytes()
    path.parent.chmod(0o500)
    if os.geteuid() == 0:  # who may write everywhere
        denied = PermissionError(errno.EACCES, "Permission denied")
        monkeypatch.setattr(
            atomic, "open", lambda *_: (_ for _ in ()).throw(denied), False
        )
    try:
        with pytest.raises(PermissionError, match="Permission denied; nothing was saved"):
            written(path, "new")
    finally:
        path.parent.chmod(0o700)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_folders_that_are_none_are_named(path):
    with pytest.raises(FileNotFoundError, match=r"nothing was saved.*nowhere/data"):
        written(path.parent / "nowhere" / "data", 1)
    path.write_text("a file")
    with pytest.raises(NotADirectoryError, match="nothing was saved"):
        written(path / "below", 1)
    with pytest.raises(IsADirectoryError, match="nothing was saved"):
        written(path.parent, 1)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_permissions_are_those_that_open_would_leave(path):
    with open(path, "wb"):
        expected = path.stat().st_mode
    path.unlink()
    assert written(path, 1).stat().st_mode == expected
    path.chmod(0o640)
    assert stat.S_IMODE(written(path, 2).stat().st_mode) == 0o640


def test_a_write_protected_file_stays(path, monkeypatch):
    before = written(path, "old").read_bytes()
    path.chmod(0o400)
    if os.geteuid() == 0:
        monkeypatch.setattr(atomic.os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match="write-protected; nothing was saved"):
        written(path, "new")
    assert path.read_bytes() == before


def test_a_link_stays_one(tmp_path):
    real, link = tmp_path / "folder" / "real", tmp_path / "link"
    real.parent.mkdir()
    link.symlink_to(real)
    for tree in (1, 2):
        written(link, tree)
        assert link.is_symlink()
        assert read(real, THIS).tree == tree
    assert [p.name for p in real.parent.iterdir()] == ["real"]


def test_what_a_killed_process_has_left_behind_is_removed(path):
    """What another process is writing is not, nor what belongs to another file."""
    written(path, 1)
    with atomic._file_beside(path) as alive:
        left = Path(alive.name[:-8] + "00000000.tmp")
        left.write_bytes(b"half")
        foreign = path.with_name(".sksequence-00000000-0000.tmp")
        foreign.write_bytes(b"half")
        written(path, 2)
        assert not left.exists()
        assert foreign.exists()
        assert Path(alive.name).exists()
    assert not Path(alive.name).exists()


def test_a_new_file_that_somebody_removes_is_made_again(path, monkeypatch):
    """Between its making and its lock it looks like one that was left behind."""
    real, removed = atomic._claim, []

    def remove_first(file):
        if not removed:
            removed.append(Path(file.name))
            removed[0].unlink()
        return real(file)

    monkeypatch.setattr(atomic, "_claim", remove_first)
    assert read(written(path, 1), THIS).tree == 1
    assert len(removed) == 1


def test_several_may_write_one_file_at_once(path):
    def write_many(number):
        for _ in range(30):
            written(path, np.full(2000, number))
            tree = read(path, THIS).tree
            assert (tree == tree[0]).all()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write_many, range(4))) == [None] * 4
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_new_file_has_a_name_that_is_never_too_long(tmp_path):
    long = tmp_path / ("x" * 255)
    assert read(written(long, 1), THIS).tree == 1
