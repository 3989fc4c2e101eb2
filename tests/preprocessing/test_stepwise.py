"""Transformers of tables, applied to steps: the oracle is the stacked table."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from helpers.data import objects, ragged
from helpers.estimators import make
from sksequence.preprocessing import StepwiseTransformer, from_long

LENGTHS = (9, 4, 7, 12)
INNER = [
    StandardScaler(),
    MinMaxScaler(),
    PCA(2),
    SimpleImputer(strategy="median"),
    KBinsDiscretizer(3, encode="ordinal", strategy="uniform"),
    PolynomialFeatures(2),
    make_pipeline(StandardScaler(), PCA(1)),
]


def names(inner):
    return type(inner).__name__


def frames(seed=0):
    """Visits of unequal number: text, a number with gaps, another, and their dates."""
    rng = np.random.default_rng(seed)
    return [
        pd.DataFrame(
            {
                "kind": rng.choice(["a", "b"], n),
                "price": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
                "size": rng.normal(size=n),
            },
            index=pd.date_range("2024", periods=n),
        )
        for n in LENGTHS
    ]


def columns():
    return make_column_transformer(
        (OneHotEncoder(categories=[["a", "b"]]), ["kind"]),
        (SimpleImputer(), ["price"]),
        ("passthrough", ["size"]),
    )


REFUSED = dict.fromkeys(
    [
        "check_all_zero_sample_weights_error",
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weights_list",
        "check_sample_weights_not_an_array",
        "check_sample_weights_not_overwritten",
        "check_sample_weights_pandas_series",
        "check_sample_weights_shape",
    ],
    "PCA takes no sample_weight: it is refused, not ignored",
)


@parametrize_with_checks(
    [StepwiseTransformer(StandardScaler()), StepwiseTransformer(PCA())],
    expected_failed_checks=lambda model: (
        REFUSED if isinstance(model.transformer, PCA) else {}
    ),
)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


# ----------------------------------------------------------------- the same as one table


@pytest.mark.parametrize("inner", INNER, ids=names)
@pytest.mark.parametrize("form", ["list", "tuple", "objects", "block"])
def test_it_does_to_steps_what_the_transformer_does_to_rows(inner, form):
    X = ragged((8,) * 4 if form == "block" else LENGTHS, n_channels=3)
    table = np.concatenate(X)
    X = {"list": list, "tuple": tuple, "objects": objects, "block": np.array}[form](X)
    expected = clone(inner).fit_transform(table)
    model = StepwiseTransformer(inner)
    for got in (model.fit_transform(X), model.fit(X).transform(X)):
        kind = list if form in ("list", "tuple") else np.ndarray
        assert type(got) is kind
        assert np.shape(got)[:2] == (4, 8) if form == "block" else len(got) == 4
        assert [len(x) for x in got] == [len(x) for x in X]
        np.testing.assert_allclose(np.concatenate([*got]), expected, rtol=1e-12)
    assert not hasattr(inner, "n_features_in_")


def test_rows_are_univariate_sequences(rng):
    X = rng.normal(size=(5, 7))
    scaled = StepwiseTransformer(StandardScaler()).fit_transform(X)
    np.testing.assert_allclose(scaled, (X - X.mean()) / X.std())
    powers = StepwiseTransformer(PolynomialFeatures(2)).fit_transform(X)
    np.testing.assert_allclose(powers, np.stack([X**0, X, X**2], axis=-1))
    flat = list(X)
    again = StepwiseTransformer(StandardScaler()).fit(X).transform(flat)
    np.testing.assert_array_equal(again, scaled)


def test_an_answer_belongs_to_a_step_alone():
    X = ragged(LENGTHS)
    model = StepwiseTransformer(StandardScaler()).fit(X)
    alone = model.transform([X[2][3:4]])[0]
    np.testing.assert_array_equal(alone[0], model.transform(X)[2][3])


def test_columns_by_name():
    X = frames()
    expected = columns().fit_transform(pd.concat(X, ignore_index=True))
    model = StepwiseTransformer(columns())
    np.testing.assert_array_equal(np.concatenate(model.fit_transform(X)), expected)
    assert model.feature_names_in_.tolist() == ["kind", "price", "size"]
    made = ["kind_a", "kind_b", "price", "size"]
    assert [n.split("__")[1] for n in model.get_feature_names_out()] == made


def test_frames_come_back_as_frames_if_asked():
    X = frames()
    model = StepwiseTransformer(columns()).set_output(transform="pandas").fit(X)
    arrays = clone(model).set_output(transform="default").fit(X).transform(X)
    for frame, x, array in zip(model.transform(X), X, arrays, strict=True):
        assert frame.columns.tolist() == model.get_feature_names_out().tolist()
        pd.testing.assert_index_equal(frame.index, x.index)
        np.testing.assert_array_equal(frame, array)
    numbers = [x[["size"]] for x in X]
    scaler = StepwiseTransformer(StandardScaler()).set_output(transform="pandas")
    there = scaler.fit(numbers).transform(numbers)
    for back, x in zip(scaler.inverse_transform(there), numbers, strict=True):
        pd.testing.assert_frame_equal(back, x, check_freq=False)


def test_a_sparse_result_is_made_dense():
    X = [np.array([["a"], ["b"]]), np.array([["b"]])]
    got = StepwiseTransformer(OneHotEncoder()).fit_transform(X)
    assert [x.tolist() for x in got] == [[[1, 0], [0, 1]], [[0, 1]]]


@pytest.mark.parametrize("form", ["list", "flat list", "block", "rows"])
def test_inverse_transform_goes_back(form, rng):
    X = {
        "list": ragged(LENGTHS),
        "flat list": [x[:, 0] for x in ragged(LENGTHS)],
        "block": rng.normal(size=(4, 5, 2)),
        "rows": rng.normal(size=(4, 5)),
    }[form]
    inner = make_pipeline(StandardScaler(), PCA())
    if "flat" in form or form == "rows":  # two channels of one, and back to one
        inner = FunctionTransformer(
            lambda t: np.hstack([t, -t]), lambda t: t[:, :1], check_inverse=False
        )
    model = StepwiseTransformer(inner)
    back = model.inverse_transform(model.fit_transform(X))
    assert [np.shape(x) for x in back] == [np.shape(x) for x in X]
    np.testing.assert_allclose(np.concatenate([*back]), np.concatenate([*X]))


def test_weights_are_those_of_every_step():
    X, weight = ragged(LENGTHS), [0.0, 1.0, 3.0, 2.0]
    weighted = StepwiseTransformer(StandardScaler()).fit(X, sample_weight=weight)
    repeated = [X[i] for i, w in enumerate(weight) for _ in range(int(w))]
    expected = StandardScaler().fit(np.concatenate(repeated))
    np.testing.assert_allclose(weighted.transformer_.mean_, expected.mean_)
    np.testing.assert_allclose(weighted.transformer_.var_, expected.var_)


def test_targets_of_sequences_stand_for_each_step_and_targets_of_steps_for_theirs():
    X = ragged(LENGTHS, n_channels=3)
    per_sequence = np.array([1.0, -2, 0.5, 3])
    per_step = [x[:, 1] ** 3 for x in X]
    for y, rows in [
        (per_sequence, np.repeat(per_sequence, LENGTHS)),
        (per_step, np.concatenate(per_step)),
    ]:
        model = StepwiseTransformer(SelectKBest(f_regression, k=1)).fit(X, y)
        expected = f_regression(np.concatenate(X), rows)[0]
        np.testing.assert_allclose(model.transformer_.scores_, expected)
    block, y = np.stack([x[:4] for x in X]), np.stack([y[:4] for y in per_step])
    model = StepwiseTransformer(SelectKBest(f_regression, k=1)).fit(block, y)
    expected = f_regression(block.reshape(16, 3), y.ravel())[0]
    np.testing.assert_allclose(model.transformer_.scores_, expected)


class MeanTarget(TransformerMixin, BaseEstimator):
    """The mean target, in training that of all others, lest a target encode itself."""

    def fit(self, X, y):
        self.mean_ = np.mean(y)
        return self

    def transform(self, X):
        return np.full((len(X), 1), self.mean_)

    def fit_transform(self, X, y):
        self.fit(X, y)
        return ((np.sum(y) - y) / (len(y) - 1))[:, None]


def test_fit_transform_is_the_transformers_own():
    X, y = [np.zeros((2, 1)), np.zeros((1, 1))], [[0.0, 3.0], [9.0]]
    model = StepwiseTransformer(MeanTarget())
    trained = model.fit_transform(X, y)
    assert [x.ravel().tolist() for x in trained] == [[6, 4.5], [1.5]]
    assert [x.ravel().tolist() for x in model.transform(X)] == [[4, 4], [4]]


# ------------------------------------------------------------------- within scikit-learn


def test_missing_values_follow_the_transformer():
    X = [np.array([[1.0], [np.nan]]), np.array([[5.0]])]
    got = StepwiseTransformer(SimpleImputer()).fit_transform(X)
    assert [x.ravel().tolist() for x in got] == [[1, 3], [5]]
    assert get_tags(StepwiseTransformer(SimpleImputer())).input_tags.allow_nan
    assert not get_tags(StepwiseTransformer(PCA())).input_tags.allow_nan
    with pytest.raises(ValueError, match="contains NaN"):
        StepwiseTransformer(PCA()).fit(X)


def test_inner_parameters_are_searched_and_fitted_on_the_training_fold():
    X = ragged((5, 6, 7, 4, 8, 5), n_channels=3)
    y = np.arange(6) % 2
    model = make_pipeline(StepwiseTransformer(PCA()), make("GRUClassifier"))
    grid = {"stepwisetransformer__transformer__n_components": [1, 2]}
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    best = search.best_params_["stepwisetransformer__transformer__n_components"]
    assert search.best_estimator_[0].transform(X)[0].shape == (5, best)
    folds = KFold(2)
    model = make_pipeline(StepwiseTransformer(StandardScaler()), make("GRUClassifier"))
    mine = cross_val_predict(model, X, y, cv=folds, method="predict_proba")
    for train, test in folds.split(X):
        scaler = StandardScaler().fit(np.concatenate([X[i] for i in train]))
        net = make("GRUClassifier").fit([scaler.transform(X[i]) for i in train], y[train])
        by_hand = net.predict_proba([scaler.transform(X[i]) for i in test])
        np.testing.assert_array_equal(mine[test], by_hand)


def test_from_a_table_by_column_names_to_an_estimator():
    long = pd.concat(frames(), keys=[*"dbca"], names=["shop", "day"]).reset_index()
    long["good"] = long["shop"].isin(["a", "b"])
    X, y, _ = from_long(long, by="shop", time="day", target="good", as_frames=True)
    model = make_pipeline(StepwiseTransformer(columns()), make("GRUClassifier"))
    answer = model.fit(X, y).predict_proba(X)
    mixed = long.sample(frac=1, random_state=0)
    again = from_long(mixed, by="shop", time="day", target="good", as_frames=True)[0]
    np.testing.assert_array_equal(model.predict_proba(again), answer)


def test_it_is_the_same_after_pickling():
    X = frames()
    model = StepwiseTransformer(columns()).fit(X)
    for a, b in zip(
        pickle.loads(pickle.dumps(model)).transform(X), model.transform(X), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_names_of_a_table_are_those_of_its_columns():
    X = pd.DataFrame(np.eye(3), columns=["mon", "tue", "wed"])
    model = StepwiseTransformer(StandardScaler()).fit(X)
    assert model.get_feature_names_out().tolist() == ["mon", "tue", "wed"]
    assert not hasattr(StepwiseTransformer(Halving()), "get_feature_names_out")


# ----------------------------------------------------------------------------- bad input


class Halving(TransformerMixin, BaseEstimator):
    """Leave out every other row."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return X[::2]


