"""Documents become ids: by which tokens, in which order, in whichever form they come."""

from __future__ import annotations

import ast
import inspect
import pickle
import re
from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    cross_validate,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks as checks
from sklearn.utils import get_tags

from helpers.data import objects
from sksequence.preprocessing import SequenceTokenizer

TEXTS = [
    "The film isn't good.",
    "Good film, good cast!",
    "The END",
    "It's the film I'd film again -- 10 times",
]
# Letters as they come: some in all documents, some in one, most more than once.
LETTERS = [
    list(np.random.default_rng(n).choice([*"abcdefgh"], size=n, p=np.arange(8) / 28))
    for n in range(5, 25)
]
WORDS = [" ".join(letters) for letters in LETTERS]


def as_lists(sequences):
    """The ids as lists, having looked at what holds them."""
    assert type(sequences) is list
    for sequence in sequences:
        assert type(sequence) is np.ndarray
        assert sequence.dtype == np.int64
        assert sequence.ndim == 1
    return [sequence.tolist() for sequence in sequences]


def tokens_of(text, **params):
    """What tokens a text is cut into, as a vocabulary of them all tells."""
    tokenizer = SequenceTokenizer(**params)
    return tokenizer.inverse_transform(tokenizer.fit_transform([text]))[0]


class MeanId(ClassifierMixin, BaseEstimator):
    """Tell whether the mean id lies above that of all training sequences."""

    def fit(self, X, y):
        as_lists(X)
        self.classes_ = np.unique(y)
        self.border_ = np.mean([x.mean() for x in X])
        return self

    def predict(self, X):
        above = np.array([x.mean() > self.border_ for x in X])
        return self.classes_[above.astype(int)]


# ------------------------------------------------------------------------ text to tokens


@pytest.mark.parametrize(
    ("text", "params", "expected"),
    [
        ("Not bad, not BAD!", {}, ["not", "bad", ",", "not", "bad", "!"]),
        ("Not bad", {"lowercase": False}, ["Not", "bad"]),
        ("don't 'dogs' it\u2019s", {}, ["don't", "'", "dogs", "'", "it\u2019s"]),
        ("a low-budget $5 x_y", {}, ["a", "low", "-", "budget", "$", "5", "x_y"]),
        ("wow... :)", {}, ["wow", ".", ".", ".", ":", ")"]),
        ("Ça coûte 3 €", {}, ["ça", "coûte", "3", "€"]),
        ("a1 b2", {"token_pattern": "[a-z]"}, ["a", "b"]),
        ("a1 b2", {"token_pattern": "([a-z])[0-9]"}, ["a", "b"]),
        ("a1 b2", {"token_pattern": "[a-z]*"}, ["a", "b"]),
        ("a b c d", {"ngram_size": 2}, ["a b", "b c", "c d"]),
        ("a b c d", {"ngram_size": 2, "stride": 2}, ["a b", "c d"]),
        ("a b c d", {"stride": 3}, ["a", "d"]),
        ("Cafe\u0301", {}, ["caf\u00e9"]),
        ("Cafe\u0301", {"normalization": None}, ["cafe\u0301"]),
        ("caf\u00e9", {"normalization": "NFD"}, ["cafe\u0301"]),
        ("\uff21\ufb01", {"normalization": "NFKC"}, ["afi"]),
        ("E\u0301t", {"analyzer": "char"}, ["\u00e9", "t"]),
        ("E\u0301t", {"analyzer": "char", "normalization": None}, ["e", "\u0301", "t"]),
        ("E\u0301t", {"analyzer": str.split}, ["E\u0301t"]),
        ("Ab c", {"analyzer": "char"}, ["a", "b", " ", "c"]),
        ("AcG", {"analyzer": "char", "lowercase": False}, ["A", "c", "G"]),
        ("ACGTA", {"analyzer": "char", "ngram_size": 3}, ["acg", "cgt", "gta"]),
        ("ACGTA", {"analyzer": "char", "ngram_size": 5}, ["acgta"]),
        ("ACGTA", {"analyzer": "char", "ngram_size": 2, "stride": 2}, ["ac", "gt"]),
        ("ACGTA", {"analyzer": "char", "ngram_size": 1, "stride": 4}, ["a", "a"]),
        ("A B,a", {"analyzer": str.split}, ["A", "B,a"]),
        ("12 3", {"analyzer": lambda text: map(int, text.split())}, [12, 3]),
        ("12 3", {"analyzer": lambda text: np.array([1.5, 2.5])}, [1.5, 2.5]),
    ],
)
def test_text_is_cut_into(text, params, expected):
    assert tokens_of(text, **params) == expected


