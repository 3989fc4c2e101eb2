"""Convert tables in long form (a row per entity and time) to sequences and back."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal, overload

import numpy as np

from .._inputs import combined, count_within, listed, lookup, time_positions
from .._inputs.types import ArrayLike
from ._polars import column_to_pandas, is_polars, to_pandas, to_polars
from ._stacking import StackedSteps, is_frame, stack_steps

_PER = ("entity", "step")


@overload
def from_long(
    frame: Any,
    by: Hashable | list[Any],
    time: Hashable = None,
    target: Hashable | list[Any] = None,
    *,
    target_per: str = "entity",
    static: Hashable | list[Any] = None,
    as_frames: bool = False,
    return_times: Literal[False] = False,
) -> tuple[Any, Any, np.ndarray]: ...


@overload
def from_long(
    frame: Any,
    by: Hashable | list[Any],
    time: Hashable = None,
    target: Hashable | list[Any] = None,
    *,
    target_per: str = "entity",
    static: Hashable | list[Any] = None,
    as_frames: bool = False,
    return_times: Literal[True],
) -> tuple[Any, Any, np.ndarray, list[Any]]: ...


def from_long(
    frame: Any,
    by: Hashable | list[Any],
    time: Hashable = None,
    target: Hashable | list[Any] = None,
    *,
    target_per: str = "entity",
    static: Hashable | list[Any] = None,
    as_frames: bool = False,
    return_times: bool = False,
) -> tuple:
    """Convert a table in long form into one sequence per entity.

    The sequences hold all columns except ``by``, ``time`` and ``target``, in the order
    of the DataFrame. Rows may be in any order.

    Parameters
    ----------
    frame : DataFrame
        Table in long form, of pandas or polars: a row for each entity and time.
    by : label, int, or list or tuple of these
        The column or index level that identifies the entity, or several of them. An int
        is a column's label if there is such a label, else its position; a tuple is a
        label if there is such a label.
    time : label or int, default=None
        The column or index level of time, by which rows are sorted: dates (with or
        without time zone, also as ISO text), periods, durations or numbers. None means
        that the rows of each entity are already in order.
    target : label, int, or list or tuple of these, default=None
        The column or columns to predict.
    target_per : {"entity", "step"}, default="entity"
        Whether there is one target per entity, constant in all its rows, as classifiers
        and regressors expect, or one per row, as taggers expect.
    static : label, int, or list or tuple of these, default=None
        The columns that are constant within an entity: static covariates, which are not
        repeated in the sequences.
    as_frames : bool, default=False
        Whether to return each sequence as a pandas DataFrame indexed by time. It may have
        columns that are not numeric: estimators embed text, and a
        :class:`StepwiseTransformer` encodes any column. Slower if there are many
        entities.
    return_times : bool, default=False
        Whether to also return the time stamps, for :func:`to_long`.

    Returns
    -------
    sequences : list of ndarray of shape (n_steps_i, n_columns), or of DataFrame
        One sequence per entity, in the order of ``ids``. Arrays are views of one array,
        whose dtype holds the numbers of all columns. Missing numbers are NaN. With
        ``static`` a DataFrame, as estimators take it: the sequences in its column
        "sequence", then the static columns, with a row for each entity.
    targets : ndarray, list of ndarray, or None
        Array of shape (n_entities,), or (n_entities, n_targets) for a list of labels.
        With ``target_per="step"``, a list of arrays of shape (n_steps_i,) or
        (n_steps_i, n_targets).
    ids : ndarray of shape (n_entities,)
        The entities, sorted; tuples if ``by`` is a list or tuple. They can serve as
        groups of scikit-learn's splitters.
    times : list of Index
        Time stamps of each sequence. Only returned if ``return_times=True``.

    Raises
    ------
    ValueError
        If the DataFrame has no rows, a column is missing or ambiguous, an entity or a
        time is missing, an entity has two rows with the same time, a static column or a
        target per entity varies within an entity, or no column is left for the
        sequences.
    TypeError
        If ``frame`` is not a DataFrame, times are text but no dates in the form of ISO
        8601, or a column of the sequences is not numeric (text, categories or dates).
        Pass ``as_frames=True``: estimators embed columns of text. Or encode them first
        (:func:`pandas.get_dummies`, :class:`~sklearn.preprocessing.OneHotEncoder`).

    See Also
    --------
    to_long : The inverse.
    sksequence.model_selection.PanelTimeSeriesSplit : Folds for rows in long form.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksequence.preprocessing import from_long
    >>> visits = pd.DataFrame({
    ...     "patient": ["b", "a", "b", "a", "a"],
    ...     "day": [9, 3, 2, 1, 8],
    ...     "pulse": [64.0, 80.0, 62.0, 75.0, 90.0],
    ...     "ill": [False, True, False, True, True],
    ... })
    >>> X, y, ids = from_long(visits, by="patient", time="day", target="ill")
    >>> [x.ravel() for x in X]
    [array([75., 80., 90.]), array([62., 64.])]
    >>> y, ids
    (array([ True, False]), array(['a', 'b'], dtype=object))
    """
    if is_polars(frame):
        frame = to_pandas(frame)
    _check_frame(frame)
    _check_per(target_per)
    if return_times and time is None:
        raise ValueError("return_times=True needs time=, the column of time stamps.")
    keys, goals = listed(by, frame), listed(target, frame)
    if not keys:
        raise ValueError(f"by must name at least one column, got {by!r}.")
    if time is not None and time in keys:
        raise ValueError(f"time must not be a column in by={by!r}, got {time!r}.")
    entities = [_column(frame, key, "by") for key in keys]
    wanted = [_column(frame, goal, "target") for goal in goals]
    constant = [_column(frame, key, "static") for key in listed(static, frame)]
    time_at, stamps = (None, None) if time is None else _column(frame, time, "time")
    codes, parts = _entities([column for _, column in entities], keys)
    ids = parts[0] if keys == [by] else _tuples(parts)

    order = _order(codes, stamps, time, ids)
    codes = codes[order]
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    cuts = [*map(slice, starts, [*starts[1:], len(codes)])]

    targets: Any = None
    columns = [column for _, column in wanted]
    if target_per == "step" and goals:
        rows = _targets(columns, order, is_one=goals == [target])
        targets = [rows[cut] for cut in cuts]
    elif goals:
        for column, goal in zip(columns, goals, strict=True):
            _check_constant(column, f"target={goal!r}", order, codes, ids)
        targets = _targets(columns, order[starts], is_one=goals == [target])

    for (_, column), key in zip(constant, listed(static, frame), strict=True):
        _check_constant(column, f"static={key!r}", order, codes, ids)

    taken = {time_at, *(at for at, _ in [*entities, *wanted, *constant])}
    left = [j for j in range(frame.shape[1]) if j not in taken]
    if not left:
        raise ValueError(
            "No column is left for the sequences: by, time, target and static take all "
            f"of {list(frame.columns)}. To predict a series from its own past keep a "
            "copy of it under another name."
        )
    if as_frames:
        table = frame.iloc[:, left].take(order)
        if stamps is not None:
            table.index = _index_of(stamps, time).take(order)
        sequences = [table.iloc[cut] for cut in cuts]
    else:
        values = _numbers(frame.iloc[:, left], order)
        sequences = [values[cut] for cut in cuts]
    if constant:
        columns = [column for _, column in constant]
        sequences = _beside(sequences, columns, order[starts])
    if not return_times:
        return sequences, targets, ids
    index = _index_of(stamps, time).take(order)
    return sequences, targets, ids, [index[cut] for cut in cuts]


def to_long(
    sequences: ArrayLike,
    ids: ArrayLike,
    *,
    times: ArrayLike | None = None,
    targets: ArrayLike | None = None,
    by: Hashable | list[Any] = "id",
    time: Hashable = "time",
    target: Hashable | list[Any] = "target",
    target_per: str = "entity",
    columns: Hashable | list[Any] = None,
    output: str = "pandas",
) -> Any:
    """Convert sequences, or predictions for their steps, into a table in long form.

    The inverse of :func:`from_long`.

    Parameters
    ----------
    sequences : list or array, one sequence per entity
        Sequences in any form that estimators accept, or predictions for every step.
    ids : array-like of shape (n_entities,)
        The entities; tuples if ``by`` is a list or tuple.
    times : list of Index or array-like of shape (n_steps_i,), default=None
        Time stamps of each sequence. None uses the index of DataFrames, else 0, 1, 2, ...
    targets : array-like, default=None
        Targets as returned by :func:`from_long`; None for no such column.
    by : label or list of labels, default="id"
        Name of the entity column, or names of several.
    time : label or None, default="time"
        Name of the time column; None for no such column.
    target : label or list of labels, default="target"
        Name of the target column, or names of several.
    target_per : {"entity", "step"}, default="entity"
        Whether there is one target per entity, or one per step.
    columns : label or list of labels, default=None
        Names of the sequences' columns. None uses the columns of DataFrames, else "x0",
        "x1", ...
    output : {"pandas", "polars"}, default="pandas"
        The library of the DataFrame.

    Returns
    -------
    DataFrame
        A row for each entity and time, with entities in the order of ``ids``.

    Raises
    ------
    ValueError, TypeError
        If lengths or numbers of names differ, a name is used for two columns, or
        ``sequences`` are not sequences.
    ImportError
        If pandas is not installed.

    Examples
    --------
    Predictions for every step, with their times:

    >>> import pandas as pd
    >>> from sksequence.preprocessing import to_long
    >>> predicted, days = [[0.5, 0.1], [0.9]], [[1, 8], [2]]
    >>> to_long(predicted, ["a", "b"], times=days, by="patient", columns="risk")
      patient  time  risk
    0       a     1   0.5
    1       a     8   0.1
    2       b     2   0.9
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "to_long makes a DataFrame: install pandas, or keep the sequences."
        ) from error
    _check_per(target_per)
    if output not in ("pandas", "polars"):
        raise ValueError(f"output must be 'pandas' or 'polars', got {output!r}.")
    if isinstance(sequences, list) and any(map(is_polars, sequences)):
        sequences = [to_pandas(x) if is_polars(x) else x for x in sequences]
    stacked = stack_steps(sequences, "sequences")
    lengths, n = stacked.lengths, len(stacked.lengths)
    _check_count("ids", len(ids), n)
    entity_of_row = np.repeat(np.arange(n), lengths)

    parts = [_id_columns(pd, ids, by).take(entity_of_row)]
    if time is not None:
        parts.append(_time_column(pd, stacked, times).to_frame(name=time))
    table = stacked.table
    if columns is not None or not is_frame(table):
        names = _names(columns, table.shape[1], "columns", "x")
        table = pd.DataFrame(table).set_axis(names, axis=1)
    parts.append(table)
    if targets is not None:
        if target_per == "step":
            steps = stack_steps(targets, "targets")
            _check_lengths("targets", steps.lengths, lengths)
            rows = np.asarray(steps.table)
        else:
            _check_count("targets", len(targets), n)
            rows = np.asarray(targets)[entity_of_row].reshape(len(entity_of_row), -1)
        names = _names(target, rows.shape[1], "target", "target")
        parts.append(pd.DataFrame(rows, columns=names))
    whole = pd.concat([part.reset_index(drop=True) for part in parts], axis=1)
    if not whole.columns.is_unique:
        twice = whole.columns[whole.columns.duplicated()].tolist()
        raise ValueError(
            f"{twice} would be the name of two columns of {list(whole.columns)}; choose "
            "others for by, time, target or columns."
        )
    return whole if output == "pandas" else to_polars(whole)


