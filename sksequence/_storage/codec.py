"""Encode plain Python and numpy as a JSON document and named arrays, losslessly.

Other objects are encoded if the caller describes them: by a name, and a tree for it.

None, bool, int, finite float, str, list, and dict with str keys are encoded as in JSON.
Everything else is encoded as an object with one key, a tag that begins with ``$``; a dict
that has such a key is tagged too. Arrays of strings are part of the document, all other
arrays are stored beside it.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
# The name of an object and a tree to build it from, or None for what needs none.
Describe = Callable[[Any], tuple[str, Any] | None]
Build = Callable[[str, Any], Any]
_Place = tuple[Any, ...]

_NUMBERS = frozenset(
    ["bool", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)
# Integer types that store the other dtypes of fixed width.
_UNITS = {"M": np.int64, "m": np.int64, "S": np.uint8, "U": np.uint32}
_DTYPE = re.compile(r"[<>|][biufMmSU]\d+(\[\w+\])?")
_DEEPEST = 64
_MERSENNE_WORDS = 624
_UNFINISHED = object()


@dataclass
class _Encoding:
    """What belongs to one document while it is written."""

    describe: Describe | None = None
    arrays: Arrays = field(default_factory=dict)
    # The objects, which must not be freed, as they are known by their id.
    numbers: dict[int, tuple[int, Any]] = field(default_factory=dict)


@dataclass
class _Decoding:
    """What belongs to one document while it is read."""

    build: Build | None
    arrays: Arrays
    objects: list[Any] = field(default_factory=list)
    depth: int = 0


def encode(tree: Any, describe: Describe | None = None) -> tuple[Any, Arrays]:
    """Encode a tree as a JSON document and named arrays.

    Parameters
    ----------
    tree : object
        None, bool, int, float, str, list, tuple, dict, numpy arrays and scalars of
        bools, numbers, text, bytes and times, object arrays of str, RandomState, and the
        optimizer classes of torch; no subclasses of these.
    describe : callable or None, default=None
        Describes other objects. One that occurs several times is encoded once.

    Returns
    -------
    document : object
        For ``json.dumps``.
    arrays : dict of ndarray
        Arrays, named by their position in the tree.

    Raises
    ------
    TypeError
        For any other type; the message names the position in the tree.

    Examples
    --------
    >>> encode({"size": (3, np.inf), "weight": np.eye(2)})[0]
    {'size': {'$tuple': [3, {'$float': '7ff0000000000000'}]},
     'weight': {'$array': 'weight'}}
    """
    encoding = _Encoding(describe)
    return _encode(tree, (), encoding), encoding.arrays


def decode(document: Any, arrays: Arrays, build: Build | None = None) -> Any:
    """Decode a tree; any exception means that the input is not from :func:`encode`.

    Objects are built by ``build``; without it there are none.

    Examples
    --------
    >>> decode(*encode({1: ("a", np.array(["b"]))}))
    {1: ('a', array(['b'], dtype='<U1'))}
    """
    decoding = _Decoding(build, dict(arrays))
    tree = _decode(document, decoding)
    if left := decoding.arrays:
        raise ValueError(f"it has arrays that are not used: {', '.join(left)}")
    return tree


# ------------------------------------------------------------------------- encoding


def _encode(value: Any, place: _Place, encoding: _Encoding) -> Any:
    if len(place) > _DEEPEST:
        raise TypeError(
            f"{_said(place[:2])} is nested more than {_DEEPEST} levels deep, or holds "
            "itself."
        )
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        # Other JSON readers use 64 bits, and Python limits the digits that it parses.
        return value if abs(value) < 2**63 else {"$int": hex(value)}
    if kind is float:
        if math.isfinite(value):
            return value
        return {"$float": struct.pack(">d", value).hex()}
    if kind is str:
        return _encode_text(value)
    if kind in (list, tuple):
        items = [_encode(item, (*place, i), encoding) for i, item in enumerate(value)]
        return items if kind is list else {"$tuple": items}
    if kind is dict:
        return _encode_dict(value, place, encoding)
    if id(value) in encoding.numbers:
        return {"$same": encoding.numbers[id(value)][0]}
    if (described := _describe(value, place, encoding)) is not None:
        encoding.numbers[id(value)] = len(encoding.numbers), value
        of_object, content = described
        return {"$object": [of_object, _encode(content, place, encoding)]}
    if kind is np.ndarray:
        return _encode_array(value, place, encoding.arrays)
    if kind is np.str_:
        # str() would strip trailing null characters as padding.
        return {"$str_": _encode_text("".join(value))}
    if kind is np.bytes_:
        return {"$bytes_": value.hex()}
    if isinstance(value, np.generic):
        return {"$scalar": _encode_array(np.asarray(value), place, encoding.arrays)}
    if kind is np.random.RandomState:
        state = value.get_state(legacy=False)
        if state["bit_generator"] == "MT19937":
            return {"$random_state": _encode(state, place, encoding)}
    if (name := optimizer_name(value)) is not None:
        return {"$optimizer": name}
    raise _unknown(value, place)


def _describe(value: Any, place: _Place, encoding: _Encoding) -> tuple[str, Any] | None:
    """Describe an object; a refusal names its position."""
    if encoding.describe is None:
        return None
    try:
        return encoding.describe(value)
    except TypeError as error:
        told = f"{_said(place)}: {error}" if place else str(error)
        raise type(error)(told) from None


def _encode_text(text: str) -> Any:
    if _is_unicode(text):
        return text
    return {"$str": text.encode("utf-32-le", "surrogatepass").hex()}


def _is_unicode(text: str) -> bool:
    """Return whether a text has no lone surrogates, which JSON would join to pairs."""
    return text.isascii() or not re.search("[\ud800-\udfff]", text)


def _encode_dict(value: dict, place: _Place, encoding: _Encoding) -> dict:
    items = [
        (_encode(key, (*place, key), encoding), _encode(item, (*place, key), encoding))
        for key, item in value.items()
    ]
    if all(type(key) is str and key[:1] != "$" for key, _ in items):
        return dict(items)
    return {"$dict": [list(item) for item in items]}


def _encode_array(array: np.ndarray, place: _Place, arrays: Arrays) -> dict:
    dtype = array.dtype
    if dtype.kind in "OU":
        texts = array.ravel().tolist()
        strange = [text for text in texts if type(text) is not str]
        if strange:
            raise _unknown(strange[0], place)
        if dtype.kind == "O" or _is_dense(dtype, texts):
            encoded = [_encode_text(text) for text in texts]
            return {"$strings": [dtype.str, list(array.shape), encoded]}
    if dtype.name not in _NUMBERS and dtype.kind not in _UNITS:
        raise _unknown(array, place)
    tensor = np.asarray(array, dtype.newbyteorder("<"), order="C")
    if dtype.kind in _UNITS:
        tensor = tensor[..., None].view(_UNITS[dtype.kind])
    name = _unused_name(place, arrays)
    arrays[name] = tensor
    return {"$array": name if tensor.dtype == dtype else [name, dtype.str]}


def _is_dense(dtype: np.dtype, texts: Sequence[str]) -> bool:
    """Return whether the memory of an array of text is proportional to its text."""
    n_places = len(texts) * dtype.itemsize // 4
    return n_places <= 16 * (len(texts) + sum(map(len, texts)))


def _unused_name(place: _Place, arrays: Arrays) -> str:
    """Return a unique ASCII name for an array, from its position in the tree."""
    said = "/".join(map(str, place)).encode("ascii", "backslashreplace").decode()
    name, number = said or "array", 1
    while name in arrays or name == "__metadata__":
        number += 1
        name = f"{said}#{number}"
    return name


def optimizer_name(value: Any) -> str | None:
    """Return the name of an optimizer class of torch.optim, or None for other objects."""
    name = getattr(value, "__name__", None)
    if not isinstance(value, type) or not value.__module__.startswith("torch.optim"):
        return None
    return name if _find_optimizer(name) is value else None


def _find_optimizer(name: Any) -> type | None:
    import torch

    found = getattr(torch.optim, name, None)
    is_class = isinstance(found, type) and issubclass(found, torch.optim.Optimizer)
    return found if is_class else None


def _unknown(value: Any, place: _Place) -> TypeError:
    kind = type(value)
    dtype = f" of {value.dtype}" if isinstance(value, np.ndarray) else ""
    return TypeError(
        f"{_said(place)} is or holds {kind.__module__}.{kind.__qualname__}{dtype}; "
        "expected None, bool, int, float, str, list, tuple, dict, numpy arrays of "
        "numbers, text or times, RandomState, or an optimizer class of torch.optim."
    )


def _said(place: _Place) -> str:
    """Return a position in the tree as Python code."""
    first, *others = place or ("the value",)
    return f"{first}" + "".join(f"[{key!r}]" for key in others)


# ------------------------------------------------------------------------- decoding


def _decode(value: Any, decoding: _Decoding) -> Any:
    if isinstance(value, list):
        return [_decode(item, decoding) for item in value]
    if not isinstance(value, dict):
        return value
    if not any(key.startswith("$") for key in value):
        return {key: _decode(item, decoding) for key, item in value.items()}
    ((tag, content),) = value.items()
    return _READERS[tag](content, decoding)


def _decode_dict(items: list, decoding: _Decoding) -> dict:
    decoded = {_decode(key, decoding): _decode(item, decoding) for key, item in items}
    if len(decoded) != len(items):
        raise ValueError("a key occurs twice")
    return decoded


def _decode_array(written: str | list, decoding: _Decoding) -> np.ndarray:
    name, *rest = [written] if isinstance(written, str) else written
    # Each array is used once, so that a small file cannot decode to many copies.
    tensor = decoding.arrays.pop(name)
    if tensor.dtype == bool and tensor.view(np.uint8).max(initial=0) > 1:
        raise ValueError(f"{name} has bools that are neither true nor false")
    if not rest:
        return tensor
    dtype = _as_dtype(*rest)
    if tensor.dtype != _UNITS.get(dtype.kind, dtype.newbyteorder("<")):
        raise ValueError(f"{name} of {tensor.dtype} cannot become {dtype}")
    if dtype.kind == "U" and tensor.max(initial=0) > 0x10FFFF:
        raise ValueError(f"{name} has invalid characters")
    if dtype.kind in _UNITS:
        if tensor.shape[-1] * tensor.itemsize != dtype.itemsize:
            raise ValueError(f"{name} of shape {tensor.shape} cannot become {dtype}")
        tensor = tensor.view(dtype.newbyteorder("<"))[..., 0]
    return np.asarray(tensor, dtype)


def _decode_strings(written: list, decoding: _Decoding) -> np.ndarray:
    kind, shape, encoded = written
    texts = [_decode(text, decoding) for text in encoded]
    if any(type(n) is not int or n < 0 for n in shape) or math.prod(shape) != len(texts):
        raise ValueError(f"{len(texts)} strings cannot have shape {shape}")
    if any(type(text) is not str for text in texts):
        raise ValueError("an array of strings holds something else")
    if kind == "|O":
        array = np.empty(len(texts), dtype=object)
        array[:] = texts
        return array.reshape(shape)
    dtype = _as_dtype(kind)
    longest = max(map(len, texts), default=0)
    if dtype.kind != "U" or 4 * longest > dtype.itemsize or not _is_dense(dtype, texts):
        raise ValueError(f"strings of up to {longest} characters cannot be {kind}")
    return np.array(texts, dtype).reshape(shape)


def _decode_random_state(written: Any, decoding: _Decoding) -> np.random.RandomState:
    return random_state_of(_decode(written, decoding))


def random_state_of(state: dict[str, Any]) -> np.random.RandomState:
    """Return a RandomState in this state, or raise an exception."""
    key, position = state["state"]["key"], state["state"]["pos"]
    # numpy does not check the position, and would read out of bounds.
    if key.shape != (_MERSENNE_WORDS,) or not 0 <= int(position) <= _MERSENNE_WORDS:
        raise ValueError("a RandomState has an invalid position or size")
    random_state = np.random.RandomState(0)
    random_state.set_state(state)
    return random_state


def _decode_optimizer(name: str, decoding: _Decoding) -> type:
    found = _find_optimizer(name)
    if found is None:
        raise ValueError(f"this torch has no optimizer {name!r}")
    return found


def _decode_object(written: list, decoding: _Decoding) -> Any:
    if decoding.build is None:
        raise ValueError("it holds objects where there should be none")
    if decoding.depth >= _DEEPEST:
        raise ValueError(f"its objects are nested more than {_DEEPEST} levels deep")
    name, content = written
    number = len(decoding.objects)
    decoding.objects.append(_UNFINISHED)
    decoding.depth += 1
    built = decoding.build(name, _decode(content, decoding))
    decoding.depth -= 1
    decoding.objects[number] = built
    return built


def _decode_same(number: int, decoding: _Decoding) -> Any:
    if type(number) is not int or not 0 <= number < len(decoding.objects):
        raise ValueError(f"it has no object {number!r}")
    if decoding.objects[number] is _UNFINISHED:
        raise ValueError("an object holds itself")
    return decoding.objects[number]


def _as_dtype(written: str) -> np.dtype:
    if not _DTYPE.fullmatch(written):
        raise ValueError(f"{written!r} is not a dtype")
    return np.dtype(written)


_READERS: dict[str, Callable[[Any, _Decoding], Any]] = {
    "$array": _decode_array,
    "$bytes_": lambda text, _: np.bytes_(bytes.fromhex(text)),
    "$dict": _decode_dict,
    "$float": lambda text, _: struct.unpack(">d", bytes.fromhex(text))[0],
    "$int": lambda text, _: int(text, 16),
    "$object": _decode_object,
    "$optimizer": _decode_optimizer,
    "$random_state": _decode_random_state,
    "$same": _decode_same,
    "$scalar": lambda written, decoding: _as_scalar(_decode(written, decoding)),
    "$str": lambda text, _: bytes.fromhex(text).decode("utf-32-le", "surrogatepass"),
    "$str_": lambda text, decoding: np.str_(_decode(text, decoding)),
    "$strings": _decode_strings,
    "$tuple": lambda items, decoding: tuple(_decode(item, decoding) for item in items),
}


def _as_scalar(array: np.ndarray) -> Any:
    if array.ndim:
        raise ValueError(f"a scalar has shape {array.shape}")
    return array[()]
