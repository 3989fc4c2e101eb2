"""Which parts of a sequence decide, as numbers and as a picture."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from .._inputs.types import ArrayLike
from ._drawing import axes_for, show_names, show_whole_numbers
from ._fitted import one_sequence
from ._occluding import (
    answers_of,
    as_sequences,
    by_steps,
    covered_copies,
    fills_of,
    windows_of,
)
from ._reading import network_of

__all__ = ["OcclusionDisplay", "occlusion_importance"]


def occlusion_importance(
    estimator: Any,
    X: ArrayLike,
    *,
    window: int | None = None,
    fill: Any = "mean",
    target: Any = None,
) -> Any:
    """Return how much the prediction falls if a part of a channel is covered.

    Windows of steps are covered one after the other, in one channel after the other; the
    importance of a step is the mean over the windows that cover it. All that is asked of
    the estimator are predictions, so it may also be a Pipeline, search or ensemble.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier, regressor or detector of whole sequences.
    X : ndarray of shape (n_sequences, n_steps) or (n_sequences, n_steps, n_channels), \
or list of ndarray
        Sequences of numbers, or of token ids, as in fit.
    window : int or None, default=None
        Number of steps that are covered at once; None for a twentieth of the longest
        sequence.
    fill : {"mean", "zero"}, float or array-like of shape (n_channels,), default="mean"
        What covers: the mean of the channel in X, zero, or numbers, also NaN for networks
        that read missing values. Tokens are covered by 0, the unknown token.
    target : object, default=None
        The class, or the number of the output, whose prediction is meant. None for the
        predicted class of a classifier, and for the only output of a regressor; of
        several outputs then, for the norm of their change.

    Returns
    -------
    ndarray or list of ndarray
        In the form of X, for each value how much less is predicted (of a classifier, by
        what the probability is smaller) without it. What is negative speaks against the
        prediction.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If X does not hold arrays of numbers.
    ValueError
        If there are predictions for steps, or a parameter is out of its range.

    References
    ----------
    Zeiler and Fergus (2014), Visualizing and understanding convolutional networks. ECCV.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRURegressor
    >>> from sksequence.inspection import occlusion_importance
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 12, 3))
    >>> y = X[:, 4:8, 1].sum(axis=1)
    >>> model = GRURegressor(lr=0.01, max_epochs=20, random_state=0).fit(X, y)
    >>> importance = occlusion_importance(model, X[:20])
    >>> np.abs(importance).mean(axis=(0, 1)).argmax()  # the channel that decides
    np.int64(1)
    """
    check_is_fitted(estimator)
    network = network_of(estimator)
    arrays, block = as_sequences(X)
    first = getattr(network, "data_format", None) == "channels_first"
    sequences = [by_steps(x, channels_first=first) for x in arrays]
    is_tokens = getattr(network, "embedding_dim", None) is not None
    fills = fills_of(sequences, fill, is_tokens=is_tokens)
    longest = max(map(len, sequences))
    if window is None:
        window = max(1, longest // 20)
    if isinstance(window, bool) or not 1 <= window <= longest:
        raise ValueError(f"window must be from 1 to {longest} steps, got {window!r}.")
    column = _column_of(estimator, target)
    before = answers_of(estimator, arrays, block)
    found = []
    for i, x in enumerate(arrays):
        parts = windows_of(len(sequences[i]), window)
        copies = [*covered_copies(x, parts, fills, channels_first=first)]
        falls = _falls(
            before[i], answers_of(estimator, copies, block), column, estimator
        ).reshape(len(parts), len(fills))
        importance = np.empty(x.shape)
        by_steps(importance, channels_first=first)[:] = _spread(
            falls, parts, len(sequences[i])
        )
        found.append(importance)
    return np.stack(found) if block else found


def _column_of(estimator: Any, target: Any) -> int | None:
    """Return the column of a class or of an output."""
    if target is None or not is_classifier(estimator):
        if target is not None and not isinstance(target, int | np.integer):
            raise ValueError(f"target must be the number of an output, got {target!r}.")
        return None if target is None else int(target)
    classes = [*estimator.classes_]
    if target not in classes:
        raise ValueError(f"target must be a class among {classes}, got {target!r}.")
    return classes.index(target)


def _falls(
    before: np.ndarray, after: np.ndarray, column: int | None, estimator: Any
) -> np.ndarray:
    """Return how much less is predicted for each copy (n_copies,)."""
    if column is None and len(before) == 1:
        column = 0
    if column is not None:
        if not -len(before) <= column < len(before):
            raise ValueError(
                f"target must be the number of an output, of {len(before)}, got {column}."
            )
        return before[column] - after[:, column]
    if is_classifier(estimator) and np.ndim(estimator.classes_[0]) == 0:
        column = int(before.argmax())
        return before[column] - after[:, column]
    return np.linalg.norm(before - after, axis=1)


def _spread(falls: np.ndarray, parts: list[slice], n_steps: int) -> np.ndarray:
    """Average over the windows that cover each step: (n_steps, n_channels)."""
    total, count = np.zeros((n_steps, falls.shape[1])), np.zeros((n_steps, 1))
    for part, own in zip(parts, falls, strict=True):
        total[part] += own
        count[part] += 1
    return total / count


class OcclusionDisplay:
    """Which steps and channels of a sequence decide.

    A row for each channel: red is what speaks for the prediction, blue what speaks
    against it, and the line is the channel itself. Create it by :meth:`from_estimator` or
    :meth:`from_predictions`.

    Parameters
    ----------
    importance : ndarray of shape (n_steps,) or (n_steps, n_channels)
        Importance of each value, as from :func:`occlusion_importance`.
    series : ndarray of the same shape or None, default=None
        The sequence.
    channel_names : sequence of str or None, default=None
        Names of the channels.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    image_ : matplotlib AxesImage
        The importance.
    lines_ : list of matplotlib Line2D
        The channels.

    See Also
    --------
    occlusion_importance : The numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence.inspection import OcclusionDisplay
    >>> display = OcclusionDisplay.from_predictions(
    ...     np.eye(5), series=np.random.default_rng(0).normal(size=(5, 5))
    ... )
    >>> len(display.lines_)
    5
    """

    ax_: Any
    figure_: Any
    image_: Any
    lines_: list[Any]

    def __init__(
        self,
        *,
        importance: ArrayLike,
        series: ArrayLike | None = None,
        channel_names: Any = None,
    ) -> None:
        self.importance = importance
        self.series = series
        self.channel_names = channel_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        sequence: int = 0,
        window: int | None = None,
        fill: Any = "mean",
        target: Any = None,
        channel_names: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw what decides the prediction for one sequence.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier, regressor or detector of whole sequences.
        X : ndarray or list of ndarray
            Sequences, as in :func:`occlusion_importance`; of all of them the means are
            taken, by default, that cover.
        sequence : int, default=0
            Which sequence of X to draw.
        window, fill, target
            As in :func:`occlusion_importance`.
        channel_names : sequence of str or None, default=None
            Names of the channels.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        OcclusionDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As :func:`occlusion_importance`; ValueError also if X has no such sequence.
        """
        check_is_fitted(estimator)
        network = network_of(estimator)
        first = getattr(network, "data_format", None) == "channels_first"
        arrays, _ = as_sequences(X)
        if isinstance(fill, str):
            is_tokens = getattr(network, "embedding_dim", None) is not None
            views = [by_steps(x, channels_first=first) for x in arrays]
            fill = fills_of(views, fill, is_tokens=is_tokens)
        (importance,) = occlusion_importance(
            estimator,
            one_sequence(X, sequence),
            window=window,
            fill=fill,
            target=target,
        )
        return cls(
            importance=by_steps(importance, channels_first=first),
            series=by_steps(arrays[sequence], channels_first=first),
            channel_names=channel_names,
        ).plot(ax)

    @classmethod
    def from_predictions(
        cls,
        importance: ArrayLike,
        *,
        series: ArrayLike | None = None,
        channel_names: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw given importances.

        Parameters
        ----------
        importance : array-like of shape (n_steps,) or (n_steps, n_channels)
            Importance of each value of one sequence.
        series : array-like of the same shape, default=None
            The sequence.
        channel_names : sequence of str or None, default=None
            Names of the channels.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        OcclusionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If shapes do not match.
        """
        return cls(
            importance=importance, series=series, channel_names=channel_names
        ).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the importance, and the sequence over it.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        OcclusionDisplay
            The display.

        Raises
        ------
        ValueError
            If shapes do not match.
        ImportError
            If matplotlib is not installed.
        """
        rows = self._rows_of(self.importance, "importance")
        names = self.channel_names
        if names is not None and len(names) != len(rows):
            raise ValueError(
                f"channel_names must be {len(rows)} names, got {len(names)}."
            )
        series = None
        if self.series is not None:
            series = self._rows_of(self.series, "series")
            if series.shape != rows.shape:
                raise ValueError(
                    "series must have the steps and channels of importance, "
                    f"{rows.T.shape}, got {series.T.shape}."
                )
        ax = axes_for(ax, type(self).__name__)
        most = max(float(np.abs(rows).max()), np.finfo(float).tiny)
        self.image_ = ax.imshow(
            rows, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto", alpha=0.8
        )
        ax.figure.colorbar(self.image_, ax=ax, label="importance")
        self.lines_ = [] if series is None else self._draw(ax, series)
        show_whole_numbers(ax.xaxis)
        show_whole_numbers(ax.yaxis)
        show_names(ax.yaxis, range(len(rows)) if names is None else names)
        ax.set(xlabel="step", ylabel="channel")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @staticmethod
    def _draw(ax: Any, series: np.ndarray) -> list[Any]:
        """Draw each channel within its row."""
        lines = []
        for row, values in enumerate(series):
            low, high = np.nanmin(values), np.nanmax(values)
            height = (values - low) / (high - low) - 0.5 if high > low else 0 * values
            lines += ax.plot(row - 0.8 * height, "k", lw=1)
        return lines

    @staticmethod
    def _rows_of(values: Any, name: str) -> np.ndarray:
        """Return values of one sequence as (n_channels, n_steps)."""
        array = np.asarray(values, dtype=np.float64)
        if array.ndim not in (1, 2) or not array.size:
            raise ValueError(
                f"{name} must be of one sequence, (n_steps,) or (n_steps, n_channels), "
                f"got shape {array.shape}."
            )
        return array[None] if array.ndim == 1 else array.T
