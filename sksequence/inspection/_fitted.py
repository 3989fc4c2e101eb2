"""Fitted networks within Pipelines, searches and forecasters."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def fitted_network(estimator: Any) -> Any:
    """Return the fitted network of a Pipeline, a search or a forecaster.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    TypeError
        If there is none, or there are several.
    """
    while (inner := _inner_of(estimator)) is not None:
        estimator = inner
    if not hasattr(estimator, "_derive"):
        name = type(estimator).__name__
        if hasattr(estimator, "estimator") and not hasattr(estimator, "estimators_"):
            check_is_fitted(estimator)  # a search
        several = hasattr(estimator, "estimators_") or hasattr(estimator, "n_estimators")
        hint = f" Pass one of {name}.estimators_." if several else ""
        raise TypeError(
            f"estimator must be a recurrent estimator of sksequence, or a Pipeline, "
            f"search or WindowForecaster of one, got {name}.{hint}"
        )
    check_is_fitted(estimator)
    return estimator


def _inner_of(estimator: Any) -> Any:
    """Return the estimator that a fit has put into another one; None without one."""
    if isinstance(estimator, Pipeline):
        return estimator[-1]
    for name in ("best_estimator_", "regressor_"):
        if (inner := getattr(estimator, name, None)) is not None:
            return inner
    if hasattr(estimator, "historical_forecasts"):
        check_is_fitted(estimator)
    return None


def fitted_reading(estimator: Any, X: Any) -> tuple[Any, Any]:
    """Return the fitted network, and X as it reads it: transformed by earlier steps.

    Raises
    ------
    NotFittedError, TypeError
        As :func:`fitted_network`; TypeError also for a forecaster, which reads a table.
    """
    if hasattr(estimator, "historical_forecasts"):
        raise TypeError(
            f"estimator must read sequences, got {type(estimator).__name__}, which reads "
            "a table. Pass its regressor_, and the windows of "
            "sksequence.preprocessing.make_windows."
        )
    while True:
        if isinstance(estimator, Pipeline):
            fitted_network(estimator)
            if len(estimator) > 1:
                X = estimator[:-1].transform(X)
            estimator = estimator[-1]
        elif (best := getattr(estimator, "best_estimator_", None)) is not None:
            estimator = best
        else:
            return fitted_network(estimator), X


def one_sequence(X: Any, which: int) -> Any:
    """Return one sequence in the form of X, which has one.

    Raises
    ------
    ValueError
        If X has no such sequence.
    """
    n = len(X)
    if isinstance(which, bool) or not -n <= which < n:
        raise ValueError(f"sequence must be a position in X, of {n}, got {which!r}.")
    at = slice(which % n, which % n + 1)
    return X.iloc[at] if hasattr(X, "iloc") else X[at]
