"""A table of features is not one of sequences: a warning that helps and does not nag."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from helpers.estimators import make

N = 60
rng = np.random.default_rng(0)
PEOPLE = pd.DataFrame(
    {
        "age": rng.normal(40, 9, N),
        "size": rng.normal(170, 9, N),
        "city": np.tile(["Rome", "Oslo", "Bonn"], N // 3),
    }
)
LABELS = np.arange(N) % 2
DUMMIES = pd.get_dummies(PEOPLE)
CODED = DUMMIES.astype(float)
warned_of = pytest.mark.parametrize(
    ("X", "words"),
    [
        (DUMMIES, "column 'city_Bonn' holds flags, others numbers"),
        (DUMMIES.convert_dtypes(), "column 'city_Bonn' holds flags"),
        (pl.DataFrame(dict(DUMMIES)), "column 'city_Bonn' holds flags"),
        (CODED, "columns 'city_Bonn' to 'city_Rome' are the one-hot code"),
        (CODED.astype({"city_Oslo": int}), "columns 'city_Bonn' to 'city_Rome'"),
        (pl.DataFrame(dict(CODED)), "columns 'city_Bonn' to 'city_Rome' are the one-hot"),
        (CODED.to_numpy(), "columns 2 to 4 are the one-hot code of a category"),
        (CODED.to_numpy()[:, ::-1].tolist(), "columns 0 to 2 are the one-hot code"),
        (CODED.to_numpy()[:, [0, 2, 3, 4, 1]], "columns 1 to 3"),
    ],
)


@warned_of
def test_one_hot_codes_and_flags_beside_numbers_are_warned_of(X, words):
    model = make("GRUClassifier")
    with pytest.warns(UserWarning, match=f"X looks like a table of features: {words}"):
        model.fit(X, LABELS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(X)  # once is enough


def test_the_pipeline_of_every_tutorial_is_warned_of():
    columns = make_column_transformer(
        (StandardScaler(), ["age", "size"]),
        (OneHotEncoder(sparse_output=False), ["city"]),
    )
    with pytest.warns(UserWarning, match="columns 2 to 4 are the one-hot code"):
        make_pipeline(columns, make("GRUClassifier")).fit(PEOPLE, LABELS)


SERIES = rng.normal(size=(N, 5)).cumsum(axis=1)
SPARSE = rng.poisson(0.4, size=(300, 8))
QUIET = {
    "series": SERIES,
    "whole numbers": SERIES.round(),
    "several dtypes": pd.DataFrame(SERIES.round()).astype({0: int, 1: "float32"}),
    "flags alone": SERIES > 0,
    "table of flags": pd.DataFrame(SERIES > 0),
    "identity": np.eye(N),
    "one-hot alone": CODED.to_numpy()[:, 2:],
    "rare events": SPARSE,
    "two states and a number": np.column_stack([SERIES > 0, SERIES[:, :1]]),
    "few rows": CODED.to_numpy()[:9],
    "one-hot but for one row": np.vstack([*[CODED.to_numpy()] * 5, [[40, 170, 1, 1, 0]]]),
    "3-D": CODED.to_numpy()[:, :, None],
    "list": list(CODED.to_numpy()),
}


@pytest.mark.parametrize("X", QUIET.values(), ids=QUIET)
def test_series_are_not_warned_of(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make("GRUClassifier").fit(X, np.arange(len(X)) % 2)


def test_features_beside_sequences_are_not_warned_of():
    table = CODED.assign(history=list(SERIES))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make("GRUClassifier").fit(table, LABELS)
