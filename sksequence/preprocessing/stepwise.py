"""Apply any scikit-learn transformer to the time steps of sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    has_fit_parameter,
    validate_data,
)

from .._inputs import as_numbers, check_weights, flatten_steps, lists_sequences
from .._inputs.borrowed import (
    HasMethods,
    fit_context,
    names_of_features,
)
from .._inputs.documented import Documented
from .._inputs.types import ArrayLike, Targets, typed
from ._output import ColumnOut, cells_of_column, name_of_column
from ._stacking import StackedSteps, is_frame, stack_steps


def _inner_has(method: str) -> Callable[[Any], bool]:
    """Return a check that the wrapped transformer has the method."""

    def check(self: Any) -> bool:
        getattr(getattr(self, "transformer_", self.transformer), method)
        return True

    return check


def _has_names(self: Any) -> bool:
    # A column has a name whatever the transformer does to its steps.
    return self._column is not None or _inner_has("get_feature_names_out")(self)


class StepwiseTransformer(  # type: ignore[call-arg]
    ColumnOut, Documented, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Apply a transformer for tables to every time step of sequences.

    The steps of all sequences are stacked into one table, with a row for each step and
    a column for each channel. The transformer is fitted on this table and transforms
    it, and the result is split into sequences again. There is no padding, so only
    actual steps count. In a pipeline it is fitted on the training fold alone.

    The output has the container of the input: a 3-D array, a list, or an object array.
    A 2-D X holds one univariate sequence per row; the output is 2-D if it has one
    channel, else 3-D. DataFrames become arrays, as everywhere in scikit-learn, unless
    :meth:`set_output` chooses "pandas".

    If X is one column of a table (a Series, or a DataFrame or object array with one
    column) with a sequence in each cell, so is the output, an object array
    (n_sequences, 1). It stands beside other columns in a ColumnTransformer or a
    FeatureUnion, and every estimator reads it.

    Parameters
    ----------
    transformer : estimator
        Object with ``fit`` and ``transform``, such as a scaler, an imputer, PCA, a
        ColumnTransformer or a pipeline of several. It must return one row for each
        row. Sparse output is converted to dense.

    Attributes
    ----------
    transformer_ : estimator
        The fitted transformer.

    n_features_in_ : int
        Number of channels seen in fit; for a 2-D X, its number of columns.

    feature_names_in_ : ndarray of shape (n_features_in_,), object
        Names of the columns, if fit got DataFrames whose column names are all strings.

    See Also
    --------
    from_long : Converts a table into sequences; use ``as_frames=True`` with a
        ColumnTransformer.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from sksequence.preprocessing import StepwiseTransformer
    >>> X = [np.array([[0, 10], [4, 20]]), np.array([[2, 30]])]
    >>> StepwiseTransformer(MinMaxScaler()).fit_transform(X)
    [array([[0. , 0. ], [1. , 0.5]]), array([[0.5, 1. ]])]

    Columns by name, in sequences that are DataFrames:

    >>> import pandas as pd
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> X = [pd.DataFrame({"kind": ["a", "b"], "price": [3.0, 5.0]}),
    ...      pd.DataFrame({"kind": ["b"], "price": [4.0]})]
    >>> columns = make_column_transformer(
    ...     (OneHotEncoder(), ["kind"]), remainder="passthrough")
    >>> StepwiseTransformer(columns).fit_transform(X)
    [array([[1., 0., 3.], [0., 1., 5.]]), array([[0., 1., 4.]])]
    """

    _parameter_constraints: dict = {"transformer": [HasMethods(["fit", "transform"])]}

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    @typed(fit_context(prefer_skip_nested_validation=False))
    def fit(
        self,
        X: ArrayLike,
        y: Targets | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Fit the transformer on all steps.

        Parameters
        ----------
        X : array-like of shape (n_sequences, n_steps[, n_channels]), or list
            Sequences: an array, or a list, object array or column of a table of arrays
            (n_steps_i, n_channels) or (n_steps_i,), or of DataFrames.
        y : array-like, default=None
            Targets, for transformers that need them. Targets per sequence, of shape
            (n_sequences,) or (n_sequences, n_outputs), are repeated for each step.
            Targets per step are a list of arrays, or an array (n_sequences, n_steps,
            ...) that matches X.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of the steps of each sequence, for transformers that accept it.

        Returns
        -------
        self : StepwiseTransformer
            The fitted transformer.

        Raises
        ------
        ValueError, TypeError
            If X is empty, a sequence has no step, sequences are of several kinds,
            targets or weights do not match, or the transformer raises it.
        """
        stacked, y, weights = self._read(X, y, sample_weight)
        self._learn(stacked, clone(self.transformer).fit(stacked.table, y, **weights), X)
        return self

    @typed(fit_context(prefer_skip_nested_validation=False))
    def fit_transform(
        self,
        X: ArrayLike,
        y: Targets | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Any:
        """Fit the transformer on all steps and transform them.

        Calls ``fit_transform`` of the transformer, which for some, such as TargetEncoder,
        differs from ``fit`` followed by ``transform``.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in :meth:`fit`.

        Returns
        -------
        X_new : ndarray, list or DataFrame
            Sequences in the form of X.

        Raises
        ------
        ValueError, TypeError
            As :meth:`fit` and :meth:`transform` do.
        """
        if not hasattr(self.transformer, "fit_transform"):
            return self.fit(X, y, sample_weight).transform(X)
        stacked, y, weights = self._read(X, y, sample_weight)
        transformer = clone(self.transformer)
        table = transformer.fit_transform(stacked.table, y, **weights)
        self._learn(stacked, transformer, X)
        return self._cut(X, stacked, table, with_channels=stacked.has_channels)

    def transform(self, X: ArrayLike) -> Any:
        """Transform every step.

        Parameters
        ----------
        X : array-like of shape (n_sequences, n_steps[, n_channels]), or list
            Sequences, in any form that :meth:`fit` accepts.

        Returns
        -------
        X_new : ndarray, list or DataFrame
            Sequences in the form of X.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError, TypeError
            If X is invalid or has other channels than in fit, or the transformer does
            not return one row for each step.
        """
        check_is_fitted(self, "transformer_")
        stacked = stack_steps(X)
        if self._fitted_on_table == _is_table(stacked):
            _validate_features(self, X, stacked, reset=False)
        elif stacked.table.shape[1] != self._n_channels:
            raise ValueError(
                f"X has {stacked.table.shape[1]} features, but {type(self).__name__} is "
                f"expecting {self._n_channels} features as input: the channels of every "
                "step. A 2-D X is read as one univariate sequence per row; pass a single "
                "multivariate sequence x as [x]."
            )
        table = self.transformer_.transform(stacked.table)
        return self._cut(X, stacked, table, with_channels=stacked.has_channels)

    @typed(available_if(_inner_has("inverse_transform")))
    def inverse_transform(self, X: ArrayLike) -> Any:
        """Apply the transformer's inverse transformation to every step.

        Parameters
        ----------
        X : array-like of shape (n_sequences, n_steps[, n_channels]), or list
            Transformed sequences.

        Returns
        -------
        X_original : ndarray or list
            Sequences in the form of X; without a channel axis if fit got none.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError, TypeError
            As :meth:`transform` does.
        """
        check_is_fitted(self, "transformer_")
        stacked = stack_steps(X)
        table = self.transformer_.inverse_transform(stacked.table)
        with_channels = stacked.has_channels and self._fitted_with_channels
        return self._cut(X, stacked, table, with_channels=with_channels, names=None)

    @typed(available_if(_has_names))
    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the names of the output channels.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input channels, or of the column of sequences; None for those
            seen in fit.

        Returns
        -------
        names : ndarray of str, object
            One per channel. For a 2-D X that stays 2-D, the names of its columns; for a
            column of sequences, its name.
        """
        check_is_fitted(self, "transformer_")
        if self._column is not None:
            return self._name_of_column(input_features)
        if not self._fitted_on_table:
            return self._channels_out(input_features)
        names = names_of_features(self, input_features)
        channels = self._channels_out()
        return names if len(channels) == 1 else channels

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        if hasattr(self.transformer, "__sklearn_tags__"):
            inner = get_tags(self.transformer)
            for name in ("allow_nan", "positive_only", "string", "categorical"):
                setattr(tags.input_tags, name, getattr(inner.input_tags, name))
            tags.target_tags.required = inner.target_tags.required
            tags.non_deterministic = inner.non_deterministic
            if inner.transformer_tags is not None:
                kept = inner.transformer_tags.preserves_dtype
                tags.transformer_tags.preserves_dtype = kept
        return tags

    def _read(
        self, X: Any, y: Any, sample_weight: Any
    ) -> tuple[StackedSteps, np.ndarray | None, dict]:
        """Return the stacked steps, their targets, and the weights as keywords of fit."""
        stacked = stack_steps(X)
        y = None if y is None else _targets_of_steps(y, stacked.lengths)
        if sample_weight is None:
            return stacked, y, {}
        if not has_fit_parameter(self.transformer, "sample_weight"):
            raise TypeError(
                f"sample_weight was passed, but {type(self.transformer).__name__} does "
                "not take it. Leave it out, or choose a transformer that does."
            )
        check_weights(sample_weight, len(stacked.lengths))
        # Not normalised: for some transformers more than the ratios matters.
        numbers = as_numbers(sample_weight, "sample_weight")
        weight = np.broadcast_to(numbers, stacked.lengths.shape)
        return stacked, y, {"sample_weight": np.repeat(weight, stacked.lengths)}

    def _learn(self, stacked: StackedSteps, transformer: Any, X: Any) -> None:
        """Set the fitted attributes, once nothing can fail."""
        _validate_features(self, X, stacked, reset=True)
        self.transformer_ = transformer
        self._fitted_on_table = _is_table(stacked)
        self._fitted_with_channels = stacked.has_channels
        self._n_channels = stacked.table.shape[1]
        is_column = not _is_table(stacked) and cells_of_column(X) is not None
        self._column = name_of_column(X) if is_column else None

    def _cut(
        self,
        X: Any,
        stacked: StackedSteps,
        table: Any,
        *,
        with_channels: bool,
        names: Any = "out",
    ) -> Any:
        """Split the transformer's output into sequences, in the form of X."""
        if issparse(table):
            table = table.toarray()
        columns: Any = list(table.columns) if is_frame(table) else None
        values = np.asarray(table)
        n_rows = len(stacked.table)
        if values.ndim != 2 or len(values) != n_rows:
            raise ValueError(
                f"{type(self.transformer).__name__} made an output of shape "
                f"{values.shape} of {n_rows} steps; expected ({n_rows}, n_channels): a "
                "row for each step, in their order. What drops or adds rows cannot be "
                "applied to the steps of sequences."
            )
        if stacked.indexes is None or self._chosen_output() != "pandas":
            sequences = stacked.cut(values, with_channels=with_channels)
            return sequences if stacked.is_block else self._like(X, sequences)
        if columns is None:
            columns = self.feature_names_in_ if names is None else self._channels_out()
        return self._like(X, _as_frames(table, values, columns, stacked))

    def _channels_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        return self.transformer_.get_feature_names_out(input_features)


def _is_table(stacked: StackedSteps) -> bool:
    return stacked.is_block and not stacked.has_channels


def _validate_features(
    estimator: Any, X: Any, stacked: StackedSteps, *, reset: bool
) -> None:
    """Set or check number and names of features; for a 2-D X, those of its columns."""
    table = X if _is_table(stacked) else stacked.table
    table = table if hasattr(table, "shape") else np.asarray(table)
    validate_data(estimator, table, reset=reset, skip_check_array=True)


def _targets_of_steps(y: Any, lengths: np.ndarray) -> np.ndarray:
    """Return a target for each step, given targets per step or per sequence."""
    check_consistent_length(lengths, y)
    if lists_sequences(y):
        return flatten_steps(y, lengths)
    array = np.asarray(y)
    if array.ndim > 1 and (lengths == array.shape[1]).all():
        return array.reshape(-1, *array.shape[2:])
    if array.ndim > 2:
        return flatten_steps(y, lengths)
    return np.repeat(array, lengths, axis=0)


def _as_frames(
    table: Any, values: np.ndarray, columns: Any, stacked: StackedSteps
) -> list:
    import pandas as pd

    whole = table if is_frame(table) else pd.DataFrame(values, columns=columns)
    return [
        whole.iloc[rows].set_axis(index)
        for rows, index in zip(stacked.slices(), stacked.indexes or [], strict=True)
    ]