def test_a_tokenizer_of_an_earlier_version_keeps_its_pattern_and_its_ids():
    pattern = r"\w+(?:['\u2019]\w+)*|[^\w\s]"
    text = "cafe\u0301 caf\u00e9"
    now = SequenceTokenizer(token_pattern=pattern, normalization=None).fit([text])
    state = {k: v for k, v in vars(now).items() if k not in ("normalization", "_column")}
    old = SequenceTokenizer.__new__(SequenceTokenizer)
    old.__setstate__(state)
    expected = [["cafe", "\u0301", "caf\u00e9"]]
    assert old.inverse_transform(old.transform([text])) == expected
    assert clone(old).get_params() == now.get_params()
    assert old.transform(pd.Series([text])).shape == (1, 1)


@pytest.mark.parametrize("n", [6, 7, 11])
@pytest.mark.parametrize("stride", [1, 2, 6, 9])
def test_characters_make_as_many_kmers_as_fit(n, stride):
    text = "".join(np.random.default_rng(n).choice([*"acgt"], size=n))
    tokens = tokens_of(text, analyzer="char", ngram_size=6, stride=stride)
    assert len(tokens) == (n - 6) // stride + 1
    assert all(text[i * stride :].startswith(t) for i, t in enumerate(tokens))


# ------------------------------------------------------------------------- tokens to ids


@pytest.mark.parametrize("min_df", [1, 2, 12, 0.0, 0.25, 0.9, 1.0])
@pytest.mark.parametrize("max_features", [None, 1, 4, 100])
def test_ids_are_ranks_by_frequency_then_alphabet(min_df, max_features):
    tokenizer = SequenceTokenizer(min_df=min_df, max_features=max_features)
    occurrences = Counter(t for letters in LETTERS for t in letters)
    documents = Counter(t for letters in LETTERS for t in set(letters))
    least = min_df if isinstance(min_df, int) else min_df * len(LETTERS)
    common = [t for t in occurrences if documents[t] >= least]
    expected = sorted(common, key=lambda t: (-occurrences[t], t))[:max_features]
    ids = {t: i + 1 for i, t in enumerate(expected)}
    answer = as_lists(tokenizer.fit_transform(LETTERS))
    assert list(tokenizer.vocabulary_.items()) == list(ids.items())
    assert answer == [[ids.get(t, 0) for t in letters] for letters in LETTERS]


@pytest.mark.parametrize(
    "params",
    [
        {"token_pattern": r"\w+"},
        {"token_pattern": r"\w+", "min_df": 2},
        {"token_pattern": r"\w+", "min_df": 0.6},
        {"token_pattern": r"\w+", "ngram_size": 2},
        {"token_pattern": r"\w(\w)", "lowercase": False},
        {"analyzer": "char"},
        {"analyzer": "char", "ngram_size": 3, "min_df": 3},
        {"analyzer": str.split},
    ],
)
def test_tokens_are_those_that_count_vectorizer_counts(params):
    tokenizer = SequenceTokenizer(**params)
    ids = tokenizer.fit_transform(TEXTS)
    size = params.get("ngram_size", 1)
    alike = {name: value for name, value in params.items() if name != "ngram_size"}
    vectorizer = CountVectorizer(ngram_range=(size, size), **alike).fit(TEXTS)
    assert set(vectorizer.vocabulary_) == set(tokenizer.vocabulary_)
    counts = vectorizer.transform(TEXTS).toarray()
    order = [vectorizer.vocabulary_[token] for token in tokenizer.vocabulary_]
    n = len(order) + 1
    ours = np.array([np.bincount(sequence, minlength=n) for sequence in ids])
    np.testing.assert_array_equal(ours[:, 1:], counts[:, order])


def test_a_proportion_that_floats_cannot_hold_is_met():
    assert 0.07 * 100 > 7
    X = [["a", "b"]] * 7 + [["a"]] * 93
    assert set(SequenceTokenizer(min_df=0.07).fit(X).vocabulary_) == {"a", "b"}


