"""Targets in a random order are foreseen by chance alone, through every path."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import _safe_indexing

from sksequence import GRUClassifier, LSTMRegressor, SimpleRNNRegressor
from sksequence.forecasting import forecast_recursive
from sksequence.model_selection import PanelTimeSeriesSplit, PurgedKFold
from sksequence.preprocessing import (
    SlidingWindow,
    StepwiseTransformer,
    from_long,
    make_windows,
)

SMALL = {"hidden_size": 8, "max_epochs": 5, "lr": 0.02, "random_state": 0}
N = 240


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def table(rng):
    """Rows in time order that go on from each other, with a column of words."""
    rows = pd.DataFrame(rng.normal(size=(N, 2)).cumsum(axis=0), columns=["a", "b"])
    return rows.assign(word=rng.choice(["dry", "wet"], N))


def windows_of_a_table(rng):
    encoder = make_column_transformer(
        (StandardScaler(), ["a", "b"]), (OneHotEncoder(sparse_output=False), ["word"])
    )
    model = make_pipeline(encoder, SlidingWindow(6, context=True), LSTMRegressor(**SMALL))
    return model, table(rng), rng.normal(size=N), KFold(3), None


def a_search_in_time(rng):
    # The rows that are purged leave a gap, across which no window may reach.
    window = SlidingWindow(6, context=True, max_gap=1)
    model = make_pipeline(window, SimpleRNNRegressor(**SMALL))
    search = GridSearchCV(model, {"slidingwindow__length": [2, 5]}, cv=TimeSeriesSplit(2))
    X = table(rng)[["a", "b"]]
    return search, X, rng.normal(size=N), PurgedKFold(3, length=6), None


def several_steps(rng):
    X = make_windows(rng.normal(size=N + 7).cumsum(), length=6, horizon=2)[0]
    folds = PurgedKFold(3, length=6, horizon=2, embargo=2)
    return SimpleRNNRegressor(**SMALL), X, rng.normal(size=(N, 2)), folds, None


def a_panel(rng):
    model = make_pipeline(SlidingWindow(4, by="shop"), SimpleRNNRegressor(**SMALL))
    index = pd.MultiIndex.from_product([range(8), range(N // 8)], names=["shop", "day"])
    X = pd.DataFrame({"sales": rng.normal(size=N).cumsum()}, index=index)
    day = index.get_level_values("day")
    folds = PanelTimeSeriesSplit(3, length=4, test_size=6)
    return model, X, rng.normal(size=N), folds, day


def patients(rng):
    """Irregular sequences with gaps in long form, several of each patient."""
    n_rows = rng.integers(3, 9, size=N)
    rows = pd.DataFrame({"visit": np.repeat(np.arange(N), n_rows)})
    rows["hour"] = rng.exponential(size=len(rows)).cumsum()
    rows["level"] = np.where(
        rng.random(len(rows)) < 0.6, rng.normal(size=len(rows)), np.nan
    )
    rows["level_too"] = rows["hour"] + rng.normal(size=len(rows))
    return from_long(rows.assign(time=rows["hour"]), by="visit", time="hour")[0]


def gaps_imputed(rng):
    model = make_pipeline(
        StepwiseTransformer(SimpleImputer()), StepwiseTransformer(StandardScaler())
    )
    model = make_pipeline(model, GRUClassifier(**SMALL))
    return model, patients(rng), rng.integers(2, size=N), GroupKFold(3), np.arange(N) // 4


def gaps_decay(rng):
    model = GRUClassifier(missing="decay", time_channel=2, **SMALL)
    return model, patients(rng), rng.integers(2, size=N), GroupKFold(3), np.arange(N) // 4


def static_covariates(rng):
    X = pd.DataFrame({"age": rng.normal(size=N), "number": np.arange(N)})
    X["visits"] = patients(rng)
    model = GRUClassifier(missing="mask", **SMALL)
    return model, X, rng.integers(2, size=N), KFold(3, shuffle=True, random_state=0), None


PATHS = [
    windows_of_a_table,
    a_search_in_time,
    several_steps,
    a_panel,
    gaps_imputed,
    gaps_decay,
    static_covariates,
]


def skill(model, X, y, cv, groups):
    """Correlation of what is foreseen with what comes, in standard errors of chance."""
    answers, truth = [], []
    for train, test in cv.split(X, y, groups):
        fitted = clone(model).fit(_safe_indexing(X, train), y[train])
        rows = _safe_indexing(X, test)
        classifies = is_classifier(model)
        answer = fitted.predict_proba(rows)[:, 1] if classifies else fitted.predict(rows)
        # Within a fold: means of folds differ from those of what they were trained on.
        answers.append(answer - answer.mean(axis=0))
        truth.append(y[test] - y[test].mean(axis=0))
    a, b = (np.concatenate(parts).ravel() for parts in (answers, truth))
    return np.corrcoef(a, b)[0, 1] * np.sqrt(len(a))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_what_is_random_is_not_foreseen(path, rng):
    assert skill(*path(rng)) < 3


def test_what_is_not_random_is(rng):
    model, X, _, cv, groups = windows_of_a_table(rng)
    assert skill(model, X, X["a"].shift(1, fill_value=0).to_numpy(), cv, groups) > 6


def test_a_forecast_of_noise_fades_to_its_mean(rng):
    X, y, _ = make_windows(rng.normal(loc=3, size=N), length=6, horizon=1)
    model = SimpleRNNRegressor(**{**SMALL, "lr": 0.005}).fit(X, y[:, 0])
    forecast = forecast_recursive(model, rng.normal(loc=3, size=(200, 6)), horizon=12)
    assert np.abs(forecast[:, -1] - 3).max() < 0.5