def test_rows_may_not_get_lost():
    with pytest.raises(ValueError, match=r"Halving made .*\(16, 2\) of 32 steps"):
        StepwiseTransformer(Halving()).fit_transform(ragged(LENGTHS))
    assert not hasattr(StepwiseTransformer(Halving()), "inverse_transform")


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ([], "0 sample"),
        ([np.zeros((2, 2)), np.zeros((0, 2))], "Sequence 1 is empty"),
        ([np.zeros((2, 2)), np.zeros((3, 1))], r"Sequence 1 has shape \(3, 1\)"),
        ([np.zeros((2, 2)), np.zeros(3)], r"Sequence 1 has shape \(3,\)"),
        ([np.zeros((2, 2, 2))], r"Sequence 0 has shape \(2, 2, 2\)"),
        (np.zeros(4), "Reshape your data"),
        (csr_array(np.eye(2)), "Sparse data"),
        ([pd.DataFrame({"a": [1]}), np.zeros((2, 1))], "all DataFrames or none"),
        ([pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})], r"columns \['b'\], but"),
    ],
)
def test_sequences_that_are_none(X, words):
    with pytest.raises((ValueError, TypeError), match=words):
        StepwiseTransformer(StandardScaler()).fit(X)


def test_other_channels_than_in_fit():
    model = StepwiseTransformer(StandardScaler()).fit(ragged(LENGTHS))
    with pytest.raises(
        ValueError, match="has 3 features, but StepwiseTransformer is exp"
    ):
        model.transform(ragged(LENGTHS, n_channels=3))
    with pytest.raises(
        ValueError, match="has 1 features, but StepwiseTransformer is exp"
    ):
        model.transform(np.zeros((2, 2)))
    named = StepwiseTransformer(columns()).fit(frames())
    with pytest.raises(ValueError, match="feature names should match"):
        named.transform([x.rename(columns={"size": "weight"}) for x in frames()])


