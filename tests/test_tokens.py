"""Tokens instead of numbers, texts through a pipeline, and data that stay in files."""

from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import PUBLIC, labels_for, make, ragged
from scipy.special import softmax
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline

import sksequence
import sksequence._base.fitting
from sksequence import LSTMClassifier
from sksequence._inputs import sequences as inputs_sequences
from sksequence.preprocessing import SequenceTokenizer
from sksequence.utils import check_sequence_estimator

TOKEN_READERS = [
    name for name in PUBLIC if "embedding_dim" in getattr(sksequence, name)().get_params()
]
PER_STEP = {"RecurrentTagger", "RecurrentStepRegressor"}
SOME = ["GRUClassifier", "LSTMRegressor", "RecurrentTagger"]
TOKENS = {"embedding_dim": 4}


def texts(n=12, n_tokens=6, seed=0, low=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(low, n_tokens, size=k) for k in rng.integers(4, 10, size=n)]


def target_for(name, X):
    """Something for each sequence, or for each of its steps."""
    if name == "RecurrentTagger":
        return [np.arange(len(x)) % 2 for x in X]
    if name == "RecurrentStepRegressor":
        return [np.sin(np.arange(len(x))) for x in X]
    return labels_for(name, len(X))


def answers(model, X):
    """Probabilities or numbers, those of steps end to end."""
    method = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    made = getattr(model, method)(X)
    return np.concatenate(list(made)) if made.dtype == object else made


def fitted(name, X, sample_weight=None, **params):
    model = make(name, **TOKENS | params)
    return model.fit(X, target_for(name, X), sample_weight=sample_weight)


def assert_same_fit(got, expected):
    got, expected = (model.net_.module_.state_dict() for model in (got, expected))
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)


def test_all_that_read_steps_read_tokens():
    assert set(TOKEN_READERS) >= {
        f"{cell}{kind}"
        for cell in ("SimpleRNN", "LSTM", "GRU", "Recurrent")
        for kind in ("Classifier", "Regressor")
    } | {"RecurrentTagger", "RecurrentStepRegressor"}


# --------------------------------------------------------------------------------- forms


EQUAL = np.random.default_rng(0).integers(0, 6, size=(12, 7))
FORMS = {
    "lists": (texts(), [x.tolist() for x in texts()]),
    "columns": (texts(), [x[:, None] for x in texts()]),
    "objects": (texts(), np.array(texts(), dtype=object)),
    "series": (texts(), pd.Series(texts())),
    "uint8": (texts(), [x.astype(np.uint8) for x in texts()]),
    "uint64": (texts(), [x.astype(np.uint64) for x in texts()]),
    "int32": (texts(), [x.astype(np.int32) for x in texts()]),
    "whole floats": (texts(), [x.astype(float) for x in texts()]),
    "tensors": (texts(), [torch.from_numpy(x) for x in texts()]),
    "bools": (
        [(x > 2).astype(int) for x in texts()],
        [x > 2 for x in texts()],
    ),
    "table": (list(EQUAL), EQUAL),
    "nested lists": (list(EQUAL), EQUAL.tolist()),
    "frame": (list(EQUAL), pd.DataFrame(EQUAL)),
    "block": (list(EQUAL), EQUAL[:, :, None]),
    "uint8 table": (list(EQUAL), EQUAL.astype(np.uint8)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SOME)
def test_tokens_may_come_in_any_form(name, form):
    plain, X = FORMS[form]
    expected = fitted(name, plain)
    model = make(name, **TOKENS).fit(X, target_for(name, plain))
    assert_same_fit(model, expected)
    got = answers(model, X)
    np.testing.assert_array_equal(
        got.reshape(answers(expected, plain).shape), answers(expected, plain)
    )
    assert got.dtype == np.float64


@pytest.mark.parametrize("name", TOKEN_READERS)
def test_single_precision_ids_are_answered_in_it(name):
    X = texts()
    model = fitted(name, X)
    single = answers(model, [x.astype(np.float32) for x in X])
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, answers(model, X), rtol=1e-5, atol=1e-6)


