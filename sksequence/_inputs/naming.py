"""Methods that name the class that users see, where Python names a base of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar

from .other_names import ours_for, parameters_of

_Class = TypeVar("_Class", bound=type)


def names_itself(cls: _Class) -> _Class:
    """Let errors of calls of inherited public methods name this class.

    For classes that are not inherited from, since inherited methods become their own.

    Examples
    --------
    >>> class Base:
    ...     def fit(self, X): ...
    >>> @names_itself
    ... class Shown(Base): ...
    >>> Shown().fit()
    Traceback (most recent call last):
    ...
    TypeError: Shown.fit() missing 1 required positional argument: 'X'
    """
    package = __name__.partition(".")[0]
    inherited = {
        name: value
        for base in reversed(cls.__mro__[1:])
        for name, value in vars(base).items()
        if not name.startswith("_")
    }
    for name, value in inherited.items():
        kind = classmethod if isinstance(value, classmethod) else None
        method = value.__func__ if isinstance(value, classmethod) else value
        is_ours = getattr(method, "__module__", "").partition(".")[0] == package
        if name in vars(cls) or not is_ours or not isinstance(method, FunctionType):
            continue
        own = _renamed(method, f"{cls.__qualname__}.{name}")
        if own is method:
            continue
        own.is_inherited = True  # stubs leave it to the base
        setattr(cls, name, own if kind is None else kind(own))
    return cls


def _renamed(method: FunctionType, name: str) -> Any:
    """Return a copy with another full name; of a decorated method, a decorated one."""
    if hasattr(method, "__wrapped__"):
        is_named = getattr(method, "names_its_caller", False)
        return method if is_named else names_its_caller(method)
    copy = FunctionType(
        *(method.__code__, method.__globals__, method.__name__),
        *(method.__defaults__, method.__closure__),
    )
    vars(copy).update(vars(method))
    copy.__kwdefaults__, copy.__doc__ = method.__kwdefaults__, method.__doc__
    copy.__annotations__, copy.__module__ = method.__annotations__, method.__module__
    copy.__qualname__ = name
    return copy


def naming(error: TypeError, method: Callable, caller: object) -> TypeError:
    """Return the error of a call of a method that names the class of the caller.

    Any other error is returned as it is.

    Examples
    --------
    >>> class Base:
    ...     def fit(self, X): ...
    >>> class Shown(Base): ...
    >>> error = TypeError("Base.fit() missing 1 required positional argument: 'X'")
    >>> naming(error, Base.fit, Shown())
    TypeError("Shown.fit() missing 1 required positional argument: 'X'")
    """
    before, text = f"{method.__qualname__}() ", str(error)
    if not text.startswith(before):
        return error
    named = f"{type(caller).__qualname__}.{method.__name__}() "
    return TypeError(named + text.removeprefix(before) + _hint(text, type(caller)))


def _hint(text: str, cls: type) -> str:
    """Return where a keyword belongs that a method does not take."""
    if (found := re.search(r"unexpected keyword argument '(\w+)'", text)) is None:
        return ""
    parameters = parameters_of(cls)
    if found[1] in parameters:
        return f"; it is a parameter of {cls.__qualname__} itself"
    ours = ours_for(found[1], parameters)
    if ours is None:
        return ""
    is_parameter = ours.startswith("ours is ")
    return f"; {ours}" + f", a parameter of {cls.__qualname__} itself" * is_parameter


def names_its_caller(method: Callable) -> Callable:
    """Decorate a method so that errors of its calls name the class of the caller."""

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except TypeError as error:
            if (named := naming(error, method, self)) is error:
                raise
            raise named from None

    return call
