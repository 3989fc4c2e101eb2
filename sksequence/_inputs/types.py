"""Types of what users pass, and of what untyped libraries do to functions."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np

_Function = TypeVar("_Function", bound=Callable[..., Any])


class SupportsArray(Protocol):
    """An array, or what numpy makes one of: tables, columns, tensors."""

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the array."""

    def __len__(self) -> int:
        """Return how many items it has: scalars have none."""


class Sparse(Protocol):
    """A sparse matrix or array of scipy."""

    def toarray(self) -> np.ndarray:
        """Return the dense array."""


# Unlike numpy's type of this name, no scalars, and lists of arrays of any lengths.
ArrayLike: TypeAlias = SupportsArray | Sequence[Any]
Targets: TypeAlias = ArrayLike | Sparse
PathLike: TypeAlias = str | os.PathLike[str]
RandomState: TypeAlias = int | np.random.RandomState | None
Metric: TypeAlias = Callable[..., Any]


def typed(decorator: Any) -> Callable[[_Function], _Function]:
    """Return the decorator itself, as one that keeps a function's type.

    Without it a decorator of an untyped library, such as scikit-learn's, hides the
    signature of what it decorates from type checkers.

    Examples
    --------
    >>> from functools import cache
    >>> typed(cache) is cache
    True
    """
    return decorator
