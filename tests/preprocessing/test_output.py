"""One column of a table in, one column out: text and series beside other columns.

The oracle is the direct route: sequences made by hand, in a table made by hand.
"""

from __future__ import annotations

import pickle
from functools import partial
from importlib.util import find_spec

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)

from helpers.data import objects, ragged
from helpers.estimators import make
from helpers.package import ROOT
from helpers.processes import run_python
from sksequence.preprocessing import SequenceTokenizer, StepwiseTransformer, to_long

N = 24
RNG = np.random.default_rng(0)
AGE = RNG.normal(size=N)
KIND = np.array(["a", "b"])[RNG.integers(0, 2, N)]
LABELS = np.array(["no", "yes"] * (N // 2))
SERIES = ragged(RNG.integers(4, 9, N))
EQUAL = [*np.random.default_rng(1).normal(size=(N, 5, 2))]
FLAT = [x[:, 0] for x in SERIES]
WORDS = np.array(["good", "bad", "film", "day", "café"])
TEXTS = [" ".join(RNG.choice(WORDS, size=n)) for n in RNG.integers(1, 6, N)]

SEQUENCES = {"series": SERIES, "of equal length": EQUAL, "without channels": FLAT}
CONTAINERS = ["default", "pandas", "polars"]


def column(cells):
    return objects(cells)[:, None]


def table_of(sequences, library="pandas"):
    """Sequences, a category and a number of each row."""
    if library == "polars":
        cells = [np.asarray(x).tolist() for x in sequences]
        return pl.DataFrame({"age": AGE, "past": cells, "kind": KIND})
    index = range(100, 100 + N)
    return pd.DataFrame({"age": AGE, "past": sequences, "kind": KIND}, index=index)


def columns(transformer, at="past"):
    return make_column_transformer(
        (transformer, at),
        (OneHotEncoder(sparse_output=False), ["kind"]),
        ("passthrough", ["age"]),
    )


def by_hand(sequences):
    """The same table, of which nothing is left to do."""
    cells = np.empty((N, 4), dtype=object)
    cells[:, 0] = sequences
    cells[:, 1:] = np.column_stack([KIND == "a", KIND == "b", AGE]).astype(float)
    return cells


SCALED = {
    name: StepwiseTransformer(MinMaxScaler()).fit_transform(X)
    for name, X in SEQUENCES.items()
}
reader = partial(make, "GRUClassifier")
token_reader = partial(make, "GRUClassifier", embedding_dim=3)


# ------------------------------------------------------------------ ColumnTransformer


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("at", ["past", ["past"]], ids=["a Series", "a DataFrame"])
@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("name", SEQUENCES)
def test_series_beside_columns_are_as_made_by_hand(name, library, at, container):
    X = table_of(SEQUENCES[name], library)
    model = make_pipeline(columns(StepwiseTransformer(MinMaxScaler()), at), reader())
    model.set_output(transform=container).fit(X, LABELS)
    hand = by_hand(SCALED[name])
    expected = reader().fit(hand, LABELS).predict_proba(hand)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    names = ["stepwisetransformer__past", "onehotencoder__kind_a"]
    names += ["onehotencoder__kind_b", "passthrough__age"]
    assert model[0].get_feature_names_out().tolist() == names
    made = model[0].transform(X)
    assert container == "default" or list(made.columns) == names
    if container == "pandas":
        assert made.dtypes.iloc[-1] == np.float64
        assert library == "polars" or made.index.tolist() == X.index.tolist()


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("at", ["past", ["past"]], ids=["a Series", "a DataFrame"])
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_text_beside_columns_is_as_made_by_hand(library, at, container):
    X = table_of(TEXTS, library)
    model = make_pipeline(columns(SequenceTokenizer(), at), token_reader())
    model.set_output(transform=container).fit(X, LABELS)
    hand = by_hand(SequenceTokenizer().fit_transform(TEXTS))
    expected = token_reader().fit(hand, LABELS).predict_proba(hand)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    assert model[0].get_feature_names_out()[0] == "sequencetokenizer__past"


def test_columns_of_an_array_are_chosen_by_position():
    X = np.empty((N, 2), dtype=object)
    X[:, 0], X[:, 1] = AGE, TEXTS
    chosen = make_column_transformer((SequenceTokenizer(), [1]), ("passthrough", [0]))
    got = make_pipeline(chosen, token_reader()).fit(X, LABELS).predict_proba(X)
    ids = SequenceTokenizer().fit_transform(TEXTS)
    hand = pd.DataFrame({"ids": ids, "age": AGE})
    expected = token_reader().fit(hand, LABELS).predict_proba(hand)
    np.testing.assert_array_equal(got, expected)


def test_a_pipeline_of_columns_is_searched_and_pickled():
    X = table_of(TEXTS)
    model = make_pipeline(columns(SequenceTokenizer()), token_reader())
    grid = {"columntransformer__sequencetokenizer__analyzer": ["word", "char"]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, LABELS)
    best = clone(model).set_params(**search.best_params_).fit(X, LABELS)
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict_proba(X), best.predict_proba(X))


# --------------------------------------------------------------------------- FeatureUnion


def test_ids_beside_the_weights_of_words():
    weights = make_pipeline(TfidfVectorizer(), TruncatedSVD(2, random_state=0))
    model = make_pipeline(make_union(SequenceTokenizer(), weights), token_reader())
    texts = pd.Series(TEXTS, name="text")
    got = model.fit(texts, LABELS).predict_proba(texts)
    hand = np.empty((N, 3), dtype=object)
    hand[:, 0] = SequenceTokenizer().fit_transform(TEXTS)
    hand[:, 1:] = clone(weights).fit_transform(TEXTS)
    expected = token_reader().fit(hand, LABELS).predict_proba(hand)
    np.testing.assert_array_equal(got, expected)
    names = model[0].get_feature_names_out().tolist()
    assert names[0] == "sequencetokenizer__text"
    assert len(names) == 3


def lengths(column):
    return np.array([[len(x)] for x in np.asarray(column)[:, 0]])


def test_series_beside_what_is_computed_of_them():
    union = make_union(StepwiseTransformer(MinMaxScaler()), FunctionTransformer(lengths))
    model = make_pipeline(union, reader())
    hand = pd.DataFrame({"x": SCALED["series"], "n": [len(x) for x in SERIES]})
    expected = reader().fit(hand, LABELS).predict_proba(hand)
    for X in (column(SERIES), pd.DataFrame({"past": SERIES})):
        got = model.fit(X, LABELS).predict_proba(X)
        np.testing.assert_array_equal(got, expected)


# ------------------------------------------------------------------------ a column alone


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_column_becomes_a_column_with_the_same_steps(name):
    X, expected = SEQUENCES[name], SCALED[name]
    for given in (pd.Series(X), pd.DataFrame({"past": X}), column(X)):
        stepwise = StepwiseTransformer(MinMaxScaler())
        for made in (stepwise.fit_transform(given), stepwise.transform(given)):
            assert (made.shape, made.dtype) == ((N, 1), object)
            for got, wanted in zip(made[:, 0], expected, strict=True):
                np.testing.assert_array_equal(got, wanted)
        for got, wanted in zip(stepwise.inverse_transform(made)[:, 0], X, strict=True):
            np.testing.assert_allclose(got, wanted)
        assert type(stepwise.transform(X)) is list


def test_a_column_of_polars_is_one_too():
    lists = [x.tolist() for x in SERIES]
    for given in (pl.Series("past", lists), pl.DataFrame({"past": lists})):
        stepwise = StepwiseTransformer(MinMaxScaler())
        for got, wanted in zip(
            stepwise.fit_transform(given)[:, 0], SCALED["series"], strict=True
        ):
            np.testing.assert_array_equal(got, wanted)
        made = stepwise.set_output(transform="polars").transform(given)
        assert made.columns == ["past"]
        assert made["past"].to_list() == [x.tolist() for x in SCALED["series"]]


def test_frames_in_the_cells_stay_frames_if_asked():
    frames = [pd.DataFrame(x, columns=["u", "v"]) for x in SERIES]
    X = pd.DataFrame({"past": frames}, index=range(5, 5 + N))
    stepwise = StepwiseTransformer(StandardScaler()).set_output(transform="pandas")
    made = stepwise.fit_transform(X)
    alone = StepwiseTransformer(StandardScaler()).set_output(transform="pandas")
    assert (made.columns.tolist(), made.index.tolist()) == (["past"], X.index.tolist())
    for got, wanted in zip(made["past"], alone.fit_transform(frames), strict=True):
        pd.testing.assert_frame_equal(got, wanted)
    assert stepwise.feature_names_in_.tolist() == ["u", "v"]
    assert stepwise.get_feature_names_out().tolist() == ["past"]
    assert alone.get_feature_names_out().tolist() == ["u", "v"]


def test_a_column_has_a_name_whatever_is_done_to_its_steps():
    nameless = StepwiseTransformer(FunctionTransformer(np.negative))
    assert not hasattr(nameless.fit(SERIES), "get_feature_names_out")
    assert nameless.fit(column(SERIES)).get_feature_names_out().tolist() == ["x0"]
    assert not hasattr(nameless.fit(SERIES), "get_feature_names_out")


def test_one_step_in_each_row_is_no_column_of_sequences():
    X = AGE[:, None]
    for given in (X, X.astype(object), pd.DataFrame({"age": AGE})):
        made = StepwiseTransformer(PolynomialFeatures(2)).fit_transform(given)
        np.testing.assert_allclose(made, np.stack([X**0, X, X**2], axis=-1))
        made = StepwiseTransformer(StandardScaler()).fit_transform(given)
        np.testing.assert_allclose(made, StandardScaler().fit_transform(X))


def test_sequences_among_other_columns_are_led_to_a_column_transformer():
    for X in (table_of(SERIES), table_of(SERIES, "polars"), by_hand(SERIES)):
        n = X.shape[1]
        with pytest.raises(ValueError, match=rf"{n} columns.* by ColumnTransformer"):
            StepwiseTransformer(StandardScaler()).fit(X)
    with pytest.raises(ValueError, match=r"\(24, 3\)\. Apply .* by ColumnTransformer"):
        SequenceTokenizer().fit(table_of(TEXTS))


def test_a_column_goes_back_to_a_long_table():
    expected = to_long(SERIES, range(N))
    pd.testing.assert_frame_equal(to_long(column(SERIES), range(N)), expected)


# ---------------------------------------------------------- what else takes a column


def mean_of_bags(bagging, X, y, method):
    """The mean of models, each with the counts of its bag as weights."""
    answers = []
    for bag, drawn in zip(bagging.estimators_samples_, bagging.estimators_, strict=True):
        counts = np.bincount(bag, minlength=len(y))
        model = clone(bagging.estimator).set_params(random_state=drawn.random_state)
        answers.append(getattr(model.fit(X, y, sample_weight=counts), method)(X))
    return np.mean(answers, axis=0)


@pytest.mark.parametrize(
    ("bagging", "y", "method"),
    [
        (BaggingClassifier(reader(), 3, random_state=0), LABELS, "predict_proba"),
        (BaggingRegressor(make("GRURegressor"), 2, random_state=0), AGE, "predict"),
    ],
    ids=["classifier", "regressor"],
)
def test_bagging_draws_sequences(bagging, y, method):
    X = column(SERIES)
    got = getattr(bagging.fit(X, y), method)(X)
    np.testing.assert_allclose(got, mean_of_bags(bagging, SERIES, y, method), rtol=1e-12)


def test_bagging_draws_texts():
    model = make_pipeline(SequenceTokenizer(), token_reader())
    bagging = BaggingClassifier(model, 2, random_state=0).fit(column(TEXTS), LABELS)
    parts = []
    for bag, fitted in zip(bagging.estimators_samples_, bagging.estimators_, strict=True):
        hand = clone(model).set_params(
            gruclassifier__random_state=fitted[-1].random_state
        )
        hand.fit([TEXTS[i] for i in bag], LABELS[bag])
        parts.append(hand.predict_proba(TEXTS))
    expected = np.mean(parts, axis=0)
    np.testing.assert_array_equal(bagging.predict_proba(column(TEXTS)), expected)


def test_a_column_is_split_and_calibrated_as_a_list_is():
    calibrated = CalibratedClassifierCV(reader(), cv=2)
    of_list = calibrated.fit(SERIES, LABELS).predict_proba(SERIES)
    X = column(SERIES)
    np.testing.assert_array_equal(calibrated.fit(X, LABELS).predict_proba(X), of_list)
    options = {"cv": 3, "method": "predict_proba"}
    np.testing.assert_array_equal(
        cross_val_predict(reader(), X, LABELS, **options),
        cross_val_predict(reader(), SERIES, LABELS, **options),
    )


def test_permutation_importance_shuffles_sequences_and_covariates():
    X = pd.DataFrame({"past": SERIES, "age": AGE})
    model = reader().fit(X, LABELS)
    got = permutation_importance(model, X, LABELS, n_repeats=3, random_state=0)
    for j, name in enumerate(X.columns):
        draws = np.random.RandomState(np.random.RandomState(0).randint(2**31 - 1))
        order, drops, shuffled = np.arange(N), [], X
        for _ in range(3):
            draws.shuffle(order)
            shuffled = X.assign(**{name: shuffled[name].to_numpy()[order]})
            drops.append(model.score(X, LABELS) - model.score(shuffled, LABELS))
        np.testing.assert_allclose(got.importances[j], drops, atol=1e-12)


def test_partial_dependence_is_a_mean_over_sequences():
    X = pd.DataFrame({"past": SERIES, "age": AGE})
    model = reader().fit(X, LABELS)
    got = partial_dependence(model, X, ["age"], grid_resolution=5)
    for value, mean in zip(got["grid_values"][0], got["average"][0], strict=True):
        expected = model.predict_proba(X.assign(age=value))[:, 1].mean()
        np.testing.assert_allclose(mean, expected, atol=1e-12)


def test_oversampling_repeats_rows_of_a_table():
    """In a process of its own: imblearn changes what scikit-learn pickles and routes."""
    if find_spec("imblearn") is None:
        pytest.skip("in the extra 'test'")
    program = """
    import sys

    sys.path.insert(0, sys.argv[1])
    from helpers.oversampling import check_rows, check_series

    check_rows(), check_series()
    """
    run_python(program, ROOT / "tests")
