"""Static covariates: numbers beside the sequences of a table."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_validate,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import sksequence
from helpers.data import objects, ragged
from helpers.estimators import make
from sksequence.nn import SequenceNetwork, StaticJoin

LENGTHS = (9, 4, 7, 12, 5, 8, 6, 10)
LABELS = np.arange(len(LENGTHS)) % 2


def table(X=None, seed=0):
    """A column of sequences between two of numbers."""
    X = ragged(LENGTHS) if X is None else X
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 80, size=len(X))
    return pd.DataFrame(
        {"age": age, "series": objects(X), "weight": rng.normal(size=len(X))}
    )


TABLE = table()
NUMBERS = TABLE[["age", "weight"]].to_numpy(dtype=float)


# ---------------------------------------------------------------------------- by formula


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("per_step", [False, True])
def test_the_head_reads_both_and_where_they_meet(per_step, training):
    net = SequenceNetwork(
        2, 3, hidden_size=5, static_size=2, parallel_channels=(4, 4, 4), per_step=per_step
    )
    net = net.double().train(training)
    X, static = torch.randn(3, 6, 2).double(), torch.randn(3, 2).double()
    read = net.represent(X)
    got = net(X, static=static).detach().numpy()
    r, s = read.detach().numpy(), static.numpy()
    if per_step:
        s = np.repeat(s[:, None], 6, axis=1)
    w, b = (p.detach().numpy() for p in net.join.linear.parameters())
    both = np.concatenate([r, s], axis=-1)
    joined = np.concatenate([both, np.maximum(0, both @ w.T + b)], axis=-1)
    v, c = (p.detach().numpy() for p in net.head.parameters())
    np.testing.assert_allclose(got, joined @ v.T + c, rtol=1e-9, atol=1e-12)


def test_static_covariates_are_standardised_by_what_fit_weighs():
    weight = np.array([0, 1, 2, 0, 3, 1, 0, 2])
    model = make("GRUClassifier").fit(TABLE, LABELS, sample_weight=weight)
    mean = np.average(NUMBERS, axis=0, weights=weight)
    variance = np.average((NUMBERS - mean) ** 2, axis=0, weights=weight)
    np.testing.assert_allclose(model._reading.static.mean, mean)
    np.testing.assert_allclose(model._reading.static.scale, np.sqrt(variance))


def test_their_unit_does_not_count_but_without_standardize_it_does():
    other = TABLE.assign(age=TABLE["age"] * 8)
    for standardize in (True, False):
        model = make("GRUClassifier", standardize=standardize)
        got = clone(model).fit(other, LABELS).predict_proba(other)
        expected = model.fit(TABLE, LABELS).predict_proba(TABLE)
        assert np.array_equal(got, expected) is standardize


def test_without_other_columns_a_table_is_a_list():
    X = ragged(LENGTHS)
    model = make("LSTMClassifier")
    expected = clone(model).fit(X, LABELS).predict_proba(X)
    alone = pd.DataFrame({"series": objects(X)})
    assert model.fit(alone, LABELS).n_static_features_in_ == 0
    np.testing.assert_array_equal(model.predict_proba(alone), expected)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


# ------------------------------------------------------------------------------ promises


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("GRUClassifier", {"bidirectional": True, "pooling": "mean"}),
        ("SimpleRNNClassifier", {"parallel_channels": (3, 3, 3)}),
        ("RecurrentTagger", {}),
    ],
)
def test_an_answer_belongs_to_its_row_alone(name, params, dtype):
    y = [np.full(n, i % 2) for i, n in enumerate(LENGTHS)]
    model = make(name, dtype=dtype, **params)
    model.fit(TABLE, y if name == "RecurrentTagger" else LABELS)
    together = list(model.predict_proba(TABLE))
    order = np.random.default_rng(0).permutation(len(TABLE))
    long = table([np.tile(x, (5, 1)) for x in ragged(LENGTHS)])
    many = pd.concat([TABLE, long, *[TABLE] * 6], ignore_index=True)
    for i in range(len(TABLE)):
        np.testing.assert_array_equal(
            model.predict_proba(TABLE[i : i + 1])[0], together[i]
        )
    for i, answer in zip(order, model.predict_proba(TABLE.iloc[order]), strict=True):
        np.testing.assert_array_equal(answer, together[i])
    for expected, answer in zip(together, model.predict_proba(many), strict=False):
        np.testing.assert_array_equal(answer, expected)


def test_every_parameter_gets_a_gradient():
    net = SequenceNetwork(2, 3, hidden_size=5, static_size=2)
    net(torch.randn(6, 7, 2), static=torch.randn(6, 2)).square().sum().backward()
    for name, parameter in net.named_parameters():
        assert (parameter.grad != 0).any(), name


def test_refit_pickle_and_forms_are_equal_to_the_bit():
    model = make("GRUClassifier", early_stopping=True, validation_fraction=0.3)
    expected = clone(model).fit(TABLE, LABELS).predict_proba(TABLE)
    array = TABLE.to_numpy()
    again = model.fit(array, LABELS)
    for X in (TABLE, array):
        np.testing.assert_array_equal(again.predict_proba(X), expected)
    unpickled = pickle.loads(pickle.dumps(again))
    np.testing.assert_array_equal(unpickled.predict_proba(array), expected)


def test_stored_sequences_stay_stored(tmp_path):
    X = np.random.default_rng(0).normal(size=(8, 6, 2))
    np.save(tmp_path / "X.npy", X)
    stored = list(np.load(tmp_path / "X.npy", mmap_mode="r"))
    model = make("GRUClassifier")
    expected = clone(model).fit(table(list(X)), LABELS).predict_proba(table(list(X)))
    got = model.fit(table(stored), LABELS).predict_proba(table(stored))
    np.testing.assert_array_equal(got, expected)


def test_what_transform_gives_does_not_depend_on_them():
    model = make("GRUClassifier").fit(TABLE, LABELS)
    moved = TABLE.assign(age=0)
    read = model.transform(TABLE)
    assert read.shape == (8, len(model.get_feature_names_out()))
    np.testing.assert_array_equal(model.transform(moved), read)
    assert not np.array_equal(model.predict_proba(moved), model.predict_proba(TABLE))


def test_fit_goes_on_with_them():
    whole = make("GRUClassifier", lr_schedule="constant", max_epochs=4).fit(TABLE, LABELS)
    parts = make("GRUClassifier", lr_schedule="constant")
    parts = parts.fit(TABLE, LABELS).set_params(warm_start=True).fit(TABLE, LABELS)
    np.testing.assert_array_equal(parts.predict_proba(TABLE), whole.predict_proba(TABLE))
    with pytest.raises(ValueError, match="lacks the static column"):
        parts.partial_fit(TABLE[["age", "series"]], LABELS)


def test_chunks_of_a_sequence_know_them_too():
    y = [np.full(n, i % 2) for i, n in enumerate(LENGTHS)]
    model = make("RecurrentTagger", dtype="float64", batch_size=None)
    expected = clone(model).fit(TABLE, y).predict_proba(TABLE)
    got = model.set_params(bptt_steps=50).fit(TABLE, y).predict_proba(TABLE)
    for left, right in zip(got, expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-6)
    assert clone(model).set_params(bptt_steps=4).fit(TABLE, y).n_epochs_ == 2


def test_very_long_sequences_are_read_piece_by_piece(monkeypatch):
    y = [np.full(n, i % 2) for i, n in enumerate(LENGTHS)]
    model = make("RecurrentTagger").fit(TABLE, y)
    long = table([np.tile(x, (9, 1)) for x in ragged(LENGTHS)])
    expected = model.predict_proba(long)
    monkeypatch.setattr("sksequence._training.net._CHUNK_VALUES", 8 * 64 * 10)
    for got, whole in zip(model.predict_proba(long), expected, strict=True):
        np.testing.assert_array_equal(got, whole)


def test_gaps_and_covariates_go_together():
    gaps = [np.where(x > 1, np.nan, x) for x in ragged(LENGTHS)]
    model = make("GRUClassifier", missing="decay").fit(table(gaps), LABELS)
    assert np.isfinite(model.predict_proba(table(gaps))).all()
    with pytest.raises(ValueError, match="static column 'age' contains NaN in row 2"):
        model.predict(table(gaps).assign(age=[1, 2, np.nan, 4, 5, 6, 7, 8]))


# ---------------------------------------------------------------- scikit-learn, learning


@pytest.fixture(scope="module")
def task():
    """What the sign of a series means depends on the region."""
    rng = np.random.default_rng(0)
    n = 160
    region = rng.choice(["north", "south"], size=n)
    level = rng.choice([-1, 1], size=n)
    X = [
        rng.normal(a, 1, size=k)
        for a, k in zip(level, rng.integers(8, 16, n), strict=True)
    ]
    y = np.where((level > 0) == (region == "north"), "sun", "rain")
    frame = pd.DataFrame({"region": region, "series": objects(X), "noise": level * 0.0})
    return frame, y


def pipeline(**params):
    encoder = ColumnTransformer(
        [
            ("region", OneHotEncoder(sparse_output=False), ["region"]),
            ("rest", "passthrough", ["noise", "series"]),
        ]
    )
    kwargs = {"hidden_size": 16, "max_epochs": 25, "lr": 0.02, "random_state": 0}
    return make_pipeline(encoder, sksequence.GRUClassifier(**kwargs, **params))


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_a_covariate_turns_the_meaning_of_a_series(task, output):
    X, y = task
    train, test, y_train, y_test = train_test_split(X, y, random_state=0)
    model = pipeline().fit(train, y_train)
    assert model.score(test, y_test) > 0.9
    assert model[-1].n_static_features_in_ == 3
    assert model[-1].n_features_in_ == 1
    alone = clone(model[-1]).fit(list(train["series"]), y_train)
    assert alone.score(list(test["series"]), y_test) < 0.7
    again = pipeline()
    again[0].set_output(transform=output)
    by_name = again.fit(train, y_train).predict(test)
    np.testing.assert_array_equal(by_name, model.predict(test))


def test_it_survives_cross_validation_and_searches(task):
    X, y = task
    model = pipeline(early_stopping=True)
    scores = cross_validate(model, X, y, cv=3, error_score="raise")["test_score"]
    assert scores.mean() > 0.85
    predicted = cross_val_predict(model, X, y, cv=3)
    assert (predicted == y).mean() == pytest.approx(scores.mean(), abs=0.01)
    grid = {"gruclassifier__bidirectional": [False, True]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X[:80], y[:80])
    assert search.predict(X).shape == (160,)


# ----------------------------------------------------------------------------- bad input


EMPTY = objects([*ragged(LENGTHS)[:-1], np.empty((0, 2))])
BAD = {
    "some text": (TABLE.assign(sex=[1, "m"] * 4), "'sex' holds 'm'.*OneHotEncoder"),
    "NaN": (TABLE.assign(age=[1, np.nan] * 4), "'age' contains NaN in row 1.*Impute"),
    "None": (TABLE.assign(age=objects([1, None] * 4)), "'age' contains NaN in row 1"),
    "NA": (TABLE.assign(age=pd.array([1, None] * 4)), "'age' contains NaN in row 1"),
    "infinity": (TABLE.assign(age=[1, np.inf] * 4), "'age' contains inf in row 1"),
    "1e300": (TABLE.assign(age=[1, 1e300] * 4), r"'age' contains 1e\+300 in row 1"),
    "two series": (
        TABLE.assign(other=TABLE["series"]),
        "sequences in 'series' and in 'other'.*channels",
    ),
    "array, two series": (
        TABLE[["series", "age", "series"]].to_numpy(),
        "sequences in 'column 0' and in 'column 2'",
    ),
    "array, text": (
        TABLE.assign(sex=["f", "m"] * 4).to_numpy(),
        "'column 3' holds 'f'.*OneHotEncoder",
    ),
    "no sequence": (
        TABLE.assign(series=objects([*ragged(LENGTHS)[:-1], 3.0])),
        r"Sequence 7 has shape \(\)",
    ),
    "no step": (TABLE.assign(series=EMPTY), "Sequence 7 is empty"),
    "dates": (
        TABLE.assign(age=pd.date_range("2026-01-01", periods=8)),
        "'age' holds .*2026.*numbers",
    ),
}


@pytest.mark.parametrize(("X", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_named(X, words):
    model = make("GRUClassifier")
    with pytest.raises((ValueError, TypeError), match=f"(?s){words}"):
        model.fit(X, LABELS)
    assert not hasattr(model, "n_static_features_in_")


OTHER = {
    "none": (ragged(LENGTHS), "no static columns, but GRUClassifier .* 2 .*'age', 'weig"),
    "one less": (TABLE[["age", "series"]], "lacks the static column.* 'weight'"),
    "renamed": (TABLE.rename(columns={"age": "years"}), "lacks .*'age'.*'years'"),
    "order": (TABLE[["weight", "series", "age"]], "the same, in the same order"),
    "one more": (TABLE.assign(sex=0), "columns 'age', .*'sex', but"),
    "array, place": (TABLE[["series", "age", "weight"]].to_numpy(), "in column 0, but"),
    "array, number": (TABLE[["age", "series"]].to_numpy(), "2 columns .* with 3"),
    "channels": (table([x[:, :1] for x in ragged(LENGTHS)]), "1 features.*expecting 2"),
}


@pytest.mark.parametrize(("X", "words"), OTHER.values(), ids=OTHER)
def test_another_table_at_predict_is_named(X, words):
    model = make("GRUClassifier").fit(TABLE, LABELS)
    with pytest.raises(ValueError, match=f"(?s){words}"):
        model.predict(X)


def test_covariates_that_fit_has_not_seen_are_named():
    model = make("GRUClassifier").fit(ragged(LENGTHS), LABELS)
    with pytest.raises(ValueError, match=r"2 static .*'age', 'weight'.*sequences alone"):
        model.predict(TABLE)


def test_the_network_names_what_it_lacks():
    net = SequenceNetwork(2, 1, static_size=2)
    with pytest.raises(ValueError, match=r"static .*\(3, 2\), got None"):
        net(torch.randn(3, 5, 2))
    with pytest.raises(ValueError, match=r"\(3, 2\), got \(3, 1\)"):
        StaticJoin(4, 2)(torch.randn(3, 4), torch.randn(3, 1))


def test_a_language_model_has_none():
    tokens = [np.array([1, 2, 3] * 3)] * 8
    model = make("RecurrentTagger", embedding_dim=3).fit(table(tokens), tokens)
    with pytest.raises(ValueError, match="sequences alone"):
        model.generate([1], 3)
