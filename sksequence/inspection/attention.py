"""What attention weighs, as numbers and as a picture."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .._inputs.types import ArrayLike, Targets
from ._drawing import axes_for, show_names, show_whole_numbers
from ._fitted import fitted_reading, one_sequence

__all__ = ["AttentionDisplay", "attention_weights"]


def attention_weights(
    estimator: Any, X: ArrayLike, y: Targets | None = None
) -> list[np.ndarray]:
    """Return how much attention weighs each step of each sequence.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator with ``pooling="attention"``, or a
        :class:`~sksequence.RecurrentTranslator` with ``attention=True``; or a Pipeline or
        search of one.
    X : array-like
        Sequences, as in fit.
    y : list of str, or list of array-like, default=None
        Of a translator, an answer for each sequence; None for what it predicts.

    Returns
    -------
    list of ndarray
        For each sequence, weights that add up to one: of shape (n_steps_i,); of a
        translator (n_labels_i, n_steps_i), a row for each label. With ``conv_stride`` a
        column is a block of steps, of which the last may be incomplete. With
        ``pooling_segments=k`` the weights of each part add up to 1 / k.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is no recurrent estimator.
    ValueError
        If it has no attention, or y is given to one that does not translate.

    Notes
    -----
    A weight says what was averaged, not what decided: a state has also read other steps.
    Compare :func:`occlusion_importance`.

    References
    ----------
    Jain and Wallace (2019), Attention is not explanation. NAACL.

    Examples
    --------
    >>> from sksequence import LSTMClassifier
    >>> from sksequence.datasets import make_order
    >>> from sksequence.inspection import attention_weights
    >>> X, y = make_order(100, (8, 12), random_state=0)
    >>> model = LSTMClassifier(pooling="attention", max_epochs=2, random_state=0)
    >>> weights = attention_weights(model.fit(X, y), X[:2])
    >>> [w.shape == (len(x),) for w, x in zip(weights, X)], weights[0].sum().round(6)
    ([True, True], np.float64(1.0))
    """
    network, X = fitted_reading(estimator, X)
    if hasattr(network, "attend"):
        return network.attend(X, y)
    if y is not None:
        raise ValueError(
            f"y must be None for {type(network).__name__}, whose attention pools steps: "
            "only a RecurrentTranslator attends for each label of an answer."
        )
    return network._weigh_steps(X)


class AttentionDisplay:
    """What attention weighs in one sequence.

    Weights of pooling are bars over the steps, with the channels as lines behind; those
    of a translation are a picture with a row for each label. Create it by
    :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    weights : ndarray of shape (n_steps,) or (n_labels, n_steps)
        Weights of each step.
    series : ndarray of shape (n_steps,) or (n_steps, n_channels) or None, default=None
        What to draw behind the weights of steps.
    step_names : sequence of str or None, default=None
        Names of the steps, such as tokens.
    label_names : sequence of str or None, default=None
        Names of the labels.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    bars_ : matplotlib BarContainer or None
        The weights of steps.
    image_ : matplotlib AxesImage or None
        The weights of labels and steps.
    series_ax_ : matplotlib Axes or None
        The axes of the channels behind the bars.

    See Also
    --------
    attention_weights : The numbers.

    Examples
    --------
    >>> from sksequence.inspection import AttentionDisplay
    >>> display = AttentionDisplay.from_predictions(
    ...     [[0.9, 0.1], [0.2, 0.8]], step_names="ab", label_names="AB"
    ... )
    >>> display.image_.get_array().shape
    (2, 2)
    """

    ax_: Any
    figure_: Any
    bars_: Any
    image_: Any
    series_ax_: Any

    def __init__(
        self,
        *,
        weights: ArrayLike,
        series: ArrayLike | None = None,
        step_names: Any = None,
        label_names: Any = None,
    ) -> None:
        self.weights = weights
        self.series = series
        self.step_names = step_names
        self.label_names = label_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: Targets | None = None,
        *,
        sequence: int = 0,
        step_names: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw what a fitted estimator weighs in one sequence.

        Parameters
        ----------
        estimator : estimator
            As in :func:`attention_weights`.
        X : array-like
            Sequences, as in fit.
        y : list of str, or list of array-like, default=None
            Of a translator, an answer for each sequence; None for what it predicts.
        sequence : int, default=0
            Which sequence of X to draw.
        step_names : sequence of str or None, default=None
            Names of its steps, such as tokens; None for the characters of a text of as
            many characters as there are steps.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        AttentionDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As :func:`attention_weights`; ValueError also if X has no such sequence.
        """
        given = one_sequence(X, sequence)
        network, read = fitted_reading(estimator, given)
        label_names = None
        if hasattr(network, "attend"):
            answer = network.predict(read) if y is None else one_sequence(y, sequence)
            (weights,) = attention_weights(network, read, answer)
            label_names = list(_only(answer))
        else:
            (weights,) = attention_weights(network, read, y)
        text = _only(given)
        if (
            step_names is None
            and isinstance(text, str)
            and len(text) == weights.shape[-1]
        ):
            step_names = list(text)
        return cls(
            weights=weights,
            series=None if step_names is not None else _numbers(_only(read)),
            step_names=step_names,
            label_names=label_names,
        ).plot(ax)

    @classmethod
    def from_predictions(
        cls,
        weights: ArrayLike,
        *,
        series: ArrayLike | None = None,
        step_names: Any = None,
        label_names: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw given weights.

        Parameters
        ----------
        weights : array-like of shape (n_steps,) or (n_labels, n_steps)
            Weights of one sequence, as from :func:`attention_weights`.
        series : array-like of shape (n_steps,) or (n_steps, n_channels), default=None
            What to draw behind the weights of steps.
        step_names : sequence of str or None, default=None
            Names of the steps, such as tokens.
        label_names : sequence of str or None, default=None
            Names of the labels.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        AttentionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the weights have another form.
        """
        return cls(
            weights=weights, series=series, step_names=step_names, label_names=label_names
        ).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the weights.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        AttentionDisplay
            The display.

        Raises
        ------
        ValueError
            If the weights have another form, or there are not as many names.
        ImportError
            If matplotlib is not installed.
        """
        weights = np.asarray(self.weights, dtype=np.float64)
        if weights.ndim not in (1, 2) or not weights.size:
            raise ValueError(
                "weights must be of one sequence, (n_steps,) or (n_labels, n_steps), got "
                f"shape {weights.shape}."
            )
        for kind, names, n in (
            ("step_names", self.step_names, weights.shape[-1]),
            ("label_names", self.label_names, weights.shape[0]),
        ):
            if names is not None and len(names) != n:
                raise ValueError(f"{kind} must be {n} names, got {len(names)}.")
        ax = axes_for(ax, type(self).__name__)
        self.bars_ = self.image_ = self.series_ax_ = None
        if weights.ndim == 1:
            self._draw_steps(ax, weights)
        else:
            self.image_ = ax.imshow(weights, cmap="Blues", vmin=0, aspect="auto")
            ax.figure.colorbar(self.image_, ax=ax, label="weight")
            show_whole_numbers(ax.yaxis)
            show_names(ax.yaxis, self.label_names)
            ax.set_ylabel("label of the answer")
        show_whole_numbers(ax.xaxis)
        show_names(ax.xaxis, self.step_names)
        ax.set_xlabel("step")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_steps(self, ax: Any, weights: np.ndarray) -> None:
        """Draw bars for the weights, with the series on axes of its own."""
        n_steps = len(weights)
        self.bars_ = ax.bar(np.arange(n_steps), weights, 1.0, color="0.8")
        ax.set_ylabel("weight")
        if self.series is None:
            return
        series = np.asarray(self.series, dtype=np.float64)
        # Blocks of strided convolutions stand for several steps each.
        every = max(1, -(-len(series) // n_steps))
        at = (np.arange(len(series)) - (every - 1) / 2) / every
        self.series_ax_ = ax.twinx()
        self.series_ax_.plot(at, series, lw=1)
        self.series_ax_.set_ylabel("series")


def _only(items: Any) -> Any:
    """Return the only sequence or answer."""
    return items.iloc[0] if hasattr(items, "iloc") else items[0]


def _numbers(sequence: Any) -> np.ndarray | None:
    """Return a sequence (n_steps,) or (n_steps, n_channels), if that is what it is."""
    try:
        series = np.asarray(sequence, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return series if series.ndim in (1, 2) else None
