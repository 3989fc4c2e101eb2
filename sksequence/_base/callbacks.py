"""scikit-learn's callbacks (since 1.9), and stand-ins for older versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .lazy import training

if TYPE_CHECKING:
    from .._training import EpochObserver

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stand-in for estimators without callbacks."""

        def _init_callback_context(self, **_: Any) -> _NoContext:
            return _NoContext()

    class _NoContext:
        def subcontext(self, **_: Any) -> _NoContext:
            return self

        def call_on_fit_task_begin(self, **_: Any) -> _NoContext:
            return self

        def call_on_fit_task_end(self, **_: Any) -> bool:
            return False

    def with_callbacks(method: Callable) -> Callable:
        return method


@contextmanager
def watched_by_callbacks(
    estimator: Any, X: Any, y: Any, sample_weight: Any, n_epochs: int | None
) -> Iterator[EpochObserver | None]:
    """Report a fit, and each epoch as a task within it, to scikit-learn's callbacks.

    Parameters
    ----------
    estimator : SequenceEstimator
        The estimator being fitted.
    X, y, sample_weight : object
        Arguments of fit.
    n_epochs : int or None
        Maximum number of epochs; None reports nothing, as for partial_fit.

    Yields
    ------
    EpochObserver or None
        To be called around every epoch.
    """
    if n_epochs is None:
        yield None
        return
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    task = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
    context = estimator._init_callback_context(max_subtasks=n_epochs)
    context.call_on_fit_task_begin(**task)
    begun: list[Any] = []

    def begin() -> None:
        begun.append(context.subcontext(task_name="epoch"))
        begun[-1].call_on_fit_task_begin(**task)

    def end() -> bool:
        # No attributes are needed: a copy of the estimator is fitted as of this epoch.
        return begun[-1].call_on_fit_task_end(**task, reconstruction_attributes={})

    yield training.EpochObserver(begin, end)
    context.call_on_fit_task_end(**task, reconstruction_attributes={})


__all__ = ["CallbackSupportMixin", "watched_by_callbacks", "with_callbacks"]
