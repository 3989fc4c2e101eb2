"""Parameter validation with the messages of scikit-learn, whose own is private.

:mod:`.borrowed` uses it if scikit-learn's is not available. Estimators and functions
declare a list of constraints for each parameter, one of which its value must satisfy: a
type, None, ``callable``, "boolean", "random_state", "verbose", or one of the classes
below.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn import config_context, get_config
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

_OPENING = {"left": "[", "right": "(", "both": "[", "neither": "("}
_CLOSING = {"left": ")", "right": "]", "both": "]", "neither": ")"}


class InvalidParameterError(ValueError, TypeError):
    """Raised if a parameter has an invalid type or value."""


class RealNotInt(Real):
    """Real numbers of a non-integer type: 1.0, not 1."""


RealNotInt.register(float)


class Interval:
    """Numbers of a type between two bounds.

    Parameters
    ----------
    type : {Integral, Real, RealNotInt}
        Type of the numbers.
    left, right : number or None
        The bounds; None for infinity.
    closed : {"left", "right", "both", "neither"}
        The bounds that belong to the interval.

    Examples
    --------
    >>> unit = Interval(Real, 0, 1, closed="left")
    >>> print(unit)
    a float in the range [0.0, 1.0)
    >>> unit.is_satisfied_by(0), unit.is_satisfied_by(1.0)
    (True, False)
    """

    def __init__(self, type: Any, left: Any, right: Any, *, closed: str) -> None:
        self.type, self.left, self.right, self.closed = type, left, right, closed

    def is_satisfied_by(self, value: Any) -> bool:
        if not isinstance(value, self.type) or value != value:
            return False
        left = -math.inf if self.left is None else self.left
        right = math.inf if self.right is None else self.right
        above = value >= left if self.closed in ("left", "both") else value > left
        below = value <= right if self.closed in ("right", "both") else value < right
        return bool(above and below)

    def __str__(self) -> str:
        whole = self.type is Integral
        left = "-inf" if self.left is None else self.left
        right = "inf" if self.right is None else self.right
        if not whole:
            left, right = float(left), float(right)
        first, last = _OPENING[self.closed], _CLOSING[self.closed]
        kind = "an int" if whole else "a float"
        return f"{kind} in the range {first}{left}, {right}{last}"


class StrOptions:
    """One of several strings.

    Examples
    --------
    >>> print(StrOptions({"mean"}))
    a str among {'mean'}
    """

    def __init__(self, options: set[str]) -> None:
        self.options = options

    def is_satisfied_by(self, value: Any) -> bool:
        return isinstance(value, str) and value in self.options

    def __str__(self) -> str:
        return f"a str among {{{', '.join(map(repr, self.options))}}}"


class HasMethods:
    """Objects with given methods.

    Examples
    --------
    >>> print(HasMethods(["fit", "transform"]))
    an object implementing 'fit' and 'transform'
    """

    def __init__(self, methods: str | list[str]) -> None:
        self.methods = [methods] if isinstance(methods, str) else methods

    def is_satisfied_by(self, value: Any) -> bool:
        return all(callable(getattr(value, method, None)) for method in self.methods)

    def __str__(self) -> str:
        names = [repr(method) for method in self.methods]
        return f"an object implementing {_joined(names, ' and ')}"


class _Special:
    """None or ``callable``."""

    def __init__(self, name: str, accepts: Callable[[Any], bool]) -> None:
        self.name, self.is_satisfied_by = name, accepts

    def __str__(self) -> str:
        return self.name


class _InstanceOf:
    def __init__(self, type: type) -> None:
        self.type = type

    def is_satisfied_by(self, value: Any) -> bool:
        return isinstance(value, self.type)

    def __str__(self) -> str:
        return f"an instance of {_name_of(self.type)!r}"


class _AnyOf:
    def __init__(self, constraints: Iterable[Any]) -> None:
        self.parts = [_constraint(one) for one in constraints]

    def is_satisfied_by(self, value: Any) -> bool:
        return any(part.is_satisfied_by(value) for part in self.parts)

    def __str__(self) -> str:
        return _joined([str(part) for part in self.parts], " or ")


def _joined(names: Sequence[str], last: str) -> str:
    head = ", ".join(names[:-1])
    return f"{head}{last}{names[-1]}" if head else names[-1]


def _name_of(kind: type) -> str:
    names: dict[type, str] = {Real: "float", Integral: "int"}
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return names.get(kind, f"{module}{kind.__qualname__}")


_NAMED: dict[str, list[Any]] = {
    "boolean": [bool, np.bool_],
    "random_state": [
        Interval(Integral, 0, 2**32 - 1, closed="both"),
        np.random.RandomState,
        None,
    ],
    "verbose": [Interval(Integral, 0, None, closed="left"), bool, np.bool_],
}


def _constraint(declared: Any) -> Any:
    """Convert a declared constraint to an object with ``is_satisfied_by``."""
    if declared is None:
        return _Special("None", lambda value: value is None)
    if declared is callable:
        return _Special("a callable", callable)
    if isinstance(declared, str):
        return _AnyOf(_NAMED[declared])
    return _InstanceOf(declared) if isinstance(declared, type) else declared


def validate_parameter_constraints(
    parameter_constraints: Mapping[str, Any],
    params: Mapping[str, Any],
    caller_name: str,
) -> None:
    """Raise InvalidParameterError for a value that satisfies no constraint.

    Examples
    --------
    >>> validate_parameter_constraints({"by": [str, None]}, {"by": 2}, "forecast_errors")
    Traceback (most recent call last):
    ...
    sksequence._inputs.validation.InvalidParameterError: The 'by' parameter of \