# ----------------------------------------------------------------------- columns and rows


def _check_frame(frame: Any) -> None:
    if not is_frame(frame):
        raise TypeError(
            "frame must be a pandas or polars DataFrame in long form, got "
            f"{type(frame).__name__}. Convert other DataFrames with their to_pandas()."
        )
    if not len(frame):
        raise ValueError("frame must have at least one row, got none.")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()].tolist()
        raise ValueError(f"frame must have unique column names, got {twice} repeatedly.")


def _check_per(target_per: Any) -> None:
    if target_per not in _PER:
        raise ValueError(f"target_per must be 'entity' or 'step', got {target_per!r}.")


def _column(frame: Any, key: Any, name: str) -> tuple[int | None, Any]:
    """Return the position of a column, None for an index level, and its values."""
    if not isinstance(key, Hashable):
        raise TypeError(f"by, time and target must be column labels, got {key!r}.")
    return lookup(frame, key, name, "frame")


def _index_of(stamps: Any, name: Hashable) -> Any:
    """Return a column as an Index, with its time zone."""
    index = stamps.to_frame().set_index(stamps.name).index
    return index.rename(name)


def _entities(columns: list, keys: list) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the code of each row's entity, and the sorted names of entities by key."""
    numbers, names = [], []
    for column, key in zip(columns, keys, strict=True):
        codes, distinct = column.factorize(sort=True)
        if (codes < 0).any():
            raise ValueError(
                f"by={key!r} must have an entity in every row, got {(codes < 0).sum()} "
                f"missing, first in row {(codes < 0).argmax()}. Fill them in, or leave "
                "those rows out."
            )
        numbers.append(codes.astype(np.int64, copy=False))
        names.append(np.asarray(distinct))
    if len(keys) == 1:
        return numbers[0], names
    codes = combined(numbers)
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    at = [number[first] for number in numbers]
    return codes, [distinct[i] for distinct, i in zip(names, at, strict=True)]