@pytest.mark.parametrize(
    ("tokens", "ordered"),
    [
        (["b", "B", "a", "ä", "!"], ["!", "B", "a", "b", "ä"]),
        ([10, 9, -1, 2], [-1, 2, 9, 10]),
        ([("b", 1), ("a", 2), ("a", 10)], [("a", 10), ("a", 2), ("b", 1)]),
        (["b", 1, None, (2,)], ["b", (2,), 1, None]),
        ([frozenset("b"), frozenset("a")], [frozenset("a"), frozenset("b")]),
    ],
)
def test_ties_are_in_one_order_whatever_the_tokens(tokens, ordered):
    for X in ([tokens], [tokens[::-1]], [[t] for t in tokens]):
        tokenizer = SequenceTokenizer().fit(X)
        assert tokenizer.vocabulary_ == {t: i for i, t in enumerate(ordered, start=1)}
        assert tokenizer.get_feature_names_out().tolist() == ["<unk>", *ordered]


@pytest.mark.parametrize("X", [TEXTS, WORDS, LETTERS])
def test_the_order_of_documents_does_not_change_ids(X):
    forward = SequenceTokenizer().fit(X)
    backward = SequenceTokenizer().fit(X[::-1])
    assert list(forward.vocabulary_.items()) == list(backward.vocabulary_.items())


def test_documents_given_twice_change_nothing_but_counts():
    once, twice = (SequenceTokenizer(min_df=0.3).fit(X) for X in (TEXTS, TEXTS * 2))
    assert once.vocabulary_ == twice.vocabulary_


def test_unseen_tokens_are_zero():
    tokenizer = SequenceTokenizer().fit(["good film", "good"])
    X = ["good book", "unseen tokens only", "Film"]
    assert as_lists(tokenizer.transform(X)) == [[1, 0], [0, 0, 0], [2]]


def test_the_unknown_token_is_not_learnt():
    X = [["a", "<unk>", "<unk>"], ["<unk>"]]
    tokenizer = SequenceTokenizer()
    assert as_lists(tokenizer.fit_transform(X)) == [[1, 0, 0], [0]]
    assert tokenizer.inverse_transform(tokenizer.transform(X)) == X


@pytest.mark.parametrize("X", [TEXTS, WORDS, LETTERS, ["ab", "cd"]])
def test_fit_transform_is_fit_and_transform(X):
    for params in ({}, {"max_features": 2}, {"min_df": 0.3} if len(X) > 2 else {}):
        tokenizer = SequenceTokenizer(**params)
        answer = as_lists(tokenizer.fit_transform(X))
        assert answer == as_lists(tokenizer.transform(X))
        fitted = SequenceTokenizer(**params).fit(X, y=np.zeros(3))
        assert answer == as_lists(fitted.transform(X))
        # One by one, too: a document's ids are its own affair.
        assert answer == [as_lists(tokenizer.transform([x]))[0] for x in X]


def test_each_document_is_analysed_once_by_fit_transform():
    seen = []

    def analyzer(text):
        seen.append(text)
        return text.split()

    SequenceTokenizer(analyzer=analyzer).fit_transform(TEXTS)
    assert seen == TEXTS


# ---------------------------------------------------------------------------- forms of X


TEXT_FORMS = {
    "list": TEXTS,
    "tuple": tuple(TEXTS),
    "array": np.array(TEXTS),
    "object array": objects(TEXTS),
    "list of numpy strings": list(np.array(TEXTS)),
}
TEXT_COLUMNS = {
    "Series": pd.Series(TEXTS),
    "object Series": pd.Series(TEXTS, dtype=object, index=range(9, 5, -1)),
    "categories": pd.Series(TEXTS, dtype="category"),
    "Index": pd.Index(TEXTS),
    "polars Series": pl.Series("text", TEXTS),
    "DataFrame": pd.DataFrame({"text": TEXTS}),
    "polars DataFrame": pl.DataFrame({"text": TEXTS}),
    "array": np.array(TEXTS)[:, None],
    "object array": objects(TEXTS)[:, None],
}
TOKEN_FORMS = {
    "lists": LETTERS,
    "tuples": tuple(map(tuple, LETTERS)),
    "arrays": [np.array(x) for x in LETTERS],
    "object arrays": [objects(x) for x in LETTERS],
    "lists and arrays": [*LETTERS[:3], *map(np.array, LETTERS[3:])],
    "array of lists": objects(LETTERS),
    "array of arrays": objects([np.array(x) for x in LETTERS]),
    "list of Series": [pd.Series(x) for x in LETTERS],
}
TOKEN_COLUMNS = {
    "Series": pd.Series(LETTERS),
    "DataFrame": pd.DataFrame({"letters": LETTERS}),
    "object array": objects(LETTERS)[:, None],
    "polars DataFrame": pl.DataFrame({"letters": LETTERS}),
}


