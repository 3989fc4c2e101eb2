"""The course of a training as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from ._drawing import axes_for, show_whole_numbers
from ._fitted import fitted_network

__all__ = ["HistoryDisplay"]

_LOSSES = {"train_loss": "training", "valid_loss": "validation"}
_NO_METRIC = {*_LOSSES, "lr", "duration"}
_HOW_TO_VALIDATE = (
    "this fit had no validation set. Fit with early_stopping=True, which holds out a "
    "part of X, or pass X_val and y_val to such a fit"
)


class NoValidationError(AttributeError, ValueError):
    """Raised if what only a validation set tells is asked of a fit without one."""


class HistoryDisplay:
    """Losses and metrics of each epoch, and the epoch whose weights were kept.

    Create it by :meth:`from_estimator` or :meth:`from_history`.

    Parameters
    ----------
    history : list of dict
        Numbers of each epoch, as ``history_`` of an estimator: ``train_loss``, and maybe
        ``valid_loss``, ``valid_score`` and others.
    name : str or None, default=None
        Title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the losses.
    figure_ : matplotlib Figure
        The figure.
    lines_ : dict of matplotlib Line2D
        The lines, by the name of what they show.
    best_line_ : matplotlib Line2D or None
        The line at the best epoch; None without validation.
    metric_ax_ : matplotlib Axes or None
        The axes of the metrics; None if there are none.

    See Also
    --------
    sksequence.GRUClassifier : ``history_`` holds the numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRUClassifier
    >>> from sksequence.inspection import HistoryDisplay
    >>> X = np.random.default_rng(0).normal(size=(60, 10))
    >>> model = GRUClassifier(early_stopping=True, max_epochs=5, random_state=0)
    >>> model = model.fit(X, X.sum(axis=1) > 0)
    >>> display = HistoryDisplay.from_estimator(model)  # doctest: +SKIP
    >>> HistoryDisplay(history=model.history_).best_epoch
    5
    """

    ax_: Any
    figure_: Any
    lines_: dict[str, Any]
    best_line_: Any
    metric_ax_: Any

    def __init__(
        self, *, history: Sequence[Mapping[str, float]], name: str | None = None
    ) -> None:
        self.history = history
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        metrics: Sequence[str] | None = None,
        name: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted recurrent estimator, or a Pipeline, search or WindowForecaster of
            one.
        metrics : sequence of str or None, default=None
            What to draw beside the training loss, by its name in ``history_``; None for
            all but the learning rate and the duration.
        name : str or None, default=None
            Title; None for the name of the class.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        HistoryDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If it is no recurrent estimator.
        ValueError
            If the history lacks a metric, such as ``valid_loss`` of a fit without
            validation.
        """
        network = fitted_network(estimator)
        name = type(network).__name__ if name is None else name
        return cls.from_history(network.history_, metrics=metrics, name=name, ax=ax)

    @classmethod
    def from_history(
        cls,
        history: Sequence[Mapping[str, float]],
        *,
        metrics: Sequence[str] | None = None,
        name: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw a history.

        Parameters
        ----------
        history : list of dict
            Numbers of each epoch, as ``history_`` of an estimator.
        metrics : sequence of str or None, default=None
            What to draw beside the training loss; None for all but the learning rate and
            the duration.
        name : str or None, default=None
            Title.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.

        Returns
        -------
        HistoryDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the history is empty, or lacks a metric.
        """
        return cls(history=history, name=name).plot(ax, metrics=metrics)

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from one, whose weights early stopping keeps.

        That of the lowest ``valid_loss``, or, with ``scoring``, of the highest
        ``valid_score``. A fit without validation has none, which is an error.
        """
        score, loss = self._values("valid_score"), self._values("valid_loss")
        if score is not None:
            return int(np.nanargmax(score)) + 1
        if loss is not None:
            return int(np.nanargmin(loss)) + 1
        raise NoValidationError(f"There is no best epoch: {_HOW_TO_VALIDATE}.")

    def plot(self, ax: Any = None, *, metrics: Sequence[str] | None = None) -> Self:
        """Draw the history.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for those of a new figure.
        metrics : sequence of str or None, default=None
            What to draw beside the training loss; None for all but the learning rate and
            the duration.

        Returns
        -------
        HistoryDisplay
            The display.

        Raises
        ------
        ValueError
            If the history is empty, or lacks a metric.
        ImportError
            If matplotlib is not installed.
        """
        losses, others = self._chosen(metrics)
        ax = axes_for(ax, type(self).__name__)
        epochs = np.arange(1, len(self.history) + 1)
        mark = "o" if len(epochs) == 1 else None
        self.lines_, self.metric_ax_, self.best_line_ = {}, None, None
        for number, key in enumerate(losses):
            (self.lines_[key],) = ax.plot(
                epochs, self._values(key), f"C{number}", label=_LOSSES[key], marker=mark
            )
        if others:
            self.metric_ax_ = ax.twinx()
        for number, key in enumerate(others, len(losses)):
            (self.lines_[key],) = self.metric_ax_.plot(
                *(epochs, self._values(key), f"C{number}--"), label=key, marker=mark
            )
        if losses != ["train_loss"] or "valid_score" in others:
            label = f"best epoch ({self.best_epoch})"
            style = {"color": "0.5", "linestyle": ":", "label": label}
            self.best_line_ = ax.axvline(self.best_epoch, **style)
        show_whole_numbers(ax.xaxis)
        ax.set(xlabel="epoch", ylabel="loss", title=self.name)
        if len(others) == 1:
            self.metric_ax_.set_ylabel(others[0])
        handles = [*self.lines_.values(), self.best_line_]
        # On the upper axes, or lines of metrics would be drawn over it.
        upper = ax if self.metric_ax_ is None else self.metric_ax_
        upper.legend(handles=[handle for handle in handles if handle is not None])
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _chosen(self, metrics: Sequence[str] | None) -> tuple[list[str], list[str]]:
        """Return the losses and the other metrics to draw."""
        if not len(self.history):
            raise ValueError("history must have at least one epoch, got none.")
        known = {key: None for epoch in self.history for key in epoch}
        if "train_loss" not in known:
            raise ValueError(
                f"history must hold dicts with train_loss, as history_ does, got "
                f"{[*known]}."
            )
        if isinstance(metrics, str):
            raise TypeError(f"metrics must be a list of names, got the str {metrics!r}.")
        for key in metrics or ():
            if key not in known and key.startswith("valid_"):
                raise NoValidationError(f"There is no {key!r}: {_HOW_TO_VALIDATE}.")
            if key not in known:
                raise ValueError(f"metrics must be among {[*known]}, got {key!r}.")
        if metrics is None:
            metrics = [key for key in known if key not in _NO_METRIC]
            losses = [key for key in _LOSSES if key in known]
        else:
            losses = [k for k in _LOSSES if k in ("train_loss", *metrics)]
        return losses, [key for key in metrics if key not in _LOSSES]

    def _values(self, key: str) -> np.ndarray | None:
        """Return the number of each epoch; None if no epoch has one."""
        values = np.array([epoch.get(key, np.nan) for epoch in self.history], dtype=float)
        return None if np.isnan(values).all() else values