def _tuples(parts: list[np.ndarray]) -> np.ndarray:
    ids = np.empty(len(parts[0]), dtype=object)
    ids[:] = [*zip(*(part.tolist() for part in parts), strict=True)]
    return ids


def _order(codes: np.ndarray, stamps: Any, time: Hashable, ids: np.ndarray) -> np.ndarray:
    """Return the order by entity and time; raise ValueError if such a pair repeats.

    Without times, the rows of an entity stay in order.
    """
    if stamps is None:
        return np.argsort(codes, kind="stable")
    # Ranks are below the number of rows, so place cannot overflow.
    limit = np.iinfo(np.int64).max // len(ids)
    positions = time_positions(stamps, f"time={time!r}", limit)
    place = codes * (positions.max() + 1) + positions
    order = np.argsort(place, kind="stable")
    sorted_places = place[order]
    again = np.flatnonzero(sorted_places[1:] == sorted_places[:-1]) + 1
    if len(again):
        rows = order[again[:3]]
        values = stamps.take(rows)
        pairs = [f"({ids[codes[i]]!r}, {t})" for i, t in zip(rows, values, strict=True)]
        more = " and others" if len(again) > 3 else ""
        raise ValueError(
            f"{len(again)} row(s) repeat an entity and time: {', '.join(pairs)}{more}. "
            "Expected one row for each. Drop or aggregate them "
            "(frame.groupby([by, time]).mean()), or add to by what tells them apart."
        )
    return order


