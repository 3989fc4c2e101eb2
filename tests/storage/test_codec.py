"""Trees of plain data: every bit comes back, and nothing else comes in."""

from __future__ import annotations

import hashlib
import json
import struct
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from safetensors.numpy import load, save

from helpers.comparing import assert_same
from helpers.trees import ABOUT, THIS, written
from sksequence._storage import read
from sksequence._storage.codec import decode, encode

# ------------------------------------------------------------------------ there and back


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
    content = read(written(path, tree), THIS)
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
    one, other = read(written(path, [shared, shared]), THIS).tree
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


# ---------------------------------------------------------------------- forged documents


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
        read(path, THIS)


def test_bools_that_are_neither_are_refused(path):
    neither = {"a": np.array([1, 2], np.uint8).view(bool)}
    path.write_bytes(sealed(tree_of('{"$array":"a"}}'), neither))
    with pytest.raises(ValueError, match="neither true nor false"):
        read(path, THIS)


def test_a_random_state_stands_within_its_words(path):
    document, arrays = encode(np.random.RandomState(0))
    (state,) = document.values()
    state["state"]["pos"] = 10**6
    path.write_bytes(sealed(tree_of(json.dumps(document) + "}"), arrays))
    with pytest.raises(ValueError, match="invalid position or size"):
        read(path, THIS)