@pytest.mark.parametrize("X", TEXT_FORMS.values(), ids=TEXT_FORMS)
def test_every_form_of_texts_is_read_alike(X):
    plain = SequenceTokenizer().fit(TEXTS)
    tokenizer = SequenceTokenizer()
    expected = as_lists(plain.transform(TEXTS))
    assert as_lists(tokenizer.fit_transform(X)) == expected
    assert as_lists(plain.transform(X)) == expected
    assert {type(token) for token in tokenizer.vocabulary_} == {str}


@pytest.mark.parametrize(
    ("X", "plain"),
    [
        *((X, TEXTS) for X in TEXT_COLUMNS.values()),
        *((X, LETTERS) for X in TOKEN_COLUMNS.values()),
    ],
    ids=[*TEXT_COLUMNS, *(f"tokens in {name}" for name in TOKEN_COLUMNS)],
)
def test_a_column_becomes_a_column_of_the_same_ids(X, plain):
    expected = SequenceTokenizer().fit_transform(plain)
    tokenizer = SequenceTokenizer()
    for ids in (tokenizer.fit_transform(X), tokenizer.transform(X)):
        assert (ids.shape, ids.dtype) == ((len(plain), 1), object)
        assert as_lists(list(ids[:, 0])) == as_lists(expected)
        assert tokenizer.inverse_transform(ids) == tokenizer.inverse_transform(expected)
    assert as_lists(tokenizer.transform(plain)) == as_lists(expected)
    named = hasattr(X, "columns") or getattr(X, "name", None)
    names = [X.columns[0] if hasattr(X, "columns") else X.name] if named else ["x0"]
    assert tokenizer.get_feature_names_out().tolist() == names
    assert tokenizer.get_feature_names_out(["said"]).tolist() == ["said"]
    with pytest.raises(ValueError, match="input_features must have one name"):
        tokenizer.get_feature_names_out(["said", "heard"])
    assert tokenizer.fit(plain).get_feature_names_out()[0] == "<unk>"


def test_one_id_in_each_row_of_an_array_is_a_sequence_of_one():
    tokenizer = SequenceTokenizer().fit(["a b"])
    assert tokenizer.inverse_transform(np.array([[2], [1]])) == [["b"], ["a"]]


@pytest.mark.parametrize("X", TOKEN_FORMS.values(), ids=TOKEN_FORMS)
def test_every_form_of_tokens_is_read_alike(X):
    plain = SequenceTokenizer().fit(LETTERS)
    expected = as_lists(plain.transform(LETTERS))
    assert as_lists(SequenceTokenizer().fit_transform(X)) == expected
    assert as_lists(plain.transform(X)) == expected
    # As are texts that hold the same tokens.
    assert as_lists(plain.transform(WORDS)) == expected


def test_listed_tokens_are_taken_as_they_are():
    X = [["New York", "A", "a", ""], ["A"]]
    tokenizer = SequenceTokenizer().fit(X)
    assert tokenizer.vocabulary_ == {"A": 1, "": 2, "New York": 3, "a": 4}


def test_arrays_of_numbers_are_tokens():
    X = [np.array([7, 7, 5]), np.array([5, 7], dtype=np.int8), [5, 10]]
    tokenizer = SequenceTokenizer()
    assert as_lists(tokenizer.fit_transform(X)) == [[2, 2, 1], [1, 2], [1, 3]]
    assert {type(token) for token in tokenizer.vocabulary_} == {int}


def test_equal_lengths_stay_a_list():
    tokenizer = SequenceTokenizer(analyzer="char")
    assert as_lists(tokenizer.fit_transform(["ab", "ba"])) == [[1, 2], [2, 1]]
    assert as_lists(tokenizer.transform(["ab"])) == [[1, 2]]


def test_input_is_not_written_to():
    X = objects([np.array(x) for x in LETTERS])
    before = pickle.dumps(X)
    SequenceTokenizer().fit(X).transform(X)
    assert pickle.dumps(X) == before


# ------------------------------------------------------------------------------ and back


@pytest.mark.parametrize(
    "params",
    [{}, {"analyzer": "char"}, {"analyzer": "char", "ngram_size": 3}, {"ngram_size": 2}],
)
def test_known_tokens_come_back(params):
    tokenizer = SequenceTokenizer(**params)
    ids = tokenizer.fit_transform(TEXTS)
    tokens = tokenizer.inverse_transform(ids)
    assert tokens == [tokens_of(text, **params) for text in TEXTS]
    names = tokenizer.get_feature_names_out()
    assert names.dtype == object
    assert [names[sequence].tolist() for sequence in ids] == tokens


