"""What each strategy needs of the columns and of the regressor."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone, is_classifier

from .._inputs import beside, own_name, quantiles_of
from ._columns import Columns


def check_strategy(
    strategy: str, regressor: Any, columns: Columns, univariate: bool
) -> None:
    """Raise ValueError if columns or the regressor do not suit the strategy.

    TypeError if it is a classifier.
    """
    if is_classifier(regressor):
        raise TypeError(
            f"regressor must be a regressor, got {type(regressor).__name__}, which "
            "predicts classes: use its regressor."
        )
    if strategy != "recursive":
        return
    others = [columns.labels[j] for j in columns.others]
    if others and not univariate:
        raise ValueError(
            'strategy="recursive" feeds forecasts back, so every column must be '
            f"forecast or known ahead: got {others}, which are neither. Name them in "
            "target or known, leave them out, or use another strategy."
        )
    levels = quantiles_of(regressor)
    if levels is not None:
        raise ValueError(
            'strategy="recursive" feeds one number per target back, and the regressor '
            f"predicts the quantiles {levels}. Use another strategy, or one quantile."
        )


def prepared(
    regressor: Any, strategy: str, columns: Columns, horizon: int, univariate: bool
) -> Any:
    """Return a clone of the regressor, set up for a strategy.

    A decoder is switched on, and a network that normalises its targets is told which
    channels they are.

    Raises
    ------
    ValueError
        If the regressor has no decoder for the strategy "decoder", or looks for a season
        in rows that lie ahead.
    """
    regressor = clone(regressor)
    params = regressor.get_params()
    changes: dict[str, Any] = {}
    for name, value in params.items():
        last, normalize = own_name(name), beside(params, name, "normalize")
        if last == "decoder" and strategy == "decoder":
            changes[name] = True
        if last == "target_channels" and normalize is not None and value is None:
            changes[name] = (0,) if univariate else tuple(columns.targets)
        if last == "season" and normalize is not None and value is not None:
            _check_season(strategy, columns, horizon)
    if strategy == "decoder" and True not in changes.values():
        raise ValueError(
            'strategy="decoder" needs a regressor with the hyperparameter decoder, such '
            f"as GRURegressor, got {type(regressor).__name__}."
        )
    return regressor.set_params(**changes)


def _check_season(strategy: str, columns: Columns, horizon: int) -> None:
    if strategy == "direct" and columns.known and horizon > 1:
        known = [columns.labels[j] for j in columns.known]
        raise ValueError(
            'season of the regressor needs strategy="decoder" or "recursive" where '
            f'columns are known ahead, as {known}: with "direct" the last rows of '
            "windows are not those of a season."
        )
