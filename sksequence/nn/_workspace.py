"""Reusable memory for kernels."""

from __future__ import annotations

from threading import RLock

import torch


class Workspace:
    """Pool of memory blocks, which are kept for reuse.

    The operating system clears newly allocated memory page by page, which takes as long
    as writing it. A block is returned when the :class:`Loan` that holds it is deleted.

    Examples
    --------
    >>> workspace = Workspace()
    >>> loan = workspace.borrow(1000)
    >>> address = loan.address
    >>> del loan
    >>> workspace.borrow(500).address == address
    True
    """

    def __init__(self) -> None:
        self._free: list[_Memory] = []
        # A loan may be garbage collected at any point, also within these methods.
        self._lock = RLock()

    def borrow(self, size: int) -> Loan:
        """Return uninitialised memory of at least ``size`` bytes."""
        with self._lock:
            free = self._free
            fitting = [memory for memory in free if memory.size >= size]
            if fitting:
                found = min(fitting, key=_Memory.get_size)
                free.remove(found)
            else:
                # Replace the largest block, which is too small.
                if free:
                    free.remove(max(free, key=_Memory.get_size))
                found = _Memory(size)
        return Loan(self, found)

    def take_back(self, memory: _Memory) -> None:
        """Keep memory for reuse."""
        with self._lock:
            self._free.append(memory)

    def clear(self) -> None:
        """Release all free memory."""
        with self._lock:
            self._free.clear()


class _Memory:
    def __init__(self, size: int) -> None:
        self._tensor = torch.empty(size, dtype=torch.uint8)
        self.size, self.address = size, self._tensor.data_ptr()

    def get_size(self) -> int:
        return self.size


class Loan:
    """Memory borrowed from a :class:`Workspace`, as long as this object exists."""

    def __init__(self, workspace: Workspace, memory: _Memory) -> None:
        self._workspace, self._memory = workspace, memory
        self.address = memory.address

    def __del__(self) -> None:
        self._workspace.take_back(self._memory)


WORKSPACE = Workspace()