def test_a_token_is_its_vector():
    """The simple network by its equation, with vectors looked up in a table."""
    X = texts()
    model = fitted("SimpleRNNClassifier", X, pooling="last", dtype="float64")
    weights = {
        name: value.detach().numpy()
        for name, value in model.net_.module_.named_parameters()
    }
    vectors, cell = weights["embedding.weight"], "recurrence.layers.0.ahead"
    assert vectors.shape == (6, 4)
    for x, proba in zip(X, model.predict_proba(X), strict=True):
        hidden = np.zeros(8)
        for token in x:
            hidden = np.tanh(
                weights[f"{cell}.weight_ih_l0"] @ vectors[token]
                + weights[f"{cell}.bias_ih_l0"]
                + weights[f"{cell}.weight_hh_l0"] @ hidden
                + weights[f"{cell}.bias_hh_l0"]
            )
        expected = softmax(weights["head.weight"] @ hidden + weights["head.bias"])
        np.testing.assert_allclose(proba, expected, rtol=1e-10)


def test_dropout_acts_on_the_vectors_while_training():
    seen = []
    module = fitted("GRUClassifier", texts(), dropout=0.25).net_.module_
    module.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    ids = torch.from_numpy(np.concatenate([EQUAL] * 20))[:, :, None]
    vectors = module.embedding(ids)
    with torch.no_grad():
        module.eval()(ids)
        module.train()(ids)
    assert torch.equal(seen[0], vectors)
    kept = seen[1] != 0
    torch.testing.assert_close(seen[1][kept], vectors[kept] / 0.75)
    assert float(kept.double().mean()) == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize("name", TOKEN_READERS)
def test_tokens_are_no_quantities(name):
    """Renaming the tokens, and their first vectors, changes nothing but the names."""
    X = texts(low=1)
    swap = np.array([0, 5, 4, 3, 2, 1])
    model = fitted(name, X, max_epochs=1, lr=1e-30)
    expected = answers(model, X)
    with torch.no_grad():
        weight = model.net_.module_.embedding.weight
        weight.copy_(weight[torch.from_numpy(swap)].clone())
    np.testing.assert_array_equal(answers(model, [swap[x] for x in X]), expected)
    assert (answers(model, X) != expected).any()


@pytest.mark.parametrize("name", ["GRUClassifier", "RecurrentTagger"])
def test_tokens_are_never_scaled(name):
    X = texts()
    some, other = (
        fitted(name, X, standardize=standardize) for standardize in (False, True)
    )
    assert_same_fit(some, other)
    np.testing.assert_array_equal(answers(some, X), answers(other, X))


@pytest.mark.parametrize("name", ["LSTMRegressor", "RecurrentStepRegressor"])
def test_a_regressors_targets_still_are(name):
    X = texts()
    y = target_for(name, X)
    far = [1000 + 50 * one for one in y] if name in PER_STEP else 1000 + 50 * y
    model = make(name, **TOKENS, dtype="float64")
    expected = 1000 + 50 * answers(model.fit(X, y), X)
    np.testing.assert_allclose(answers(model.fit(X, far), X), expected, rtol=1e-7)


@pytest.mark.parametrize("name", TOKEN_READERS)
def test_which_token_it_was_is_learnt(name):
    """Odd tokens or even ones: no order among the ids says so."""
    rng = np.random.default_rng(0)
    X = [rng.integers(1, 9, size=n) for n in rng.integers(3, 6, size=140)]
    odd = [x % 2 for x in X]
    y = odd if name in PER_STEP else np.array([one[-1] for one in odd])
    params = {} if name in PER_STEP else {"pooling": "last"}
    model = make(name, **TOKENS, **params, max_epochs=15, lr=0.05)
    assert model.fit(X[:100], y[:100]).score(X[100:], y[100:]) > 0.9


# --------------------------------------------------------------------------- unknown ones