@pytest.mark.parametrize("X", [LETTERS, [[(1, 2), None], [(1, 2), "a", 3]]])
def test_known_tokens_of_any_type_come_back(X):
    tokenizer = SequenceTokenizer()
    assert tokenizer.inverse_transform(tokenizer.fit_transform(X)) == X


def test_ids_come_back_through_their_tokens():
    tokenizer = SequenceTokenizer(max_features=3)
    ids = tokenizer.fit_transform(LETTERS)
    tokens = tokenizer.inverse_transform(ids)
    assert "<unk>" in tokens[-1]
    assert as_lists(tokenizer.transform(tokens)) == as_lists(ids)


@pytest.mark.parametrize(
    "X", [[[1, 0], [2]], [np.array([1, 0], dtype=np.uint8), (2,)], iter([[1, 0], [2]])]
)
def test_ids_of_any_form_are_read(X):
    tokenizer = SequenceTokenizer().fit([["a", "b", "a"]])
    assert tokenizer.inverse_transform(X) == [["a", "<unk>"], ["b"]]


def test_no_ids_are_no_tokens():
    tokenizer = SequenceTokenizer().fit(TEXTS)
    assert tokenizer.inverse_transform([]) == []
    assert tokenizer.inverse_transform([[], [0]]) == [[], ["<unk>"]]


def test_ids_of_equal_length_may_be_a_table():
    tokenizer = SequenceTokenizer().fit([["a", "b", "a"]])
    assert tokenizer.inverse_transform(np.array([[1, 0], [2, 1]])) == [
        ["a", "<unk>"],
        ["b", "a"],
    ]


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (
            [[0], [1, 3]],
            ValueError,
            "Sequence 1 must hold ids from 0 to 2, those of this tokenizer, got 3",
        ),
        (
            [[-1]],
            ValueError,
            "Sequence 0 must hold ids from 0 to 2, those of this tokenizer, got -1",
        ),
        (
            [[0], [1.0]],
            TypeError,
            "Sequence 1 must be a list or 1-D array of integer ids, got [1.0]",
        ),
        (
            [[True]],
            TypeError,
            "Sequence 0 must be a list or 1-D array of integer ids, got [True]",
        ),
        (
            [["a"]],
            TypeError,
            "Sequence 0 must be a list or 1-D array of integer ids, got ['a']",
        ),
        (
            [1, 2],
            TypeError,
            "Sequence 0 must be a list or 1-D array of integer ids, got 1",
        ),
        (
            [[[1]]],
            TypeError,
            "Sequence 0 must be a list or 1-D array of integer ids, got [[1]]",
        ),
    ],
)
def test_what_is_no_id_is_refused(X, error, message):
    tokenizer = SequenceTokenizer().fit([["a", "b"]])
    with pytest.raises(error, match=re.escape(message)):
        tokenizer.inverse_transform(X)


# ----------------------------------------------------------------------------- bad input


