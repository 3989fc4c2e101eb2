"""Missing values: moments of what is observed, and the time of each step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .moments import Moments
from .sequences import AnySequences, Chunks, Sequences, place_of


def observed_moments(
    sequences: Chunks, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the mean and standard deviation of each channel, ignoring NaN.

    Unlike scikit-learn's StandardScaler, it allows for a channel to be missing in a whole
    chunk of the data. A constant channel has scale one; a channel that is never observed
    has mean zero and scale one.

    Parameters
    ----------
    sequences : Sequences or StoredSequences
        The result is bitwise identical for both.
    weight : ndarray of shape (n_sequences,) or None
        Weight of the steps of each sequence.

    Returns
    -------
    mean, scale : ndarray of shape (n_channels,)

    Examples
    --------
    >>> gaps = Sequences(np.array([[1.0, np.nan], [np.nan] * 2, [3, 5]]), np.array([3]))
    >>> observed_moments(gaps, None)
    (array([2., 5.]), array([1., 1.]))
    """
    moments = Moments.of_none(sequences.n_channels).add_steps(sequences, weight)
    return moments.mean, moments.scale


def check_times(sequences: AnySequences, channel: int) -> None:
    """Raise ValueError unless a channel has no NaN and never decreases in a sequence.

    Examples
    --------
    >>> check_times(Sequences(np.array([[1.0, 3], [2, 2]]), np.array([2])), 1)
    Traceback (most recent call last):
    ...
    ValueError: The time goes back from 3.0 to 2.0 at step 1 of sequence 0; expected ...
    """
    n_channels = sequences.n_channels
    if not 0 <= channel < n_channels or n_channels < 2:
        raise ValueError(
            "time_channel must be the position of a channel beside others, counted from "
            f"0, got {channel} for X with {n_channels} channel(s) per step."
        )
    for part, values in sequences.chunks():
        time = values[:, channel].astype(np.float64)
        lengths = sequences.lengths[part]
        backward = np.diff(time, prepend=time[0]) < 0
        backward[np.cumsum(lengths) - lengths] = False
        wrong = np.isnan(time) | backward
        if not wrong.any():
            continue
        row = int(wrong.argmax())
        i, step = place_of(row, lengths)
        where = f"step {step} of sequence {part.start + i}"
        if np.isnan(time[row]):
            raise ValueError(
                f"The time is NaN at {where}; expected a number at every step in "
                f"time_channel={channel}."
            )
        raise ValueError(
            f"The time goes back from {time[row - 1]} to {time[row]} at {where}; "
            f"expected times in order in time_channel={channel}. Sort the steps by time."
        )


def since_start(sequences: Sequences, channel: int) -> Sequences:
    """Subtract from the time channel its value at the first step of each sequence.

    Done in float64, before the conversion to the network's dtype: float32 cannot
    resolve seconds since 1970. Overlapping windows are copied.

    Examples
    --------
    >>> two = Sequences(np.array([[7.0, 3], [8, 2], [9, 1]]), np.array([2, 1]))
    >>> since_start(two, 0).values[:, 0]
    array([0., 1., 0.])
    """
    # A row shared by several windows has a different time in each of them.
    values = sequences.values[sequences._rows(slice(None))].astype(np.float64)
    laid_out = replace(sequences, values=values, begins=None)
    first = values[laid_out.starts, channel]
    values[:, channel] -= np.repeat(first, laid_out.lengths)
    return laid_out


def mean_gap(sequences: Chunks, channel: int, weight: np.ndarray | None) -> float:
    """Return the mean time between adjacent steps, or one if no time passes.

    Examples
    --------
    >>> mean_gap(Sequences(np.array([[5.0], [6], [9], [1]]), np.array([3, 1])), 0, None)
    2.0
    """
    time, n_gaps = sum_gaps(sequences, channel, weight)
    return time / n_gaps if time > 0 else 1.0


def sum_gaps(
    sequences: Chunks, channel: int, weight: np.ndarray | None
) -> tuple[float, float]:
    """Return the weighted sum of the times between adjacent steps, and their number."""
    time = n_gaps = 0.0
    for part, values in sequences.chunks():
        lengths = sequences.lengths[part]
        ends = np.cumsum(lengths)
        last, first = values[[ends - 1, ends - lengths], channel].astype(np.float64)
        share = np.ones(len(lengths)) if weight is None else weight[part]
        time += float(share @ (last - first))
        n_gaps += float(share @ (lengths - 1))
    return time, n_gaps
