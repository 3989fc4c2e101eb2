"""Sequences of tokens, and estimators that read them."""

from __future__ import annotations

import numpy as np
from sklearn.pipeline import make_pipeline

import sksequence
from helpers.estimators import PUBLIC, labels_for, make
from sksequence.preprocessing import SequenceTokenizer

# A detector refuses tokens.
TOKEN_READERS = [
    name
    for name in PUBLIC
    if "embedding_dim" in getattr(sksequence, name)().get_params()
    and name != "RecurrentDetector"
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
    if name in ("RecurrentTranscriber", "RecurrentTranslator"):
        return [[len(x) % 2] for x in X]
    return labels_for(name, len(X))


def fitted(name, X, sample_weight=None, **params):
    model = make(name, **TOKENS | params)
    return model.fit(X, target_for(name, X), sample_weight=sample_weight)


def assert_same_fit(got, expected):
    got, expected = (model.net_.module_.state_dict() for model in (got, expected))
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)


EQUAL = np.random.default_rng(0).integers(0, 6, size=(12, 7))


def reader(**params):
    return make_pipeline(
        SequenceTokenizer(), make("LSTMClassifier", embedding_dim=8, **params)
    )
