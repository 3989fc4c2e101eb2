"""Words and what is said of them, in another order and of another length."""

from __future__ import annotations

from functools import cache

import numpy as np

from helpers.estimators import make

NAME = "RecurrentTranslator"
LETTERS = "abcd"
# Few epochs of a larger network: it says something right for most of the words.
LEARNS = {
    "embedding_dim": 8,
    "bidirectional": True,
    "hidden_size": 24,
    "decoder_hidden_size": 32,
    "lr": 0.02,
    "max_epochs": 20,
    "batch_size": 16,
}


def words(n=160, seed=0, longest=5):
    """Ids of letters, and the letters backwards, "d" twice and "a" not at all."""
    rng = np.random.default_rng(seed)
    X = [rng.integers(1, 5, k) for k in rng.integers(2, longest + 1, n)]
    for x in X:
        x[0] = max(x[0], 2)  # there is something to be said
    return X, ["".join(("", "b", "c", "dd")[i - 1] for i in x[::-1]) for x in X]


@cache
def fitted(**params):
    """A translator that has learnt most of it; not to be changed."""
    return make(NAME, **{**LEARNS, **params}).fit(*words())


def as_lists(said):
    """Lists of numbers instead of strings, in the same order of labels."""
    return [[3 * "bcd".index(letter) for letter in text] for text in said]