@pytest.mark.parametrize("name", TOKEN_READERS)
def test_what_fit_has_not_met_is_the_unknown_token(name):
    X = [np.where(x == 3, 5, x) for x in texts(low=1)]
    assert not np.isin([0, 3], np.concatenate(X)).any()
    model = fitted(name, X, num_embeddings=9)
    unmet, unknown = texts(seed=1, n_tokens=9), texts(seed=1, n_tokens=9)
    unknown = [np.where(np.isin(x, [3, 6, 7, 8]), 0, x) for x in unknown]
    assert any((a != b).any() for a, b in zip(unmet, unknown, strict=True))
    np.testing.assert_array_equal(answers(model, unmet), answers(model, unknown))
    known = [np.where(x == 0, 5, x) for x in unknown]
    assert (answers(model, known) != answers(model, unknown)).any()
    # Where training has not met it, it says nothing.
    assert not model.net_.module_.embedding.weight[0].any()


def test_the_unknown_token_is_learnt_where_fit_meets_it():
    model = fitted("GRUClassifier", texts())
    assert model.net_.module_.embedding.weight[0].any()


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize(("given", "expected"), [(None, 6), (6, 6), (40, 40)])
def test_there_are_as_many_vectors_as_tokens(name, given, expected):
    model = fitted(name, texts(), num_embeddings=given)
    assert model.net_.module_.embedding.weight.shape == (expected, 4)
    assert model.n_features_in_ == 1
    highest = [np.array([0, expected - 1, 1])]
    assert np.isfinite(answers(model, highest)).all()
    with pytest.raises(ValueError, match=rf"token {expected} at step 1; .* {expected},"):
        answers(model, [np.array([0, expected])])


@pytest.mark.parametrize(
    ("name", "warm_start"),
    [(name, False) for name in TOKEN_READERS] + [(name, True) for name in SOME],
)
def test_going_on_may_bring_new_tokens_within_their_number(name, warm_start):
    X, more = texts(low=1), texts(seed=1, n_tokens=9, low=6)
    y, more_y = target_for(name, X), target_for(name, more)
    model = make(name, **TOKENS, num_embeddings=9, warm_start=warm_start)
    classes = {"classes": [0, 1]} if hasattr(model, "class_weight") else {}
    go_on = model.fit if warm_start else model.partial_fit
    model = go_on(X, y) if warm_start else go_on(X, y, **classes)
    as_unknown = answers(model, [np.zeros_like(x) for x in more])
    np.testing.assert_array_equal(answers(model, more), as_unknown)
    vectors = model.net_.module_.embedding.weight.detach().numpy().copy()
    going_on = pickle.loads(pickle.dumps(model))
    go_on(more, more_y)
    after = model.net_.module_.embedding.weight.detach().numpy()
    # All vectors of the new ones were trained, and those of the old are known still.
    assert (after[6:] != vectors[6:]).any(axis=1).all()
    for part in (more, X):
        unknown = answers(model, [np.zeros_like(x) for x in part])
        assert (answers(model, part) != unknown).any()
    (going_on.fit if warm_start else going_on.partial_fit)(more, more_y)
    np.testing.assert_array_equal(answers(going_on, more), answers(model, more))
    before = answers(model, X)
    with pytest.raises(ValueError, match="Sequence 2 holds the token 9 at step 1"):
        go_on([*X[:2], np.array([1, 9, 2])], more_y[:3])
    np.testing.assert_array_equal(answers(model, X), before)


def test_a_new_fit_knows_its_own_tokens_only():
    model = fitted("GRUClassifier", texts(n_tokens=9))
    model.fit(texts(low=1), labels_for("GRUClassifier", 12))
    assert model.net_.module_.embedding.weight.shape == (6, 4)


@pytest.mark.parametrize("num_embeddings", [None, 12])
@pytest.mark.parametrize("name", TOKEN_READERS)
def test_a_token_of_the_held_out_part_alone_is_unknown(name, num_embeddings, monkeypatch):
    """Also if it is the largest of all; what training met is known."""
    splits, split = [], sksequence._base.fitting.validation_split

    def spying(*args, **kwargs):
        splits.append(split(*args, **kwargs))
        return splits[-1]

    monkeypatch.setattr(sksequence._base.fitting, "validation_split", spying)
    X = texts(low=1, n_tokens=5)
    params = {"early_stopping": True, "validation_fraction": 0.4}
    fitted(name, X, num_embeddings=12, **params)
    # The split is the same again: it knows no tokens.
    train, held_out = splits[0]
    X[held_out[0]], X[train[0]] = np.array([11, 1, 1, 2]), np.array([8, 1, 1, 2])
    model = fitted(name, X, num_embeddings=num_embeddings, **params)
    np.testing.assert_array_equal(splits[1][1], held_out)
    assert np.isfinite([epoch["valid_loss"] for epoch in model.history_]).all()
    unknown, held, met = (answers(model, [np.array([i, 1, 2])]) for i in (0, 11, 8))
    np.testing.assert_array_equal(held, unknown)
    assert (met != unknown).any()