NO_DOCUMENTS = {
    "string": (
        "some text",
        ValueError,
        "X must be a list of documents, got the string 'some text'",
    ),
    "numpy string": (np.str_("a"), ValueError, "Pass a single document as [document]."),
    "frame": (
        pd.DataFrame({"text": TEXTS, "more": TEXTS}),
        ValueError,
        "X must be one column of documents, got shape (4, 2). Apply the tokenizer to one "
        "column by ColumnTransformer(",
    ),
    "table": (
        np.array([["a", "b"]]),
        ValueError,
        "X must be one column of documents, got shape (1, 2). Apply the tokenizer to one",
    ),
    "column of numbers": (
        pd.DataFrame({"age": [1, 2]}),
        TypeError,
        "Document 0 must be a string or a list of tokens, got np.int64(1) of type int64",
    ),
    "cube": (
        np.array([[["a"]]]),
        TypeError,
        "X must be a list, tuple, 1-D array or Series of documents, got ndarray",
    ),
    "None": (
        None,
        TypeError,
        "X must be a list, tuple, 1-D array or Series of documents, got NoneType",
    ),
    "bytes": (
        b"text",
        TypeError,
        "X must be a list, tuple, 1-D array or Series of documents, got bytes",
    ),
    "generator": (
        iter(TEXTS),
        TypeError,
        "X must be a list, tuple, 1-D array or Series of documents, got list_iterator",
    ),
    "dict": (
        {"a": "b"},
        TypeError,
        "X must be a list, tuple, 1-D array or Series of documents, got dict",
    ),
    "nothing": ([], ValueError, "X must hold at least one document, got none"),
    "empty array": (
        np.array([], dtype=str),
        ValueError,
        "X must hold at least one document, got none",
    ),
}
NO_DOCUMENT = {
    "number": (
        ["a", 3],
        TypeError,
        "Document 1 must be a string or a list of tokens, got 3 of type int",
    ),
    "None": (
        [None, "a"],
        TypeError,
        "Document 0 must be a string or a list of tokens, got None of type NoneType",
    ),
    "NaN": (
        ["a", float("nan")],
        TypeError,
        "Document 1 must be a string or a list of tokens, got nan of type float",
    ),
    "NA": (
        pd.Series(["a", np.nan]),
        TypeError,
        "Document 1 must be a string or a list of tokens, got None of type NoneType",
    ),
    "NA object": (
        ["a", pd.NA],
        TypeError,
        "Document 1 must be a string or a list of tokens, got <NA> of type NAType",
    ),
    "bytes": (
        ["a", b"b"],
        TypeError,
        "Document 1 must be a string or a list of tokens, got b'b' of type bytes",
    ),
    "bytes array": (np.array([b"b"]), TypeError, "Decode it: document.decode()."),
    "numbers": (
        np.arange(3),
        TypeError,
        "Document 0 must be a string or a list of tokens, got np.int64(0) of type int64",
    ),
    "set": (
        [{"a"}],
        TypeError,
        "Document 0 must be a string or a list of tokens, got {'a'} of type set",
    ),
    "table": (
        [["a"], np.array([["a"]])],
        TypeError,
        "Document 1 must be a string or a list of tokens, got array([['a']],",
    ),
    "missing list": (
        [["a"], None],
        TypeError,
        "Document 1 must be a string or a list of tokens, got None of type NoneType",
    ),
    "mixed, text first": (
        ["a", "b", ["c"], 3],
        TypeError,
        "Document 2 must be a string, as document 0, got ['c'] of type list",
    ),
    "mixed, list first": (
        [["a"], "b"],
        TypeError,
        "Document 1 must be a list of tokens, as document 0, got 'b' of type str",
    ),
    "list in a list": (
        [["a"], ["b", ["c"]]],
        TypeError,
        "Document 1 holds a token of a type that cannot be looked up: unhashable type: ",
    ),
}


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [*NO_DOCUMENTS.values(), *NO_DOCUMENT.values()],
    ids=[*NO_DOCUMENTS, *(f"document: {name}" for name in NO_DOCUMENT)],
)
def test_bad_input_is_refused_by_every_method(X, error, message):
    tokenizer = SequenceTokenizer().fit(["known tokens"])
    before = pickle.dumps(tokenizer)
    for method in (tokenizer.fit, tokenizer.fit_transform, tokenizer.transform):
        with pytest.raises(error, match=re.escape(message)):
            method(X)
    assert pickle.dumps(tokenizer) == before


@pytest.mark.parametrize(
    ("params", "X", "error", "message"),
    [
        (
            {"min_df": 3},
            ["a b", "a"],
            ValueError,
            "The vocabulary is empty: none of 2 token(s), '<unk>' not counted, is in "
            "min_df=3 of 2 document(s). Lower min_df.",
        ),
        ({"min_df": 1.0}, ["a", "b"], ValueError, "is in min_df=1.0 of 2 document(s)."),
        ({}, [["<unk>"]], ValueError, "The vocabulary is empty: none of 1 token(s)"),
        (
            {"analyzer": len},
            ["text"],
            TypeError,
            "analyzer must return an iterable of tokens, got 4 for 'text'",
        ),
        (
            {"analyzer": lambda text: [[text]]},
            ["a"],
            TypeError,
            "unhashable type: 'list'. Expected strings, numbers or other hashable tokens",
        ),
        (
            {"token_pattern": "(a"},
            ["a"],
            ValueError,
            "token_pattern must be a regular expression, got '(a': missing ), untermin",
        ),
        (
            {"token_pattern": "(a)(b)"},
            ["ab"],
            ValueError,
            "token_pattern must have at most one group, which is the token, got 2 in",
        ),
        (
            {"ngram_size": 2},
            [["a", "b"]],
            ValueError,
            "ngram_size=2 and stride=1 are for strings that analyzer='word' or 'char' "
            "cuts; tokens from lists are taken as they are. Leave both at 1",
        ),
        ({"stride": 2}, [["a", "b"]], ValueError, "tokens from lists are taken as they "),
        (
            {"analyzer": str.split, "ngram_size": 2},
            ["a b"],
            ValueError,
            "tokens from a callable analyzer are taken as they are.",
        ),
        (
            {},
            [["a"], ["b", float("nan")]],
            ValueError,
            "Document 1 must hold tokens that equal themselves, got NaN",
        ),
        (
            {},
            [np.array([1.0, np.nan])],
            ValueError,
            "Document 0 must hold tokens that equal themselves, got NaN",
        ),
        (
            {"analyzer": "words"},
            ["a"],
            ValueError,
            "The 'analyzer' parameter of Seque",
        ),
        ({"ngram_size": 0}, ["a"], ValueError, "The 'ngram_size' parameter of SequenceT"),
        ({"stride": 0}, ["a"], ValueError, "The 'stride' parameter of SequenceTokenizer"),
        ({"max_features": 0}, ["a"], ValueError, "The 'max_features' parameter of Seque"),
        ({"min_df": 0}, ["a"], ValueError, "The 'min_df' parameter of SequenceTokenizer"),
        ({"min_df": 1.5}, ["a"], ValueError, "The 'min_df' parameter of SequenceTokeniz"),
        ({"lowercase": "yes"}, ["a"], ValueError, "The 'lowercase' parameter of Sequenc"),
        ({"token_pattern": 3}, ["a"], ValueError, "The 'token_pattern' parameter of "),
        ({"normalization": "nfc"}, ["a"], ValueError, "The 'normalization' parameter of"),
    ],
)
def test_what_cannot_be_learnt_is_refused(params, X, error, message):
    tokenizer = SequenceTokenizer(**params)
    for method in (tokenizer.fit, tokenizer.fit_transform):
        with pytest.raises(error, match=re.escape(message)):
            method(X)
    assert vars(tokenizer) == vars(SequenceTokenizer(**params))


