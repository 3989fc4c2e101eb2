"""Files of pipelines, searches and other estimators that are made of several.

A file holds a tree of objects: those of sksequence as in :mod:`.estimators`, and others
by the public name of a permitted class with their attributes. Nothing is called but the
constructor, to which the hyperparameters are passed as they are.
"""

from __future__ import annotations

import os
import re
import warnings
from numbers import Number
from typing import Any

import sklearn
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.metrics import check_scoring
from sklearn.utils.validation import check_is_fitted

from .._inputs.borrowed import REQUESTS, ask_for, names_of_parameters, requests_of
from .allowed import find_class, name_of_class
from .estimators import REGISTRY, about, build_estimator, describe_estimator
from .estimators import save as save_estimator
from .file import Content, Kind, write
from .forged import check_indices
from .states import FORMAT
from .values import build_value, describe_value, is_value

_OURS = "sksequence."
# The version that BaseEstimator adds to its state.
_VERSION = "_sklearn_version"
# What searches look up again, as scorers are functions.
_SCORER = "scorer_"
# joblib evaluates it as an expression.
_PRE_DISPATCH = re.compile(r"all|\d{1,6}|(\d{1,6} ?\* ?)?n_jobs")


class OtherVersionWarning(InconsistentVersionWarning):
    """Warning of a file that was written with another version of scikit-learn."""

    def __str__(self) -> str:
        return (
            f"{self.estimator_name} was saved with scikit-learn "
            f"{self.original_sklearn_version}, and is loaded with "
            f"{self.current_sklearn_version}: its transformers may fail or answer "
            "otherwise. Install that version, or fit and save it again."
        )


def save(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Implement :func:`sksequence.save`."""
    if type(estimator) in REGISTRY.values():
        save_estimator(estimator, path)
        return
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(
            f"estimator must be a fitted estimator, got {type(estimator).__name__}."
        )
    check_is_fitted(estimator)
    write(path, estimator, COMPOSITE, about=about(estimator))


def rebuild(content: Content) -> Any:
    """Return the estimator in the content of a file, or raise an exception."""
    if not isinstance(content.tree, BaseEstimator):
        raise ValueError("it holds no estimator")
    written = content.about["scikit-learn"]
    if written != sklearn.__version__:
        warning = OtherVersionWarning(
            estimator_name=type(content.tree).__name__,
            current_sklearn_version=sklearn.__version__,
            original_sklearn_version=written,
        )
        warnings.warn(warning, stacklevel=3)
    return content.tree


# ---------------------------------------------------------------------------- description


def describe(value: Any) -> tuple[str, Any] | None:
    """Return name and tree of an object; None for plain data.

    Raises
    ------
    TypeError
        If it is an estimator or a function that files may not hold.
    """
    if (described := describe_value(value)) is not None:
        return described
    cls = type(value)
    if cls in REGISTRY.values():
        return _OURS + cls.__name__, describe_estimator(value)
    name = name_of_class(cls)
    if name is not None:
        return name, _attributes_of(value)
    is_function = callable(value) and not isinstance(value, type)
    if hasattr(value, "get_params") or hasattr(value, "get_n_splits") or is_function:
        raise TypeError(
            f"{_full_name(value)} cannot be saved: files hold the estimators and "
            "transformers of sksequence and the classes and functions of other libraries "
            "that docs/security.md lists, since others may run any code. Replace it by "
            "one of these, or store the whole by pickle."
        )
    return None


def _full_name(value: Any) -> str:
    """Return the name of a class or function, or of the class of another object."""
    named = value if hasattr(value, "__qualname__") else type(value)
    module = getattr(named, "__module__", None)
    return f"{module}.{named.__qualname__}" if module else named.__qualname__


def _attributes_of(value: Any) -> dict[str, Any]:
    """Return the attributes of an object of a permitted class."""
    cls = type(value)
    attributes = dict(value.__getstate__() or {})
    attributes.pop(_VERSION, None)
    attributes.pop(_SCORER, None)
    if REQUESTS in attributes:
        attributes[REQUESTS] = requests_of(attributes[REQUESTS])
    if reason := _strange(cls, attributes):
        raise TypeError(f"{cls.__name__} cannot be saved: {reason}.")
    return attributes


def _strange(cls: type, attributes: dict[str, Any]) -> str | None:
    """Return what is wrong with attributes: names of methods, code that is looked up."""
    parameters = names_of_parameters(cls)
    for name in attributes:
        # A default of the class is a number or None; all else is a method, or is used.
        of_class = getattr(cls, name, None)
        is_shadow = not (of_class is None or isinstance(of_class, Number))
        is_shadow = is_shadow and name not in parameters
        if not name.isidentifier() or name.startswith("__") or is_shadow:
            return f"{name!r} is not an attribute that it may have"
    if attributes.get("memory") is not None:
        return "its cache is read by pickle; set memory=None"
    dispatch = attributes.get("pre_dispatch")
    if isinstance(dispatch, str) and not _PRE_DISPATCH.fullmatch(dispatch):
        return f"pre_dispatch={dispatch!r} is evaluated; set it to a multiple of n_jobs"
    return None


# ------------------------------------------------------------------------------- building


def build(name: str, content: Any) -> Any:
    """Build an object from its name and tree; any exception means a forged one."""
    if is_value(name):
        return build_value(name, content)
    short = name.removeprefix(_OURS)
    if short in REGISTRY:
        if content["format"][0] > FORMAT[0]:
            raise ValueError(f"{short} was stored by sksequence {content['sksequence']}")
        return build_estimator(short, content)
    return _build_listed(find_class(name), content)


def _build_listed(cls: Any, attributes: dict[str, Any]) -> Any:
    """Build an object of a permitted class."""
    if reason := _strange(cls, attributes):
        raise ValueError(f"{cls.__name__}: {reason}")
    parameters = names_of_parameters(cls)
    given = {name: value for name, value in attributes.items() if name in parameters}
    built = cls(**given)
    state = {**vars(built), **attributes}
    requests = state.pop(REQUESTS, None)
    if isinstance(built, BaseEstimator):
        built.__setstate__({**state, _VERSION: sklearn.__version__})
        vars(built).pop(_VERSION, None)
    else:
        vars(built).update(state)
    if requests is not None:
        setattr(built, REQUESTS, ask_for(built, requests))
    if "cv_results_" in attributes:
        setattr(built, _SCORER, _scorer_of(built))
    check_indices(built)
    return built


def _scorer_of(search: Any) -> Any:
    """Return the scorer, or the scorers by name, that a search has after its fit."""
    scoring = search.scoring
    if scoring is None or isinstance(scoring, str):
        return check_scoring(search.estimator, scoring)
    if callable(scoring):
        return scoring
    names = scoring if isinstance(scoring, dict) else {name: name for name in scoring}
    return {
        name: check_scoring(search.estimator, metric) for name, metric in names.items()
    }


COMPOSITE = Kind("composite", (1, 0), describe, build)
