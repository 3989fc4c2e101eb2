"""A lock between processes, freed by the system when its holder ends or is killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

_WAIT = 0.1  # seconds between two tries where the system has no waiting for a lock


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Wait until no other process holds the lock file ``path``, and hold it.

    Where there can be no such file, or the file system has no locks, nobody waits: what
    is done under the lock must be right, if wasteful, when it is done twice.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = open(path, "ab")  # noqa: SIM115
    except OSError:
        yield
        return
    with file:  # closing it frees the lock
        with suppress(OSError):
            _hold(file)
        yield


def _hold(file: IO[bytes]) -> None:
    """Lock an open file, waiting for as long as it takes."""
    try:
        import fcntl
    except ImportError:
        _hold_on_windows(file)
    else:
        fcntl.flock(file, fcntl.LOCK_EX)


def _hold_on_windows(file: IO[bytes]) -> None:
    import msvcrt

    system: Any = msvcrt
    while True:
        file.seek(0)
        with suppress(PermissionError):  # another process holds it
            system.locking(file.fileno(), system.LK_NBLCK, 1)
            return
        time.sleep(_WAIT)
