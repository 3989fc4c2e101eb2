"""From a table in time order to a forecast of the rows after its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.metrics import r2_score
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._inputs import column_at, find_column, index_of, listed, quantiles_of
from .._inputs.borrowed import HasMethods, StrOptions, fit_context
from .._inputs.documented import Documented
from .._inputs.intervals import Count
from .._inputs.other_names import KnowsOtherNames, knows_other_names
from .._inputs.types import ArrayLike, PathLike, typed
from .._storage.composites import save
from ..preprocessing._gaps import MAX_GAP, Span
from ..preprocessing._polars import is_polars
from ..preprocessing._tables import BY, TIME, Key, Table
from ..preprocessing.forecasts import cut_windows, hold_from
from ._answers import frame_of, index_of_rows
from ._calendar import Calendar
from ._columns import Columns, as_table, read_columns, with_targets
from ._future import Future, next_rows, read_future
from ._past import Past
from ._reader import WindowReader
from ._scales import Scales, inverted, transformed
from ._strategies import check_strategy, prepared
from .recursive import forecast_recursive

_AT_LEAST_ONE = [Count()]
_COLUMNS = [str, Integral, tuple, list, None]


# Fitted attributes that are stored as plain data.
_PARTS: dict[str, Any] = {"_columns": Columns, "_calendar": Calendar, "_past": Past}


class WindowForecaster(
    Documented, KnowsOtherNames, RegressorMixin, MetaEstimatorMixin, BaseEstimator
):
    """Forecast the rows after the end of a table, with any regressor of windows.

    It cuts the table into windows, fits the regressor to predict the rows after each of
    them, and keeps the last rows of each entity, from which :meth:`predict` forecasts.
    The answer is a DataFrame with the time stamps of the future.

    Parameters
    ----------
    regressor : regressor or Pipeline
        Predicts targets from windows, as the regressors of sksequence do.

    length : int
        Number of rows per window.

    horizon : int
        Number of rows to forecast.

    strategy : {"direct", "recursive", "decoder"}, default="direct"
        "direct": the regressor predicts all steps at once, from windows that show what is
        known of all of them. "recursive": it predicts one step, and its predictions are
        fed back, for any number of steps; all columns must be targets or known.
        "decoder": as "direct", with ``decoder=True`` set in the regressor, so that its
        network steps through the horizon.

    target : label, int, list of these, or None, default=None
        The columns to forecast. None for all that are not named otherwise, or those of y
        if it is given to fit.

    known : label, int, list of these, or None, default=None
        Columns that are known ahead, such as the calendar or planned promotions; the rows
        given to predict must hold them.

    static : label, int, list of these, or None, default=None
        Columns that are constant within an entity: static covariates of the regressor.

    by : label, int, list of these, or None, default=None
        The columns, or index levels, that identify entities. One regressor serves all.

    time : label, int or None, default=None
        The column or index level of time. None takes it from a DataFrame's index; arrays
        have none, and their rows count from zero.

    univariate : bool, default=False
        Whether each target is forecast from its own past alone (and what is known ahead
        or static), by one regressor for all targets.

    transformer : transformer or None, default=None
        Applied to the targets, one column each, before windows are cut, and inverted in
        the forecasts: ``FunctionTransformer(np.log, np.exp)``. It must keep the order of
        numbers if the regressor predicts quantiles.

    scale_entities : bool, default=False
        Whether the targets of each entity, after ``transformer``, are centred and scaled
        by the mean and standard deviation of its own rows in fit (or in ``history``, for
        an entity that was not in fit), which is undone in the forecasts.

    step : int, default=1
        Number of rows from one training window to the next.

    max_gap : timedelta, str, number or None, default=None
        The longest step of time within a training window, as in
        :func:`~sksequence.preprocessing.make_windows`.

    freq : str, timedelta, number or None, default=None
        The step of time, for dates as an offset alias of pandas ("D", "MS"). None infers
        it from the last rows of each entity.

    Attributes
    ----------
    regressor_ : regressor
        The fitted regressor.

    targets_ : list
        Labels of the forecast columns.

    n_features_in_ : int
        Number of columns of the table.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if all are strings.

    See Also
    --------
    sksequence.preprocessing.make_windows : The windows alone.
    sksequence.model_selection.PanelTimeSeriesSplit : Folds of panels in time order.

    Notes
    -----
    Backtest with ``cross_validate(forecaster, table, cv=TimeSeriesSplit(n,
    test_size=horizon))``: in each fold the test rows are what predict is asked for; their
    targets are never read by it.

    References
    ----------
    Ben Taieb et al. (2012), A review and comparison of strategies for multi-step ahead
    time series forecasting. Expert Systems with Applications 39(8).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sksequence import GRURegressor, WindowForecaster
    >>> days = pd.date_range("2024-01-01", periods=200)
    >>> promotion = np.random.default_rng(0).integers(0, 2, size=200)
    >>> weekend = np.array([0, 0, 0, 0, 0, 3, 4])[days.day_of_week]
    >>> table = pd.DataFrame(
    ...     {"sales": 10 + 5 * promotion + weekend, "promotion": promotion}, index=days
    ... )
    >>> forecaster = WindowForecaster(
    ...     GRURegressor(hidden_size=32, pooling="last", lr=0.01, random_state=0),
    ...     length=14, horizon=5, strategy="decoder", target="sales", known="promotion",
    ... )
    >>> plan = table[["promotion"]].tail(5)
    >>> forecaster.fit(table[:-5]).predict(plan).round()
                sales
    2024-07-14   19.0
    2024-07-15   10.0
    2024-07-16   15.0
    2024-07-17   10.0
    2024-07-18   15.0
    """

    _parameter_constraints: dict = {
        "regressor": [HasMethods(["fit", "predict"])],
        "length": _AT_LEAST_ONE,
        "horizon": _AT_LEAST_ONE,
        "strategy": [StrOptions({"direct", "recursive", "decoder"})],
        "target": _COLUMNS,
        "known": _COLUMNS,
        "static": _COLUMNS,
        "by": BY,
        "time": TIME,
        "univariate": ["boolean"],
        "transformer": [HasMethods(["fit", "transform", "inverse_transform"]), None],
        "scale_entities": ["boolean"],
        "step": _AT_LEAST_ONE,
        "max_gap": MAX_GAP,
        "freq": "no_validation",
    }

    @knows_other_names
    def __init__(
        self,
        regressor: Any,
        *,
        length: int,
        horizon: int,
        strategy: str = "direct",
        target: Key | list[Any] | None = None,
        known: Key | list[Any] | None = None,
        static: Key | list[Any] | None = None,
        by: Key | list[Any] | None = None,
        time: Key | None = None,
        univariate: bool = False,
        transformer: Any = None,
        scale_entities: bool = False,
        step: int = 1,
        max_gap: Span | None = None,
        freq: Any = None,
    ) -> None:
        self.regressor = regressor
        self.length = length
        self.horizon = horizon
        self.strategy = strategy
        self.target = target
        self.known = known
        self.static = static
        self.by = by
        self.time = time
        self.univariate = univariate
        self.transformer = transformer
        self.scale_entities = scale_entities
        self.step = step
        self.max_gap = max_gap
        self.freq = freq

    @typed(fit_context(prefer_skip_nested_validation=False))
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Fit the regressor to the windows of a table.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            The table, whose rows are in time order (for each entity): a DataFrame of
            pandas or polars, a Series, or an array.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
            The targets, if X does not hold them.

        Returns
        -------
        self : WindowForecaster
            The fitted forecaster.

        Raises
        ------
        ValueError, TypeError
            If a parameter is invalid, a column is missing, not numeric or named for two
            purposes, no entity has ``length + horizon`` rows, time stamps do not
            increase, or the strategy does not suit the columns or the regressor; before
            any training.
        """
        X_given, X = X, as_table(X)
        X, target = with_targets(X, y, self.target)
        columns, table = read_columns(
            X, target, self.known, self.static, self.by, self.time
        )
        check_strategy(self.strategy, self.regressor, columns, self.univariate)
        calendar = Calendar.of(table.times, self.freq)
        transformer = None
        if self.transformer is not None:
            targets = table.values[:, columns.targets]
            transformer = clone(self.transformer).fit(targets)
        table, scales = self._on_scale(table, columns, transformer, None)
        static = _static_of(X, columns, table)
        horizon = 1 if self.strategy == "recursive" else self.horizon
        windows, after, last = cut_windows(
            table,
            self.length,
            horizon,
            columns.targets,
            self._ahead(columns),
            step=self.step,
            by=self.by,
            max_gap=self.max_gap,
        )
        beside = None if static is None else static.iloc[last]
        regressor = prepared(
            self.regressor, self.strategy, columns, self.horizon, self.univariate
        )
        reader = WindowReader.of(regressor)
        if self.univariate:
            windows, after, beside = _column_by_column(windows, after, beside, columns)
        is_recursive = self.strategy == "recursive"
        reader.fit(windows, beside, _as_y(after, is_recursive=is_recursive))
        self.n_features_in_ = np.shape(X_given)[1] if np.ndim(X_given) > 1 else 1
        names = list(getattr(X_given, "columns", ()))
        if names and all(isinstance(name, str) for name in names):
            self.feature_names_in_ = np.array(names, dtype=object)
        self.regressor_ = reader.regressor
        self.transformer_ = transformer
        self.targets_ = [columns.labels[j] for j in columns.targets]
        self._columns, self._calendar = columns, calendar
        self._past = Past.of(table, static, self.length, scales)
        self._static_names = [] if static is None else list(static.columns)
        self._entity_names, self._time_name = _names(X, self.by, self.time)
        self._is_polars = is_polars(X_given)
        return self

    def predict(
        self,
        X: Any = None,
        *,
        history: Any = None,
        return_std: bool = False,
        quantiles: Sequence[float] | None = None,
    ) -> Any:
        """Forecast the rows after the end of the table.

        Parameters
        ----------
        X : table, int or None, default=None
            The future rows: their time stamps (and entities), and the columns that are
            known ahead; other columns are ignored. They must follow the last rows of
            fit, or of ``history``. An int is a number of rows for every entity, None
            means ``horizon``; neither is possible if columns are known ahead.
        history : table, default=None
            A table as in fit, from whose last rows to forecast: later rows, or other
            entities, which need not have been in fit. Of less than ``length`` rows the
            first is repeated.
        return_std : bool, default=False
            Whether to also return standard deviations; the regressor must predict them.
        quantiles : sequence of float, default=None
            Quantiles to predict, if the regressor predicts a distribution, or some of
            its own.

        Returns
        -------
        DataFrame
            A row for each row of X, or for each step of each entity, with the entities
            and time stamps as index (as columns, for a table of polars), and a column
            for each target; if the regressor predicts several quantiles, for each target
            and quantile. With ``return_std``, a tuple of two.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError, TypeError
            If the future rows do not follow the past, an entity has no past, a column
            known ahead lacks a value, or there are more rows than ``horizon`` and the
            strategy is not recursive.
        """
        asked: dict[str, Any] = {"return_std": True} if return_std else {}
        if quantiles is not None:
            asked["quantiles"] = quantiles
        values, std, index = self._answer(X, history, asked)
        as_polars = is_polars(X) or (self._is_polars and not hasattr(X, "columns"))
        levels = quantiles_of(self.regressor_) if quantiles is None else quantiles
        made = [
            frame_of(part, self.targets_, levels, index, as_polars=as_polars)
            for part in (values, std)
            if part is not None
        ]
        return tuple(made) if return_std else made[0]

    def historical_forecasts(self, X: Any, *, step: int = 1) -> Any:
        """Forecast from every row of a table, as if it were the last one known.

        Nothing is fitted again. Each forecast reads the ``length`` rows that end with its
        origin (and what is known ahead), all of them in X.

        Parameters
        ----------
        X : table
            A table as in fit, also of other rows or entities.
        step : int, default=1
            Number of rows from one origin to the next.

        Returns
        -------
        DataFrame
            Forecasts for all origins with ``length`` rows up to them and ``horizon`` rows
            after them, as those of predict, with the time of the origin as another level
            of the index.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As :meth:`fit` and :meth:`predict` do.
        """
        check_is_fitted(self)
        columns, table, static, scales = self._read_table(X)
        windows, after, last = cut_windows(
            table,
            self.length,
            self.horizon,
            columns.known or [0],
            step=step,
            by=self.by,
            max_gap=self.max_gap,
        )
        known = after.swapaxes(1, 2) if columns.known else after[:, 0, :, None][..., :0]
        beside = None if static is None else static.iloc[last]
        own = scales.take(table.entities.codes[last])
        values, _ = self._forecast(
            np.stack([*windows]), known, self.horizon, beside, own, {}
        )
        entities, origins = table.entities, np.repeat(last, self.horizon)
        place = np.empty(len(entities.codes), dtype=np.int64)
        place[entities.order] = np.arange(len(place))
        rows = entities.order[place[last][:, None] + 1 + np.arange(self.horizon)]
        instants = np.arange(len(place)) if table.times is None else table.times.values
        stamps = {
            "origin": self._calendar.labels(instants[origins]),
            self._time_name: self._calendar.labels(instants[rows.ravel()]),
        }
        index = index_of_rows(
            self._entity_names, entities.keys, entities.codes[origins], stamps
        )
        flat, levels = (
            values.reshape(-1, *values.shape[2:]),
            quantiles_of(self.regressor_),
        )
        return frame_of(flat, self.targets_, levels, index, as_polars=is_polars(X))

    def score(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the coefficient of determination of a forecast.

        Parameters
        ----------
        X : table
            The future rows, as for predict, with the true targets unless y is given;
            rows whose target is missing are left out.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
            The true targets.
        sample_weight : array-like of shape (n_rows,), default=None
            Weight of each row.

        Returns
        -------
        float
            R squared, the mean over targets; of several quantiles that nearest to the
            median is judged.
        """
        values, _, _ = self._answer(X, None, {})
        levels = quantiles_of(self.regressor_)
        middle = 0 if levels is None else int(np.abs(np.array(levels) - 0.5).argmin())
        table, wanted = as_table(X), self.targets_
        truth = np.column_stack(
            [column_at(table, find_column(table, name, "target")) for name in wanted]
            if y is None
            else [np.asarray(as_table(y, "y"))]
        ).astype(np.float64)
        if truth.shape != values.shape[:2]:
            raise ValueError(
                f"y must have shape {values.shape[:2]}, a row for each row of X, got "
                f"{truth.shape}."
            )
        is_known = ~np.isnan(truth).any(axis=1)
        weight = None if sample_weight is None else np.asarray(sample_weight)[is_known]
        return r2_score(
            truth[is_known], values[is_known, :, middle], sample_weight=weight
        )

    def save(self, path: PathLike) -> Self:
        """Save the fitted forecaster to a file that contains data and no code.

        Parameters
        ----------
        path : str or path-like
            The file, which :func:`sksequence.load` reads. An existing file is replaced
            atomically.

        Returns
        -------
        self : WindowForecaster
            The forecaster.

        Raises
        ------
        NotFittedError, TypeError, OSError
            As :func:`sksequence.save` does.
        """
        save(self, path)
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Return the state in plain Python and numpy, with estimators as they are."""
        state = dict(super().__getstate__())
        for name in _PARTS.keys() & state.keys():
            state[name] = dict(vars(state[name]))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        parts = {
            name: part(**state[name]) for name, part in _PARTS.items() if name in state
        }
        super().__setstate__({**state, **parts})

    # --------------------------------------------------------------------- forecasting

    def _answer(
        self, X: Any, history: Any, asked: dict[str, Any]
    ) -> tuple[np.ndarray, np.ndarray | None, Any]:
        """Return forecasts of future rows, deviations if asked, and their index.

        Forecasts are (n_rows, n_targets, n_quantiles).
        """
        check_is_fitted(self)
        past = self._past
        if history is not None:
            past = past.updated(self._read_past(history))
        future = self._read_future(X, past)
        windows = past.windows(future.which, self.length)
        static = self._static_frame(past, future.which)
        scales = past.scales(future.which)
        found = self._forecast(
            windows, future.known, future.n_steps, static, scales, asked
        )
        values, std = (
            None if part is None else part[future.entity, future.step] for part in found
        )
        keys, stamps = (
            [past.keys[i] for i in future.which],
            {self._time_name: future.stamps},
        )
        index = index_of_rows(self._entity_names, keys, future.entity, stamps)
        assert values is not None, "only deviations may be missing"
        return values, std, index

    def _ahead(self, columns: Columns) -> list[int] | None:
        """Return the channels that windows show ahead; None if they end at the origin."""
        return columns.known if columns.known or self.strategy == "decoder" else None

    def _forecast(
        self,
        windows: np.ndarray,
        known: np.ndarray,
        n_steps: int,
        static: Any,
        scales: Scales,
        asked: dict[str, Any],
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return forecasts (n_windows, n_steps, n_targets, n_quantiles), and deviations.

        windows (n_windows, length, n_channels), known (n_windows, n_steps, n_known)
        """
        reader, columns = WindowReader.of(self.regressor_), self._columns
        n, k = len(windows), len(columns.targets)
        targets = columns.targets
        if self.univariate:
            windows, _, static = _column_by_column(windows, None, static, columns)
            known, targets = np.tile(known, (k, 1, 1)), [0]
        std = None
        if self.strategy == "recursive":
            if asked:
                raise ValueError(
                    f'{[*asked]} need strategy="direct" or "decoder": recursive '
                    "forecasts know the distribution of the first step only."
                )
            answer = forecast_recursive(
                reader.with_static(static),
                windows,
                n_steps,
                target=None if targets == [*range(windows.shape[2])] else targets,
                future=known if known.shape[2] else None,
            )
        else:
            shown = self._reach_ahead(windows, known)
            answer = reader.predict(shown, static, **asked)
            answer, std = answer if "return_std" in asked else (answer, None)
            n_steps = self.horizon
        shape = (k, n, n_steps, 1, -1) if self.univariate else (n, n_steps, k, -1)
        values = inverted(scales.undo(_by_target(answer, shape)), self.transformer_)
        if std is None:
            return values, None
        if self.transformer_ is not None:
            raise ValueError(
                "return_std=True needs transformer=None: a deviation cannot be "
                "transformed back. Predict quantiles instead."
            )
        return values, scales.undo(_by_target(std, shape), is_level=False)

    def _reach_ahead(self, windows: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Return windows that show what is known of the horizon, as those of the fit."""
        ahead = self._ahead(self._columns)
        if ahead is None:
            return windows
        if self.univariate:
            ahead = [*range(1, windows.shape[2])]
        horizon = self.horizon
        shown = np.pad(windows, ((0, 0), (0, horizon - 1), (0, 0)))
        if ahead:
            later = np.concatenate([windows[:, 1:, ahead], known], axis=1)
            shown[:, :, ahead] = later
        hold_from(shown, self.length, ahead)
        return shown

    # ------------------------------------------------------------------- past and future

    def _on_scale(
        self, table: Table, columns: Columns, transformer: Any, past: Past | None
    ) -> tuple[Table, Scales]:
        """Return the table with its targets on the scale of learning, and that scale.

        The scale of an entity is that of the fit, or else of its rows.
        """
        targets = columns.targets
        table = transformed(table, targets, transformer)
        if not self.scale_entities:
            return table, Scales.none(len(table.entities.keys), len(targets))
        scales = Scales.of(table, targets)
        if past is not None:
            scales = past.known_scales(table, scales)
        return scales.apply(table, targets), scales

    def _read_table(self, X: Any) -> tuple[Columns, Table, Any, Scales]:
        """Read a table with the columns of the fit, transformed and scaled."""
        X = as_table(X)
        columns, table = read_columns(
            X, self.targets_, self.known, self.static, self.by, self.time
        )
        if columns.labels != self._columns.labels:
            raise ValueError(
                f"The table must have the channels {self._columns.labels} as in fit, in "
                f"this order, got {columns.labels}."
            )
        kind = "positions" if table.times is None else table.times.kind
        if kind != self._calendar.kind:
            raise ValueError(
                f"The time stamps must be {self._calendar.kind} as in fit, got {kind}."
            )
        table, scales = self._on_scale(table, columns, self.transformer_, self._past)
        return columns, table, _static_of(X, columns, table), scales

    def _read_past(self, history: Any) -> Past:
        _, table, static, scales = self._read_table(history)
        return Past.of(table, static, self.length, scales)

    def _read_future(self, X: Any, past: Past) -> Future:
        known = [self._columns.labels[j] for j in self._columns.known]
        is_number = isinstance(X, Integral) and not isinstance(X, bool)
        if X is None or is_number:
            if known:
                raise ValueError(
                    f"X must be a table of the future rows with the columns {known}, "
                    f"which are known ahead, got {X!r}."
                )
            if is_number and X < 1:
                raise ValueError(f"X must be at least 1 row, got {X}.")
            n_steps = self.horizon if X is None else int(X)
            future = next_rows(past, self._calendar, n_steps)
        else:
            table = as_table(X)
            future = read_future(table, known, past, self._calendar, self.by, self.time)
        if self.strategy == "recursive":
            known_rows = _filled(future.known)
            return replace(future, known=known_rows)
        if future.n_steps > self.horizon:
            raise ValueError(
                f"strategy={self.strategy!r} forecasts horizon={self.horizon} row(s), as "
                f"fitted, got {future.n_steps} future rows of an entity. Fit with that "
                'horizon, or use strategy="recursive".'
            )
        counts = np.bincount(future.entity)
        if known and counts.min() < self.horizon:
            key = past.keys[future.which[int(counts.argmin())]]
            whose = "" if key is None else f" of {key!r}"
            raise ValueError(
                f"The columns {known} must be known for all {self.horizon} steps of the "
                f"horizon, but the future rows{whose} end after {counts.min()}."
            )
        return future

    def _static_frame(self, past: Past, which: list[int]) -> Any:
        if not self._columns.static:
            return None
        import pandas as pd

        return pd.DataFrame([past.static[i] for i in which], columns=self._static_names)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = True
        return tags


def _static_of(X: Any, columns: Columns, table: Table) -> Any:
    """Return the static columns as a DataFrame; raise ValueError if one varies."""
    if not columns.static:
        return None
    import pandas as pd

    if hasattr(X, "iloc"):
        static = X.iloc[:, columns.static].reset_index(drop=True)
    else:
        static = pd.DataFrame(X[:, columns.static]).infer_objects()
    entities = table.entities
    first = entities.order[entities.starts][entities.codes]
    for name in static.columns:
        codes = pd.factorize(static[name])[0]
        varies = codes != codes[first]
        if varies.any():
            raise ValueError(
                f"The static column {name!r} must be constant within an entity, got "
                f"several values for {entities.keys[entities.codes[varies.argmax()]]!r}. "
                "Leave it among the other columns."
            )
    return static


def _names(X: Any, by: Any, time: Any) -> tuple[list, Any]:
    """Return the names of entities and of time, for the index of forecasts."""
    names = [key if isinstance(key, str) else _name_at(X, key) for key in listed(by, X)]
    if time is not None:
        return names, time if isinstance(time, str) else _name_at(X, time)
    index = index_of(X)
    levels = [] if index is None else [x for x in index.names if x not in names]
    return names, next((x for x in levels if x is not None), "time" if names else None)


def _name_at(X: Any, key: Any) -> Any:
    return X.columns[find_column(X, key, "by")] if hasattr(X, "columns") else key


def _column_by_column(
    windows: Any, after: Any, static: Any, columns: Columns
) -> tuple[Any, Any, Any]:
    """Return the windows of each target alone, one target after the other."""
    k = len(columns.targets)
    shown = [[j, *columns.known] for j in columns.targets]
    if isinstance(windows, np.ndarray):
        windows = np.concatenate([windows[:, :, own] for own in shown])
    else:
        windows = [window[:, own] for own in shown for window in windows]
    if after is not None:
        after = np.concatenate([after[:, [j]] for j in range(k)])
    if static is not None:
        static = static.iloc[np.tile(np.arange(len(static)), k)]
    return windows, after, static


def _as_y(after: np.ndarray, *, is_recursive: bool) -> np.ndarray:
    """Return targets (n, n_targets, horizon) in the form of estimators."""
    if after.shape[1] == 1:
        return after[:, 0, 0] if after.shape[2] == 1 else after[:, 0]
    return after[:, :, 0] if is_recursive else after.swapaxes(1, 2)


def _by_target(answer: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Arrange predictions as (n_windows, n_steps, n_targets, n_quantiles)."""
    values = np.asarray(answer).reshape(shape)
    if values.ndim == 4:
        return values
    return np.moveaxis(values, 0, 2)[:, :, :, 0]


def _filled(known: np.ndarray) -> np.ndarray:
    """Fill what is beyond the last future row of an entity, which is not returned."""
    return np.where(np.isnan(known), 0.0, known)
