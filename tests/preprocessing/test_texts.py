"""Texts through a tokenizer into estimators."""

from __future__ import annotations

import pickle

import numpy as np
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline

from helpers.estimators import make
from helpers.tokens import reader
from sksequence import LSTMClassifier
from sksequence.preprocessing import SequenceTokenizer


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
