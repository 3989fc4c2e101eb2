"""The entities to which the rows of a table belong."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .lookup import listed, lookup


@dataclass(frozen=True)
class Entities:
    """The entity of each row; the rows of each entity are in time order.

    Attributes
    ----------
    keys : list
        The entities, in order of appearance; tuples if several columns tell them apart.
    codes : ndarray of shape (n_rows,), int64
        Position in ``keys`` of the entity of each row.
    """

    keys: list
    codes: np.ndarray

    @cached_property
    def counts(self) -> np.ndarray:
        """Number of rows of each entity."""
        return np.bincount(self.codes, minlength=len(self.keys))

    @cached_property
    def starts(self) -> np.ndarray:
        """First position of each entity among the rows sorted by ``order``."""
        return np.cumsum(self.counts) - self.counts

    @cached_property
    def order(self) -> np.ndarray:
        """Indices that sort the rows by entity, stably."""
        return np.argsort(self.codes, kind="stable")

    @cached_property
    def is_in_order(self) -> bool:
        """Whether the rows of each entity are contiguous."""
        return bool((np.diff(self.codes) >= 0).all())

    @cached_property
    def follows(self) -> np.ndarray:
        """Whether a row of ``order`` but the first is of the entity of that before it."""
        return np.diff(self.codes[self.order]) == 0


def one_entity(n_rows: int) -> Entities:
    """Return entities where all rows belong to one."""
    return Entities([None], np.zeros(n_rows, dtype=np.int64))


def read_entities(X: Any, by: Any) -> tuple[Entities, list[int]]:
    """Return the entity of each row, and the positions of the columns naming it.

    Parameters
    ----------
    X : DataFrame or array of shape (n_rows, n_columns)
        The table.
    by : label, int, or list of these
        The columns or index levels that tell entities apart.

    Examples
    --------
    >>> entities, columns = read_entities(np.array([[2, 0.5], [1, 0.5], [2, 0.5]]), by=0)
    >>> entities.keys, entities.codes, columns
    ([2.0, 1.0], array([0, 1, 0]), [0])
    """
    keys = listed(by, X)
    if not keys:
        raise ValueError(f"by must name at least one column, got {by!r}.")
    found = [lookup(X, key, "by") for key in keys]
    columns = [column for column, _ in found if column is not None]
    parts = [_coded(values, key) for (_, values), key in zip(found, keys, strict=True)]
    if len(parts) == 1 and not isinstance(by, list | tuple):
        names, codes = parts[0]
        return Entities(names, codes), columns
    codes = combined([codes for _, codes in parts])
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    # In order of appearance.
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    rows = np.sort(first)
    columns_of_keys = [[names[i] for i in part[rows]] for names, part in parts]
    return Entities([*zip(*columns_of_keys, strict=True)], rank[codes]), columns


def combined(codes: list[np.ndarray]) -> np.ndarray:
    """Return one code for each combination of codes, in their lexicographic order.

    Codes of several columns multiply to more than an integer holds; those that occur are
    no more than the rows.

    Examples
    --------
    >>> combined([np.array([1, 0, 1]), np.array([5, 9, 5])])
    array([1, 0, 1])
    """
    whole = codes[0].astype(np.int64)
    for more in codes[1:]:
        both = whole * (int(more.max(initial=0)) + 1) + more
        whole = np.unique(both, return_inverse=True)[1]
    return whole


def _coded(names: Any, key: Any) -> tuple[list, np.ndarray]:
    """Encode names in order of appearance; return the distinct names and the codes."""
    if hasattr(names, "factorize"):  # of pandas
        codes, distinct = names.factorize()
        missing = codes < 0
    else:
        distinct, codes, missing = _factorized(np.asarray(names), key)
    if missing.any():
        raise ValueError(
            f"by={key!r} must have an entity in every row, got none in row "
            f"{missing.argmax()}. Leave such rows out, or name their entity."
        )
    return list(distinct), codes.astype(np.int64)


def _factorized(names: np.ndarray, key: Any) -> tuple[list, np.ndarray, np.ndarray]:
    """Encode an array in order of appearance: return keys, codes, missing mask."""
    missing = (
        np.array([name is None or name != name for name in names], dtype=bool)
        if names.dtype == object
        else (names != names)
    )
    if missing.any():
        return [], np.zeros(len(names), dtype=np.int64), missing
    try:
        keys, first, codes = np.unique(names, return_index=True, return_inverse=True)
    except TypeError as error:
        raise TypeError(
            f"by={key!r} holds values that do not sort: {error}. Expected names or "
            "numbers of one type."
        ) from error
    rank = np.empty(len(keys), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(keys))
    return keys[np.argsort(first)].tolist(), rank[codes], missing
