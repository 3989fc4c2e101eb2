"""scikit-learn's decorators that validate parameters, with the types that they lack.

To a type checker an untyped decorator hides the signature of what it decorates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])

if TYPE_CHECKING:

    def fit_context(
        *, prefer_skip_nested_validation: bool
    ) -> Callable[[_Function], _Function]:
        """Validate an estimator's hyperparameters before its method."""

    def validate_params(
        parameter_constraints: Mapping[str, Sequence[Any]],
        *,
        prefer_skip_nested_validation: bool,
    ) -> Callable[[_Function], _Function]:
        """Validate a function's arguments before it runs."""

else:
    from sklearn.base import _fit_context as fit_context
    from sklearn.utils._param_validation import validate_params

__all__ = ["fit_context", "validate_params"]
