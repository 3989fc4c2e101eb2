"""Validation of X, sample weights and groups."""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import repr as shortened
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_array, validate_data

from .channels import check_channels
from .containers import (
    frame_values,
    is_foreign_column,
    is_frame,
    is_missing,
    opened,
    unnested,
)
from .features import warn_of_features
from .fitted import Fitted, fitted_part
from .padding import explain_padding, warn_of_padding
from .sequences import (
    AnySequences,
    Sequences,
    StoredSequences,
    is_stored,
    place_of,
    windows_of,
)

FLOAT32_MAX = float(np.finfo(np.float32).max)
_TEXT_HINT = (
    "Convert it explicitly; text as such is for sksequence.preprocessing."
    "SequenceTokenizer and an embedding_dim."
)
_LABELS_HINT = "For labels use a classifier, or one of each step a RecurrentTagger."


@dataclass(frozen=True)
class Layout:
    """The axes of a sequence.

    Attributes
    ----------
    axes : tuple of str
        Names of the axes, without the channel axis.
    first : int
        Position of the channel axis with ``data_format="channels_first"``; otherwise it
        is last.
    """

    axes: tuple[str, ...]
    first: int

    @property
    def rank(self) -> int:
        """Number of dimensions without the channel axis."""
        return len(self.axes)

    def words(self, *more: str) -> str:
        """Describe the valid shapes of a sequence or, with ``more`` axes, of X."""
        plain = (*more, *self.axes)
        alone = ", ".join(plain) + ("," if len(plain) == 1 else "")
        return f"({', '.join(plain)}, n_channels) or ({alone})"

    def channels_second(
        self, array: np.ndarray, *, channels_first: bool, block: bool
    ) -> np.ndarray:
        """View a sequence, or a block of them, as (..., n_steps, n_channels, ...)."""
        before = int(block)
        if array.ndim == self.rank + before:
            # np.expand_dims would lose the strides of single-step sequences, which show
            # whether sequences are windows of one table.
            return array[(*[slice(None)] * (before + 1), None)]
        axis = before + self.first if channels_first else array.ndim - 1
        # Return the same object if the axis is in place: windows may be millions.
        return array if axis == before + 1 else np.moveaxis(array, axis, before + 1)


@fitted_part
@dataclass(frozen=True)
class Form(Fitted):
    """What a fit has seen of the form of X, to compare later ones with.

    Attributes
    ----------
    is_table : bool
        Whether X was 2-D: each row a univariate sequence, with a fixed number of columns.
    step_shape : tuple of int
        Shape of a step, the channels first.
    has_channels : bool
        Whether sequences had an axis of channels.
    """

    kind: ClassVar[str] = "form"

    is_table: bool
    step_shape: tuple[int, ...]
    has_channels: bool

    def check(self) -> None:
        sizes = self.step_shape
        if not isinstance(sizes, tuple) or not sizes:
            raise ValueError(f"its step_shape must be a tuple of int, got {sizes!r}")


STEPS = Layout(("n_steps",), first=0)
FRAMES = Layout(("n_steps", "height", "width"), first=1)


