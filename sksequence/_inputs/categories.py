"""Categories: their levels, and the ids by which a network looks up their vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from reprlib import repr as shortened
from typing import Any, ClassVar

import numpy as np

from .containers import column_values, columns_of, is_frame, is_missing, names_of
from .fitted import Fitted, fitted_part

Texts = dict[int, tuple[str, ...]]  # levels of the columns of text, by position
Level = str | float


@fitted_part
@dataclass(frozen=True)
class Categories(Fitted):
    """Columns of categories, and the ids of their levels.

    Ids count from one in the order in which the training data show the levels, so that
    they do not depend on names. Other levels, and missing ones, have the id 0.

    Attributes
    ----------
    columns : tuple of int
        Positions of the columns, among channels or static columns.
    levels : tuple of tuple
        For each, texts, which data hold as positions in this tuple and -1 for others; or
        sorted numbers.
    are_text : tuple of bool
        Which of the two they are.
    ids : tuple of ndarray
        The id for each of these levels, behind that of others, which is 0.

    Examples
    --------
    >>> data = np.array([[7.0], [3.0], [7.0]])
    >>> categories = Categories.of((0,), {}).learn([data])
    >>> categories.ids_of(np.array([[3.0], [7.0], [5.0]])).ravel()
    array([2, 1, 0])
    >>> categories.levels_by_id
    [[7.0, 3.0]]
    """

    kind: ClassVar[str] = "categories"

    columns: tuple[int, ...]
    levels: tuple[tuple[Level, ...], ...]
    are_text: tuple[bool, ...]
    ids: tuple[np.ndarray, ...] = ()

    @classmethod
    def of(cls, columns: Sequence[int], texts: Texts) -> Categories:
        """Return the unfitted categories; ``texts`` has the levels of some of them."""
        levels = tuple(texts.get(j, ()) for j in columns)
        return cls(tuple(columns), levels, tuple(j in texts for j in columns))

    @property
    def texts(self) -> Texts:
        """The levels of those that are text, by position."""
        every = zip(self.columns, self.levels, self.are_text, strict=True)
        return {j: tuple(map(str, levels)) for j, levels, is_text in every if is_text}

    @property
    def sizes(self) -> list[int]:
        """The number of levels of each that have an id."""
        return [int(ids.max()) for ids in self.ids]

    @property
    def levels_by_id(self) -> list[list[Level]]:
        """The levels of each in the order of their ids, from id 1."""
        return [
            [levels[i] for i in ids[1:].argsort(kind="stable") if ids[1:][i]]
            for levels, ids in zip(self.levels, self.ids, strict=True)
        ]

    def learn(self, parts: Iterable[np.ndarray]) -> Categories:
        """Return a copy with ids for the levels in chunks of rows (n_rows, n_columns)."""
        met: list[dict[float, None]] = [{} for _ in self.columns]
        for part in parts:
            for seen, j in zip(met, self.columns, strict=True):
                values, first = np.unique(part[:, j], return_index=True)
                seen |= dict.fromkeys(values[first.argsort()].astype(float).tolist())
        levels, ids = [], []
        for seen, known, is_text in zip(met, self.levels, self.are_text, strict=True):
            # NaN is missing, and so are negative positions.
            given = [x for x in seen if (x >= 0 if is_text else x == x)]
            id_of = {value: i for i, value in enumerate(given, 1)}
            own = known if is_text else tuple(sorted(given))
            places: Iterable[Any] = range(len(own)) if is_text else own
            levels.append(own)
            ids.append(np.array([0, *(id_of.get(x, 0) for x in places)], np.int64))
        return replace(self, levels=tuple(levels), ids=tuple(ids))

    def ids_of(self, rows: np.ndarray) -> np.ndarray:
        """Return the ids in rows (n_rows, n_columns): int64 (n_rows, n_categories)."""
        found = np.zeros((len(rows), len(self.columns)), dtype=np.int64)
        every = zip(self.columns, self.levels, self.are_text, self.ids, strict=True)
        for k, (j, levels, is_text, ids) in enumerate(every):
            values = rows[:, j]
            if is_text:
                at = np.where(values >= 0, values, -1).astype(np.int64)
            else:
                numbers = np.array(levels, dtype=np.float64)
                at = np.searchsorted(numbers, values).clip(0, len(numbers) - 1)
                at = np.where(numbers[at] == values, at, -1) if len(numbers) else at
            found[:, k] = ids[at + 1] if len(levels) else 0
        return found

    def put(self, values: np.ndarray, rows: np.ndarray) -> None:
        """Replace, in prepared values, the columns by their ids in ``rows``."""
        values[:, self.columns] = self.ids_of(rows)

    def neutral(
        self, mean: np.ndarray, scale: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and scale of all columns that leave these as they are."""
        mean, scale = mean.copy(), scale.copy()
        mean[list(self.columns)], scale[list(self.columns)] = 0, 1
        return mean, scale

    def describe(self, dim: int | None) -> tuple[tuple[int, int, int], ...]:
        """Return position, number of levels and size of the vectors of each.

        Without ``dim`` the size is min(50, round(1.6 n^0.56)) for n levels, the rule of
        fastai (Howard and Gugger, 2020).
        """
        return tuple(
            (j, n, min(50, max(round(1.6 * n**0.56), 1)) if dim is None else dim)
            for j, n in zip(self.columns, self.sizes, strict=True)
        )

    def export(self) -> list[dict[str, Any]]:
        """Return what other back ends need."""
        return [
            {"column": j, "levels": levels}
            for j, levels in zip(self.columns, self.levels_by_id, strict=True)
        ]

    def check(self) -> None:
        parts = (self.columns, self.levels, self.are_text, self.ids)
        if not all(isinstance(part, tuple) for part in parts) or not self.columns:
            raise ValueError("its categories must be tuples")
        if len({len(part) for part in parts}) > 1:
            raise ValueError("its categories must have levels and ids for each column")
        for levels, ids in zip(self.levels, self.ids, strict=True):
            if not isinstance(ids, np.ndarray) or ids.shape != (len(levels) + 1,):
                raise ValueError("its categories must have an id for each level")
            n = len(levels)
            if ids.dtype != np.int64 or ids[0] or (ids < 0).any() or (ids > n).any():
                raise ValueError("its categories must have ids from 0 to their number")


