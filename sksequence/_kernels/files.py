"""Files of kernels: their names, their directory and their format."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import sys
import tempfile
from pathlib import Path

from .._cells import Cell

Code = tuple[dict[str, list[str]], bytes]  # parameters of each kernel, object file


def title(source: str, bits: int, cell: type[Cell] | None) -> str:
    """Return the name of kernels, for files and messages."""
    return f"{source}-{'' if cell is None else cell.__name__.lower()}{bits}"


def fingerprint(cell: type[Cell] | None, *others: object) -> str:
    """Return a hash of the sources of kernels, and of whatever else they depend on."""
    digest = hashlib.sha256()
    sources = sorted(Path(__file__).parent.glob("*.py"))
    if cell is not None:
        sources += [Path(inspect.getfile(part)) for part in (Cell, cell)]
    for source in sources:
        digest.update(source.read_bytes())
    digest.update(repr(others).encode())
    return digest.hexdigest()[:16]


def cache_directory() -> Path | None:
    """Return the cache directory: SKSEQUENCE_CACHE_DIR, the user's, or None."""
    chosen = os.environ.get("SKSEQUENCE_CACHE_DIR")
    if chosen:
        return Path(chosen)
    try:
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        return None  # neither HOME nor an entry for this user, as in some containers
    # A relative HOME is below the working directory, where nobody would look for it.
    return Path(base) / "sksequence" if Path(base).is_absolute() else None


def read(path: Path) -> Code | None:
    """Return the code in a file, if it exists and its checksum is right."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, kept = content[:32], content[32:]
    if hashlib.sha256(kept).digest() != digest:
        return None
    head, code = kept.split(b"\n", 1)
    return json.loads(head), code


def write(path: Path, parameters: dict[str, list[str]], code: bytes) -> None:
    """Write code to a file atomically, and make its directory.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    kept = json.dumps(parameters).encode() + b"\n" + code
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(kept).digest() + kept)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