def test_what_does_not_fit():
    X = ragged(LENGTHS)
    with pytest.raises(NotFittedError):
        StepwiseTransformer(StandardScaler()).transform(X)
    with pytest.raises(TypeError, match="PCA does not take it"):
        StepwiseTransformer(PCA()).fit(X, sample_weight=np.ones(4))
    with pytest.raises(ValueError, match=r"expected \(4,\)"):
        StepwiseTransformer(StandardScaler()).fit(X, sample_weight=np.ones(3))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        StepwiseTransformer(StandardScaler()).fit(X, y=[1, 2])
    with pytest.raises(ValueError, match=r"1 target.* for sequence 0, which has 9"):
        StepwiseTransformer(StandardScaler()).fit(X, y=[np.zeros(1)] * 4)
    with pytest.raises(ValueError, match="implementing 'fit' and 'transform'"):
        StepwiseTransformer(LogisticRegression()).fit(X)


def test_a_failed_fit_leaves_it_as_it_was():
    X = ragged(LENGTHS)
    model = StepwiseTransformer(PCA(1)).fit(X)
    before = model.transform(X)[0]
    with pytest.raises(ValueError, match="NaN"):
        model.fit([np.full((3, 4), np.nan)])
    np.testing.assert_array_equal(model.transform(X)[0], before)


def test_polars_frames_and_nested_arrays_are_read_as_any_other():
    X = [np.arange(6.0).reshape(3, 2), np.array([[7.0, -1.0]])]
    expected = StepwiseTransformer(StandardScaler()).fit_transform(X)
    frames = [pl.DataFrame(x, schema=["a", "b"]) for x in X]
    nested = [objects(list(x)) for x in X]
    for given in (frames, nested):
        for made, wanted in zip(
            StepwiseTransformer(StandardScaler()).fit_transform(given),
            expected,
            strict=True,
        ):
            np.testing.assert_array_equal(made, wanted)
    stepwise = StepwiseTransformer(StandardScaler()).fit(frames)
    assert stepwise.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="same order as they were in fit"):
        stepwise.transform([frame.select(["b", "a"]) for frame in frames])
