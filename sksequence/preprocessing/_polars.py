"""Polars DataFrames converted to those of pandas, and back, without pyarrow."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_polars(item: Any) -> bool:
    """Return whether the item is a polars DataFrame, without importing polars."""
    return hasattr(item, "get_columns") and hasattr(item, "columns")


def to_pandas(frame: Any) -> Any:
    """Convert a polars DataFrame to a pandas DataFrame with the same columns."""
    import pandas as pd

    columns = {series.name: column_to_pandas(series) for series in frame.get_columns()}
    return pd.DataFrame(columns)


def column_to_pandas(series: Any) -> Any:
    """Convert a polars Series to a pandas Series of the type that holds it."""
    import pandas as pd

    kind = str(series.dtype.base_type())
    if kind == "Datetime":
        column = pd.Series(series.to_numpy())
        zone = series.dtype.time_zone
        if zone is None:
            return column
        return column.dt.tz_localize("UTC").dt.tz_convert(zone)
    if kind in ("Categorical", "Enum"):
        categories = [*series.dtype.categories] if kind == "Enum" else None
        return pd.Series(pd.Categorical(series.to_list(), categories=categories))
    if kind == "Boolean" and series.null_count():
        return pd.Series(pd.array(series.to_list(), dtype="boolean"))
    if series.dtype.is_numeric() and kind != "Decimal":
        return pd.Series(series.to_numpy())
    if kind in ("Boolean", "Date", "Duration"):
        return pd.Series(series.to_numpy())
    return pd.Series(series.to_list())


def to_polars(frame: Any) -> Any:
    """Convert a pandas DataFrame to a polars DataFrame with the same columns."""
    try:
        import polars
    except ImportError as error:
        raise ImportError(
            "output='polars' makes a polars DataFrame: install polars, or choose "
            "output='pandas'."
        ) from error
    return polars.DataFrame(
        [
            _column_to_polars(polars, str(name), frame.iloc[:, j])
            for j, name in enumerate(frame.columns)
        ]
    )


def _column_to_polars(polars: Any, name: str, column: Any) -> Any:
    zone = getattr(column.dtype, "tz", None)
    if zone is not None:
        instants = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        series = polars.Series(name, instants).dt.replace_time_zone("UTC")
        return series.dt.convert_time_zone(str(zone))
    if hasattr(column.dtype, "categories"):
        texts = [None if text is np.nan else text for text in column.tolist()]
        return polars.Series(name, texts, dtype=polars.Categorical)
    if isinstance(column.dtype, np.dtype) and column.dtype.kind != "O":
        return polars.Series(name, column.to_numpy())
    values = column.astype(object).where(column.notna(), None)
    return polars.Series(name, values.tolist())


def frame_of_lists(name: str, sequences: list[np.ndarray]) -> Any:
    """Return a polars DataFrame whose one column has a list of steps in each row."""
    import polars

    return polars.DataFrame({name: [np.asarray(item).tolist() for item in sequences]})
