"""Tables with a column of sequences and columns of static covariates."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from .categories import Texts, code, learn_levels
from .checks import FLOAT32_MAX, as_numbers
from .containers import column_values, columns_of, is_frame, names_of, opened

# Names of all columns (None in an array), and the position of the sequences.
Columns = tuple[tuple[str, ...] | None, int, int]
_ENCODE = (
    "Encode it, for example by ColumnTransformer with "
    'OneHotEncoder(sparse_output=False), and "passthrough" for the column of sequences.'
)


def split_static(
    X: Any, known: Texts | None = None
) -> tuple[Any, np.ndarray | None, Columns | None, Texts]:
    """Split X into sequences and static covariates.

    Parameters
    ----------
    X : object
        A DataFrame or 2-D object array in which the cells of one column are arrays or
        lists. Anything else is returned unchanged.
    known : dict or None, default=None
        Levels of the static columns of text in fit; None to learn them.

    Returns
    -------
    sequences : list or object
        The cells of the column of sequences, or X.
    static : ndarray of shape (n_sequences, n_static) or None
        The other columns, if there are any.
    columns : tuple or None
        The names of all columns (None for an array), their number, and the position of
        the column of sequences.
    texts : dict
        Levels of the columns of text of a DataFrame, which hold positions among them, by
        their position among the static columns.

    Raises
    ------
    ValueError, TypeError
        If several columns hold sequences, or a static column is not finite numbers; the
        message names the column.

    Examples
    --------
    >>> X = np.empty((2, 2), dtype=object)
    >>> X[:, 0], X[0, 1], X[1, 1] = [7, 8], np.arange(3.0), np.arange(2.0)
    >>> split_static(X)
    ([array([0., 1., 2.]), array([0., 1.])], array([[7.], [8.]]), (None, 2, 1), {})
    """
    X = opened(X, "X")
    names, table = _columns_of(X)
    holding = [j for j, column in enumerate(table) if _holds_sequences(column)]
    if not holding:
        return X, None, None, {}
    called = [f"column {j}" for j in range(len(table))] if names is None else names
    if len(holding) > 1:
        first, second, *_ = (called[j] for j in holding)
        raise ValueError(
            f"X holds sequences in {first!r} and in {second!r}; expected one column of "
            "sequences, and numbers in all others. Make channels of them: one array of "
            "shape (n_steps, n_channels) per row."
        )
    at = holding[0]
    beside = [j for j in range(len(table)) if j != at]
    if not beside:
        return list(table[at]), None, None, {}
    texts = known
    if texts is None:
        found = [None if names is None else learn_levels(table[j]) for j in beside]
        texts = {k: levels for k, levels in enumerate(found) if levels is not None}
    static = np.column_stack(
        [
            code(table[j], texts[k]) if k in texts else _numbers_of(table[j], called[j])
            for k, j in enumerate(beside)
        ]
    ).astype(np.float64)
    return list(table[at]), static, (names, len(table), at), texts


def check_columns(got: Columns | None, fitted: Columns | None, name: str) -> None:
    """Raise ValueError unless a table has the same columns as in fit.

    Examples
    --------
    >>> check_columns((("x", "age"), 2, 0), (("x", "age", "sex"), 3, 0), "GRUClassifier")
    Traceback (most recent call last):
    ...
    ValueError: X lacks the static column(s) 'sex' that GRUClassifier was fitted with; ...
    """
    if got is None and fitted is not None:
        raise ValueError(
            f"X has no static columns, but {name} was fitted with {_said(fitted)} "
            "beside the sequences; expected a table with the same columns as in fit."
        )
    if got is not None and fitted is None:
        raise ValueError(
            f"X has {_said(got)} beside the sequences, but {name} was fitted on "
            "sequences alone."
        )
    if got is None or fitted is None:
        return
    names, expected = got[0], fitted[0]
    if names is not None and expected is not None and names != expected:
        lacking = [column for column in expected if column not in names]
        if lacking:
            raise ValueError(
                f"X lacks the static column(s) {_listed(lacking)} that {name} was fitted "
                f"with; it has {_listed(names)}."
            )
        raise ValueError(
            f"X has the columns {_listed(names)}, but {name} was fitted with "
            f"{_listed(expected)}: the same, in the same order, are expected."
        )
    if got[1:] != fitted[1:]:
        raise ValueError(
            f"X has {got[1]} columns with the sequences in column {got[2]}, but {name} "
            f"was fitted with {fitted[1]} and the sequences in column {fitted[2]}."
        )


def _columns_of(X: Any) -> tuple[tuple[str, ...] | None, list[np.ndarray]]:
    """Return names and columns of a table that may hold sequences, else no columns."""
    if is_frame(X):
        # Skip tables of numbers only, which may be wide.
        if all(map(_is_of_numbers, X.dtypes)):
            return None, []
        return tuple(map(str, names_of(X))), list(map(column_values, columns_of(X)))
    if isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 2:
        return None, list(X.T)
    return None, []


def _is_of_numbers(dtype: Any) -> bool:
    if hasattr(dtype, "kind"):  # of numpy and pandas
        return dtype.kind != "O"
    return dtype.is_numeric()


def _holds_sequences(column: np.ndarray) -> bool:
    if column.dtype != object:
        return False
    return any(
        isinstance(cell, list | tuple) or len(getattr(cell, "shape", ())) > 0
        for cell in column
    )


def _numbers_of(values: np.ndarray, name: str) -> np.ndarray:
    """Return a static column as finite numbers."""
    try:
        numbers = as_numbers(values, name, allow_nan=True).astype(np.float64)
    except (ValueError, TypeError) as error:
        others = (value for value in values if not isinstance(value, Real | None))
        raise type(error)(
            f"The static column {name!r} holds {next(others, values)!r}; expected "
            f"numbers. {_ENCODE}"
        ) from error
    wrong = ~(np.abs(numbers) <= FLOAT32_MAX)
    if wrong.any():
        row = int(wrong.argmax())
        what = "NaN" if np.isnan(numbers[row]) else f"{numbers[row]}"
        raise ValueError(
            f"The static column {name!r} contains {what} in row {row}; expected finite "
            f"numbers up to {FLOAT32_MAX:.1e}. Impute or rescale it, or leave the row "
            "out."
        )
    return numbers


def _said(columns: Columns) -> str:
    names, count, at = columns
    said = f"{count - 1} static column(s)"
    if names is None:
        return said
    return f"{said} ({_listed(names[:at] + names[at + 1 :])})"


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names))