def check_sequences(
    estimator: Any,
    X: Any,
    form: Form | None = None,
    *,
    channels_first: bool = False,
    layout: Layout = STEPS,
    allow_nan: bool = False,
) -> tuple[AnySequences, Form]:
    """Validate X and convert it to sequences.

    In fit (without ``form``), ``n_features_in_`` and, for DataFrames,
    ``feature_names_in_`` of the estimator are set; later calls check X against them. The
    features are the columns of a 2-D X, and the channels otherwise.

    Parameters
    ----------
    estimator : estimator
        The estimator that X is passed to.
    X : array-like
        2-D: each row a univariate sequence. 3-D: (n_sequences, n_steps, n_channels).
        A list, tuple or object array of arrays: sequences of any length, each
        (n_steps_i, n_channels) or (n_steps_i,).
    form : Form or None, default=None
        The form of X in fit; None during fit.
    channels_first : bool, default=False
        Whether multivariate sequences are (n_channels, n_steps) instead.
    layout : Layout, default=STEPS
        With FRAMES a sequence has two more axes, height and width; in a 2-D X each number
        is a frame.
    allow_nan : bool, default=False
        Whether to accept NaN and None as missing values.

    Returns
    -------
    sequences : Sequences or StoredSequences
        StoredSequences for memory-mapped arrays, which may be larger than memory.
    form : Form
        The form of this X in fit, else the given one.

    Raises
    ------
    ValueError, TypeError
        If X is invalid.
    """
    X = without_wrapping(X, "X")
    is_table, is_list = False, lists_sequences(X)
    # With channels first, the columns of a frame are steps.
    items = list(X) if is_list and not channels_first else []
    checks_channels = form is not None and not form.is_table
    has_names = hasattr(estimator, "feature_names_in_")
    if checks_channels and has_names:
        # Check names first: NaN may be a consequence of wrong columns.
        check_channels(estimator, items, estimator.n_features_in_, reset=False)
    if is_list:
        sequences = _from_items(X, channels_first, layout, allow_nan)
    else:
        if (isinstance(X, list | tuple) and len(X)) or _only_converts(X):
            X = np.asarray(X)
        is_table = _rank(X) == 2
        if is_table and (form is None or form.is_table):
            validate_data(estimator, X, reset=form is None, skip_check_array=True)
        array = _check_rectangular(estimator, X, layout, allow_nan)
        if is_table and form is None:
            warn_of_features(X, array)
        sequences = _from_array(array, channels_first, layout)
    _check_range(sequences, allow_nan)
    if form is not None:
        _check_form(sequences, form, type(estimator).__name__)
        if checks_channels and not has_names:
            check_channels(estimator, items, estimator.n_features_in_, reset=False)
        return sequences, form
    if allow_nan:
        warn_of_padding(sequences)
    if not is_table:
        check_channels(estimator, items, sequences.n_channels, reset=True)
    has_channels = _rank_of_sequences(X) > layout.rank
    return sequences, Form(is_table, sequences.step_shape, has_channels)


def _check_form(sequences: AnySequences, form: Form, name: str) -> None:
    """Raise ValueError unless the steps have the shape that those of the fit had."""
    if sequences.n_channels != form.step_shape[0]:
        raise ValueError(
            f"X has {sequences.n_channels} features, but {name} is expecting "
            f"{form.step_shape[0]} features as input: the channels of every step. A 2-D "
            "X is read as one univariate sequence per row; pass a single multivariate "
            "sequence x as [x]."
        )
    if sequences.step_shape != form.step_shape:
        raise ValueError(
            f"X has frames of {_size(sequences.step_shape)}, but {name} is expecting "
            f"{_size(form.step_shape)} (height x width), as in fit. Crop, pad or resize "
            "them."
        )


def _rank_of_sequences(X: Any) -> int:
    """Dimensions of each sequence of a checked X."""
    if getattr(X, "ndim", 1) > 1:
        return X.ndim - 1
    first = X[0] if isinstance(X, list | tuple) else np.asarray(X)[0]
    return getattr(first, "ndim", None) or np.asarray(first).ndim


def _size(step_shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, step_shape[1:]))


def as_numbers(values: Any, name: str, *, allow_nan: bool = False) -> np.ndarray:
    """Convert an array-like to a numeric array; raise an error for text, dates, etc.

    With ``allow_nan``, None becomes NaN.
    """
    if type(values) is np.ndarray and values.dtype.kind in "biuf":
        return values  # as nearly all sequences are; there may be many
    values = without_wrapping(values, name)
    try:
        array = frame_values(values) if is_frame(values) else np.asarray(values)
        array = unnested(array)
    except ValueError as error:
        raise ValueError(f"{name} is not an array of numbers: {error}") from error
    _check_kind(array.dtype, name)
    return _objects_as_numbers(array, name, allow_nan) if array.dtype == object else array


def check_weights(sample_weight: Any, n: int) -> np.ndarray | None:
    """Validate sample weights, and return them (n,) scaled to a maximum of one."""
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
    # Only the ratios matter; scaling avoids overflow.
    return weight / weight.max()


def check_groups(groups: Any, n: int) -> np.ndarray | None:
    """Validate groups, and return them as integer codes (n,)."""
    if groups is None:
        return None
    names = np.asarray(groups)
    if names.shape != (n,):
        raise ValueError(f"groups.shape == {names.shape}, expected ({n},).")
    try:
        return np.unique(names, return_inverse=True)[1]
    except TypeError as error:
        raise TypeError(f"groups must be of one type that sorts: {error}") from error