# ----------------------------------------------------------------------------- text


def code_items(X: Any, given: Any, known: Texts | None) -> tuple[Any, Texts]:
    """Replace text in sequences by positions among its levels.

    Parameters
    ----------
    X : object
        A list of sequences or an object array of them; anything else has no text.
    given : object
        The hyperparameter ``categorical_features``: text in arrays is read if named.
    known : dict or None
        Levels of the fit; None to learn them.

    Returns
    -------
    X : object
        X itself, if it has no text to be coded.
    texts : dict
        Levels by position, in the order in which they are met.

    Raises
    ------
    ValueError
        If X has numbers, or nothing, in the place of text of the fit.
    """
    if given is None or known == {}:
        return X, {}
    columns = _columns_of_items(X, is_named=bool(known) or not isinstance(given, str))
    width = {len(own) for own in columns}
    if len(width) > 1 or not columns or max(known or (), default=0) >= max(width):
        if known:
            raise ValueError(
                f"X must be a list of sequences with text in channel(s) {list(known)}, "
                f"as in fit, got {shortened(X)}."
            )
        return X, {}  # refused later, if it is wrong
    items = list(X)
    positions = list(known or range(max(width)))
    if known is None and is_frame(items[0]):
        positions = _text_like(items[0])
    values = {j: [column_values(own[j]) for own in columns] for j in positions}
    texts = known
    if texts is None:
        found = {j: learn_levels(np.concatenate(parts)) for j, parts in values.items()}
        texts = {j: levels for j, levels in found.items() if levels is not None}
    if not texts:
        return X, {}
    codes = {j: [code(part, texts[j]) for part in values[j]] for j in texts}
    return [
        _with_columns(item, {j: codes[j][i] for j in texts})
        for i, item in enumerate(items)
    ], texts


def learn_levels(values: np.ndarray) -> tuple[str, ...] | None:
    """Return the distinct texts of a column, in their order; None unless it is of text.

    A column is if it has texts and missing values alone, and not all are numbers: those
    have become text by mistake.

    Examples
    --------
    >>> learn_levels(np.array(["b", None, "a", "b"], dtype=object))
    ('b', 'a')
    >>> learn_levels(np.array(["1.5", "2"], dtype=object)) is None
    True
    """
    if values.dtype.kind not in "OUT":
        return None
    levels = dict.fromkeys(str(x) for x in values if isinstance(x, str))
    if not levels or not all(isinstance(x, str) or is_missing(x) for x in values):
        return None
    return None if all(map(_is_number, levels)) else tuple(levels)


