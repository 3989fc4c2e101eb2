"""scikit-learn's callbacks where it has them (1.9), stand-ins where it has not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """An estimator that no callback can be registered with."""

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


__all__ = ["CallbackSupportMixin", "with_callbacks"]
