"""Forecasts as DataFrames with entities and time stamps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..preprocessing._polars import to_polars


def index_of_rows(
    names: list, keys: list, codes: np.ndarray, stamps: dict[Any, Any]
) -> Any:
    """Return an index of entities, if they have names, and time stamps.

    Parameters
    ----------
    names : list
        Names of the levels of entities.
    keys : list
        The entities; tuples if there are several names.
    codes : ndarray of shape (n_rows,)
        The entity of each row.
    stamps : dict of Index
        Time stamps of the rows, by the name of their level.
    """
    import pandas as pd

    parts = [key if isinstance(key, tuple) else (key,) for key in keys]
    levels = [
        pd.Index([part[j] for part in parts]).take(codes) for j in range(len(names))
    ]
    levels += stamps.values()
    if len(levels) == 1:
        return levels[0].rename(*stamps)
    return pd.MultiIndex.from_arrays(levels, names=[*names, *stamps])


def frame_of(
    rows: np.ndarray,
    targets: list,
    levels: Sequence[float] | None,
    index: Any,
    *,
    as_polars: bool,
) -> Any:
    """Return forecasts (n_rows, n_targets, n_quantiles) as a DataFrame.

    ``levels`` are the quantiles, None for one forecast of each target. A DataFrame of
    polars has the index as columns.
    """
    import pandas as pd

    labels = pd.Index(targets)
    if levels is not None:
        names = ["target", "quantile"]
        labels = pd.MultiIndex.from_product([targets, [*levels]], names=names)
    frame = pd.DataFrame(rows.reshape(len(rows), -1), index=index, columns=labels)
    if not as_polars:
        return frame
    frame.columns = [
        "_".join(map(str, label)) if isinstance(label, tuple) else str(label)
        for label in frame.columns
    ]
    return to_polars(frame.reset_index())
