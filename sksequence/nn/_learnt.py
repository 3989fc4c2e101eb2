"""What was learnt from data lately, for fits of other candidates to the same data."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from torch import Tensor

Learnt = tuple[Tensor, ...]


class Learnings:
    """The latest results of a function of tensors, found by the contents of these.

    A search fits many candidates to the same folds, of which each then learns once in a
    process.

    Parameters
    ----------
    size : int
        How many results are kept.

    Examples
    --------
    >>> import torch
    >>> learnings = Learnings(2)
    >>> key = fingerprint(torch.ones(3), None, 5)
    >>> learnings.get(key, lambda: (torch.ones(3).sum(),))
    (tensor(3.),)
    >>> learnings.get(key, lambda: 1 / 0)
    (tensor(3.),)
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._found: OrderedDict[bytes, Learnt] = OrderedDict()
        self._lock = Lock()

    def get(self, key: bytes, learn: Callable[[], Learnt]) -> Learnt:
        """Return what was learnt from the contents of a key, or learn it."""
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
                return found
        found = tuple(one.clone() for one in learn())
        with self._lock:
            self._found[key] = found
            while len(self._found) > self.size:
                self._found.popitem(last=False)
        return found


def fingerprint(*parts: Tensor | object) -> bytes:
    """Return a hash of the contents of tensors on the CPU, and of what else there is."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if not isinstance(part, Tensor):
            digest.update(repr(part).encode())
            continue
        digest.update(f"{part.dtype}{tuple(part.shape)}".encode())
        digest.update(part.detach().contiguous().numpy().tobytes())
    return digest.digest()
