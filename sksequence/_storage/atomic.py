"""Replace a file atomically, and remove temporary files."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where an open file can be neither moved nor removed
    fcntl = None  # type: ignore[assignment]


def check_target(path: Any) -> Path:
    """Return the path of a file to write, or raise an error if it cannot be written.

    Raises
    ------
    TypeError
        If ``path`` is not a path.
    FileNotFoundError, NotADirectoryError, IsADirectoryError
        If the parent directory does not exist, or ``path`` is a directory itself.

    Examples
    --------
    >>> check_target(3)
    Traceback (most recent call last):
    ...
    TypeError: path must be str or os.PathLike, got 3
    """
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str):
        raise TypeError(f"path must be str or os.PathLike, got {path!r}")
    target = Path(text)
    if not text or target.is_dir():
        raise IsADirectoryError(f"path must be a file, got the directory {text!r}.")
    if not target.parent.exists():
        raise FileNotFoundError(
            f"The directory {str(target.parent)!r} does not exist; create it first."
        )
    if not target.parent.is_dir():
        raise NotADirectoryError(f"{str(target.parent)!r} is a file, not a directory.")
    return target


def replace_file(
    path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]
) -> None:
    """Write a file, or replace it atomically if it exists.

    The content is first written to a hidden temporary file in the same directory and
    flushed to disk. The file gets the permissions that ``open(path, "wb")`` would give.
    If a process is killed while writing, its temporary file is removed the next time that
    the same file is written.

    Parameters
    ----------
    path : str or path-like
        The file, or a symbolic link to it. Its directory must exist.
    parts : iterable of bytes-like
        The content.

    Raises
    ------
    OSError
        If the file cannot be written, with the ``errno`` of the operating system. An
        existing file is then unchanged, and the temporary file is removed.
    """
    # Replace the target of a symbolic link, not the link.
    target = Path(os.path.realpath(path))
    try:
        mode = _mode_of(target)
        _remove_left_behind(target)
        with _file_beside(target) as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
            if mode is not None:
                os.chmod(file.name, mode)
            if fcntl is None:
                file.close()
            os.replace(file.name, target)
    except OSError as error:
        reason = error.strerror or str(error)
        told = f"{reason}; nothing was saved, and what was there is unchanged"
        raise OSError(error.errno, told, os.fspath(path)) from error
    # Some file systems cannot sync directories; the file is complete in any case.
    with suppress(OSError):
        _sync_folder(target.parent)


def _mode_of(target: Path) -> int | None:
    """Return the permissions of an existing file; raise OSError if it is not writable."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "It is not a regular file")
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "It is write-protected")
    return stat.S_IMODE(mode)


@contextmanager
def _file_beside(target: Path) -> Iterator[BinaryIO]:
    """Open a new temporary file in the same directory; remove it at the end."""
    while True:
        name = f"{_prefix(target)}{secrets.token_hex(8)}.tmp"
        file = open(target.with_name(name), "xb")  # noqa: SIM115, closed below
        if _claim(file):
            break
        file.close()
    try:
        yield file
    finally:
        with suppress(OSError):
            file.close()
        with suppress(OSError):
            os.unlink(file.name)


def _claim(file: BinaryIO) -> bool:
    """Lock a new file while it is open; return whether it still exists and is ours."""
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks: `_remove_left_behind` does nothing
            pass
    return os.fstat(file.fileno()).st_nlink > 0


def _remove_left_behind(target: Path) -> None:
    """Remove temporary files that are not locked, as their process has ended."""
    for path in target.parent.glob(f"{_prefix(target)}*.tmp"):
        with suppress(OSError):
            if fcntl is None:
                path.unlink()
                continue
            with path.open("rb+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def _prefix(target: Path) -> str:
    """Return the prefix of the names of temporary files for a target."""
    return f".sksequence-{zlib.crc32(os.fsencode(target.name)):08x}-"


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
