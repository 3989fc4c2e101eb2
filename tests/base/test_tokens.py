"""Tokens instead of numbers."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax

from helpers.comparing import answers
from helpers.data import ragged
from helpers.estimators import labels_for, make
from helpers.tokens import (
    EQUAL,
    PER_STEP,
    SOME,
    TOKEN_READERS,
    TOKENS,
    assert_same_fit,
    fitted,
    target_for,
    texts,
)
from sksequence.utils import check_sequence_estimator


def test_all_that_read_steps_read_tokens():
    assert set(TOKEN_READERS) >= {
        f"{cell}{kind}"
        for cell in ("SimpleRNN", "LSTM", "GRU", "Recurrent")
        for kind in ("Classifier", "Regressor")
    } | {"RecurrentTagger", "RecurrentStepRegressor"}


# --------------------------------------------------------------------------------- forms


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


@pytest.mark.parametrize("name", [x for x in TOKEN_READERS if "Trans" not in x])
def test_which_token_it_was_is_learnt(name):
    """Odd tokens or even ones: no order among the ids says so."""
    rng = np.random.default_rng(0)
    X = [rng.integers(1, 9, size=n) for n in rng.integers(3, 6, size=140)]
    odd = [x % 2 for x in X]
    y = odd if name in PER_STEP else np.array([one[-1] for one in odd])
    params = {} if name in PER_STEP else {"pooling": "last"}
    model = make(name, **TOKENS, **params, max_epochs=15, lr=0.05)
    assert model.fit(X[:100], y[:100]).score(X[100:], y[100:]) > 0.9


# -------------------------------------------------------------------------- unknown ones


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
    has_classes = hasattr(model, "class_weight") or hasattr(model, "beam_size")
    classes = {"classes": [0, 1]} if has_classes else {}
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
def test_a_token_of_the_held_out_part_alone_is_unknown(name, num_embeddings, splits):
    """Also if it is the largest of all; what training met is known."""
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
    "NaN": (with_item(7, [1.0, np.nan]), r"NaN: sequence 7 .* step 1"),
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