# --------------------------------------------------------------------------- kinds of X


def without_wrapping(X: Any, name: str) -> Any:
    """Refuse sparse and masked arrays; convert what is not an array or a table."""
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
    return opened(X, name)


def lists_sequences(X: Any) -> bool:
    """Return whether X is a list of sequences, which may have unequal lengths.

    A list of arrays always is, even if all have the same length, which may happen by
    chance in a fold. A nested list is a table if it is rectangular, as everywhere in
    scikit-learn.
    """
    if isinstance(X, list | tuple):
        if any(_rank(item) > 0 and not isinstance(item, list | tuple) for item in X):
            return True
        return any(_rank(item) > 0 for item in X) and _is_uneven(X)
    if _holds_objects(X) and _rank(X) == 1:  # of numpy, or a Series of pandas
        return any(_rank(item) > 0 for item in X)
    return False


def _only_converts(X: Any) -> bool:
    """Return whether X is not an array but can be converted to one."""
    return hasattr(X, "__array__") and not (hasattr(X, "ndim") or is_frame(X))


def _holds_objects(X: Any) -> bool:
    return isinstance(getattr(X, "dtype", None), np.dtype) and X.dtype.kind == "O"


def _rank(X: Any) -> int:
    if isinstance(X, list | tuple) or is_foreign_column(X):
        return 1
    return getattr(X, "ndim", len(getattr(X, "shape", ())))


def _is_uneven(nested: list | tuple) -> bool:
    try:
        return np.asarray(nested, dtype=object).ndim == 1 or (
            any(isinstance(cell, list | tuple) for row in nested for cell in row)
            and np.asarray(nested, dtype=object).ndim == 2
        )
    except (ValueError, TypeError):
        return True


def _hint(name: str) -> str:
    """Return what to do about text, in X or in targets."""
    return _LABELS_HINT if name.startswith("y") else _TEXT_HINT


def _check_kind(dtype: np.dtype, name: str) -> None:
    """Refuse dtypes that numpy would convert to numbers silently, or only in part."""
    if dtype.kind in "Mm":
        raise TypeError(
            f"{name} holds dates or durations ({dtype}); expected numbers. Convert them, "
            "for example to seconds since the sequence's start."
        )
    if dtype.kind in "UST":
        raise ValueError(f"{name} holds text ({dtype}); expected numbers. {_hint(name)}")
    if dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} is {dtype}. Pass the real and imaginary "
            "parts as two channels."
        )


def _objects_as_numbers(array: np.ndarray, name: str, allow_nan: bool) -> np.ndarray:
    """Convert objects to float64; with ``allow_nan``, what is missing to NaN."""
    if _check_objects(array, name, allow_nan):
        gaps = np.array([is_missing(item) for item in array.flat], dtype=bool)
        array = np.where(gaps.reshape(array.shape), np.nan, array)
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        _refuse_objects(array, name)
        raise


def _check_objects(array: np.ndarray, name: str, allow_nan: bool) -> bool:
    """Refuse objects that numpy would convert to numbers silently, such as text.

    Returns whether any is missing.
    """
    has_gaps = False
    for item in array.flat:
        if isinstance(item, float | int):
            continue
        if isinstance(item, str | bytes):
            raise ValueError(
                f"{name} holds text ({item!r}); expected numbers. {_hint(name)}"
            )
        if isinstance(item, complex | np.complexfloating):
            raise ValueError(f"Complex data not supported: {name} holds {item!r}.")
        if isinstance(item, np.datetime64 | np.timedelta64) or hasattr(item, "tzinfo"):
            raise TypeError(f"{name} holds dates ({item!r}); expected numbers.")
        if is_missing(item):
            if not allow_nan:
                raise ValueError(
                    f"{name} contains NaN: it holds {item!r}; expected numbers. Fill the "
                    "gaps or leave those steps out."
                )
            has_gaps = True
    return has_gaps


def _refuse_objects(array: np.ndarray, name: str) -> None:
    """Raise the error that names the first object which is no number."""
    for item in array.flat:
        try:
            float(item)
        except (TypeError, ValueError) as error:
            raise type(error)(
                f"{name} holds {shortened(item)}, of type {type(item).__name__}; "
                f"expected numbers. Convert it explicitly: {error}."
            ) from error


