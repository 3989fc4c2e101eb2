"""The format of a file, and how it is read."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tracemalloc

import numpy as np
import pytest
import safetensors

from helpers.comparing import assert_same
from helpers.trees import ABOUT, THIS, written
from sksequence._storage import read

# ---------------------------------------------------------------------------- the format


def test_any_reader_of_safetensors_reads_the_arrays(path):
    tree = {"net": {"weight": np.arange(6.0).reshape(2, 3), "bias": np.ones(2, "f4")}}
    with safetensors.safe_open(written(path, tree), framework="np") as file:
        assert set(file.keys()) == {"net/weight", "net/bias"}
        for name in ("weight", "bias"):
            assert_same(file.get_tensor(f"net/{name}"), tree["net"][name])
        content = json.loads(file.metadata()["sksequence"])
    assert (content["kind"], content["about"]) == ("test", ABOUT)


def test_the_checksum_is_over_every_byte(path):
    data = written(path, {"a": np.arange(3), "b": "0" * 64}).read_bytes()
    digits = json.loads(safetensors.safe_open(path, "np").metadata()["sksequence"])
    blank = data.replace(digits["sha256"].encode(), b"0" * 64, 1)
    assert hashlib.sha256(blank).hexdigest() == digits["sha256"]
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        with pytest.raises(ValueError, match="cannot be loaded"):
            read(path, THIS)


def test_the_same_tree_makes_the_same_bytes(tmp_path):
    tree = {f"array {i}": np.full(i, i) for i in range(20)} | {"x": [1, {2: 3}]}
    first, second = (written(tmp_path / name, tree) for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_another_kind_is_refused(path):
    written(path, 1, name="checkpoint")
    with pytest.raises(ValueError, match="it is of kind 'checkpoint', expected 'test'"):
        read(path, THIS)


def test_a_newer_minor_format_is_read_with_a_warning(path):
    written(path, {"new": 1}, version=(1, 3))
    with pytest.warns(
        UserWarning, match=r"sksequence 0\.0 in format 1\.3, newer than 1.0"
    ):
        content = read(path, THIS)
    assert (content.tree, content.version) == ({"new": 1}, (1, 3))


def test_a_newer_major_format_is_refused_with_its_version(path):
    written(path, 1, version=(2, 0))
    with pytest.raises(
        ValueError, match=r"sksequence 0\.0 has written it in format 2\.0"
    ):
        read(path, THIS)


# ------------------------------------------------------------------------------- reading


def test_what_is_no_file_is_said_as_python_says_it(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nowhere", THIS)
    with pytest.raises(IsADirectoryError):
        read(tmp_path, THIS)


def test_a_pipe_is_refused_and_not_waited_for(path):
    os.mkfifo(path)
    with pytest.raises(ValueError, match="not a regular file"):
        read(path, THIS)
    with pytest.raises(OSError, match="not a regular file; nothing was saved"):
        written(path, 1)
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_large_file_of_another_kind_is_not_read(path):
    with path.open("wb") as file:
        file.truncate(10**12)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="not written by sksequence"):
            read(path, THIS)
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()


def test_reading_takes_a_small_multiple_of_the_file(path):
    tree = [np.random.default_rng(i).normal(size=50_000) for i in range(20)]
    written(path, tree)
    tracemalloc.start()
    try:
        read(path, THIS)
        assert tracemalloc.get_traced_memory()[1] < 3 * path.stat().st_size
    finally:
        tracemalloc.stop()