def code(values: np.ndarray, levels: tuple[str, ...]) -> np.ndarray:
    """Return the position of each text among the levels, -1 for others.

    Raises
    ------
    ValueError
        If there are other values and no text.
    """
    if not any(isinstance(x, str) for x in values):
        given = [x for x in values if not is_missing(x)]
        if given:
            raise ValueError(
                f"X holds {given[0]} where fit had categories of text such as "
                f"{levels[0]!r}; expected text."
            )
    position = {level: i for i, level in enumerate(levels)}
    found = (position.get(x, -1) if isinstance(x, str) else -1 for x in values)
    return np.fromiter(found, dtype=np.int64, count=len(values))


def find_categorical(given: Any, texts: Texts, names: Any, n: int) -> tuple[int, ...]:
    """Return the channels that are categories.

    Parameters
    ----------
    given : "from_dtype", None, or list of bool, int or str
        The hyperparameter ``categorical_features``.
    texts : dict
        Channels of text.
    names : sequence of str or None
        Names of the channels.
    n : int
        Number of channels.

    Examples
    --------
    >>> find_categorical([True, False], {}, None, 2), find_categorical(["b"], {}, "ab", 2)
    ((0,), (1,))
    """
    if given is None or isinstance(given, str):
        return tuple(sorted(texts))
    items = list(given)
    known = [] if names is None else list(names)
    if items and all(isinstance(x, bool | np.bool_) for x in items):
        found = [j for j, is_category in enumerate(items) if is_category]
        fits = len(items) == n
    else:
        found = [known.index(x) if x in known else x for x in items]
        fits = all(isinstance(x, Integral) and not isinstance(x, bool) for x in found)
        fits = fits and all(0 <= x < n for x in found)
    if not fits:
        named = f" or names among {known}" if known else ""
        raise ValueError(
            f"categorical_features must be positions of the {n} channel(s) of X, a mask "
            f'of {n} bools{named}, "from_dtype" or None, got {given!r}.'
        )
    return tuple(sorted({*map(int, found), *texts}))


def _columns_of_items(X: Any, *, is_named: bool) -> list[list[Any]]:
    """Return the channels of each sequence; none if X can hold no text to be coded.

    Text in what is no table is to be coded only if its channel is named.
    """
    is_list = isinstance(X, list | tuple) or _is_of_objects(X)
    items = list(X) if is_list else []
    if items and is_frame(items[0]):
        has_text = is_named or _text_like(items[0])
        is_whole = has_text and all(map(is_frame, items))
        return [columns_of(item) for item in items] if is_whole else []
    if not is_named or all(_is_of_numbers(item) for item in items):
        return []
    return [_columns_of_objects(item) for item in items]


def _is_of_numbers(item: Any) -> bool:
    return isinstance(item, np.ndarray) and item.dtype.kind in "biuf"


def _is_of_objects(X: Any) -> bool:
    dtype = getattr(X, "dtype", None)
    return isinstance(dtype, np.dtype) and dtype.kind == "O" and not is_frame(X)


def _text_like(frame: Any) -> list[int]:
    """Return the columns of a table that may hold text, judged by their dtypes."""
    return [
        j
        for j, dtype in enumerate(frame.dtypes)
        if not (dtype.is_numeric() if hasattr(dtype, "is_numeric") else _kind(dtype))
    ]


def _kind(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "biufcmM"


def _columns_of_objects(item: Any) -> list[np.ndarray]:
    """Return the channels of one sequence that is no table; none if it has no shape."""
    try:
        array = np.array(item, dtype=object)
    except ValueError:
        return []
    if array.ndim > 2:
        return []
    return list(array.T) if array.ndim == 2 else [array]


def _with_columns(item: Any, columns: dict[int, np.ndarray]) -> Any:
    """Return a copy of one sequence with other columns."""
    if not is_frame(item):
        others = enumerate(_columns_of_objects(item))
        return np.stack([columns.get(j, values) for j, values in others], axis=1)
    if hasattr(item, "isetitem"):  # of pandas
        item = item.copy(deep=False)
        for j, values in columns.items():
            item.isetitem(j, values)
        return item
    names, old = names_of(item), columns_of(item)
    return item.with_columns(
        *(type(old[j])(names[j], values) for j, values in columns.items())
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