# --------------------------------------------------------------------- rectangular X


def _check_rectangular(
    estimator: Any, X: Any, layout: Layout, allow_nan: bool
) -> np.ndarray:
    """Validate a rectangular X, and return it as a numeric array."""
    shape = tuple(getattr(X, "shape", ()))
    if shape == (0,) or (isinstance(X, list | tuple) and not X):
        raise ValueError(
            "X holds no sequence: found array with 0 sample(s) while a minimum of 1 is "
            "required."
        )
    most = layout.rank + 2
    if len(shape) > 2 and len(shape) not in (most - 1, most):
        wanted = f"<= {most}" if len(shape) > most else f"{most - 1} or {most}"
        raise ValueError(
            f"Found array with dim {len(shape)}, of shape {shape}, while dim {wanted} "
            f"is required by {type(estimator).__name__}: "
            f"{layout.words('n_sequences')}, a 2-D X of one number per step, or a list "
            "of sequences."
        )
    if len(shape) > 2 and 0 in shape[1:]:
        raise ValueError(
            f"Sequence 0 is empty: X of shape {shape} has no step or no channel, while a "
            "minimum of 1 of each is required."
        )
    for dtype in _numpy_dtypes(X):
        _check_kind(dtype, "X")
    if is_frame(X):
        X = frame_values(X)
    if _holds_objects(X):
        X = _objects_as_numbers(np.asarray(X), "X", allow_nan)
    if type(X) is np.ndarray and X.dtype.kind in "biuf" and len(shape) > 1 and all(shape):
        return X  # in which scikit-learn would find no fault, which takes it a while
    array = check_array(
        X,
        dtype="numeric",
        ensure_all_finite=False,  # checked later, with the sequence in the message
        allow_nd=True,
        estimator=estimator,
        input_name="X",
    )
    _check_kind(array.dtype, "X")
    return array


