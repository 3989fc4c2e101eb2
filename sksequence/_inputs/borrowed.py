"""Private names of scikit-learn that we use, each with a fallback.

No other module uses them. The fallback is used if a version of scikit-learn no longer has
the name; ``tests/test_borrowed.py`` tests it by removing the names.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy as np

# All or none of these: the decorator calls the validation, which needs its own classes.
try:
    from sklearn.base import BaseEstimator
    from sklearn.base import _fit_context as fit_context
    from sklearn.utils._param_validation import (
        HasMethods,
        Interval,
        InvalidParameterError,
        RealNotInt,
        StrOptions,
        validate_parameter_constraints,
        validate_params,
    )

    validate_estimator = BaseEstimator._validate_params
except (ImportError, AttributeError):
    from .validation import (
        HasMethods,
        Interval,
        InvalidParameterError,
        RealNotInt,
        StrOptions,
        fit_context,
        validate_estimator,
        validate_parameter_constraints,
        validate_params,
    )

try:
    from sklearn.utils.validation import _check_feature_names_in as names_of_features
except ImportError:

    def names_of_features(estimator: Any, input_features: Any = None) -> np.ndarray:
        """Return the feature names: those given, those seen in fit, or x0, x1, ..."""
        own = getattr(estimator, "feature_names_in_", None)
        n_features = estimator.n_features_in_
        if input_features is None:
            made = np.asarray([f"x{i}" for i in range(n_features)], dtype=object)
            return made if own is None else own
        names = np.asarray(input_features, dtype=object)
        if own is not None and not np.array_equal(own, names):
            raise ValueError("input_features is not equal to feature_names_in_")
        if len(names) != n_features:
            raise ValueError(
                "input_features should have length equal to number of features "
                f"({n_features}), got {len(names)}"
            )
        return names


try:
    from sklearn.utils.validation import _num_samples as count_samples
except ImportError:

    def count_samples(X: Any) -> int:
        """Return the length of the first axis."""
        try:
            return X.shape[0] if hasattr(X, "shape") else len(X)
        except (IndexError, TypeError):
            raise TypeError(f"Expected sequence or array-like, got {type(X)}") from None


# Attributes that scikit-learn sets on an estimator and copies with it. If a version uses
# other names, these are only our own.
OUTPUT_CONFIG = "_sklearn_output_config"
REQUESTS = "_metadata_request"


def names_of_parameters(cls: Any) -> list[str]:
    """Return the sorted names of the hyperparameters of a class."""
    return sorted(inspect.signature(cls).parameters)


def output_of(estimator: Any, default: str) -> str:
    """Return the container chosen by ``set_output``."""
    return getattr(estimator, OUTPUT_CONFIG, {}).get("transform", default)


def set_output_of(estimator: Any, transform: str) -> None:
    """Choose the output container, as ``set_output`` does."""
    setattr(estimator, OUTPUT_CONFIG, {"transform": transform})


def requests_of(routing: Any) -> dict[str, dict[str, Any]]:
    """Return metadata requests as plain data, by method."""
    asked = {key: getattr(part, "requests", None) for key, part in vars(routing).items()}
    return {method: dict(params) for method, params in asked.items() if params}


def ask_for(estimator: Any, requests: dict[str, dict[str, Any]]) -> Any:
    """Return the metadata requests of an estimator, made from plain data."""
    routing = estimator.get_metadata_routing()
    for method, asked in requests.items():
        for param, alias in asked.items():
            getattr(routing, method).add_request(param=param, alias=alias)
    return routing


def scorer_in_use() -> tuple[Any, dict[str, Any], Any] | None:
    """Return the metric, options of make_scorer, and y of the scorer that is running.

    None if there is none, or a version of scikit-learn keeps them otherwise.
    """
    variables = _variables_in_use("sklearn.metrics._scorer", "_score")
    try:
        scorer, y = variables["self"], variables["y_true"]
        options = {} if scorer._sign > 0 else {"greater_is_better": False}
        if scorer._response_method not in ("predict", ("predict",)):
            options["response_method"] = scorer._response_method
        return scorer._score_func, options | scorer._kwargs, y
    except (KeyError, AttributeError):
        return None


def fold_in_use() -> tuple[str, Any] | None:
    """Return method and y of the fold that cross_val_predict is at; None if it is not."""
    variables = _variables_in_use(
        "sklearn.model_selection._validation", "_fit_and_predict"
    )
    if not {"method", "y"} <= variables.keys():
        return None
    return variables["method"], variables["y"]


def _variables_in_use(module: str, function: str) -> dict[str, Any]:
    """Return the local variables of a function that is running; empty if it is not."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        name = frame.f_globals.get("__name__")
        if frame.f_code.co_name == function and name == module:
            return dict(frame.f_locals)
    return {}


__all__ = [
    "OUTPUT_CONFIG",
    "REQUESTS",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "RealNotInt",
    "StrOptions",
    "ask_for",
    "count_samples",
    "fit_context",
    "fold_in_use",
    "names_of_features",
    "names_of_parameters",
    "output_of",
    "requests_of",
    "scorer_in_use",
    "set_output_of",
    "validate_estimator",
    "validate_parameter_constraints",
    "validate_params",
]