# ------------------------------------------------------------------------ values in order


def _numbers(table: Any, order: np.ndarray) -> np.ndarray:
    """Return the rows in order, as an array of the columns' common dtype."""
    others = [f"{n!r} ({t})" for n, t in table.dtypes.items() if not _is_numeric(t)]
    if others:
        raise TypeError(
            f"Columns must be numeric, got {', '.join(others)}. Choose as_frames=True: "
            "estimators embed text, and a StepwiseTransformer encodes any column; "
            "encode them first (with pandas.get_dummies or OneHotEncoder, or "
            "astype(float) if they are numbers); or leave them out."
        )
    columns = [_plain(table[name]) for name in table.columns]
    dtype = np.result_type(*(column.dtype for column in columns))
    values = np.empty((len(order), len(columns)), dtype=dtype)
    for j, column in enumerate(columns):
        values[:, j] = column[order]
    return values


def _is_numeric(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "biuf"


def _plain(column: Any) -> np.ndarray:
    """Return a column as an array, with NaN for missing numbers."""
    dtype = getattr(column.dtype, "numpy_dtype", None)  # of pandas' nullable types
    if dtype is None or not _is_numeric(dtype):
        return np.asarray(column)
    if column.isna().any():
        dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
        return column.to_numpy(dtype=dtype, na_value=np.nan)
    return column.to_numpy(dtype=dtype)


def _targets(columns: list, rows: np.ndarray, *, is_one: bool) -> np.ndarray:
    values = [_plain(column.take(rows)) for column in columns]
    if is_one:
        return values[0]
    if not all(_is_numeric(value.dtype) for value in values):
        values = [value.astype(object) for value in values]  # keep numbers beside text
    return np.column_stack(values)


def _check_constant(
    column: Any, what: str, order: np.ndarray, codes: np.ndarray, ids: np.ndarray
) -> None:
    """Raise ValueError if a column varies within an entity."""
    values = column.factorize()[0][order]  # numbers, so that NaN equals NaN
    varies = (values[1:] != values[:-1]) & (codes[1:] == codes[:-1])
    if varies.any():
        i = int(varies.argmax())
        first, other = column.take(order[[i, i + 1]])
        raise ValueError(
            f"{what} must be constant within each entity, got {first!r} and {other!r} "
            f"for {ids[codes[i]]!r}. For a target in each row pass target_per='step', "
            "and leave other columns in the sequences."
        )


def _beside(sequences: list, columns: list, rows: np.ndarray) -> Any:
    """Return a DataFrame of sequences and static columns, a row for each entity."""
    import pandas as pd

    table = pd.DataFrame({"sequence": pd.Series(sequences, dtype=object)})
    for column in columns:
        name = column.name
        if name in table.columns:
            raise ValueError(
                f"static must not name a column {name!r}, as the sequences are called in "
                "the result. Rename it."
            )
        table[name] = column.take(rows).array
    return table


# ------------------------------------------------------------------------ back to a table


def _id_columns(pd: Any, ids: Any, by: Any) -> Any:
    has_tuples = len(ids) > 0 and isinstance(next(iter(ids)), tuple)
    if not (isinstance(by, list) or (isinstance(by, tuple) and has_tuples)):
        return pd.Index([*ids], name=by, tupleize_cols=False).to_frame(index=False)
    wrong = [item for item in ids if not isinstance(item, tuple) or len(item) != len(by)]
    if wrong:
        raise ValueError(
            f"ids must be tuples of {len(by)}, for the columns of by={by!r}, got "
            f"{wrong[0]!r}."
        )
    columns = zip(*ids, strict=True)
    return pd.DataFrame(dict(zip(by, map(list, columns), strict=True)))


def _time_column(pd: Any, stacked: StackedSteps, times: Any) -> Any:
    """Return the time stamps of all steps."""
    times = stacked.indexes if times is None else times
    lengths = stacked.lengths
    if times is None:
        return pd.Index(count_within(lengths))
    stamps = [_as_index(pd, stamp) for stamp in times]
    _check_lengths("times", np.array([len(stamp) for stamp in stamps]), lengths)
    return stamps[0].append(stamps[1:])


def _as_index(pd: Any, stamps: Any) -> Any:
    if isinstance(stamps, pd.Index):
        return stamps
    is_of_polars = hasattr(stamps, "null_count") and hasattr(stamps, "to_list")
    return pd.Index(column_to_pandas(stamps) if is_of_polars else stamps)


def _names(names: Any, n: int, what: str, prefix: str) -> list:
    if names is None:
        return [f"{prefix}{j}" for j in range(n)]
    is_list = isinstance(names, list) or (isinstance(names, tuple) and len(names) == n)
    each = [*names] if is_list else [names]
    if len(each) != n:
        raise ValueError(
            f"{what} must have one name for each of {n} column(s), got {names!r}."
        )
    return each


def _check_count(name: str, got: int, n: int) -> None:
    if got != n:
        raise ValueError(
            f"{name} must hold one item for each of {n} sequences, got {got}."
        )


def _check_lengths(name: str, got: np.ndarray, lengths: np.ndarray) -> None:
    _check_count(name, len(got), len(lengths))
    wrong = np.flatnonzero(got != lengths)
    if len(wrong):
        i = wrong[0]
        raise ValueError(
            f"{name} must hold one item for each step, got {got[i]} for sequence {i}, "
            f"which has {lengths[i]} step(s)."
        )