@pytest.mark.parametrize("name", SOME)
def test_a_token_of_no_weight_is_not_there(name):
    X = texts()
    X[3] = np.r_[X[3], 30]
    y, weight = target_for(name, X), np.ones(12)
    weight[3] = 0
    model = make(name, **TOKENS).fit(X, y, sample_weight=weight)
    kept = [i for i in range(12) if i != 3]
    part = make(name, **TOKENS).fit(
        [X[i] for i in kept], [y[i] for i in kept], sample_weight=np.ones(11)
    )
    others = [X[i] for i in kept]
    np.testing.assert_array_equal(answers(model, others), answers(part, others))


# -------------------------------------------------------------------------------- errors


def with_item(i, item):
    X = texts()
    X[i] = np.asarray(item)
    return X


BAD = {
    "negative": (with_item(2, [1, 0, -3]), "Sequence 2 holds the token -3 at step 2"),
    "fraction": (with_item(5, [1, 0.5, 2]), "Sequence 5 holds the token 0.5 at step 1"),
    "beyond": (
        with_item(0, [1, 6]),
        "Sequence 0 holds the token 6 at step 1; .* below 6",
    ),
    "numbers": ([x[:, :1] for x in ragged((5,) * 12)], "leave embedding_dim=None"),
    "channels": (
        ragged((5, 6) * 6),
        "X has 2 (channels per step|features)",
    ),
    "block": (np.zeros((12, 4, 2), int), "X has 2 (channels per step|features)"),
    "text": (["ab c", "d"] * 6, "SequenceTokenizer"),
    "words": ([["ab", "c"], ["d"]] * 6, "SequenceTokenizer"),
    "arrays of words": ([np.array(["ab", "c"])] * 12, "SequenceTokenizer"),
    "objects": (with_item(1, np.array([1, "a"], dtype=object)), "Sequence 1 .*text"),
    "NaN": (with_item(7, [1.0, np.nan]), "NaN: sequence 7 does at step 1"),
    "infinity": (with_item(7, [1.0, np.inf]), "infinity: sequence 7 does at step 1"),
    "vast": (with_item(7, [1.0, 1e30]), "Sequence 7 holds the token 1e.30 at step 1"),
    "empty": (with_item(4, []), "Sequence 4 is empty"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("name", SOME)
def test_what_is_no_token_is_refused(name, case):
    X, words = BAD[case]
    model = fitted(name, texts())
    expected = answers(model, texts())
    with pytest.raises(ValueError, match=words):
        model.predict(X)
    unfitted = make(name, **TOKENS, num_embeddings=6)
    before = dict(vars(unfitted))
    for one in (unfitted, model.set_params(num_embeddings=6)):
        with pytest.raises(ValueError, match=words):
            one.fit(X, target_for(name, texts()))
    assert vars(unfitted) == before
    np.testing.assert_array_equal(answers(model, texts()), expected)


@pytest.mark.parametrize("name", TOKEN_READERS)
def test_ids_of_millions_need_no_number_to_be_refused(name):
    X = with_item(3, [1, 2**40])
    with pytest.raises(ValueError, match=f"Sequence 3 holds the token {2**40} at step 1"):
        make(name, **TOKENS).fit(X, target_for(name, X))


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("embedding_dim", 0), ("embedding_dim", 2.5), ("num_embeddings", 0)],
)
def test_sizes_of_no_use_are_refused(parameter, value):
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter"):
        fitted("GRUClassifier", texts(), **{parameter: value})


