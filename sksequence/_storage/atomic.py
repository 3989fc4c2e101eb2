"""Write a file whole or not at all, and leave nothing else behind."""

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
except ImportError:  # Windows, which neither moves nor removes a file that is open
    fcntl = None  # type: ignore[assignment]


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
    TypeError: path must be str or os.PathLike, got 3
    """
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str):
        raise TypeError(f"path must be str or os.PathLike, got {path!r}")
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


def replace_file(
    path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]
) -> None:
    """Put a new file in the place of an old one, in one step that cannot fail halfway.

    The new one is written beside it, under a hidden name, and brought to the disk first.
    It has the permissions that ``open(path, "wb")`` would leave. What a process that was
    killed has left behind, the next to write the same file removes.

    Parameters
    ----------
    path : str or path-like
        The file, or a link to it. Its folder must be there.
    parts : iterable of bytes-like
        What to write.

    Raises
    ------
    OSError
        As the system has it: PermissionError, FileNotFoundError for a folder, or with
        the ``errno`` of a full disk. The old file is then what it was, and the new one
        is gone.
    """
    # A link stays one; what it leads to is replaced.
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
    # Some file systems cannot; the file is whole in any case.
    with suppress(OSError):
        _sync_folder(target.parent)


def _mode_of(target: Path) -> int | None:
    """The permissions of the file that is there, or a refusal to replace it."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "It is no regular file")
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "It is write-protected")
    return stat.S_IMODE(mode)


@contextmanager
def _file_beside(target: Path) -> Iterator[BinaryIO]:
    """A new file in the same folder, ours alone; afterwards gone, unless it was moved."""
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
    """Lock a new file for as long as it is open, unless somebody has removed it."""
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks, where nothing is removed either
            pass
    return os.fstat(file.fileno()).st_nlink > 0


def _remove_left_behind(target: Path) -> None:
    """Remove new files that nobody has open: their process has ended."""
    for path in target.parent.glob(f"{_prefix(target)}*.tmp"):
        with suppress(OSError):
            if fcntl is None:
                path.unlink()
                continue
            with path.open("rb+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def _prefix(target: Path) -> str:
    """How the names of new files begin: hidden, the same for one target."""
    return f".sksequence-{zlib.crc32(os.fsencode(target.name)):08x}-"


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
