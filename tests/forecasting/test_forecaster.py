"""From a table to a forecast of the rows after its end."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import (
    GridSearchCV,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import sksequence
from helpers.estimators import make
from sksequence import GRURegressor, RecurrentRegressor, WindowForecaster
from sksequence.preprocessing import make_windows

STEPS = np.arange(120)
# Sums of a few waves: a linear recursion, which a linear model forecasts exactly.
WAVES = np.column_stack([np.sin(STEPS / 3) + 4, np.cos(STEPS / 5) + 6])
DAYS = pd.date_range("2024-01-01", periods=120, name="day")
FRAME = pd.DataFrame(WAVES, columns=["u", "v"], index=DAYS)


class Spy(RegressorMixin, BaseEstimator):
    """Keeps what it is fitted on, and repeats a number of the last row of windows."""

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        return self

    def predict(self, X):
        rows = X if isinstance(X, np.ndarray) else np.stack([*X])
        return np.zeros((len(rows), *np.shape(self.y_)[1:])) + 1

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def exact(**params):
    return WindowForecaster(LinearRegression(), **{"length": 12, "horizon": 5, **params})


# ----------------------------------------------------------------------------- strategies


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.parametrize("univariate", [False, True])
@pytest.mark.parametrize("target", [None, "v", ["v", "u"]])
def test_a_linear_recursion_is_forecast_exactly(strategy, univariate, target):
    is_alone = strategy == "recursive" and target == "v"
    table = FRAME[["v"]] if is_alone else FRAME
    model = exact(strategy=strategy, univariate=univariate, target=target)
    found = model.fit(table[:100]).predict()
    columns = ["u", "v"] if target is None else [target] if target == "v" else target
    assert list(found.columns) == columns
    assert found.index.equals(DAYS[100:105])
    assert found.index.name == "day"
    np.testing.assert_allclose(found, FRAME[columns][100:105], atol=1e-9)


def test_recursive_forecasts_go_as_far_as_asked_and_direct_ones_to_the_horizon():
    far = exact(strategy="recursive").fit(FRAME[:60]).predict(40)
    np.testing.assert_allclose(far, FRAME[60:100], atol=1e-7)
    model = exact().fit(FRAME[:100])
    np.testing.assert_allclose(model.predict(3), FRAME[100:103], atol=1e-9)
    for asked in (6, FRAME[100:106]):
        with pytest.raises(ValueError, match=r"horizon=5 row\(s\).*got 6"):
            model.predict(asked)


@pytest.mark.parametrize("strategy", ["direct", "decoder", "recursive"])
def test_windows_are_those_of_make_windows(strategy):
    model = WindowForecaster(
        DecoderSpy() if strategy == "decoder" else Spy(),
        length=4,
        horizon=3,
        strategy=strategy,
        target="u",
        known="v",
        step=2,
    ).fit(FRAME)
    horizon = 1 if strategy == "recursive" else 3
    X, y, _ = make_windows(FRAME, 4, horizon, target="u", known="v", step=2)
    np.testing.assert_array_equal(model.regressor_.X_, X)
    np.testing.assert_array_equal(model.regressor_.y_, y[:, 0] if horizon == 1 else y)
    assert getattr(model.regressor_, "decoder", False) is (strategy == "decoder")


class DecoderSpy(Spy):
    def __init__(self, decoder=False):
        self.decoder = decoder


def test_predictions_read_windows_as_the_fit_does():
    """The last window of a longer table is the one that is predicted from."""
    for known in (None, "v"):
        seen = []

        class Reading(Spy):
            def predict(self, X, seen=seen):
                seen.append(X)
                return super().predict(X)

        model = WindowForecaster(Reading(), length=4, horizon=3, target="u", known=known)
        model.fit(FRAME[:50]).predict(FRAME[["v"]][50:53])
        expected = make_windows(FRAME[:53], 4, 3, target="u", known=known)[0]
        np.testing.assert_array_equal(seen[0][0], expected[-1])


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_what_is_known_ahead_decides_everything(strategy, rng):
    plan = rng.integers(0, 2, 100)
    table = pd.DataFrame({"sales": 10 + 5 * plan, "plan": plan})
    model = exact(strategy=strategy, target="sales", known="plan").fit(table[:80])
    future = table[["plan"]][80:85]
    np.testing.assert_allclose(model.predict(future)["sales"], table["sales"][80:85])
    other = model.predict(1 - future)["sales"]
    np.testing.assert_allclose(other, 15 - 5 * future["plan"])


def test_a_network_is_fitted_by_every_strategy(rng):
    plan = rng.integers(0, 2, 220)
    table = pd.DataFrame({"sales": 10.0 + 5 * plan, "plan": plan})
    network = GRURegressor(
        hidden_size=16, pooling="last", lr=0.02, max_epochs=20, random_state=0
    )
    search = GridSearchCV(
        WindowForecaster(network, length=6, horizon=4, target="sales", known="plan"),
        {"strategy": ["direct", "recursive", "decoder"]},
        cv=TimeSeriesSplit(2, test_size=4),
    ).fit(table)
    assert min(search.cv_results_["mean_test_score"]) > 0.9


def test_a_decoder_needs_a_network():
    with pytest.raises(ValueError, match=r"hyperparameter decoder.*LinearRegression"):
        exact(strategy="decoder").fit(FRAME)
    model = make_pipeline(FunctionTransformer(), GRURegressor(max_epochs=1))
    model = WindowForecaster(model, length=4, horizon=2, strategy="decoder").fit(FRAME)
    assert model.regressor_[-1].decoder
    assert not model.regressor[-1].decoder


# ------------------------------------------------------------------------ kinds of tables


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range(
            "2024-03-28", periods=120, freq=pd.offsets.Hour(), tz="Europe/Berlin"
        ),
        pd.date_range("1990-01-31", periods=120, freq=pd.offsets.MonthEnd()),
        pd.date_range("1990-01-01", periods=120, freq=pd.offsets.MonthBegin()),
        pd.date_range("2024-01-01", periods=120, freq="B"),
        pd.date_range("2024-01-01", periods=120, freq="15min", unit="s"),
        pd.period_range("1990Q1", periods=120, freq="Q"),
        pd.timedelta_range("0s", periods=120, freq="10s"),
        pd.RangeIndex(5, 245, 2),
        pd.Index(np.arange(120) / 10),
    ],
    ids=str,
)
def test_time_goes_on_in_its_own_steps(index):
    table = FRAME.set_axis(index, axis=0)
    model = exact().fit(table[:100])
    expected = index[100:105]
    for found in (model.predict(), model.predict(table[100:105])):
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(found.index, expected)
        else:
            assert found.index.equals(expected)
            assert getattr(found.index, "dtype", None) == expected.dtype
        np.testing.assert_allclose(found, WAVES[100:105], atol=1e-9)


def test_time_as_text_and_in_a_column():
    table = FRAME.reset_index()
    texts = table.assign(day=table["day"].dt.strftime("%Y-%m-%d"))
    for frame in (table, texts):
        found = exact(time="day").fit(frame[:100]).predict()
        assert found.index.equals(DAYS[100:105])
        assert list(found.columns) == ["u", "v"]


def test_arrays_and_series_count_their_rows():
    for table, columns in ((WAVES, [0, 1]), (WAVES[:, 0], [0])):
        model = exact().fit(table[:100])
        found = model.predict()
        assert found.index.tolist() == [100, 101, 102, 103, 104]
        assert list(found.columns) == columns
        np.testing.assert_allclose(found, WAVES[100:105, columns], atol=1e-9)
        pd.testing.assert_frame_equal(model.predict(table[100:105]), found)
    found = exact().fit(FRAME["v"][:100]).predict()
    np.testing.assert_allclose(found["v"], WAVES[100:105, 1], atol=1e-9)


def test_targets_may_be_given_as_y():
    y = FRAME["v"].rename("other")
    model = exact().fit(FRAME[["u"]][:100], y[:100])
    assert model.targets_ == ["other"]
    np.testing.assert_allclose(model.predict()["other"], y[100:105], atol=1e-9)
    same = exact(target="v").fit(FRAME[:100], FRAME["v"][:100])
    np.testing.assert_allclose(same.predict()["v"], y[100:105], atol=1e-9)
    with pytest.raises(ValueError, match="y must hold the values of column 'v'"):
        exact(target="v").fit(FRAME, FRAME["u"])
    array = exact().fit(WAVES[:100, :1], WAVES[:100, 1])
    np.testing.assert_allclose(array.predict()[1], WAVES[100:105, 1], atol=1e-9)


def test_polars_in_and_polars_out():
    table = pl.DataFrame({"day": DAYS.to_numpy(), "u": WAVES[:, 0], "v": WAVES[:, 1]})
    model = exact(time="day", target="v").fit(table[:100])
    for found in (model.predict(), model.predict(table[100:105])):
        assert isinstance(found, pl.DataFrame)
        assert found.columns == ["day", "v"]
        assert found["day"].to_list() == list(DAYS[100:105].to_pydatetime())
        np.testing.assert_allclose(found["v"], WAVES[100:105, 1], atol=1e-9)
    assert model.score(table[100:105]) == pytest.approx(1)
    network = make("GRURegressor", loss="quantile", quantile=(0.1, 0.5), max_epochs=1)
    model = WindowForecaster(network, length=4, horizon=2, time="day", target="v")
    found = model.fit(table[:100]).predict()
    assert found.columns == ["day", "v_0.1", "v_0.5"]
    assert np.isfinite(model.score(table[100:102]))


# --------------------------------------------------------------------------------- panels


def panel(kind="column"):
    """Entities that begin late and end early, their rows interleaved."""
    parts = [
        FRAME[:90].assign(shop="a", size=1.0),
        FRAME[30:].assign(shop="b", size=2.0),
        (2 * FRAME[:60]).assign(shop="c", size=3.0),
    ]
    long = pd.concat(parts).sort_index(kind="stable")
    return long if kind == "column" else long.set_index("shop", append=True)


@pytest.mark.parametrize("kind", ["column", "level"])
@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_every_entity_goes_on_from_its_own_end(kind, strategy):
    table = panel(kind).drop(columns="size")
    found = exact(by="shop", strategy=strategy).fit(table).predict()
    assert found.index.names == ["shop", "day"]
    ends = {"a": 90, "b": 120, "c": 60}
    for shop, end in ends.items():
        own = found.loc[shop]
        assert own.index.equals(pd.date_range(DAYS[0], periods=125)[end : end + 5])
        steps = np.arange(end, end + 5)
        waves = np.column_stack([np.sin(steps / 3) + 4, np.cos(steps / 5) + 6])
        np.testing.assert_allclose(own, waves * (2 if shop == "c" else 1), atol=1e-8)


def test_future_rows_may_come_in_any_order_of_entities():
    table = panel().drop(columns="size")
    model = exact(by="shop", time=None).fit(table)
    future = pd.concat(
        [
            pd.DataFrame({"shop": "c"}, index=DAYS[60:65]),
            pd.DataFrame({"shop": "a"}, index=DAYS[90:93]),
        ]
    ).sample(frac=1, random_state=0)
    future = future.iloc[np.argsort(future.index, kind="stable")]
    found, every = model.predict(future), model.predict()
    assert found.index.get_level_values("shop").tolist() == future["shop"].tolist()
    assert found.index.get_level_values("day").equals(future.index.rename("day"))
    pd.testing.assert_frame_equal(found, every.loc[found.index])


def test_entities_that_fit_never_saw_come_with_their_history():
    model = exact(by="shop").fit(panel().drop(columns="size"))
    new = (3 * FRAME[20:70]).assign(shop="new")
    future = pd.DataFrame({"shop": "new"}, index=DAYS[70:75])
    with pytest.raises(ValueError, match="'new' of the future rows has no past"):
        model.predict(future)
    found = model.predict(future, history=new)
    np.testing.assert_allclose(found, 3 * FRAME[70:75], atol=1e-8)
    later = model.predict(history=FRAME[:100].assign(shop="a")).loc["a"]
    np.testing.assert_allclose(later, FRAME[100:105], atol=1e-8)
    assert len(model.predict()) == 15  # what was given is not kept


def test_a_short_history_begins_with_repeats_of_its_first_row():
    model = exact(by="shop").fit(panel().drop(columns="size"))
    short = FRAME[:4].assign(shop="d")
    padded = pd.concat([FRAME[:1]] * 8 + [FRAME[:4]]).assign(shop="d")
    padded.index = pd.date_range(DAYS[3], periods=12, freq="-1D")[::-1]
    a, b = (model.predict(history=table).loc["d"] for table in (short, padded))
    pd.testing.assert_frame_equal(a, b, check_names=False)


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_static_columns_are_covariates(strategy):
    network = make("GRURegressor", hidden_size=16, max_epochs=40, lr=0.02)
    sizes = np.repeat(np.arange(6), 120)
    rows = pd.DataFrame({"shop": sizes, "y": 1.0 * sizes, "size": sizes})
    rows.index = DAYS.append([DAYS] * 5)
    noise = np.random.default_rng(0).normal(size=len(rows))
    table = rows.assign(y=rows["y"] + 0.01 * noise)
    model = WindowForecaster(
        network,
        length=3,
        horizon=2,
        target="y",
        by="shop",
        static="size",
        strategy=strategy,
        step=4,
    ).fit(table)
    assert model.regressor_.n_static_features_in_ == 1
    found = model.predict()["y"].to_numpy().reshape(6, 2)
    np.testing.assert_allclose(found, np.arange(6)[:, None] * [1, 1], atol=0.3)
    flat = exact(target="u", by="shop", static="size").fit(panel()).predict()
    assert len(flat) == 15
    with pytest.raises(ValueError, match="'v' must be constant within an entity"):
        exact(target="u", by="shop", static="v").fit(panel())


# ---------------------------------------------------------------------------------- scale


def test_a_transformer_is_inverted():
    logs = FunctionTransformer(np.log, np.exp)
    table = np.exp(FRAME)
    for params in ({}, {"univariate": True}, {"strategy": "recursive"}):
        model = exact(transformer=logs, **params).fit(table[:100])
        np.testing.assert_allclose(model.predict(), table[100:105], rtol=1e-8)
        assert not hasattr(logs, "n_features_in_")
    with (
        pytest.warns(RuntimeWarning, match="invalid value"),
        pytest.raises(ValueError, match="transformer must give a finite number"),
    ):
        exact(transformer=FunctionTransformer(np.sqrt)).fit(-1 * FRAME)


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.parametrize("univariate", [False, True])
def test_entities_are_scaled_by_themselves_and_back(strategy, univariate):
    """The same series at other levels and sizes has the same forecast, placed there."""
    plain = FRAME + np.random.default_rng(0).normal(size=FRAME.shape)
    others = {"b": 50 * plain + 7, "c": plain / 9 - 300}
    table = pd.concat(
        [plain.assign(shop="a"), *(x.assign(shop=name) for name, x in others.items())]
    )
    model = exact(
        by="shop", scale_entities=True, strategy=strategy, univariate=univariate
    ).fit(table)
    found = model.predict()
    np.testing.assert_allclose(found.loc["b"], 50 * found.loc["a"] + 7, rtol=1e-7)
    np.testing.assert_allclose(found.loc["c"], found.loc["a"] / 9 - 300, rtol=1e-7)
    alone = exact(strategy=strategy, univariate=univariate)
    scaled = (plain - plain.mean()) / plain.std(ddof=0)
    expected = alone.fit(pd.concat([scaled])).predict() * plain.std(ddof=0) + plain.mean()
    np.testing.assert_allclose(found.loc["a"], expected, rtol=1e-6)
    new = model.predict(history=(3 * plain + 1).assign(shop="new")).loc["new"]
    np.testing.assert_allclose(new, 3 * found.loc["a"] + 1, rtol=1e-7)
    # An entity of the fit keeps its scale.
    late = model.predict(history=table[table["shop"] == "b"][-20:]).loc["b"]
    np.testing.assert_allclose(late, found.loc["b"], rtol=1e-9)
    past = model.historical_forecasts(table[table["shop"] == "b"][-17:])
    rows = model.predict(history=table[table["shop"] == "b"][-17:-5]).loc["b"]
    np.testing.assert_allclose(past, rows, rtol=1e-9)


def test_deviations_are_scaled_back():
    model = WindowForecaster(
        network(loss="gaussian"), length=5, horizon=2, by="shop", scale_entities=True
    ).fit(pd.concat([FRAME.assign(shop="a"), (100 * FRAME).assign(shop="b")]))
    mean, std = model.predict(return_std=True)
    np.testing.assert_allclose(std.loc["b"], 100 * std.loc["a"], rtol=1e-4)
    np.testing.assert_allclose(mean.loc["b"], 100 * mean.loc["a"], rtol=1e-4)


def network(**params):
    return make("GRURegressor", **{"max_epochs": 1, "hidden_size": 4, **params})


@pytest.mark.parametrize("target", ["u", ["v", "u"]])
@pytest.mark.parametrize("params", [{}, {"univariate": True}, {"strategy": "decoder"}])
def test_quantiles_have_columns_of_their_own(target, params):
    levels = (0.1, 0.5, 0.9)
    model = network(loss="quantile", quantile=levels)
    model = WindowForecaster(model, length=5, horizon=3, target=target, **params)
    found = model.fit(FRAME[:100]).predict()
    names = [target] if target == "u" else target
    assert [*found.columns] == [(name, level) for name in names for level in levels]
    assert (np.diff(found["u"], axis=1) >= 0).all()
    table = FRAME[100 - 5 : 103]
    past = model.historical_forecasts(table)
    np.testing.assert_allclose(past, found, rtol=1e-12)
    few = model.predict(quantiles=[0.1, 0.9])
    pd.testing.assert_frame_equal(few, found.loc[:, (names, [0.1, 0.9])][few.columns])
    assert np.isfinite(model.score(FRAME[100:103]))


@pytest.mark.parametrize("params", [{}, {"univariate": True}, {"strategy": "decoder"}])
def test_distributions_have_deviations_and_quantiles(params):
    model = WindowForecaster(
        network(loss="gaussian", max_epochs=20), length=5, horizon=3, **params
    ).fit(FRAME[:100])
    mean, std = model.predict(return_std=True)
    assert mean.columns.equals(std.columns)
    assert mean.index.equals(std.index)
    assert (std > 0).all(axis=None)
    quantiles = model.predict(quantiles=[0.1, 0.5])
    from scipy.stats import norm

    for name in ("u", "v"):
        np.testing.assert_allclose(quantiles[name, 0.5], mean[name], rtol=1e-6)
        expected = mean[name] + norm.ppf(0.1) * std[name]
        np.testing.assert_allclose(quantiles[name, 0.1], expected, rtol=1e-5)
    wrong = WindowForecaster(
        network(loss="gaussian"),
        length=5,
        horizon=3,
        transformer=StandardScaler(),
    ).fit(FRAME)
    with pytest.raises(ValueError, match="return_std=True needs transformer=None"):
        wrong.predict(return_std=True)


def test_recursive_forecasts_have_no_distribution():
    model = WindowForecaster(
        network(loss="gaussian"), length=5, horizon=3, strategy="recursive"
    ).fit(FRAME)
    for asked in ({"return_std": True}, {"quantiles": [0.1]}):
        with pytest.raises(ValueError, match="the distribution of the first step only"):
            model.predict(**asked)
    model.set_params(regressor=network(loss="quantile", quantile=(0.1, 0.9)))
    with pytest.raises(ValueError, match=r"predicts the quantiles \[0.1, 0.9\]"):
        model.fit(FRAME)


@pytest.mark.parametrize("target", ["v", None])
@pytest.mark.parametrize("strategy", ["direct", "decoder", "recursive"])
def test_a_network_is_told_which_channels_it_normalises(target, strategy):
    if strategy == "recursive" and target:
        return
    model = WindowForecaster(
        make_pipeline(FunctionTransformer(), network(normalize="last", season=4)),
        length=6,
        horizon=3,
        target=target,
        strategy=strategy,
    ).fit(FRAME)
    expected = (1,) if target else (0, 1)
    assert model.regressor_[-1].target_channels == expected
    # A target is relative to its last season: so a level moves with it.
    names = [target] if target else ["u", "v"]
    moved = FRAME[:60].assign(**{name: FRAME[name] + 1000 for name in names})
    expected = model.predict(history=FRAME[:60]) + 1000
    np.testing.assert_allclose(model.predict(history=moved), expected, atol=1e-2)


def test_a_season_is_not_looked_for_in_rows_that_lie_ahead():
    model = WindowForecaster(
        network(normalize="last", season=4), length=6, horizon=3, target="u", known="v"
    )
    with pytest.raises(ValueError, match='season of the regressor needs strategy="decod'):
        model.fit(FRAME)
    model.set_params(strategy="decoder").fit(FRAME[:100]).predict(FRAME[100:103])


# ----------------------------------------------------------------------------- backtests


def test_a_backtest_is_what_fits_by_hand_are():
    table = FRAME + np.random.default_rng(0).normal(size=FRAME.shape)
    model = exact(target="u")
    folds = TimeSeriesSplit(3, test_size=5)
    errors = cross_val_score(
        model, table, table["u"], cv=folds, scoring="neg_mean_absolute_error"
    )
    scores = cross_validate(model, table, cv=folds)["test_score"]
    for error, score, (train, test) in zip(
        errors, scores, folds.split(table), strict=True
    ):
        found = clone(model).fit(table.iloc[train]).predict()["u"]
        truth = table["u"].iloc[test]
        assert error == pytest.approx(-np.abs(found - truth).mean())
        spread = ((truth - truth.mean()) ** 2).sum()
        assert score == pytest.approx(1 - ((truth - found) ** 2).sum() / spread)


def test_a_forecast_never_reads_the_targets_of_the_rows_to_come():
    model = exact(target="u", known="v").fit(FRAME[:100])
    future = FRAME[100:105]
    expected = model.predict(future)
    for other in (np.nan, 1e9):
        pd.testing.assert_frame_equal(model.predict(future.assign(u=other)), expected)
    pd.testing.assert_frame_equal(model.predict(future[["v"]]), expected)


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.parametrize("known", [None, "v"])
@pytest.mark.parametrize("by", [None, "shop"])
def test_historical_forecasts_are_predictions_from_every_origin(strategy, known, by):
    table = (panel() if by else FRAME.assign(size=0.0)).drop(columns="size")
    target = "u" if known else None
    model = exact(strategy=strategy, target=target, known=known, by=by)
    model.fit(table + 0 if by is None else table)
    other = table.assign(u=table["u"] + np.sin(np.arange(len(table))))
    found = model.historical_forecasts(other, step=7)
    assert found.index.names == [*([by] if by else []), "origin", "day"]
    levels = ["origin"] if by is None else [by, "origin"]
    for key, part in found.groupby(level=levels):
        origin = key if by is None else key[1]
        origin = origin[0] if isinstance(origin, tuple) else origin
        own = other if by is None else other[other[by] == key[0]]
        past, future = own[:origin], own[origin:].iloc[1:6]
        expected = model.predict(future, history=past)
        np.testing.assert_allclose(part, expected, atol=1e-9)
        assert part.index.get_level_values("day").equals(future.index.rename("day"))
    lengths = [len(other)] if by is None else [90, 90, 60]
    assert len(found) == sum(5 * ((n - 17) // 7 + 1) for n in lengths)


def test_rows_without_a_truth_are_left_out_of_the_score():
    table = FRAME.copy()
    model = exact(target="u").fit(table[:100])
    table.loc[DAYS[102], "u"] = np.nan
    assert model.score(table[100:105]) == pytest.approx(1)
    weight = np.array([1, 1, 1, 0, 1])
    wrong = table[100:105].assign(u=[*table["u"][100:103], 99, table["u"].iloc[104]])
    assert model.score(wrong) < 0.5
    assert model.score(wrong, sample_weight=weight) == pytest.approx(1)


def test_it_follows_a_pipeline_and_is_searched():
    scaler = StandardScaler().set_output(transform="pandas")
    model = make_pipeline(scaler, exact(target="u"))
    found = model.fit(FRAME[:100]).predict(FRAME[100:105])
    truth = scaler.fit(FRAME[:100]).transform(FRAME[100:105])["u"]
    np.testing.assert_allclose(found["u"], truth, atol=1e-9)
    search = GridSearchCV(
        WindowForecaster(
            RecurrentRegressor(hidden_size=4, max_epochs=2, random_state=0),
            length=4,
            horizon=3,
        ),
        {"length": [4, 6], "regressor__cell": ["gru", "rnn"], "horizon": [2, 3]},
        cv=TimeSeriesSplit(2, test_size=2),
    ).fit(FRAME)
    assert len(search.cv_results_["params"]) == 8
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("kind", ["panel", "plan", "array"])
def test_it_is_cloned_pickled_and_saved(kind, tmp_path):
    network = GRURegressor(hidden_size=4, max_epochs=2, random_state=0)
    table = panel() if kind == "panel" else FRAME if kind == "plan" else WAVES
    params = {
        "panel": {"target": "u", "by": "shop", "static": "size"},
        "plan": {"target": "u", "known": "v", "strategy": "decoder"},
        "array": {"univariate": True, "transformer": StandardScaler()},
    }[kind]
    model = WindowForecaster(network, length=4, horizon=3, **params).fit(table[:117])
    future = FRAME[["v"]][117:] if kind == "plan" else None
    expected = model.predict(future)
    again = clone(model).fit(table[:117])
    assert again.get_params().keys() == model.get_params().keys()
    copies = [again, pickle.loads(pickle.dumps(model))]
    for save in (model.save, lambda path: sksequence.save(model, path)):
        save(tmp_path / "model.safetensors")
        copies.append(sksequence.load(tmp_path / "model.safetensors"))
    for copy in copies:
        pd.testing.assert_frame_equal(copy.predict(future), expected)


# ------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"target": "w"}, "target must be the name of one column of X, got 'w'"),
        ({"known": "w"}, "known must be the name of one column"),
        ({"target": "u", "known": "u"}, "known must be other columns"),
        ({"known": ["u", "v"]}, "target must name at least one column"),
        ({"strategy": "recursive", "target": "u"}, r"got \['v'\], which are neither"),
        ({"strategy": "iterated"}, "'strategy' parameter"),
        ({"length": 0}, "'length' parameter"),
        ({"length": True}, "'length' parameter"),
        ({"horizon": 2.0}, "'horizon' parameter"),
        ({"length": 119}, "length=119 and horizon=5 leave no window"),
        ({"freq": "fortnights"}, "freq must be a step of time for dates"),
        ({"by": "u", "target": "u"}, "target must name columns that are not in by='u'"),
        ({"target": ["u", "u"]}, "target must name every column once"),
        ({"step": 0}, "'step' parameter"),
    ],
)
def test_what_cannot_be_fitted_is_refused_before_training(params, words):
    class Untouched(LinearRegression):
        def fit(self, X, y):
            raise AssertionError("training began")

    model = WindowForecaster(Untouched(), **{"length": 12, "horizon": 5, **params})
    with pytest.raises((ValueError, TypeError), match=words):
        model.fit(FRAME)
    assert not [name for name in vars(model) if name.endswith("_")]


@pytest.mark.parametrize(
    ("future", "words"),
    [
        (None, r"table of the future rows with the columns \['v'\]"),
        (5, r"table of the future rows with the columns \['v'\]"),
        (FRAME[["u"]][100:105], "known must be the name of one column"),
        (FRAME[["v"]][100:103], "must be known for all 5 steps.*end after 3"),
        (FRAME[["v"]][99:104], "must begin after 2024-04-09.*got 2024-04-09"),
        (FRAME[["v"]][101:106], "without a hole: expected 2024-04-10.*got 2024-04-11"),
        (FRAME[["v"]].iloc[[100, 101, 103, 104, 105]], "step 3, got 2024-04-13"),
        (FRAME[["v"]][100:105][::-1], "increase|order|before"),
        (FRAME[["v"]][100:100], "at least one future row"),
        (FRAME[["v"]][100:105].reset_index(drop=True), "must be dates as in fit"),
        (FRAME[["v"]][100:105].replace(FRAME["v"].iloc[102], np.nan), "step 3"),
        (WAVES[100:105], "future rows, which are dates in fit"),
    ],
)
def test_future_rows_that_do_not_follow_are_refused(future, words):
    model = exact(target="u", known="v").fit(FRAME[:100])
    with pytest.raises(ValueError, match=words):
        model.predict(future)


@pytest.mark.filterwarnings("ignore:.*windows cross:UserWarning")
def test_an_irregular_time_has_no_next_stamp():
    index = DAYS[[0, 1, 3, 4, 8, 9, 11, 15]].append(DAYS[20:112])
    table = FRAME[:100].set_axis(index, axis=0)
    every = exact().fit(table)
    assert every.predict().index[0] == DAYS[112]  # its last rows are regular
    gaps = np.sort(np.random.default_rng(0).permutation(120)[:100])
    table = FRAME[:100].set_axis(DAYS[gaps], axis=0)
    with pytest.raises(ValueError, match=r"are irregular.*or give freq"):
        exact().fit(table).predict()
    assert exact(freq="D").fit(table).predict().index[0] == DAYS[gaps[-1]] + pd.Timedelta(
        "1D"
    )
    later = FRAME[:3].set_axis(DAYS[-1] + pd.to_timedelta([1, 5, 6], "D"), axis=0)
    assert exact().fit(table).predict(later).index.equals(later.index)


@pytest.mark.parametrize(
    "classifier", [make("LSTMClassifier"), make_pipeline(make("GRUClassifier"))]
)
def test_a_classifier_is_refused_by_name(classifier):
    said = f"regressor must be a regressor, got {type(classifier).__name__}"
    with pytest.raises(TypeError, match=said):
        WindowForecaster(classifier, length=12, horizon=5).fit(FRAME)
