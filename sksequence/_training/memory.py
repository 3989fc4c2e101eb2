"""Out-of-memory errors with the sizes involved."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from .batches import SequenceDataset


def require_memory(n_bytes: int, what: str) -> None:
    """Raise MemoryError if more is needed than the machine has.

    Otherwise the operating system might kill the process.
    """
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return
    if n_bytes > machine:
        raise MemoryError(
            f"{what} takes {n_bytes / 2**30:.1f} GiB to train; the machine has "
            f"{machine / 2**30:.1f} GiB. Use a smaller hidden_size, fewer layers or "
            "fewer channels."
        )


@contextmanager
def memory_errors(data: SequenceDataset, batch_size: int | None) -> Iterator[None]:
    """Convert torch's out-of-memory errors to a MemoryError with the sizes."""
    try:
        yield
    except RuntimeError as error:
        words = str(error)
        if not any(
            w in words for w in ("out of memory", "not enough memory", "allocate")
        ):
            raise
        raise MemoryError(
            f"Out of memory with {len(data)} sequences of up to "
            f"{int(data.lengths.max())} steps x {data.step_shape[0]} channels in "
            f"batches of {batch_size}. Use a smaller batch_size or a smaller network. "
            f"torch said: {words.splitlines()[0]}"
        ) from error
