"""Trees of plain data in one file: every bit comes back, and nothing else comes in."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import stat
import struct
import tracemalloc
from collections import OrderedDict, namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import safetensors
import torch
from conftest import assert_same
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from safetensors.numpy import load, save

from sksequence._storage import atomic, read, write
from sksequence._storage.codec import decode, encode

THIS = {"kind": "test", "version": (1, 0)}
ABOUT = {"sksequence": "0.0"}


def written(path, tree, **changed):
    write(path, tree, about=ABOUT, **{**THIS, **changed})
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.safetensors"


# ----------------------------------------------------------------------- there and back

DTYPES = (
    npst.boolean_dtypes()
    | npst.integer_dtypes(endianness="?")
    | npst.unsigned_integer_dtypes(endianness="?")
    | npst.floating_dtypes(endianness="?", sizes=(16, 32, 64))
    | npst.unicode_string_dtypes(endianness="?", max_len=4)
    | npst.byte_string_dtypes(max_len=4)
    | npst.datetime64_dtypes(endianness="?")
    | npst.timedelta64_dtypes(endianness="?")
)
SHAPES = npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
TEXT = st.text(st.characters(), max_size=5)  # half characters included
SCALARS = DTYPES.flatmap(npst.from_dtype)
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | SCALARS
    | npst.arrays(DTYPES, SHAPES)
    | npst.arrays(np.dtype("O"), SHAPES, elements=TEXT, fill=st.nothing())
    | st.integers(0, 99).map(np.random.RandomState)
)
KEYS = TEXT | st.integers() | st.booleans() | st.tuples(st.integers(), TEXT) | st.none()
NAMES = st.sampled_from(["$tuple", "$dict", "$", "__metadata__", "a/b", "a"])
TREES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(KEYS | NAMES, inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_every_value_comes_back_to_the_bit(tree):
    document, arrays = encode(tree)
    text = json.dumps(document, allow_nan=False)
    assert_same(decode(json.loads(text), load(save(arrays))), tree)


def test_a_file_holds_a_tree(path):
    tree = {
        "weights": [np.arange(6.0).reshape(2, 3).T, np.float16(0.1), np.ones((0, 2))],
        1: (float("nan"), -0.0, 2**200, "\ud83d\ude00", None),
        "optimizer": torch.optim.NAdam,
        "classes": np.array(["no", "yes"], dtype=object),
    }
    content = read(written(path, tree), **THIS)
    assert_same(content.tree, tree)
    assert (content.about, content.version) == (ABOUT, (1, 0))
    assert content.tree["weights"][0].flags.writeable


def test_nan_keeps_its_payload():
    nan = struct.unpack(">d", bytes.fromhex("fff8000000000abc"))[0]
    assert_same(decode(*encode(nan)), nan)


def test_a_wide_array_of_little_text_stays_wide():
    """Its memory is no longer in proportion to its text: it counts as numbers."""
    wide = np.array(["a", ""], dtype="U1000")
    document, arrays = encode(wide)
    assert [array.nbytes for array in arrays.values()] == [wide.nbytes]
    assert_same(decode(document, arrays), wide)


def test_values_are_copies(path):
    shared = np.zeros(3)
    one, other = read(written(path, [shared, shared]), **THIS).tree
    one += 1
    assert not other.any()
    assert not shared.any()


@pytest.mark.parametrize(
    "value",
    [
        len,
        object(),
        {1},
        b"bytes",
        1j,
        np.array([1j]),
        np.zeros(2, dtype="f8,i4"),
        np.array([1, "one"], dtype=object),
        np.ma.masked_array([1.0]),
        np.longdouble(1),
        OrderedDict(a=1),
        namedtuple("Pair", "a")(1),
        torch.zeros(2),
        torch.nn.Linear,
        torch.optim.lr_scheduler.StepLR,
        np.random.default_rng(0),
        np.random.RandomState(np.random.PCG64(0)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_not_plain_is_refused_with_its_place(value, path):
    with pytest.raises(TypeError, match=r"params\['deep'\]\[1\] is or holds .*expected"):
        written(path, {"params": {"deep": [0, value]}})
    assert not path.exists()


def test_what_holds_itself_is_refused(path):
    tree = {"params": []}
    tree["params"].append(tree)
    with pytest.raises(TypeError, match=r"params\[0\] is nested"):
        written(path, tree)


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
            read(path, **THIS)


def test_the_same_tree_makes_the_same_bytes(tmp_path):
    tree = {f"array {i}": np.full(i, i) for i in range(20)} | {"x": [1, {2: 3}]}
    first, second = (written(tmp_path / name, tree) for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_another_kind_is_refused(path):
    written(path, 1, kind="checkpoint")
    with pytest.raises(ValueError, match="it is of kind 'checkpoint', expected 'test'"):
        read(path, **THIS)


def test_a_newer_minor_format_is_read_with_a_warning(path):
    written(path, {"new": 1}, version=(1, 3))
    with pytest.warns(
        UserWarning, match=r"sksequence 0\.0 in format 1\.3, newer than 1.0"
    ):
        content = read(path, **THIS)
    assert (content.tree, content.version) == ({"new": 1}, (1, 3))


def test_a_newer_major_format_is_refused_with_its_version(path):
    written(path, 1, version=(2, 0))
    with pytest.raises(
        ValueError, match=r"sksequence 0\.0 has written it in format 2\.0"
    ):
        read(path, **THIS)


def sealed(text, arrays=None):
    """The bytes of a file with a checksum that fits, whatever its document says."""
    blank = '{"sha256":"' + "0" * 64 + '"' + text
    data = save(arrays or {}, {"sksequence": blank})
    digest = hashlib.sha256(data).hexdigest().encode()
    return data.replace(b"0" * 64, digest, 1)


def tree_of(text):
    return ',"kind":"test","version":[1,0],"about":{"sksequence":"0"},"tree":' + text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (tree_of("1"), "delimiter"),
        (tree_of('{"a":1,"a":2}}'), "a key occurs twice"),
        (tree_of("NaN}"), "NaN is not valid JSON"),
        (tree_of("[" * 10**5 + "]" * 10**5 + "}"), "recursion|nest"),
        (tree_of("9" * 5000 + "}"), "limit"),
        (tree_of('{"$eval":"1+1"}}'), r"\$eval"),
        (tree_of('{"$tuple":[],"$int":"0x1"}}'), "unpack"),
        (tree_of('{"$dict":[[1,2],[1,3]]}}'), "a key occurs twice"),
        (tree_of('{"$dict":[[[],2]]}}'), "unhashable"),
        (tree_of('{"$array":"nowhere"}}'), "nowhere"),
        (tree_of('[{"$array":"a"},{"$array":"a"}]}'), "'a'"),
        (tree_of("1}"), "arrays that are not used: a"),
        (tree_of('{"$array":["a","<U99999999"]}}'), "of int64 cannot become"),
        (tree_of('{"$array":["a","f8,f8"]}}'), "is not a dtype"),
        (tree_of('{"$array":["a","|O"]}}'), "is not a dtype"),
        (tree_of('{"$scalar":{"$array":"a"}}}'), "a scalar has shape"),
        (tree_of('{"$strings":["|O",[1000000000],["a"]]}}'), "cannot have shape"),
        (tree_of('{"$strings":["<U1",[-1,-1],["a"]]}}'), "cannot have shape"),
        (tree_of('{"$strings":["<U1",[2],["a",1]]}}'), "something else"),
        (tree_of('{"$strings":["<U1",[1],["ab"]]}}'), "up to 2 characters"),
        (tree_of('{"$strings":["<U99999999",[1],["a"]]}}'), "up to 1 characters"),
        (tree_of('{"$optimizer":"lr_scheduler"}}'), "no optimizer 'lr_scheduler'"),
        (tree_of('{"$optimizer":"__loader__"}}'), "no optimizer '__loader__'"),
        (tree_of('{"$float":"00"}}'), "8 bytes"),
        (',"kind":"test","version":[1,0]}', "about"),
        (',"kind":"test","version":1,"about":{},"tree":1}', "iterable"),
    ],
    ids=lambda text: text[-60:],
)
def test_a_forged_document_is_refused(text, reason, path):
    path.write_bytes(sealed(text, {"a": np.arange(3)}))
    with pytest.raises(ValueError, match=f"cannot be loaded: .*(?:{reason})"):
        read(path, **THIS)


def test_bools_that_are_neither_are_refused(path):
    neither = {"a": np.array([1, 2], np.uint8).view(bool)}
    path.write_bytes(sealed(tree_of('{"$array":"a"}}'), neither))
    with pytest.raises(ValueError, match="neither true nor false"):
        read(path, **THIS)


def test_a_random_state_stands_within_its_words(path):
    document, arrays = encode(np.random.RandomState(0))
    (state,) = document.values()
    state["state"]["pos"] = 10**6
    path.write_bytes(sealed(tree_of(json.dumps(document) + "}"), arrays))
    with pytest.raises(ValueError, match="invalid position or size"):
        read(path, **THIS)


# ----------------------------------------------------------------------- reading


def test_what_is_no_file_is_said_as_python_says_it(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nowhere", **THIS)
    with pytest.raises(IsADirectoryError):
        read(tmp_path, **THIS)


def test_a_pipe_is_refused_and_not_waited_for(path):
    os.mkfifo(path)
    with pytest.raises(ValueError, match="not a regular file"):
        read(path, **THIS)
    with pytest.raises(OSError, match="not a regular file; nothing was saved"):
        written(path, 1)
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_large_file_of_another_kind_is_not_read(path):
    with path.open("wb") as file:
        file.truncate(10**12)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="not written by sksequence"):
            read(path, **THIS)
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()


def test_reading_takes_a_small_multiple_of_the_file(path):
    tree = [np.random.default_rng(i).normal(size=50_000) for i in range(20)]
    written(path, tree)
    tracemalloc.start()
    try:
        read(path, **THIS)
        assert tracemalloc.get_traced_memory()[1] < 3 * path.stat().st_size
    finally:
        tracemalloc.stop()


# ----------------------------------------------------------------------- writing


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
        assert read(real, **THIS).tree == tree
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
    assert read(written(path, 1), **THIS).tree == 1
    assert len(removed) == 1


def test_several_may_write_one_file_at_once(path):
    def write_many(number):
        for _ in range(30):
            written(path, np.full(2000, number))
            tree = read(path, **THIS).tree
            assert (tree == tree[0]).all()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write_many, range(4))) == [None] * 4
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_new_file_has_a_name_that_is_never_too_long(tmp_path):
    long = tmp_path / ("x" * 255)
    assert read(written(long, 1), **THIS).tree == 1
