"""Cut padding off sequences."""

from __future__ import annotations

from typing import Any

from .._inputs import as_numbers, count_padding, is_frame, lists_sequences, opened
from .._inputs.borrowed import StrOptions, validate_params
from .._inputs.types import ArrayLike, typed


@typed(
    validate_params(
        {"X": "no_validation", "side": [StrOptions({"end", "start", "both"})]},
        prefer_skip_nested_validation=True,
    )
)
def trim_padding(X: ArrayLike, *, side: str = "end") -> list[Any]:
    """Cut off the steps at the end of sequences that are NaN in all channels.

    Other libraries hold sequences of unequal length as one array, filled up with NaN.
    Estimators here read a list of sequences as they are; NaN within a sequence is a
    missing value.

    Parameters
    ----------
    X : array-like of shape (n_sequences, n_steps[, n_channels]), or list
        Padded sequences: an array or a table, or a list of arrays (n_steps_i, n_channels)
        or (n_steps_i,) or of DataFrames.
    side : {"end", "start", "both"}, default="end"
        Where the padding is.

    Returns
    -------
    list of ndarray or DataFrame
        Views of the sequences without padding; univariate ones (n_steps_i,).

    Raises
    ------
    ValueError
        If a sequence has padding only.

    See Also
    --------
    StepwiseTransformer : Applies imputers to the missing values within sequences.

    Notes
    -----
    It learns nothing of X, so that in a pipeline it is a
    ``FunctionTransformer(trim_padding)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence.preprocessing import trim_padding
    >>> X = np.array([[1.0, 2.0, 3.0], [4.0, np.nan, np.nan]])
    >>> trim_padding(X)
    [array([1., 2., 3.]), array([4.])]
    """
    items: Any = opened(X, "X")
    if not lists_sequences(items):
        items = as_numbers(items, "X", allow_nan=True)
    return [_trimmed(item, i, side) for i, item in enumerate(items)]


def _trimmed(item: Any, i: int, side: str) -> Any:
    """Return one sequence without padding."""
    values = as_numbers(item, f"Sequence {i}", allow_nan=True)
    if values.dtype.kind != "f":
        return item if is_frame(item) else values
    behind = count_padding(values)
    if behind == len(values):
        raise ValueError(
            f"Sequence {i} is NaN at every step; expected numbers at one step at least. "
            "Leave it out, along with its target."
        )
    before = 0 if side == "end" else count_padding(values[::-1])
    end = len(values) - (0 if side == "start" else behind)
    if hasattr(item, "iloc"):
        return item.iloc[before:end]
    return (item if is_frame(item) else values)[before:end]
