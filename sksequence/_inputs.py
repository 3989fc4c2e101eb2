"""What users pass as X becomes sequences: their steps in one array, and their lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_array, validate_data

_FLOAT32_MAX = float(np.finfo(np.float32).max)
_SEQUENCE = "an array of shape (n_steps, n_channels) or (n_steps,)"


@dataclass(frozen=True)
class Sequences:
    """Sequences laid end to end.

    Attributes
    ----------
    values : ndarray of shape (n_steps_in_all, n_channels)
        The steps of the first sequence, then those of the second, and so on. Maybe a
        view of the user's own array: never written to.
    lengths : ndarray of shape (n_sequences,), int64
        Steps of each sequence, at least one.
    """

    values: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def n_channels(self) -> int:
        return self.values.shape[1]

    @property
    def dtype(self) -> np.dtype:
        """The dtype to answer in: float32 for float32, float64 for all others."""
        return np.dtype(np.float32 if self.values.dtype == np.float32 else np.float64)

    @property
    def starts(self) -> np.ndarray:
        """Where each sequence begins in ``values``."""
        return np.cumsum(self.lengths) - self.lengths

    def take(self, index: np.ndarray) -> Sequences:
        """Return the sequences at ``index``, in its order.

        Examples
        --------
        >>> three = Sequences(np.arange(6.0)[:, None], np.array([1, 2, 3]))
        >>> three.take(np.array([2, 0])).values.ravel()
        array([3., 4., 5., 0.])
        """
        lengths = self.lengths[index]
        new_starts = np.cumsum(lengths) - lengths
        rows = np.arange(lengths.sum()) + np.repeat(
            self.starts[index] - new_starts, lengths
        )
        return Sequences(self.values[rows], lengths)


def check_sequences(
    estimator: Any, X: Any, *, reset: bool, channels_first: bool = False
) -> Sequences:
    """Turn X into sequences, or say what is wrong with it.

    In fit (``reset``) it learns ``n_features_in_``, and ``feature_names_in_`` of a
    DataFrame; later it compares with them. A 2-D X fixes its number of columns, every
    other X its number of channels.

    Parameters
    ----------
    estimator : estimator
        Whose input it is.
    X : array-like
        2-D: each row a univariate sequence. 3-D: (n_sequences, n_steps, n_channels).
        A list, tuple or object array of arrays: sequences of any length, each
        (n_steps_i, n_channels) or (n_steps_i,).
    reset : bool
        True in fit.
    channels_first : bool, default=False
        Multivariate sequences are (n_channels, n_steps) instead.

    Returns
    -------
    Sequences

    Raises
    ------
    ValueError, TypeError
        With what was got, what was expected and, where it helps, what to do.
    """
    X = _without_wrapping(X, "X")
    is_table = False
    if _lists_sequences(X):
        sequences = _from_items(X, channels_first)
    else:
        X = np.asarray(X) if isinstance(X, list | tuple) and len(X) else X
        is_table = getattr(X, "ndim", 0) == 2
        if is_table and (reset or estimator._fitted_on_table):
            # Column names first: a frame with other columns may well hold NaN.
            validate_data(estimator, X, reset=reset, skip_check_array=True)
        sequences = _from_array(_check_rectangular(estimator, X), channels_first)
    if reset:
        estimator._fitted_on_table = is_table
        estimator._n_channels = sequences.n_channels
        if not is_table:
            validate_data(estimator, sequences.values, reset=True, skip_check_array=True)
    elif sequences.n_channels != estimator._n_channels:
        raise ValueError(
            f"X has {sequences.n_channels} features, but {type(estimator).__name__} is "
            f"expecting {estimator._n_channels} features as input: the channels of every "
            "step. A 2-D X is read as one univariate sequence per row; pass a single "
            "multivariate sequence x as [x]."
        )
    return sequences


def as_numbers(values: Any, name: str) -> np.ndarray:
    """Turn an array-like into a numeric array, and nothing into numbers silently."""
    values = _without_wrapping(values, name)
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is no array of numbers: {error}") from error
    _check_kind(array.dtype, name)
    if array.dtype != object:
        return array
    _check_object(array, name)
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} is no array of numbers: {error}") from error


def check_weights(sample_weight: Any, n: int) -> np.ndarray | None:
    """Return weights (n,) of at most one, or say why they cannot be."""
    if sample_weight is None:
        return None
    weight = as_numbers(sample_weight, "sample_weight").astype(np.float64)
    if weight.ndim == 0:
        weight = np.full(n, weight)
    if weight.shape != (n,):
        raise ValueError(
            f"sample_weight.shape == {weight.shape}, expected ({n},): one per sequence."
        )
    if not np.isfinite(weight).all():
        raise ValueError("Input sample_weight contains NaN or infinity.")
    if (weight < 0).any():
        raise ValueError(
            f"Negative values in sample_weight: {weight.min()} at {weight.argmin()}; "
            "expected weights of at least zero."
        )
    if not weight.any():
        raise ValueError("sample_weight is zero everywhere: there is nothing to fit.")
    # Only their ratios count, and those must not overflow.
    return weight / weight.max()


def fit_scaler(values: np.ndarray, weight: np.ndarray | None) -> StandardScaler:
    """Learn each column's mean and standard deviation; a constant's scale is one."""
    with np.errstate(invalid="ignore"):
        # The weighted variance of a constant may come out a rounding below zero.
        return StandardScaler().fit(values, sample_weight=weight)


def check_groups(groups: Any, n: int) -> np.ndarray | None:
    """Return group numbers (n,), or say why they cannot be."""
    if groups is None:
        return None
    names = np.asarray(groups)
    if names.shape != (n,):
        raise ValueError(f"groups.shape == {names.shape}, expected ({n},).")
    try:
        return np.unique(names, return_inverse=True)[1]
    except TypeError as error:
        raise TypeError(f"groups must be of one type that sorts: {error}") from error


# --------------------------------------------------------------- which kind of X it is


def _without_wrapping(X: Any, name: str) -> Any:
    """Refuse what is no plain dense array; take tensors off their graph and device."""
    if issparse(X):
        raise TypeError(
            f"Sparse data was passed as {name}, but dense data is required. "
            "Use '.toarray()' to convert it to a dense numpy array."
        )
    if isinstance(X, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, whose mask would be ignored; expected a plain "
            "array. Fill the gaps with '.filled(value)', or leave what is masked out: "
            "sequences may be unequal."
        )
    if hasattr(X, "detach"):  # a torch tensor, recognised without importing torch
        return X.detach().cpu().numpy()
    return X


def _lists_sequences(X: Any) -> bool:
    """Whether X lists its sequences one by one, so that each may have its own length.

    A list of arrays does, even where all are equally long: a fold of unequal sequences
    may be so by chance. A nested list is a table when it can be, as everywhere in
    scikit-learn.
    """
    if isinstance(X, list | tuple):
        if any(_rank(item) > 0 and not isinstance(item, list | tuple) for item in X):
            return True
        return any(_rank(item) > 0 for item in X) and _is_uneven(X)
    if _holds_objects(X) and _rank(X) == 1:  # of numpy, or a Series of pandas
        return any(_rank(item) > 0 for item in X)
    return False


def _holds_objects(X: Any) -> bool:
    return isinstance(getattr(X, "dtype", None), np.dtype) and X.dtype.kind == "O"


def _rank(X: Any) -> int:
    return 1 if isinstance(X, list | tuple) else getattr(X, "ndim", 0)


def _is_uneven(nested: list | tuple) -> bool:
    try:
        return np.asarray(nested, dtype=object).ndim == 1 or (
            any(isinstance(cell, list | tuple) for row in nested for cell in row)
            and np.asarray(nested, dtype=object).ndim == 2
        )
    except (ValueError, TypeError):
        return True


def _check_kind(dtype: np.dtype, name: str) -> None:
    """Refuse data types that numpy would turn into numbers, or half of them, silently."""
    if dtype.kind in "Mm":
        raise TypeError(
            f"{name} holds dates or durations ({dtype}); expected numbers. Convert them, "
            "for example to seconds since the sequence's start."
        )
    if dtype.kind in "US":
        raise ValueError(
            f"{name} holds text ({dtype}); expected numbers. Convert it explicitly."
        )
    if dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} is {dtype}. Pass the real and imaginary "
            "parts as two channels."
        )


def _check_object(array: np.ndarray, name: str) -> None:
    """Refuse text among the objects, which numpy would parse without a word."""
    for item in array.flat:
        if isinstance(item, str | bytes):
            raise ValueError(
                f"{name} holds text ({item!r}); expected numbers. Convert it explicitly."
            )
        if item is None:
            raise ValueError(
                f"{name} contains NaN: it holds None; expected numbers. Fill the gaps or "
                "leave those steps out."
            )
        if isinstance(item, complex | np.complexfloating):
            raise ValueError(f"Complex data not supported: {name} holds {item!r}.")
        if isinstance(item, np.datetime64 | np.timedelta64) or hasattr(item, "tzinfo"):
            raise TypeError(f"{name} holds dates ({item!r}); expected numbers.")


# --------------------------------------------------------------------- rectangular X


def _check_rectangular(estimator: Any, X: Any) -> np.ndarray:
    """Check a 2-D or 3-D array-like and return it as a numeric array."""
    shape = getattr(X, "shape", ())
    if shape == (0,) or (isinstance(X, list | tuple) and not X):
        raise ValueError(
            "X holds no sequence: found array with 0 sample(s) while a minimum of 1 is "
            "required."
        )
    if len(shape) > 3:
        raise ValueError(
            f"Found array with dim {len(shape)}, of shape {tuple(shape)}, while dim <= 3 "
            f"is required by {type(estimator).__name__}: (n_sequences, n_steps), "
            "(n_sequences, n_steps, n_channels), or a list of sequences."
        )
    if len(shape) == 3 and 0 in shape[1:]:
        raise ValueError(
            f"Sequence 0 is empty: X of shape {tuple(shape)} has no step or no channel, "
            "while a minimum of 1 of each is required."
        )
    for dtype in _numpy_dtypes(X):
        _check_kind(dtype, "X")
    if _holds_objects(X):
        _check_object(np.asarray(X), "X")
    array = check_array(
        X,
        dtype="numeric",
        ensure_all_finite=False,  # checked later, and named sequence by sequence
        allow_nd=True,
        estimator=estimator,
        input_name="X",
    )
    _check_kind(array.dtype, "X")
    return array


def _numpy_dtypes(X: Any) -> list[np.dtype]:
    """The dtypes of an array, or of a frame's columns, dates with a zone included."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        dtypes = [getattr(dtype, "base", dtype) for dtype in X.dtypes]
    else:
        dtypes = [getattr(X, "dtype", None)]
    return [dtype for dtype in dtypes if isinstance(dtype, np.dtype)]


