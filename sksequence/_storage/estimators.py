"""What a file holds of an estimator: which classes, which names, which values."""

from __future__ import annotations

import os
import platform
import warnings
from importlib.metadata import version
from numbers import Number
from typing import Any, TypeVar

from sklearn.utils.validation import check_is_fitted

from .._inputs.borrowed import (
    OUTPUT_CONFIG,
    REQUESTS,
    ask_for,
    names_of_parameters,
    requests_of,
    validate_estimator,
    validate_parameter_constraints,
)
from .._version import __version__
from .codec import optimizer_name
from .file import Content, write
from .learnt import learnt_by

_Class = TypeVar("_Class", bound=type)

KIND = "estimator"
# The first number counts changes to a state that older versions cannot follow, the
# second those that only add names.
FORMAT = (1, 0)
REGISTRY: dict[str, Any] = {}

_STAMP = "_stored_by"
_DEPENDENCIES = ("numpy", "scikit-learn", "skorch", "torch")
# What scikit-learn may leave in an estimator besides.
_OF_SKLEARN = {"feature_names_in_", OUTPUT_CONFIG, REQUESTS}
# skorch and torch call what these hold, or look it up by name and call that.
_CALLED = ("callbacks", "net_params", "optimizer")
_NET_NUMBERS = {"batch_size", "lr", "max_epochs", "verbose"}


def storable(cls: _Class) -> _Class:
    """Let files hold estimators of this class: ``load`` builds those and no others."""
    REGISTRY[cls.__name__] = cls
    return cls


def stamped(state: dict[str, Any]) -> dict[str, Any]:
    """A state that says in which format it is."""
    return {**state, _STAMP: {"format": FORMAT, "sksequence": __version__}}


def unstamped(state: dict[str, Any]) -> dict[str, Any]:
    """A state without its stamp, after a warning if that is newer than this version."""
    stamp = state.get(_STAMP)
    if stamp is not None and tuple(stamp["format"]) > FORMAT:
        warnings.warn(
            f"sksequence {stamp['sksequence']} has stored this state in a newer format "
            f"than {__version__} knows: it may fail or answer otherwise. Install that "
            "version.",
            stacklevel=3,
        )
    return {name: value for name, value in state.items() if name != _STAMP}


def save(estimator: Any, path: str | os.PathLike[str]) -> None:
    """What :meth:`SequenceEstimator.save` does."""
    check_is_fitted(estimator)
    cls = type(estimator)
    if REGISTRY.get(cls.__name__) is not cls:
        raise TypeError(
            f"{cls.__module__}.{cls.__qualname__} cannot be saved: load builds only "
            f"{_listed(REGISTRY)}, since other classes may run any code. Store it by "
            "pickle, or fit one of these."
        )
    validate_estimator(estimator)
    state = unstamped(estimator.__getstate__())
    if foreign := set(state) - _names_of(cls)[1]:
        raise TypeError(
            f"{cls.__name__} has attributes that are not its own and cannot be saved: "
            f"{_listed(foreign)}. Delete them first; set_callbacks() without any takes "
            "scikit-learn's callbacks away."
        )
    if state["checkpoint"] is not None:
        state["checkpoint"] = os.fspath(state["checkpoint"])
    for name in _CALLED:
        if not _is_data(name, state[name]):
            raise TypeError(
                f"{name}={state[name]!r} cannot be saved: it is code, or has it looked "
                f"up. set_params({name}=...) gives it another value and leaves the "
                "fitted network as it is; or store the estimator by pickle."
            )
        if not _is_data(name, state["_settings"][name]):
            # It was of use in the last fit. The next one gets the hyperparameter.
            state["_settings"] = {**state["_settings"], name: state[name]}
    if REQUESTS in state:
        state[REQUESTS] = requests_of(state[REQUESTS])
    about = {"class": cls.__name__, "sksequence": __version__}
    about |= {"python": platform.python_version()}
    about |= {name: version(name) for name in _DEPENDENCIES}
    write(path, state, kind=KIND, version=FORMAT, about=about)


def rebuild(content: Content) -> Any:
    """Make of a file's content the estimator that was saved, or raise an exception."""
    name = content.about["class"]
    cls = REGISTRY.get(name)
    if cls is None:
        raise ValueError(f"it holds a {name}, and may hold only {_listed(REGISTRY)}")
    needed, known = _names_of(cls)
    if lacking := needed - set(content.tree):
        raise ValueError(f"it lacks {_listed(lacking)}")
    unknown = set(content.tree) - known
    if unknown and content.version <= FORMAT:
        raise ValueError(f"it has names that {name} has not: {_listed(unknown)}")
    state = {key: value for key, value in content.tree.items() if key in known}
    estimator = cls(**{key: state[key] for key in names_of_parameters(cls)})
    validate_estimator(estimator)
    # What the network and the last fit were made of bears the same names.
    for part in ("_fixed", "_network", "_settings"):
        validate_parameter_constraints(cls._parameter_constraints, state[part], name)
    for key in _CALLED:
        for value in (state[key], state["_settings"][key]):
            if not _is_data(key, value):
                raise ValueError(f"{key}={value!r} might have code looked up")
    if REQUESTS in state:
        state[REQUESTS] = ask_for(estimator, state[REQUESTS])
    estimator.__setstate__(state)
    n_learnt, n_outputs = estimator._count_outputs(), estimator._network["output_size"]
    if n_learnt != n_outputs:
        raise ValueError(f"its network has {n_outputs} outputs for {n_learnt} targets")
    return estimator


def _names_of(cls: Any) -> tuple[set[str], set[str]]:
    """Names in every state of a fitted estimator, and all that may be there."""
    every, some = learnt_by(cls)
    needed = every.union(names_of_parameters(cls))
    return needed, needed | some | _OF_SKLEARN


def _is_data(name: str, value: Any) -> bool:
    """Whether nothing is called or looked up for this value, now or in a later fit."""
    if name == "callbacks":
        return not value
    if name == "optimizer":
        return isinstance(value, str) or optimizer_name(value) is not None
    return value is None or all(_is_number_of_net(*item) for item in value.items())


def _is_number_of_net(name: Any, value: Any) -> bool:
    """Whether it is one of the ``net_params`` that neither name code nor build anything.

    Of all that skorch takes, others are called (``iterator_train``), compiled
    (``compile``), handed to ``torch.load`` or looked up (``callbacks__..__policy``).
    """
    if not isinstance(name, str):
        return False
    if name.startswith("callbacks__"):
        return value is None or isinstance(value, Number)
    return name in _NET_NUMBERS or name.startswith("optimizer__")


def _listed(names: Any) -> str:
    return ", ".join(sorted(map(str, names)))
