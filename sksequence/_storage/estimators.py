"""Save estimators to files, and rebuild them: permitted classes, names and values."""

from __future__ import annotations

import os
import platform
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
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
from .file import Content, Kind, write
from .older import upgrade
from .states import FORMAT, PARTS

_Class = TypeVar("_Class", bound=type)

ESTIMATOR = Kind("estimator", FORMAT)
REGISTRY: dict[str, Any] = {}

_DEPENDENCIES = ("numpy", "scikit-learn", "skorch", "torch")
# Other attributes that scikit-learn may set on an estimator.
_OF_SKLEARN = {
    "n_features_in_",
    "feature_names_in_",
    OUTPUT_CONFIG,
    REQUESTS,
}
_OF_A_FIT = {"network", "settings", "fixed", "history", "net", "reading", "target"}
# skorch and torch call the values of these, or look them up by name and call them.
_CALLED = ("callbacks", "net_params", "optimizer")
_NET_NUMBERS = {"batch_size", "lr", "max_epochs", "verbose"}


def storable(cls: _Class) -> _Class:
    """Register a class that files may hold; ``load`` builds no others."""
    REGISTRY[cls.__name__] = cls
    return cls


def save(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Implement :meth:`SequenceEstimator.save`."""
    check_is_fitted(estimator)
    state = describe_estimator(estimator)
    tree = {name: state[name] for name in ("hyperparameters", "fitted", "attributes")}
    write(path, tree, ESTIMATOR, about=about(estimator))


def about(estimator: Any) -> dict[str, str]:
    """Return what a file says to people: the class, and the versions that wrote it."""
    found = {"class": type(estimator).__name__, "sksequence": __version__}
    found |= {"python": platform.python_version()}
    return found | {name: version(name) for name in _DEPENDENCIES}


def describe_estimator(estimator: Any) -> dict[str, Any]:
    """Return the state of an estimator, fitted or not, in plain data.

    Raises
    ------
    TypeError
        If the class is not registered, or the state holds code.
    """
    cls = type(estimator)
    if REGISTRY.get(cls.__name__) is not cls:
        raise TypeError(
            f"{cls.__module__}.{cls.__qualname__} cannot be saved: load builds only "
            f"{_listed(REGISTRY)}, since other classes may run any code. Store it by "
            "pickle, or fit one of these."
        )
    validate_estimator(estimator)
    state = estimator.__getstate__()
    values, fitted = state["hyperparameters"], state.get("fitted")
    if foreign := set(state["attributes"]) - _OF_SKLEARN:
        raise TypeError(
            f"{cls.__name__} has attributes that are not its own and cannot be saved: "
            f"{_listed(foreign)}. Delete them first; set_callbacks() without any takes "
            "scikit-learn's callbacks away."
        )
    if values["checkpoint"] is not None:
        values["checkpoint"] = os.fspath(values["checkpoint"])
    for name in _CALLED:
        if not _is_data(name, values[name]):
            raise TypeError(
                f"{name}={values[name]!r} cannot be saved: it is code, or has it looked "
                f"up. set_params({name}=...) gives it another value and leaves the "
                "fitted network as it is; or store the estimator by pickle."
            )
        if fitted is not None and not _is_data(name, fitted["settings"][name]):
            # It was used in the last fit; the next fit uses the hyperparameter.
            fitted["settings"] = {**fitted["settings"], name: values[name]}
    if REQUESTS in state["attributes"]:
        requests = requests_of(state["attributes"][REQUESTS])
        state["attributes"] = {**state["attributes"], REQUESTS: requests}
    return state


def rebuild(content: Content) -> Any:
    """Rebuild an estimator from the content of a file, or raise an exception."""
    state = upgrade(content.tree)
    state["format"] = content.version if content.version > FORMAT else FORMAT
    state["sksequence"] = content.about["sksequence"]
    if "fitted" not in state:
        raise ValueError("it lacks fitted")
    with _quietly(content.version > FORMAT):
        return build_estimator(content.about["class"], state)


def build_estimator(name: str, state: dict[str, Any]) -> Any:
    """Build an estimator, fitted or not, from its state, or raise an exception."""
    cls = REGISTRY.get(name)
    if cls is None:
        raise ValueError(f"it holds a {name}, and may hold only {_listed(REGISTRY)}")
    is_newer = tuple(state["format"]) > FORMAT
    values = _known(state["hyperparameters"], names_of_parameters(cls), name, is_newer)
    kept = _known(state["attributes"], _OF_SKLEARN, name, is_newer)
    estimator = cls(**values)
    validate_estimator(estimator)
    for key in _CALLED:
        _refuse_code(key, getattr(estimator, key))
    if REQUESTS in kept:
        kept[REQUESTS] = ask_for(estimator, kept[REQUESTS])
    state = state | {"hyperparameters": values, "attributes": kept}
    if "fitted" in state:
        state["fitted"] = _check_fitted(cls, state["fitted"], is_newer)
    estimator.__setstate__(state)
    if "fitted" in state:
        _check_sizes(estimator)
    return estimator


def _check_fitted(cls: Any, fitted: dict[str, Any], is_newer: bool) -> dict[str, Any]:
    """Return the part ``fitted`` of a state, or raise an exception."""
    fitted = _known(fitted, _OF_A_FIT, f"fitted {cls.__name__}", is_newer)
    if lacking := _OF_A_FIT - set(fitted):
        raise ValueError(f"it lacks {_listed(lacking)}")
    # The keywords of the network and of the last fit have the same names.
    for part in PARTS:
        validate_parameter_constraints(
            cls._parameter_constraints, fitted[part], cls.__name__
        )
    for key in _CALLED:
        _refuse_code(key, fitted["settings"][key])
    return fitted


def _refuse_code(name: str, value: Any) -> None:
    if not _is_data(name, value):
        raise ValueError(f"{name}={value!r} might have code looked up")


def _known(
    part: dict[str, Any], names: Any, whose: str, is_newer: bool
) -> dict[str, Any]:
    """Return the known names of a part; unknown ones are errors unless it is newer."""
    unknown = set(part) - set(names)
    if unknown and not is_newer:
        raise ValueError(f"it has names that {whose} has not: {_listed(unknown)}")
    return {name: value for name, value in part.items() if name not in unknown}


@contextmanager
def _quietly(is_newer: bool) -> Iterator[None]:
    """Suppress the warning about a newer state, since `read` has warned already."""
    with warnings.catch_warnings():
        if is_newer:
            warnings.filterwarnings("ignore", "sksequence .* has stored", UserWarning)
        yield


def _check_sizes(estimator: Any) -> None:
    """Raise ValueError unless the fitted parts have the sizes of the network."""
    network, reading = estimator._network, estimator._reading
    n_outputs = network["output_size"] * (network.get("decoder_steps") or 1)
    pairs = {
        "outputs for {} targets": (n_outputs, estimator._target.n_outputs),
        "inputs for {} channels": (network["input_size"], reading.input_size),
        "static inputs for {} columns": (
            network.get("static_size", 0),
            len(reading.static.mean),
        ),
    }
    for words, (of_network, learnt) in pairs.items():
        if of_network != learnt:
            raise ValueError(f"its network has {of_network} {words.format(learnt)}")


def _is_data(name: str, value: Any) -> bool:
    """Return whether a value is data: nothing is called or looked up for it."""
    if name == "callbacks":
        return not value
    if name == "optimizer":
        return isinstance(value, str) or optimizer_name(value) is not None
    return value is None or all(_is_number_of_net(*item) for item in value.items())


def _is_number_of_net(name: Any, value: Any) -> bool:
    """Return whether it is one of the ``net_params`` that are plain numbers.

    Other parameters of skorch are called (``iterator_train``), compiled (``compile``),
    passed to ``torch.load``, or looked up (``callbacks__..__policy``).
    """
    if not isinstance(name, str):
        return False
    if name.startswith("callbacks__"):
        return value is None or isinstance(value, Number)
    return name in _NET_NUMBERS or name.startswith("optimizer__")


def _listed(names: Any) -> str:
    return ", ".join(sorted(map(str, names)))
