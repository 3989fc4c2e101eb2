"""Write a file whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from uuid import uuid4


def check_target(path: Any) -> Path:
    """Return where a file can be written, or say why it cannot.

    Raises
    ------
    TypeError
        If it is no path.
    FileNotFoundError, NotADirectoryError, IsADirectoryError
        If it has no folder to be in, or is one itself.

    Examples
    --------
    >>> check_target(3)
    Traceback (most recent call last):
    ...
    TypeError: path must be str or os.PathLike, however: 3
    """
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str):
        raise TypeError(f"path must be str or os.PathLike, however: {path!r}")
    target = Path(text)
    if not text or target.is_dir():
        raise IsADirectoryError(
            f"path={text!r} is a folder; expected the name of a file, in it or elsewhere."
        )
    if not target.parent.exists():
        raise FileNotFoundError(
            f"The folder {str(target.parent)!r} does not exist; create it first."
        )
    if not target.parent.is_dir():
        raise NotADirectoryError(f"{str(target.parent)!r} is a file, and no folder.")
    return target


def write_whole(target: Path, content: bytes) -> None:
    """Write a file so that at no time there is half of it; replace one that is there."""
    beside = target.with_name(f".{target.name[:100]}.{uuid4().hex}")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            # Or the name might reach the disk before what it names.
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