def _from_array(array: np.ndarray, channels_first: bool) -> Sequences:
    if array.ndim == 2:
        array = array[:, :, None]
    elif channels_first:
        array = array.transpose(0, 2, 1)
    n_sequences, n_steps, n_channels = array.shape
    lengths = np.full(n_sequences, n_steps, dtype=np.int64)
    sequences = Sequences(array.reshape(-1, n_channels), lengths)
    _check_range(sequences)
    return sequences


# -------------------------------------------------------------- sequences one by one


def _from_items(items: Any, channels_first: bool) -> Sequences:
    arrays = [_from_item(item, i, channels_first) for i, item in enumerate(items)]
    first = arrays[0].shape
    for i, array in enumerate(arrays):
        if array.shape[1] != first[1]:
            raise ValueError(
                f"Sequence {i} has {array.shape[1]} channel(s), in shape {array.shape}, "
                f"but sequence 0 has {first[1]}, in shape {first} (n_steps, n_channels): "
                "all sequences must have the same channels."
            )
    lengths = np.array([len(array) for array in arrays], dtype=np.int64)
    sequences = Sequences(np.concatenate(arrays), lengths)
    _check_range(sequences)
    return sequences


def _from_item(item: Any, i: int, channels_first: bool) -> np.ndarray:
    """Return one sequence as a numeric array of shape (n_steps, n_channels)."""
    name = f"Sequence {i}"
    try:
        array = as_numbers(item, name)
    except ValueError as error:
        raise ValueError(f"{name} is not {_SEQUENCE}. {error}") from error
    if array.ndim not in (1, 2):
        raise ValueError(f"{name} has shape {array.shape}; expected {_SEQUENCE}.")
    if array.ndim == 1:
        array = array[:, None]
    elif channels_first:
        array = array.T
    if 0 in array.shape:
        raise ValueError(
            f"{name} is empty: it has {array.shape[0]} step(s) of {array.shape[1]} "
            "channel(s), while a minimum of 1 of each is required. Leave it out, along "
            "with its target."
        )
    return array


def _check_range(sequences: Sequences) -> None:
    """Refuse what is not finite, or would not be as float32."""
    values = sequences.values
    if values.dtype.kind not in "fiu":
        return
    low, high = float(values.min()), float(values.max())
    if low >= -_FLOAT32_MAX and high <= _FLOAT32_MAX:
        return
    bad = ~(np.abs(values.astype(np.float64)) <= _FLOAT32_MAX)
    step, channel = np.argwhere(bad)[0]
    i = int(np.searchsorted(sequences.starts, step, side="right")) - 1
    value = values[step, channel]
    what = (
        "NaN"
        if np.isnan(value)
        else "infinity"
        if np.isinf(value)
        else f"{value}, a value too large for dtype('float32')"
    )
    step -= sequences.starts[i]
    raise ValueError(
        f"Input X contains {what}: sequence {i} does at step {step}, "
        f"channel {channel}. Expected finite numbers up to {_FLOAT32_MAX:.1e}; impute, "
        "rescale or leave out those steps."
    )
