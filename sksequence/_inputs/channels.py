"""Names of channels and of outputs: those of the columns of DataFrames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from .containers import is_frame, names_of


def check_channels(
    estimator: Any, items: Iterable[Any], n_channels: int, *, reset: bool
) -> None:
    """Set or check number and names of channels, as scikit-learn does for columns.

    Parameters
    ----------
    estimator : estimator
        The estimator with ``n_features_in_`` and ``feature_names_in_``.
    items : iterable
        The sequences; those that are DataFrames have named channels. Without any, the
        channels have no names.
    n_channels : int
        Number of channels of every sequence.
    reset : bool
        Whether to set them rather than check them.

    Raises
    ------
    ValueError
        If a sequence has other names, or another order of them, than in fit or than the
        sequences before it; the message is scikit-learn's.
    """
    first_with: dict[tuple | None, tuple[int, Any]] = {}
    for i, item in enumerate(items):
        names = tuple(names_of(item)) if is_frame(item) else None
        first_with.setdefault(names, (i, item))
    # Arrays have no names: scikit-learn warns of them once there are some.
    nameless = np.empty((1, n_channels))
    tables = {names: (i, x) for names, (i, x) in first_with.items() if names is not None}
    if not (reset or tables or hasattr(estimator, "feature_names_in_")):
        return
    others = [(i, nameless) for names, (i, _) in first_with.items() if names is None]
    checked = [*tables.values(), *others] or [(0, nameless)]
    if reset:
        validate_data(estimator, checked.pop(0)[1], reset=True, skip_check_array=True)
    for i, table in checked:
        try:
            validate_data(estimator, table, reset=False, skip_check_array=True)
        except ValueError as error:
            where = f"Sequence {i} has other columns. " if i or reset else ""
            raise ValueError(f"{where}{error}") from error


def names_of_targets(y: Any) -> tuple[str, ...] | None:
    """Return the names of the outputs of y, or None if it has no names.

    Parameters
    ----------
    y : array-like
        Targets: one DataFrame, or a DataFrame for each sequence.

    Raises
    ------
    ValueError
        If the DataFrames have different columns or another order of them.

    Examples
    --------
    >>> import pandas as pd
    >>> load = pd.DataFrame({"heat": [1.0], "power": [2.0]})
    >>> names_of_targets([load, load])
    ('heat', 'power')
    >>> names_of_targets([load, load[["power", "heat"]]])
    Traceback (most recent call last):
    ...
    ValueError: y has the columns ['power', 'heat'] for sequence 1, but ['heat', ...
    """
    if is_frame(y):
        return _names_of_outputs(y)
    kind = getattr(getattr(y, "dtype", None), "kind", "")
    if not isinstance(y, list | tuple) and kind != "O":
        return None
    known, first = None, 0
    for i, item in enumerate(y):
        names = _names_of_outputs(item) if is_frame(item) else None
        if known is None:
            known, first = names, i
        elif names is not None and names != known:
            raise ValueError(
                f"y has the columns {list(names)} for sequence {i}, but {list(known)} "
                f"for sequence {first}: all must have the same, in the same order."
            )
    return known


def _names_of_outputs(frame: Any) -> tuple[str, ...] | None:
    """Return the names of several columns, if all are text; one needs no name."""
    names = tuple(names_of(frame))
    is_named = len(names) > 1 and all(isinstance(name, str) for name in names)
    return names if is_named else None