def _numpy_dtypes(X: Any) -> list[np.dtype]:
    """Return the dtypes of an array, or of the columns of a DataFrame."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        dtypes = [getattr(dtype, "base", dtype) for dtype in X.dtypes]
    else:
        dtypes = [getattr(X, "dtype", None)]
    return [dtype for dtype in dtypes if isinstance(dtype, np.dtype)]


def _from_array(array: np.ndarray, channels_first: bool, layout: Layout) -> AnySequences:
    if array.ndim == 2:
        array = array.reshape(*array.shape, *[1] * (layout.rank - 1))
    array = layout.channels_second(array, channels_first=channels_first, block=True)
    return laid_out(array, is_block=True)


# -------------------------------------------------------------- sequences one by one


def _from_items(
    items: Any, channels_first: bool, layout: Layout, allow_nan: bool
) -> AnySequences:
    given = [_numbers_of(item, i, layout, allow_nan) for i, item in enumerate(items)]
    ranks = [array.ndim for array in given]
    if len(set(ranks)) > 1:
        i = next(i for i, rank in enumerate(ranks) if rank != ranks[0])
        raise ValueError(
            f"Sequence {i} has shape {given[i].shape}, but sequence 0 {given[0].shape}: "
            "either all have an axis of channels or none has. Expected are arrays of "
            f"shape {layout.words()}."
        )
    arrays = [
        _with_channels(array, i, channels_first, layout) for i, array in enumerate(given)
    ]
    first = arrays[0].shape
    for i, array in enumerate(arrays):
        if array.shape[1] != first[1]:
            raise ValueError(
                f"Sequence {i} has {array.shape[1]} channel(s), in shape {array.shape}, "
                f"but sequence 0 has {first[1]}, in shape {first} (n_steps, n_channels): "
                "all sequences must have the same channels."
            )
        if array.shape[1:] != first[1:]:
            raise ValueError(
                f"Sequence {i} has frames of {_size(array.shape[1:])}, but sequence 0 of "
                f"{_size(first[1:])} (height x width): all must be of one size. Crop, "
                "pad or resize them."
            )
    return laid_out(arrays)


def _numbers_of(item: Any, i: int, layout: Layout, allow_nan: bool) -> np.ndarray:
    """Return one sequence as a numeric array, with or without a channel axis."""
    name = f"Sequence {i}"
    try:
        array = as_numbers(item, name, allow_nan=allow_nan)
    except ValueError as error:
        expected = f"an array of shape {layout.words()}"
        raise ValueError(f"{name} is not {expected}. {error}") from error
    if array.ndim not in (layout.rank, layout.rank + 1):
        raise ValueError(
            f"{name} has shape {array.shape}; expected an array of shape "
            f"{layout.words()}."
        )
    return array


def _with_channels(
    array: np.ndarray, i: int, channels_first: bool, layout: Layout
) -> np.ndarray:
    """Return one sequence with axes in the order (n_steps, n_channels, ...)."""
    array = layout.channels_second(array, channels_first=channels_first, block=False)
    if 0 in array.shape:
        raise ValueError(
            f"Sequence {i} is empty: it has {array.shape[0]} step(s) of {array.shape[1]} "
            "channel(s), while a minimum of 1 of each is required. Leave it out, along "
            "with its target."
        )
    return array


def laid_out(
    arrays: np.ndarray | list[np.ndarray], *, is_block: bool = False
) -> AnySequences:
    """Concatenate sequences (n_steps_i, n_channels, ...) along the steps.

    Memory-mapped sequences are not loaded, and overlapping views stay views.
    """
    steps = (
        [arrays.shape[1]] * len(arrays)
        if isinstance(arrays, np.ndarray)
        else [len(array) for array in arrays]
    )
    lengths = np.array(steps, dtype=np.int64)
    if any(map(is_stored, [arrays] if isinstance(arrays, np.ndarray) else arrays)):
        return StoredSequences(arrays, lengths, is_block)
    if (shared := windows_of(arrays, lengths)) is not None:
        values, begins = shared
        return Sequences(values, lengths, is_block, begins)
    if isinstance(arrays, np.ndarray):
        return Sequences(arrays.reshape(-1, *arrays.shape[2:]), lengths, is_block)
    return Sequences(np.concatenate(arrays), lengths, is_block)


def _check_range(sequences: AnySequences, allow_nan: bool) -> None:
    """Refuse values that are not finite, or would not be in float32."""
    # Check all values at once if they are in memory; go through the sequences only to
    # name the one at fault.
    if isinstance(sequences, Sequences) and _is_in_range(sequences.values, allow_nan):
        return
    for part, values in sequences.chunks():
        if not _is_in_range(values, allow_nan):
            _refuse_values(values, sequences.lengths[part], part.start, allow_nan)


def _is_in_range(values: np.ndarray, allow_nan: bool) -> bool:
    if values.dtype.kind not in "fiu":
        return True
    # fmin and fmax ignore NaN; minimum and maximum return it.
    least, most = (np.fmin, np.fmax) if allow_nan else (np.minimum, np.maximum)
    low = float(least.reduce(values, axis=None))
    high = float(most.reduce(values, axis=None))
    if allow_nan and np.isnan(low):
        return True
    return low >= -FLOAT32_MAX and high <= FLOAT32_MAX


def _refuse_values(
    values: np.ndarray, lengths: np.ndarray, first: int, allow_nan: bool
) -> None:
    """Raise ValueError that names the first invalid value."""
    bad = ~(np.abs(values.astype(np.float64)) <= FLOAT32_MAX)
    if allow_nan:
        bad &= ~np.isnan(values)
    row, channel, *pixel = np.argwhere(bad)[0]
    i, step = place_of(row, lengths)
    value = values[row, channel, *pixel]
    sequence = values[row - step : row - step + lengths[i]]
    if np.isnan(value) and (words := explain_padding(sequence, step, first + i)):
        raise ValueError(f"Input X contains NaN: {words}")
    what = (
        "NaN"
        if np.isnan(value)
        else "infinity"
        if np.isinf(value)
        else f"{value}, a value too large for dtype('float32')"
    )
    where = f", pixel {tuple(map(int, pixel))}" if pixel else ""
    raise ValueError(
        f"Input X contains {what}: sequence {first + i} does at step {step}, "
        f"channel {channel}{where}. Expected finite numbers up to {FLOAT32_MAX:.1e}; "
        "impute, rescale or leave out those steps. NaN in numeric steps is supported by "
        'missing="mask" and "decay".'
    )
