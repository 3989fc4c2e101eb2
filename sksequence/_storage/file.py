"""The file format: safetensors with a JSON document as metadata, and a checksum.

The metadata have one entry, since safetensors writes several entries in random order. It
begins with the SHA-256 of the whole file, computed with zeros in place of its digits. The
checksum is verified before parsing, so parsers only see files that were written here, or
forged on purpose.
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
from .codec import Build, Describe, decode, encode

_Path = str | os.PathLike[str]

_ENTRY = "sksequence"
# The digits have the same position in every file.
_BEFORE_DIGITS = b'{"__metadata__":{"%s":"{\\"sha256\\":\\"' % _ENTRY.encode()
_DIGITS = slice(8 + len(_BEFORE_DIGITS), 8 + len(_BEFORE_DIGITS) + 64)
_ZEROS = b"0" * 64


class Kind(NamedTuple):
    """A kind of files.

    Attributes
    ----------
    name : str
        Files of another kind are refused on reading.
    version : tuple of (int, int)
        Version of the content: the major number counts incompatible changes, the minor
        number those that only add names.
    describe, build : callable or None
        Describe and build what is not plain data; see :mod:`.codec`.
    """

    name: str
    version: tuple[int, int]
    describe: Describe | None = None
    build: Build | None = None


class Content(NamedTuple):
    """The content of a file.

    Attributes
    ----------
    kind : str
        The name of its kind.
    tree : object
        The tree that was written.
    about : dict of str
        Information for people, such as the version that wrote the file.
    version : tuple of (int, int)
        Version of the format. A newer minor version may have additional names.
    """

    kind: str
    tree: Any
    about: dict[str, str]
    version: tuple[int, int]


def write(
    path: _Path,
    tree: Any,
    kind: Kind,
    *,
    about: dict[str, str],
) -> None:
    """Write a tree of plain data to a file; an existing file is replaced atomically.

    Parameters
    ----------
    path : str or path-like
        The file.
    tree : object
        Anything that :func:`sksequence._storage.codec.encode` accepts, with what the kind
        describes.
    kind : Kind
        The kind of file, in the version that is written.
    about : dict of str
        Information for people; ``"sksequence"`` is the version that writes.

    Raises
    ------
    TypeError
        If the tree is not plain data; nothing is written.
    OSError
        If the file cannot be written; an existing file is unchanged.
    """
    from safetensors.numpy import save

    document, arrays = encode(tree, kind.describe)
    content = {
        "sha256": _ZEROS.decode(),
        "kind": kind.name,
        "version": kind.version,
        "about": about,
        "tree": document,
    }
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    data = memoryview(save(arrays, {_ENTRY: text}))
    if data[8 : _DIGITS.stop] != _BEFORE_DIGITS + _ZEROS:
        raise RuntimeError("This safetensors no longer begins a file with its metadata.")
    digits = hashlib.sha256(data).hexdigest().encode()
    replace_file(path, [data[: _DIGITS.start], digits, data[_DIGITS.stop :]])


def read(path: _Path, *kinds: Kind) -> Content:
    """Read a file written by :func:`write`.

    Parameters
    ----------
    path : str or path-like
        A regular file.
    *kinds : Kind
        Expected kinds, each in the version that the reader supports, as well as older
        ones.

    Returns
    -------
    Content
        Kind, tree, metadata and version.

    Raises
    ------
    TypeError
        If ``path`` is not a path.
    FileNotFoundError, IsADirectoryError, PermissionError
        If the file cannot be read.
    ValueError
        If the file is damaged, of another kind, or in an unsupported format.

    Warns
    -----
    UserWarning
        If the file was written in a newer minor version of the format.
    """
    from safetensors.numpy import load

    if not isinstance(path, str | os.PathLike):
        # An int would be an open file of the process.
        raise TypeError(f"path must be str or os.PathLike, got {path!r}")
    with refusing(path):
        data = _read_intact(path)
        size = int.from_bytes(data[:8], "little")
        header = _parse(data[8 : 8 + size])
        content = _parse(header["__metadata__"][_ENTRY])
        about, written = content["about"], tuple(content["version"])
        found = {kind.name: kind for kind in kinds}.get(content["kind"])
        if found is None:
            expected = " or ".join(repr(kind.name) for kind in kinds)
            raise ValueError(f"it is of kind {content['kind']!r}, expected {expected}")
        version = found.version
        if written[0] > version[0]:
            raise ValueError(
                f"sksequence {about['sksequence']} has written it in format "
                f"{_said(written)}, this one reads {_said(version)}; install that version"
            )
        tree = decode(content["tree"], load(data), found.build)
    if written > version:
        warnings.warn(
            f"{path} was written by sksequence {about['sksequence']} in format "
            f"{_said(written)}, newer than {_said(version)} of this one. It is loaded "
            "without what this version does not know.",
            stacklevel=3,
        )
    return Content(found.name, tree, about, written)


@contextmanager
def refusing(path: _Path) -> Iterator[None]:
    """Convert any error about the content of a file to a ValueError that names it."""
    try:
        yield
    except (OSError, Warning):
        raise
    except Exception as error:
        # torch appends pages of stack frames after the first line.
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        raise ValueError(f"{os.fspath(path)} cannot be loaded: {reason}.") from error


def _read_intact(path: _Path) -> bytes:
    """Return the bytes of a file, after verifying its checksum."""
    with open(path, "rb", opener=_open_at_once) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a regular file")
        head = file.read(_DIGITS.start)
        if head[8:] != _BEFORE_DIGITS:
            raise ValueError(
                "it was not written by sksequence"
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
        # Read one more byte than expected, to detect a file that grows.
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
    """Open a file, without blocking if it is a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _parse(text: str | bytes) -> dict[str, Any]:
    """Parse strict JSON: no duplicate keys, no NaN or infinity."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)


def _unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) != len(items):
        raise ValueError("a key occurs twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not valid JSON")


def _said(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
