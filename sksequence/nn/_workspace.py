"""Memory that is used again and again."""

from __future__ import annotations

from threading import RLock

import torch


class Workspace:
    """Lends memory, and keeps what comes back for the next who asks.

    What an operating system hands out afresh it has to clear, page by page, which takes
    as long as writing it. A loan ends with the object that stands for it.

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
        # Python may end a loan anywhere, in here too.
        self._lock = RLock()

    def borrow(self, size: int) -> Loan:
        """Return so many bytes of memory, with anything in it."""
        with self._lock:
            free = self._free
            fitting = [memory for memory in free if memory.size >= size]
            if fitting:
                found = min(fitting, key=_Memory.get_size)
                free.remove(found)
            else:
                # The largest that does not suffice makes room for one that does.
                if free:
                    free.remove(max(free, key=_Memory.get_size))
                found = _Memory(size)
        return Loan(self, found)

    def take_back(self, memory: _Memory) -> None:
        """Keep memory for the next."""
        with self._lock:
            self._free.append(memory)

    def clear(self) -> None:
        """Give what is free back to the system."""
        with self._lock:
            self._free.clear()


class _Memory:
    def __init__(self, size: int) -> None:
        self._tensor = torch.empty(size, dtype=torch.uint8)
        self.size, self.address = size, self._tensor.data_ptr()

    def get_size(self) -> int:
        return self.size


class Loan:
    """Memory of a :class:`Workspace`, for as long as this object lives."""

    def __init__(self, workspace: Workspace, memory: _Memory) -> None:
        self._workspace, self._memory = workspace, memory
        self.address = memory.address

    def __del__(self) -> None:
        self._workspace.take_back(self._memory)


WORKSPACE = Workspace()
