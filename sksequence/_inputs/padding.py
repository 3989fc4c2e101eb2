"""Steps at the ends of sequences that are NaN in all channels: padding."""

from __future__ import annotations

import warnings

import numpy as np

from .sequences import AnySequences, Sequences

_CUT = "sksequence.preprocessing.trim_padding(X) cuts it off: sequences may be unequal."


def count_padding(sequence: np.ndarray) -> int:
    """Count the last steps of a sequence that are NaN throughout.

    Parameters
    ----------
    sequence : ndarray of shape (n_steps, ...)
        Numbers.

    Examples
    --------
    >>> count_padding(np.array([[1.0, np.nan], [np.nan, np.nan], [np.nan, np.nan]]))
    2
    """
    is_padding = np.isnan(sequence).reshape(len(sequence), -1).all(axis=1)
    return len(sequence) if is_padding.all() else int(is_padding[::-1].argmin())


def explain_padding(sequence: np.ndarray, step: int, i: int) -> str | None:
    """Return what to do about NaN from a step on, or None if it is not padding.

    Examples
    --------
    >>> explain_padding(np.array([[1.0], [np.nan], [np.nan]]), 1, 7)
    'sequence 7 is NaN in all channels from step 1 to its end, step 2, as padding is. ...'
    """
    n_padding, n_steps = count_padding(sequence), len(sequence)
    if not 0 < n_steps - n_padding <= step:
        return None
    return (
        f"sequence {i} is NaN in all channels from step {n_steps - n_padding} to its "
        f"end, step {n_steps - 1}, as padding is. {_CUT} If the steps were not observed, "
        'missing="mask" and "decay" support NaN in numbers.'
    )


def warn_of_padding(sequences: AnySequences) -> None:
    """Warn if NaN looks like padding, which would be read as missing values.

    It does if sequences of one length are NaN nowhere but at their ends, there in all
    channels, and for different numbers of steps.
    """
    if not isinstance(sequences, Sequences) or sequences.begins is not None:
        return
    n, length = len(sequences), int(sequences.lengths[0])
    is_nan = np.isnan(sequences.values)
    if (sequences.lengths != length).any() or not is_nan.any():
        return
    per_step = is_nan.reshape(n, length, -1)
    is_padding = per_step.all(axis=2)
    n_observed = length - is_padding[:, ::-1].cumprod(axis=1).sum(axis=1)
    is_behind = np.arange(length) >= n_observed[:, None]
    is_only_behind = not per_step[~is_behind].any()
    if is_only_behind and len(np.unique(n_observed)) > 2 and n_observed.min():
        warnings.warn(
            f"X holds NaN only at the ends of {np.sum(n_observed < length)} of {n} "
            f"sequences, as padding does; it is read as missing values. {_CUT}",
            stacklevel=2,
        )
