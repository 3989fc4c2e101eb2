"""Types of user input, and of decorators of untyped libraries."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np

_Function = TypeVar("_Function", bound=Callable[..., Any])


class SupportsArray(Protocol):
    """An array, or an object that numpy can convert: a table, column, or tensor."""

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the array."""

    def __len__(self) -> int:
        """Return the number of items, which scalars do not have."""


class Sparse(Protocol):
    """A scipy sparse matrix or array."""

    def toarray(self) -> np.ndarray:
        """Return the dense array."""


# Unlike numpy's type of this name, without scalars, and with lists of unequal arrays.
ArrayLike: TypeAlias = SupportsArray | Sequence[Any]
Targets: TypeAlias = ArrayLike | Sparse
PathLike: TypeAlias = str | os.PathLike[str]
RandomState: TypeAlias = int | np.random.RandomState | None
Metric: TypeAlias = Callable[..., Any]


def typed(decorator: Any) -> Callable[[_Function], _Function]:
    """Return the decorator itself, typed so that it keeps the type of a function.

    Otherwise a decorator of an untyped library, such as scikit-learn's, hides the
    signature of the decorated function from type checkers.

    Examples
    --------
    >>> from functools import cache
    >>> typed(cache) is cache
    True
    """
    return decorator
