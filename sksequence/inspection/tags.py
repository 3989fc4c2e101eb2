"""Confusion of the labels of steps as a picture."""

from __future__ import annotations

from typing import Any, Self

from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.utils.validation import check_is_fitted

from .._inputs import pair_steps
from .._inputs.types import ArrayLike
from ._drawing import axes_for

__all__ = ["TagConfusionDisplay"]


class TagConfusionDisplay(ConfusionMatrixDisplay):
    """Which labels of steps are taken for which, over the steps of all sequences.

    :class:`sklearn.metrics.ConfusionMatrixDisplay` for one label a step. Steps whose true
    label is NaN or None are left out. Create it by :meth:`from_estimator` or
    :meth:`from_predictions`.

    Parameters
    ----------
    confusion_matrix : ndarray of shape (n_classes, n_classes)
        Counts, or shares, of true labels (rows) by predicted ones (columns).
    display_labels : ndarray of shape (n_classes,) or None, default=None
        The labels.

    Attributes
    ----------
    im_ : matplotlib AxesImage
        The picture.
    text_ : ndarray of matplotlib Text or None
        The numbers in it.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    sksequence.metrics.flatten_steps : The labels end to end, for other reports.

    Examples
    --------
    >>> from sksequence.inspection import TagConfusionDisplay
    >>> display = TagConfusionDisplay.from_predictions(
    ...     [["a", "b", "a"], ["b"]], [["a", "a", "a"], ["b"]]
    ... )
    >>> display.confusion_matrix
    array([[2, 0],
           [1, 1]])
    """

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, y: ArrayLike, **options: Any
    ) -> Self:
        """Draw the confusion of the predictions of a fitted tagger.

        Parameters
        ----------
        estimator : estimator
            A fitted :class:`~sksequence.RecurrentTagger`, or a Pipeline or search of one.
        X : array-like
            Sequences, as in fit.
        y : list of array-like of shape (n_steps_i,), or array (n_sequences, n_steps)
            True labels.
        **options : dict
            Those of :meth:`from_predictions`.

        Returns
        -------
        TagConfusionDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If it predicts no label for each step.
        """
        check_is_fitted(estimator)
        predicted = estimator.predict(X)
        if not len(predicted) or not hasattr(predicted[0], "__len__"):
            raise ValueError(
                "estimator must predict a label for each step, as RecurrentTagger does, "
                f"got {type(estimator).__name__}. For one label a sequence use "
                "sklearn.metrics.ConfusionMatrixDisplay."
            )
        return cls.from_predictions(y, predicted, **options)

    @classmethod
    def from_predictions(
        cls, y_true: ArrayLike, y_pred: ArrayLike, **options: Any
    ) -> Self:
        """Draw the confusion of given predictions.

        Parameters
        ----------
        y_true : list of array-like of shape (n_steps_i,), or array (n_sequences, n_steps)
            True labels.
        y_pred : list of array-like, or array
            Predicted labels, in the same form.
        **options : dict
            Those of :meth:`sklearn.metrics.ConfusionMatrixDisplay.from_predictions`:
            ``labels``, ``normalize`` ("true" for shares of each true label),
            ``sample_weight`` (of each step that is given), ``display_labels``, ``cmap``,
            ``ax`` and others.

        Returns
        -------
        TagConfusionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the predictions do not match the true labels.
        """
        axes = axes_for(options.pop("ax", None), cls.__name__)
        truth, predicted, _ = pair_steps(y_true, y_pred)
        return super().from_predictions(truth, predicted, ax=axes, **options)
