"""The format: a safetensors file whose metadata are a document, under one checksum.

Metadata have one entry, since safetensors writes several in random order. It begins with
the SHA-256 of the whole file in which its own digits are zeros: no parser ever sees a
byte that was not written here, or forged on purpose.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from .atomic import replace_file
from .codec import decode, encode

_Path = str | os.PathLike[str]

_ENTRY = "sksequence"
# Where the digits begin is the same in every file.
_BEFORE_DIGITS = b'{"__metadata__":{"%s":"{\\"sha256\\":\\"' % _ENTRY.encode()
_DIGITS = slice(8 + len(_BEFORE_DIGITS), 8 + len(_BEFORE_DIGITS) + 64)
_ZEROS = b"0" * 64


class Content(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    tree : object
        As it was written.
    about : dict of str
        By what it was written, and what else people may like to know.
    version : tuple of (int, int)
        Of the format. A newer minor one may have names more.
    """

    tree: Any
    about: dict[str, str]
    version: tuple[int, int]


def write(
    path: _Path,
    tree: Any,
    *,
    kind: str,
    version: tuple[int, int],
    about: dict[str, str],
) -> None:
    """Write a tree of plain data, whole or not at all.

    Parameters
    ----------
    path : str or path-like
        Where; an old file there is replaced at once, when the new one is complete.
    tree : object
        What :func:`sksequence._storage.codec.encode` takes.
    kind : str
        What it is; files of another kind are refused when read.
    version : tuple of (int, int)
        Of what the tree is: the first number counts changes that older readers cannot
        follow, the second those that only add names.
    about : dict of str
        For people to read; ``"sksequence"`` is the version that writes.

    Raises
    ------
    TypeError
        If the tree is not plain; nothing is written.
    OSError
        If the file cannot be written. What was there before is then as it was.
    """
    from safetensors.numpy import save

    document, arrays = encode(tree)
    content = {
        "sha256": _ZEROS.decode(),
        "kind": kind,
        "version": version,
        "about": about,
        "tree": document,
    }
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    data = memoryview(save(arrays, {_ENTRY: text}))
    if data[8 : _DIGITS.stop] != _BEFORE_DIGITS + _ZEROS:
        raise RuntimeError("This safetensors no longer begins a file with its metadata.")
    digits = hashlib.sha256(data).hexdigest().encode()
    replace_file(path, [data[: _DIGITS.start], digits, data[_DIGITS.stop :]])


def read(path: _Path, *, kind: str, version: tuple[int, int]) -> Content:
    """Read what :func:`write` has written.

    Parameters
    ----------
    path : str or path-like
        A regular file.
    kind, version
        What the reader understands: files of that version and of older ones.

    Returns
    -------
    Content
        Tree, metadata and version.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        If there is no file to read.
    ValueError
        For any other file than such as were written here, with what is wrong.

    Warns
    -----
    UserWarning
        If a newer version with names more has written it.
    """
    from safetensors.numpy import load

    with refusing(path):
        data = _read_intact(path)
        size = int.from_bytes(data[:8], "little")
        header = _parse(data[8 : 8 + size])
        content = _parse(header["__metadata__"][_ENTRY])
        about, written = content["about"], tuple(content["version"])
        if content["kind"] != kind:
            raise ValueError(f"it is of kind {content['kind']!r}, expected {kind!r}")
        if written[0] > version[0]:
            raise ValueError(
                f"sksequence {about['sksequence']} has written it in format "
                f"{_said(written)}, this one reads {_said(version)}; install that version"
            )
        tree = decode(content["tree"], load(data))
    if written > version:
        warnings.warn(
            f"{path} was written by sksequence {about['sksequence']} in format "
            f"{_said(written)}, newer than {_said(version)} of this one. It is loaded "
            "without what this version does not know.",
            stacklevel=3,
        )
    return Content(tree, about, written)


@contextmanager
def refusing(path: _Path) -> Iterator[None]:
    """Whatever goes wrong with what a file holds is a ValueError that names the file."""
    try:
        yield
    except (OSError, Warning):
        raise
    except Exception as error:
        # torch adds pages of frames below the first line.
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        raise ValueError(f"{os.fspath(path)} cannot be loaded: {reason}.") from error


def _read_intact(path: _Path) -> bytes:
    """The bytes of a file, if they are what was once written."""
    with open(path, "rb", opener=_open_at_once) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no regular file")
        head = file.read(_DIGITS.start)
        if head[8:] != _BEFORE_DIGITS:
            raise ValueError(
                "it is no file of sksequence"
                if status.st_size
                else "it is empty: was it copied before it was complete?"
            )
        size = int.from_bytes(head[:8], "little")
        if size > status.st_size - 8:
            raise ValueError(
                f"it announces {size} bytes of metadata and has {status.st_size} in all: "
                "it was cut off or changed"
            )
        file.seek(0)
        # One more byte than expected would show that it grows.
        data = file.read(status.st_size + 1)
    view = memoryview(data)
    hashed = hashlib.sha256(view[: _DIGITS.start])
    hashed.update(_ZEROS)
    hashed.update(view[_DIGITS.stop :])
    if len(data) != status.st_size or view[_DIGITS] != hashed.hexdigest().encode():
        raise ValueError(
            "its checksum does not fit: it was damaged, cut off or changed after it was "
            "saved; use another copy"
        )
    return data


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for somebody to write into a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _parse(text: str | bytes) -> dict[str, Any]:
    """JSON as it was written here: each key once, no number that JSON has not."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)


def _unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) != len(items):
        raise ValueError("a key stands twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _said(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