def test_errors_of_an_analyzer_are_its_own():
    with pytest.raises(ZeroDivisionError):
        SequenceTokenizer(analyzer=lambda text: 1 / 0).fit(TEXTS)


@pytest.mark.parametrize(
    ("params", "documents", "empty"),
    [
        ({}, ["a good film", "good"], ["", " \n"]),
        ({"ngram_size": 2}, ["a good film", "good film"], ["film", ""]),
        ({"analyzer": "char", "ngram_size": 4}, ["acgt", "acgta"], ["acg", ""]),
        ({"token_pattern": "[a-z]+"}, ["film", "good"], ["42", "..."]),
        ({"analyzer": str.split}, ["a film", "film"], [" ", ""]),
        ({}, [["a", "film"], ["film"]], [[], ()]),
        ({}, [["a", "film"], ["film"]], [np.array([], dtype=str)]),
    ],
)
def test_a_document_without_tokens_is_one_unknown_token(params, documents, empty):
    tokenizer = SequenceTokenizer(**params).fit(documents)
    expected = [*tokenizer.transform(documents), *[np.array([0])] * len(empty)]
    for ids in (
        tokenizer.transform([*documents, *empty]),
        SequenceTokenizer(**params).fit_transform([*documents, *empty]),
    ):
        assert [one.tolist() for one in ids] == [one.tolist() for one in expected]
    with_empty = SequenceTokenizer(**params).fit([*documents, *empty])
    assert with_empty.vocabulary_ == tokenizer.vocabulary_
    assert tokenizer.inverse_transform(ids)[-1] == ["<unk>"]


@pytest.mark.parametrize(
    "call",
    [
        lambda tokenizer: tokenizer.transform(TEXTS),
        lambda tokenizer: tokenizer.transform(None),
        lambda tokenizer: tokenizer.inverse_transform([[1]]),
        lambda tokenizer: tokenizer.get_feature_names_out(),
    ],
)
def test_nothing_works_before_fit(call):
    with pytest.raises(NotFittedError, match="SequenceTokenizer instance is not fitted"):
        call(SequenceTokenizer())


# -------------------------------------------------------------------------- scikit-learn


@pytest.mark.parametrize(
    "check",
    [
        checks.check_do_not_raise_errors_in_init_or_set_params,
        checks.check_estimator_cloneable,
        checks.check_estimator_repr,
        checks.check_estimator_tags_renamed,
        checks.check_get_params_invariance,
        checks.check_mixin_order,
        checks.check_no_attributes_set_in_init,
        checks.check_param_validation,
        checks.check_parameters_default_constructible,
        checks.check_set_params,
        checks.check_transformers_unfitted,
        checks.check_valid_tag_types,
    ],
    ids=lambda check: check.__name__,
)
def test_the_checks_of_scikit_learn_that_need_no_numbers(check):
    check("SequenceTokenizer", SequenceTokenizer())