def test_other_tokens_cannot_continue_a_fit():
    model = fitted("GRUClassifier", texts(), warm_start=True)
    for params in ({"embedding_dim": 5}, {"num_embeddings": 10}):
        other = pickle.loads(pickle.dumps(model)).set_params(**params)
        with pytest.raises(ValueError, match="cannot continue a fit"):
            other.fit(texts(), labels_for("GRUClassifier", 12))


def test_the_contract_is_kept():
    params = {"bidirectional": True, "pooling": "attention", "dropout": 0.2}
    params |= {"conv_channels": (4,), "conv_kernel_size": 3}
    params |= {"parallel_channels": (4,), "parallel_kernel_size": 3}
    results = check_sequence_estimator(make("GRUClassifier", **TOKENS, **params))
    skipped = {result["name"] for result in results if result["status"] == "skipped"}
    assert skipped == {"causal"}


# --------------------------------------------------------------------------------- texts


def reviews(n=60, seed=0):
    """Good or bad, with "not" before it for the other: order matters."""
    rng = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(n):
        word, negated = rng.choice(["good", "bad"]), rng.random() < 0.3
        words = list(
            rng.choice(["a", "film", "it", "was", "the"], size=rng.integers(1, 5))
        )
        X.append(" ".join([*words, *(["not"] if negated else []), word]))
        y.append("up" if (word == "good") != negated else "down")
    return X, np.array(y)


def reader(**params):
    return make_pipeline(
        SequenceTokenizer(), make("LSTMClassifier", embedding_dim=8, **params)
    )


def test_texts_are_learnt_and_words_may_be_new():
    X, y = reviews(150)
    model = reader(max_epochs=20, lr=0.05).fit(X, y)
    assert isinstance(model[-1], LSTMClassifier)
    X_test, y_test = reviews(seed=1)
    assert model.score(X_test, y_test) > 0.9
    proba = model.predict_proba(["splendid zebra was good", "awful gnu was good"])
    np.testing.assert_array_equal(proba[0], proba[1])
    assert model.predict(["zebra was not good", "zebra was good"]).tolist() == [
        "down",
        "up",
    ]
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        again.predict_proba(X_test), model.predict_proba(X_test)
    )


def test_texts_go_through_searches():
    X, y = reviews()
    grid = {
        "sequencetokenizer__analyzer": ["word", "char"],
        "lstmclassifier__embedding_dim": [2, 8],
    }
    model = reader(max_epochs=8, lr=0.03)
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
    assert len(set(search.cv_results_["mean_test_score"])) > 1
    assert search.best_score_ > 0.7
    tokenizer, classifier = search.best_estimator_
    is_char = search.best_params_["sequencetokenizer__analyzer"] == "char"
    assert is_char == all(len(token) == 1 for token in tokenizer.vocabulary_)
    assert classifier.net_.module_.embedding.weight.shape == (
        1 + len(tokenizer.vocabulary_),
        search.best_params_["lstmclassifier__embedding_dim"],
    )
    # Words of a test fold that training has not met are no obstacle.
    X = [f"{text} word{i}" for i, text in enumerate(X)]
    scores = cross_validate(model, X, y, cv=3, error_score="raise")["test_score"]
    assert np.isfinite(scores).all()


def test_every_token_of_a_text_may_have_a_label():
    words = [text.split() for text in reviews()[0]]
    y = [["adjective" if w in ("good", "bad") else "other" for w in ws] for ws in words]
    tagger = make("RecurrentTagger", embedding_dim=4, max_epochs=8, lr=0.03)
    model = make_pipeline(SequenceTokenizer(), tagger).fit(words, y)
    assert model.score(words, y) == 1
    (labels,) = model.predict([["it", "was", "bad"]])
    assert labels.tolist() == ["other", "other", "adjective"]


# ------------------------------------------------------------------- larger than memory


@pytest.fixture
def stored(tmp_path):
    """Write an array to a file and map it, not to be written to."""
    count = iter(range(1000))

    def store(array):
        path = tmp_path / f"{next(count)}.npy"
        np.save(path, array)
        return np.load(path, mmap_mode="r")

    return store


