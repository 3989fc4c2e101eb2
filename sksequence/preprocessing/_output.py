"""Bases of the transformers that return sequences: as a list, or as one column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from sklearn import get_config

from .._inputs import column_values, columns_of, is_frame
from .._inputs.borrowed import StrOptions, output_of, set_output_of, validate_params
from .._inputs.types import ArrayLike, typed
from ._polars import frame_of_lists


class SequencesOut:
    """Mixin whose output is never wrapped in a DataFrame.

    Inherit from it before TransformerMixin, with ``auto_wrap_output_keys=None``.
    """

    def set_output(self, *, transform: str | None = None) -> Self:
        """Do nothing: sequences do not fit into a table.

        The method exists because a Pipeline calls it on all of its steps.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            Ignored.

        Returns
        -------
        self : object
            The transformer.
        """
        return self


class ColumnOut:
    """Mixin whose output is one column of a table if X is one.

    So the sequences stand beside the other columns in a ColumnTransformer or a
    FeatureUnion. Inherit from it before TransformerMixin, with
    ``auto_wrap_output_keys=None``.
    """

    # Name of the column in fit; None if X was none. Older pickles have only this.
    _column: str | None = None

    @typed(
        validate_params(
            {"transform": [StrOptions({"default", "pandas", "polars"}), None]},
            prefer_skip_nested_validation=True,
        )
    )
    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose the container of the output.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            Container of the column that is returned if X is one: an object array, or a
            DataFrame with one column. With "pandas", sequences that are DataFrames also
            stay DataFrames, with their index. Else sequences are arrays, and a list or
            array of them is returned as such. None leaves the choice unchanged.

        Returns
        -------
        self : object
            The transformer.
        """
        if transform is not None:
            set_output_of(self, transform)
        return self

    def _chosen_output(self) -> str:
        return output_of(self, get_config()["transform_output"])

    def _name_of_column(self, input_features: ArrayLike | None) -> np.ndarray:
        """Return the name of the output if X was one column of a table."""
        if input_features is None:
            return np.array([self._column], dtype=object)
        names = np.asarray(input_features, dtype=object)
        if names.shape != (1,):
            raise ValueError(
                f"input_features must have one name, of the column of "
                f"{type(self).__name__}, got {input_features!r}."
            )
        return names

    def _like(self, X: Any, sequences: Iterable[Any]) -> Any:
        """Return sequences as they are, or as one column if X is one."""
        if cells_of_column(X) is None:
            return sequences
        sequences = list(sequences)
        cells = np.empty((len(sequences), 1), dtype=object)
        cells[:, 0] = sequences
        container = self._chosen_output()
        if container == "default":
            return cells
        name = name_of_column(X)
        if container == "polars":
            return frame_of_lists(name, sequences)
        import pandas as pd

        return pd.DataFrame(cells, columns=[name], index=getattr(X, "index", None))


def cells_of_column(X: Any) -> np.ndarray | None:
    """Return the cells of X if it is one column of a table, else None.

    Parameters
    ----------
    X : object
        A Series, or a DataFrame or array of shape (n_rows, 1), is a column.

    Returns
    -------
    cells : ndarray of shape (n_rows,) or None
        The cells; missing values are None in a column that is not numeric.

    Examples
    --------
    >>> cells_of_column(np.array([["a b"], ["c"]]))
    array(['a b', 'c'], dtype='<U3')
    >>> cells_of_column(["a b", "c"])
    """
    if _is_series(X):
        return column_values(X)
    if is_frame(X) and X.shape[1] == 1:
        return column_values(columns_of(X)[0])
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] == 1:
        return X[:, 0]
    return None


def name_of_column(X: Any) -> str:
    """Return the name of a column, or a made-up one.

    Examples
    --------
    >>> import pandas as pd
    >>> name_of_column(pd.Series(["a"], name="text")), name_of_column(np.zeros((1, 1)))
    ('text', 'x0')
    """
    name = next(iter(X.columns)) if is_frame(X) else getattr(X, "name", None)
    return name if isinstance(name, str) and name else "x0"


def _is_series(X: Any) -> bool:
    return hasattr(X, "to_frame") and hasattr(X, "name")