def test_tags_tell_that_it_reads_text():
    tags = get_tags(SequenceTokenizer())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.requires_fit
    assert not tags.target_tags.required


def test_fit_returns_itself_and_adds_one_public_attribute():
    tokenizer = SequenceTokenizer(min_df=2)
    before = dict(vars(tokenizer))
    assert tokenizer.fit(TEXTS) is tokenizer
    after = {name: x for name, x in vars(tokenizer).items() if name[0] != "_"}
    assert after.pop("vocabulary_") == SequenceTokenizer(min_df=2).fit(TEXTS).vocabulary_
    assert after == before


def test_a_second_fit_forgets_the_first():
    tokenizer = SequenceTokenizer().fit(TEXTS).fit(["other words"])
    assert tokenizer.vocabulary_ == {"other": 1, "words": 2}


def test_every_parameter_is_validated_and_documented_with_its_default():
    parameters = inspect.signature(SequenceTokenizer).parameters
    assert set(SequenceTokenizer._parameter_constraints) == set(parameters)
    assert {p.kind for p in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    doc = inspect.getdoc(SequenceTokenizer).partition("Attributes\n---")[0]
    documented = re.findall(r"^(\w+) : .*, default=(.*)$", doc, flags=re.M)
    assert [(name, ast.literal_eval(value)) for name, value in documented] == [
        (name, parameter.default) for name, parameter in parameters.items()
    ]


def test_copies_answer_as_the_original():
    tokenizer = SequenceTokenizer(analyzer="char", ngram_size=2, min_df=2)
    ids = as_lists(tokenizer.fit_transform(TEXTS))
    copy = pickle.loads(pickle.dumps(tokenizer))
    assert as_lists(copy.transform(TEXTS)) == ids
    assert copy.inverse_transform(ids) == tokenizer.inverse_transform(ids)
    fresh = clone(tokenizer)
    assert not hasattr(fresh, "vocabulary_")
    assert fresh.get_params() == tokenizer.get_params()
    assert as_lists(fresh.fit_transform(TEXTS)) == ids


@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_output_is_a_list_whatever_is_set(container):
    ids = as_lists(SequenceTokenizer().fit_transform(TEXTS))
    with sklearn.config_context(transform_output=container):
        assert as_lists(SequenceTokenizer().fit_transform(TEXTS)) == ids
        assert as_lists(SequenceTokenizer().fit(TEXTS).transform(TEXTS)) == ids
    pipeline = make_pipeline(SequenceTokenizer(), "passthrough")
    pipeline.set_output(transform=container)
    assert as_lists(pipeline.fit_transform(TEXTS)) == ids
    assert as_lists(pipeline.transform(TEXTS)) == ids


@pytest.fixture(params=["list", "array", "object array", "lists of tokens"])
def data(request):
    """Texts of many rare words for "yes", of a frequent one for "no"."""
    rng = np.random.default_rng(0)
    y = np.array(["no", "yes"] * 20)
    rare, often = [f"rare{i}" for i in range(20)], ["often"]
    X = [
        " ".join(rng.choice(rare if label == "yes" else often, size=n))
        for label, n in zip(y, rng.integers(2, 9, size=40), strict=True)
    ]
    as_form = {
        "list": list,
        "array": np.array,
        "object array": objects,
        "lists of tokens": lambda texts: [text.split() for text in texts],
    }
    return as_form[request.param](X), y


def test_it_stands_in_pipelines_and_splits(data):
    X, y = data
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    pipeline = make_pipeline(SequenceTokenizer(), MeanId()).fit(X_train, y_train)
    assert pipeline.score(X_test, y_test) > 0.8
    names = pipeline[:-1].get_feature_names_out()
    assert names[:2].tolist() == ["<unk>", "often"]
    assert "SequenceTokenizer" in pipeline._repr_html_()
    scores = cross_validate(pipeline, X, y, cv=3, error_score="raise")["test_score"]
    assert (scores > 0.8).all()


def test_its_parameters_can_be_searched(data):
    X, y = data
    grid = {"sequencetokenizer__max_features": [1, 100]}
    if isinstance(X[0], str):
        grid["sequencetokenizer__ngram_size"] = [1, 2]
    pipeline = make_pipeline(SequenceTokenizer(), MeanId())
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == len(ParameterGrid(grid))
    best = make_pipeline(SequenceTokenizer(), MeanId()).set_params(**search.best_params_)
    assert search.predict(X).tolist() == best.fit(X, y).predict(X).tolist()
    assert search.best_score_ > 0.8