@pytest.fixture
def datasets(monkeypatch):
    """Every data set that is made."""
    import sksequence._training as training

    made, make_dataset = [], training.make_dataset

    def spying(*args, **kwargs):
        made.append(make_dataset(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(training, "make_dataset", spying)
    return made


def in_memory(form, dtype="float32", seed=0):
    rng = np.random.default_rng(seed)
    kind = (20, 7, 2) if form == "block" else (20, 7)
    if form in ("block", "table"):
        return (100 * rng.normal(size=kind)).astype(dtype)
    return [
        (100 * rng.normal(size=(n, 2))).astype(dtype) for n in rng.integers(3, 9, size=20)
    ]


SETTINGS = {
    "plain": {"standardize": False},
    "scaled": {},
    "weighted": {"sample_weight": np.arange(20.0) % 3},
    "stopped": {"early_stopping": True, "batch_size": 4},
    "convolved": {
        "conv_channels": (4,),
        "conv_kernel_size": 3,
        "conv_stride": 2,
        "bidirectional": True,
    },
}


def both_fits(name, X, mapped, params):
    params = dict(params)
    fit = {"sample_weight": params.pop("sample_weight", None)}
    y = target_for(name, X)
    return [make(name, **params).fit(one, y, **fit) for one in (X, mapped)]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(
    ("name", "form", "dtype"),
    [
        ("LSTMRegressor", "block", "float32"),
        ("RecurrentTagger", "table", "float64"),
        ("RecurrentTagger", "list", "float32"),
        ("LSTMRegressor", "list", "float64"),
        ("LSTMRegressor", "list", "int16"),
    ],
)
def test_a_mapped_file_is_the_data_in_memory_to_the_bit(
    name, form, dtype, setting, stored, datasets
):
    X = in_memory(form, dtype)
    mapped = list(map(stored, X)) if form == "list" else stored(X)
    plain, model = both_fits(name, X, mapped, SETTINGS[setting])
    assert_same_fit(model, plain)
    expected, got = answers(plain, X), answers(model, mapped)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(
        model.transform(mapped[:1]).tolist(), plain.transform(X[:1]).tolist()
    )
    # Two sorts of data sets were made, for fits and for answers alike.
    sorts = [(type(data.source).__name__, data.held is None) for data in datasets if data]
    assert set(sorts) == {("Sequences", False), ("StoredSequences", True)}
    assert sorts.count(sorts[0]) == len(sorts) / 2


@pytest.mark.parametrize("setting", ["scaled", "weighted", "stopped"])
@pytest.mark.parametrize("form", ["table", "list"])
@pytest.mark.parametrize("name", SOME)
def test_mapped_tokens_are_those_in_memory(name, form, setting, stored, datasets):
    X = EQUAL if form == "table" else texts()
    X = X.astype("uint8") if form == "table" else X
    X, mapped = [*X] * 2, [*map(stored, X)] * 2
    X, mapped = X[:20], mapped[:20]
    if form == "table":
        X = np.array(X)
        mapped = stored(X)
    plain, model = both_fits(name, X, mapped, TOKENS | SETTINGS[setting])
    assert_same_fit(model, plain)
    np.testing.assert_array_equal(answers(model, mapped), answers(plain, X))
    assert [data.held is None for data in datasets if data is not None].count(True) >= 2


@pytest.mark.parametrize(
    "view",
    [
        lambda X: X[::2],
        lambda X: X[3:15, 2:],
        lambda X: X[:, :, 1],
        lambda X: X[::-1, ::-1],
        np.asarray,
        list,
        lambda X: [*X[:5], *(np.array(x) for x in X[5:])],
        lambda X: [x[: 3 + i % 4] for i, x in enumerate(X)],
    ],
    ids=["every other", "part", "channel", "reversed", "array", "list", "mixed", "cut"],
)
def test_a_part_of_a_mapped_file_stays_there(view, stored, datasets):
    X = in_memory("block")
    some, mapped = view(X), view(stored(X))
    plain, model = both_fits("GRUClassifier", some, mapped, {})
    assert_same_fit(model, plain)
    assert [data.held is None for data in datasets if data is not None] == [False, True]
    np.testing.assert_array_equal(answers(model, mapped), answers(plain, some))


def test_mapped_channels_may_come_first(stored, datasets):
    X = in_memory("block").transpose(0, 2, 1)
    plain, model = both_fits(
        "GRUClassifier", X, stored(X), {"data_format": "channels_first"}
    )
    assert [data.held is None for data in datasets if data is not None] == [False, True]
    assert_same_fit(model, plain)


def test_what_was_fitted_needs_no_file(stored):
    X = in_memory("block")
    plain, model = both_fits("GRUClassifier", X, stored(X), {"warm_start": True})
    assert len(pickle.dumps(model)) == len(pickle.dumps(plain))
    again = pickle.loads(pickle.dumps(model)).fit(stored(X), target_for("Classifier", X))
    assert_same_fit(again, plain.fit(X, target_for("Classifier", X)))
    np.testing.assert_array_equal(answers(again, X), answers(plain, stored(X)))


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_scales_are_learnt_piece_by_piece(mapped, weighted, stored, monkeypatch):
    X, y = in_memory("list", "float64"), np.arange(20) % 2
    weight = np.arange(20.0) % 3 if weighted else None
    if weighted:
        weight[4:9] = 0  # whole pieces of no weight
    steps = np.concatenate(X)
    per_step = None if weight is None else np.repeat(weight, list(map(len, X)))
    mean = np.average(steps, axis=0, weights=per_step)
    scale = np.sqrt(np.average((steps - mean) ** 2, axis=0, weights=per_step))
    monkeypatch.setattr(inputs_sequences, "_CHUNK_VALUES", 17)
    model = make("GRUClassifier", dtype="float64")
    model.fit([*map(stored, X)] if mapped else X, y, sample_weight=weight)
    by_hand = make("GRUClassifier", dtype="float64", standardize=False)
    by_hand.fit([(x - mean) / scale for x in X], y, sample_weight=weight)
    expected = answers(by_hand, [(x - mean) / scale for x in X])
    np.testing.assert_allclose(answers(model, X), expected, rtol=1e-7)


@pytest.mark.parametrize("pieces", [2**20, 10])
@pytest.mark.parametrize("fit", [True, False])
def test_what_is_wrong_in_a_file_is_named(fit, pieces, stored, monkeypatch):
    monkeypatch.setattr(inputs_sequences, "_CHUNK_VALUES", pieces)
    X = in_memory("list")
    model = make("GRUClassifier").fit(X, np.arange(20) % 2)
    block, tokens = in_memory("block"), texts(20)
    X[13][2, 1], block[4, 5, 1], tokens[11][3] = np.nan, np.inf, -2
    words = "NaN: sequence 13 does at step 2, channel 1"
    with pytest.raises(ValueError, match=words):
        ask(model, fit, [*map(stored, X)])
    with pytest.raises(
        ValueError, match="infinity: sequence 4 does at step 5, channel 1"
    ):
        ask(model, fit, stored(block))
    reader = fitted("GRUClassifier", texts(20))
    with pytest.raises(ValueError, match="Sequence 11 holds the token -2 at step 3"):
        ask(reader, fit, [*map(stored, tokens)])


def ask(model, fit, X):
    model.fit(X, np.arange(20) % 2) if fit else model.predict(X)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """200 MB in a file, nearly all of it zeros that take no place on the disk."""
    path = tmp_path_factory.mktemp("large") / "X.npy"
    X = np.lib.format.open_memmap(path, "w+", np.float32, (800, 25, 2500))
    y = np.arange(800) % 2
    X[:, -1, 0] = y
    X.flush()
    X = np.load(path, mmap_mode="r")
    assert X.nbytes == 200_000_000
    # What is imported on the way is not to be counted.
    model = make("SimpleRNNClassifier", hidden_size=2, max_epochs=1, early_stopping=True)
    return model.fit(X[:40], y[:40]), X, y


@pytest.mark.parametrize("method", ["fit", "predict", "transform"])
def test_a_large_file_is_never_in_memory_at_once(method, large):
    model, X, y = large
    tracemalloc.start()
    try:
        getattr(model, method)(*((X, y) if method == "fit" else (X,)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 1e6 < peak < 40e6
