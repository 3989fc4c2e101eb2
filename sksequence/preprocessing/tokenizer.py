"""Convert documents to sequences of token ids with a learnt vocabulary."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import count, repeat
from numbers import Integral
from reprlib import repr as shortened
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._inputs.borrowed import Interval, RealNotInt, StrOptions, fit_context
from .._inputs.types import ArrayLike, typed
from ._output import SequencesOut

_UNKNOWN = "<unk>"
_DOCUMENT = "a string or a list of tokens"


class SequenceTokenizer(  # type: ignore[call-arg]
    SequencesOut, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    r"""Convert texts, or lists of tokens, to sequences of integer token ids.

    Like :class:`~sklearn.feature_extraction.text.CountVectorizer`, but the order of the
    tokens is kept: each document becomes an array of ids, one per token, for a recurrent
    network with an embedding. Id 0 is the unknown token; it stands for every token that
    is not in the vocabulary, for the token ``"<unk>"`` itself, and for a document
    without any token, such as an empty string. The tokens of the vocabulary have the ids
    1, 2, ... in order of decreasing frequency in the training documents. Equally
    frequent tokens are sorted: strings alphabetically, integers by value, other tokens by
    their ``repr``. The order of the documents does not matter.

    Strings are split into tokens according to the parameters. Lists, tuples and 1-D
    arrays are already tokenized, with tokens of any hashable type.

    Parameters
    ----------
    analyzer : {"word", "char"} or callable, default="word"
        How to split a string: into the matches of ``token_pattern``, or into characters.
        A callable gets the unprocessed string and returns an iterable of hashable tokens.

    lowercase : bool, default=True
        Whether to convert strings to lower case first, for words and characters. Does
        not apply to a callable analyzer or to lists of tokens.

    token_pattern : str, default=r"\w+(?:['\u2019]\w+)*|[^\w\s]"
        Regular expression that matches a word. Unlike CountVectorizer's, the default
        also matches words of one letter, contractions as one token ("don't"), and
        punctuation, such as "!" or "-", each mark as one token, since all of these carry
        meaning in a sequence. If the pattern has a group, the group is the token. Empty
        matches are ignored.

    ngram_size : int, default=1
        Number of words (joined by a space) or characters in each token. N-grams of
        characters are the k-mers of a DNA sequence.

    stride : int, default=1
        Number of words or characters from the start of one token to the start of the
        next. With 1, n of them make ``n - ngram_size + 1`` overlapping tokens; with
        ``ngram_size``, tokens do not overlap. A remainder too short for a token is
        dropped.

    max_features : int or None, default=None
        Maximum size of the vocabulary, not counting the unknown token: only the most
        frequent tokens are kept.

    min_df : int or float, default=1
        Number of documents (int), or proportion of them (float in [0, 1]), that must
        contain a token for it to enter the vocabulary. With 2 or more, the training
        sequences contain unknown tokens, so that a network learns to handle them.

    Attributes
    ----------
    vocabulary_ : dict
        Maps each token to its id, in the order of the ids.

    See Also
    --------
    sklearn.feature_extraction.text.CountVectorizer : Token counts, without order.

    Examples
    --------
    >>> from sksequence.preprocessing import SequenceTokenizer
    >>> tokenizer = SequenceTokenizer()
    >>> tokenizer.fit_transform(["It's good!", "Good, good film!"])
    [array([5, 1, 2]), array([1, 3, 1, 4, 2])]
    >>> tokenizer.vocabulary_
    {'good': 1, '!': 2, ',': 3, 'film': 4, "it's": 5}
    >>> tokenizer.transform(["It's a film!"])
    [array([5, 0, 4, 2])]
    >>> tokenizer.inverse_transform([[5, 0, 4, 2]])
    [["it's", '<unk>', 'film', '!']]

    Overlapping k-mers of DNA, here of three bases:

    >>> kmers = SequenceTokenizer(analyzer="char", ngram_size=3, lowercase=False)
    >>> kmers.fit_transform(["ACGTA", "CGTACG"])
    [array([1, 2, 3]), array([2, 3, 4, 1])]
    >>> kmers.get_feature_names_out()
    array(['<unk>', 'ACG', 'CGT', 'GTA', 'TAC'], dtype=object)
    """

    _parameter_constraints: dict = {
        "analyzer": [StrOptions({"word", "char"}), callable],
        "lowercase": ["boolean"],
        "token_pattern": [str],
        "ngram_size": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "min_df": [
            Interval(RealNotInt, 0, 1, closed="both"),
            Interval(Integral, 1, None, closed="left"),
        ],
    }

    def __init__(
        self,
        *,
        analyzer: str | Callable[[str], Sequence[Any]] = "word",
        lowercase: bool = True,
        token_pattern: str = r"\w+(?:['\u2019]\w+)*|[^\w\s]",
        ngram_size: int = 1,
        stride: int = 1,
        max_features: int | None = None,
        min_df: float = 1,
    ) -> None:
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.token_pattern = token_pattern
        self.ngram_size = ngram_size
        self.stride = stride
        self.max_features = max_features
        self.min_df = min_df

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn the vocabulary.

        Parameters
        ----------
        X : list, tuple, 1-D ndarray or Series
            Documents: strings, or lists, tuples or 1-D arrays of tokens.
        y : None
            Ignored.

        Returns
        -------
        self : SequenceTokenizer
            The fitted tokenizer.

        Raises
        ------
        ValueError, TypeError
            If X is empty, a document is neither a string nor a list of tokens, strings
            and lists are mixed, or the vocabulary is empty.
        """
        self.fit_transform(X)
        return self

    @typed(fit_context(prefer_skip_nested_validation=True))
    def fit_transform(self, X: ArrayLike, y: Any = None) -> list[np.ndarray]:
        """Learn the vocabulary and return the token ids, in one pass over the documents.

        Parameters
        ----------
        X : list, tuple, 1-D ndarray or Series
            Documents: strings, or lists, tuples or 1-D arrays of tokens.
        y : None
            Ignored.

        Returns
        -------
        ids : list of ndarray of shape (n_tokens_i,), int64
            One array per document, as long as it has tokens, at least one id.

        Raises
        ------
        ValueError, TypeError
            As :meth:`fit` does.
        """
        documents, are_texts = _check_documents(X)
        self._check_ngrams(are_texts)
        # Preliminary ids in order of appearance, until the frequencies are known.
        numbers: defaultdict[Hashable, int] = defaultdict(count().__next__)
        numbered = [
            _as_ids(map(numbers.__getitem__, tokens), len(tokens), i)
            for i, tokens in enumerate(self._tokenize(documents, are_texts))
        ]
        _check_no_nan(numbers, numbered)
        frequent = _frequent(numbers, numbered, self.min_df)[: self.max_features]
        if not frequent:
            raise ValueError(
                f"The vocabulary is empty: none of {len(numbers)} token(s), {_UNKNOWN!r} "
                f"not counted, is in min_df={self.min_df} of {len(documents)} "
                "document(s). Lower min_df."
            )
        ids = np.zeros(len(numbers), dtype=np.int64)
        ids[[numbers[token] for token in frequent]] = np.arange(1, len(frequent) + 1)
        self.vocabulary_ = {token: i for i, token in enumerate(frequent, start=1)}
        return [ids[sequence] for sequence in numbered]

    def transform(self, X: ArrayLike) -> list[np.ndarray]:
        """Return the ids of the tokens, 0 for tokens that are not in the vocabulary.

        Parameters
        ----------
        X : list, tuple, 1-D ndarray or Series
            Documents: strings, or lists, tuples or 1-D arrays of tokens.

        Returns
        -------
        ids : list of ndarray of shape (n_tokens_i,), int64
            One array per document, as long as it has tokens, at least one id.

        Raises
        ------
        NotFittedError
            If the tokenizer is not fitted.
        ValueError, TypeError
            If X is empty, a document is neither a string nor a list of tokens, or strings
            and lists are mixed.
        """
        check_is_fitted(self)
        id_of = self.vocabulary_.get
        return [
            _as_ids(map(id_of, tokens, repeat(0)), len(tokens), i)
            for i, tokens in enumerate(self._tokenize(*_check_documents(X)))
        ]

    def inverse_transform(self, X: Iterable[Any]) -> list[list[Any]]:
        """Return the tokens of sequences of ids.

        Parameters
        ----------
        X : iterable of array-like of shape (n_tokens_i,)
            Sequences of ids.

        Returns
        -------
        tokens : list of lists
            One list per sequence, ``"<unk>"`` for 0.

        Raises
        ------
        NotFittedError
            If the tokenizer is not fitted.
        ValueError, TypeError
            If a sequence is not one-dimensional, or holds anything but 0 and ids of the
            vocabulary.
        """
        check_is_fitted(self)
        tokens = [_UNKNOWN, *self.vocabulary_]
        return [
            [tokens[j] for j in _check_ids(ids, i, len(tokens))]
            for i, ids in enumerate(X)
        ]

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the token of each id, starting with the unknown token.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        tokens : ndarray of shape (n_ids,), object
            Entry i is the token with id i.
        """
        check_is_fitted(self)
        # np.array would read tokens that are tuples as rows.
        return np.fromiter([_UNKNOWN, *self.vocabulary_], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _tokenize(self, documents: Sequence, are_texts: bool) -> Iterator[Sequence]:
        """Yield the tokens of each document; an empty one is the unknown token."""
        tokens_of = self._text_analyzer() if are_texts else _as_list
        for document in documents:
            yield tokens_of(document) or [_UNKNOWN]

    def _text_analyzer(self) -> Callable[[str], Sequence]:
        """Return a function that splits a string into tokens."""
        analyzer, size, stride = self.analyzer, self.ngram_size, self.stride
        if callable(analyzer):
            return lambda text: _as_list(_check_iterable(analyzer(text), text))
        fold = str.lower if self.lowercase else str
        if analyzer == "char":
            return lambda text: _ngrams(fold(text), size, stride)
        words_of = _compile(self.token_pattern).findall
        return lambda text: [
            " ".join(words)
            for words in _ngrams([*filter(None, words_of(fold(text)))], size, stride)
        ]

    def _check_ngrams(self, are_texts: bool) -> None:
        """Raise ValueError if n-grams are asked of documents that are not split here."""
        if self.ngram_size == self.stride == 1:
            return
        if not are_texts or callable(self.analyzer):
            source = "a callable analyzer" if are_texts else "lists"
            raise ValueError(
                f"ngram_size={self.ngram_size} and stride={self.stride} are for strings "
                f"that analyzer='word' or 'char' cuts; tokens from {source} are taken as "
                "they are. Leave both at 1, or make the n-grams beforehand."
            )


# ------------------------------------------------------------------------- documents in


def _check_documents(X: Any) -> tuple[list, bool]:
    """Return the documents, and whether they are strings rather than lists of tokens."""
    if isinstance(X, str):
        raise ValueError(
            f"X must be a list of documents, got the string {shortened(X)}. Pass a "
            "single document as [document]."
        )
    if _rank(X) == 2:
        raise ValueError(
            f"X must have one dimension, with a document each, got shape "
            f"{tuple(X.shape)}. Pass one column, X['name'] of a DataFrame or X[:, 0] of "
            "an array, or list(X) if each row of an array is a list of tokens."
        )
    if not isinstance(X, list | tuple) and _rank(X) != 1:
        raise TypeError(
            "X must be a list, tuple, 1-D array or Series of documents, got "
            f"{type(X).__name__}."
        )
    documents = list(X)
    if not documents:
        raise ValueError("X must hold at least one document, got none.")
    are_texts = isinstance(documents[0], str)
    for i, document in enumerate(documents):
        _check_document(document, i, are_texts)
    return documents, are_texts


def _check_document(document: Any, i: int, expect_text: bool) -> None:
    is_text = isinstance(document, str)
    is_list = isinstance(document, list | tuple) or _rank(document) == 1
    if (is_text or is_list) and is_text == expect_text:
        return
    got = f"got {shortened(document)} of type {type(document).__name__}"
    if isinstance(document, bytes):
        raise TypeError(
            f"Document {i} must be {_DOCUMENT}, {got}. Decode it: document.decode()."
        )
    if not is_text and not is_list:
        raise TypeError(
            f"Document {i} must be {_DOCUMENT}, {got}. Leave missing documents out, "
            "along with their targets, or replace them by a string."
        )
    kind = "a string" if expect_text else "a list of tokens"
    raise TypeError(
        f"Document {i} must be {kind}, as document 0, {got}. Split the strings into "
        "tokens, or join the tokens."
    )


def _rank(item: Any) -> int | None:
    """Return the number of dimensions of an array or Series, else None."""
    return len(item.shape) if hasattr(item, "shape") else None


def _as_list(tokens: Any) -> list:
    """Return the tokens as a list of Python objects, also those of an array."""
    return tokens.tolist() if hasattr(tokens, "tolist") else list(tokens)


def _check_iterable(tokens: Any, text: str) -> Iterable:
    if not isinstance(tokens, Iterable):
        raise TypeError(
            f"analyzer must return an iterable of tokens, got {tokens!r} for "
            f"{shortened(text)}."
        )
    return tokens


# ------------------------------------------------------------------------ text to tokens


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(
            f"token_pattern must be a regular expression, got {pattern!r}: {error}."
        ) from error
    if compiled.groups > 1:
        raise ValueError(
            f"token_pattern must have at most one group, which is the token, got "
            f"{compiled.groups} in {pattern!r}. Write the others as (?:...)."
        )
    return compiled


def _ngrams(units: Any, size: int, stride: int) -> list:
    """Return the n-grams of a string or a list.

    Examples
    --------
    >>> _ngrams("ACGTA", 3, 2)
    ['ACG', 'GTA']
    """
    return [units[i : i + size] for i in range(0, len(units) - size + 1, stride)]


# ------------------------------------------------------------------------- tokens to ids


def _as_ids(ids: Iterable[int], n: int, i: int) -> np.ndarray:
    """Collect the ids of document i; the lookup may fail on an unhashable token."""
    try:
        return np.fromiter(ids, dtype=np.int64, count=n)
    except TypeError as error:
        raise TypeError(
            f"Document {i} holds a token of a type that cannot be looked up: {error}. "
            "Expected strings, numbers or other hashable tokens."
        ) from error


def _check_no_nan(
    numbers: Mapping[Hashable, int], numbered: Sequence[np.ndarray]
) -> None:
    """Raise ValueError for NaN, which cannot be looked up, as it differs from itself."""
    for token, number in numbers.items():
        if isinstance(token, float) and np.isnan(token):
            i = next(i for i, sequence in enumerate(numbered) if number in sequence)
            raise ValueError(
                f"Document {i} must hold tokens that equal themselves, got NaN. Leave it "
                "out, or replace it by a token such as 'missing'."
            )


def _frequent(
    numbers: Mapping[Hashable, int], numbered: Sequence[np.ndarray], min_df: float
) -> list[Hashable]:
    """Return the tokens in at least ``min_df`` documents, by decreasing frequency."""
    occurrences = np.bincount(np.concatenate(numbered)).tolist()
    documents_with = np.bincount(np.concatenate([np.unique(s) for s in numbered]))
    # Compare the quotient, since 7 / 100 == 0.07 but 0.07 * 100 > 7.
    whole = 1 if isinstance(min_df, Integral) else len(numbered)
    is_common = documents_with / whole >= min_df
    tokens = [t for t, number in numbers.items() if is_common[number] and t != _UNKNOWN]
    has_order = any(all(isinstance(t, kind) for t in tokens) for kind in (str, Integral))
    name: Callable[[Any], Any] = (lambda token: token) if has_order else repr
    return sorted(tokens, key=lambda token: (-occurrences[numbers[token]], name(token)))


def _check_ids(ids: Any, i: int, n_ids: int) -> list[int]:
    array = np.asarray(ids)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(
            f"Sequence {i} must be a list or 1-D array of integer ids, got "
            f"{shortened(ids)}. Pass a single sequence as [sequence]."
        )
    wrong = array[(array < 0) | (array >= n_ids)]
    if wrong.size:
        raise ValueError(
            f"Sequence {i} must hold ids from 0 to {n_ids - 1}, those of this tokenizer, "
            f"got {wrong[0]}."
        )
    return array.tolist()
