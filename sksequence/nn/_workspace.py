"""Reusable memory for kernels."""

from __future__ import annotations

import ctypes
from threading import Lock
from weakref import ref

import torch
from torch import Tensor


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
        self._returned: list[_Ticket] = []
        self._lent: dict[int, _Ticket] = {}
        self._lock = Lock()

    def borrow(self, size: int) -> Loan:
        """Return uninitialised memory of at least ``size`` bytes."""
        with self._lock:
            self._take_back()
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
            loan = Loan(found.address)
            ticket = _Ticket(loan, self._returned.append)
            ticket.memory = found
            self._lent[id(ticket)] = ticket
        return loan

    def clear(self) -> None:
        """Release all free memory."""
        with self._lock:
            self._take_back()
            self._free.clear()

    def _take_back(self) -> None:
        """Keep the memory of deleted loans for reuse."""
        while self._returned:
            ticket = self._returned.pop()
            del self._lent[id(ticket)]
            self._free.append(ticket.memory)


class _Memory:
    def __init__(self, size: int) -> None:
        self._tensor = torch.empty(size, dtype=torch.uint8, device="cpu")
        self.size, self.address = size, self._tensor.data_ptr()

    def get_size(self) -> int:
        return self.size


class Loan:
    """Memory borrowed from a :class:`Workspace`, as long as this object exists."""

    __slots__ = ("__weakref__", "address")

    def __init__(self, address: int) -> None:
        self.address = address


def as_tensor(loan: Loan, like: Tensor) -> Tensor:
    """Return borrowed memory as a tensor, which is valid as long as the loan exists.

    Its shape, dtype and layout in memory are those of ``like``, which is dense.
    """
    memory = (ctypes.c_byte * like.nbytes).from_address(loan.address)
    flat = torch.frombuffer(memory, dtype=like.dtype)
    return flat.as_strided(like.shape, like.stride())


class _Ticket(ref):
    """Memory that is lent; it appends itself to a list when the loan is deleted.

    A method ``__del__`` would be Python code, in which a Ctrl-C is ignored.
    """

    __slots__ = ("memory",)
    memory: _Memory


WORKSPACE = Workspace()