forecast_errors must be an instance of 'str' or None. Got 2 instead.
    """
    for name, value in params.items():
        if name not in parameter_constraints:
            continue
        allowed = _AnyOf(parameter_constraints[name])
        if not allowed.is_satisfied_by(value):
            raise InvalidParameterError(
                f"The {name!r} parameter of {caller_name} must be {allowed}. Got "
                f"{value!r} instead."
            )


def _skips_validation() -> bool:
    return get_config()["skip_parameter_validation"]


def _without_validation(inside: bool) -> AbstractContextManager[None]:
    """Skip validation inside, if it is nested."""
    return config_context(skip_parameter_validation=inside or _skips_validation())


def validate_params(
    parameter_constraints: Mapping[str, Any], *, prefer_skip_nested_validation: bool
) -> Callable:
    """Validate the arguments of a function in every call."""

    def decorate(function: Callable) -> Callable:
        signature = inspect.signature(function)

        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if not _skips_validation():
                bound = signature.bind(*args, **kwargs)
                bound.apply_defaults()
                validate_parameter_constraints(
                    parameter_constraints, bound.arguments, function.__qualname__
                )
            with _without_validation(prefer_skip_nested_validation):
                return function(*args, **kwargs)

        return wrapper

    return decorate


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable:
    """Validate the hyperparameters of an estimator before a method fits it."""

    def decorate(fit: Callable) -> Callable:
        @wraps(fit)
        def wrapper(estimator: Any, *args: Any, **kwargs: Any) -> Any:
            goes_on = fit.__name__ == "partial_fit" and _is_fitted(estimator)
            if not (goes_on or _skips_validation()):
                validate_estimator(estimator)
            with _without_validation(prefer_skip_nested_validation):
                return fit(estimator, *args, **kwargs)

        return wrapper

    return decorate


def _is_fitted(estimator: Any) -> bool:
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def validate_estimator(estimator: Any) -> None:
    """Raise InvalidParameterError for a hyperparameter that satisfies no constraint."""
    validate_parameter_constraints(
        estimator._parameter_constraints,
        estimator.get_params(deep=False),
        type(estimator).__name__,
    )
