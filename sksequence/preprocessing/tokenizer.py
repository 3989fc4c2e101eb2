"""Convert documents to sequences of token ids with a learnt vocabulary."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count, repeat
from numbers import Integral
from reprlib import repr as shortened
from typing import Any, Self, overload

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._inputs.borrowed import Interval, RealNotInt, StrOptions, fit_context
from .._inputs.documented import Documented
from .._inputs.other_names import KnowsOtherNames, knows_other_names
from .._inputs.types import ArrayLike, typed
from ._output import ColumnOut, cells_of_column, name_of_column
from ._words import find_words, warn_of_phrases

_UNKNOWN = "<unk>"
_DOCUMENT = "a string or a list of tokens"


class SequenceTokenizer(  # type: ignore[call-arg]
    Documented,
    KnowsOtherNames,
    ColumnOut,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
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

    If X is one column of a table (a Series, or a DataFrame or array with one column), so
    is the output: an object array (n_documents, 1) with an array of ids in each row. It
    is read by every estimator with an embedding, and stands beside other columns in a
    ColumnTransformer or a FeatureUnion. Otherwise the output is a list.

    Parameters
    ----------
    analyzer : {"word", "char"} or callable, default="word"
        How to split a string: into the matches of ``token_pattern``, or into characters.
        A callable gets the unprocessed string and returns an iterable of hashable tokens.
        Text without spaces between words (such as Chinese, Japanese, Thai or Khmer) needs
        "char" or a callable that knows the language; fit warns of it.

    lowercase : bool, default=True
        Whether to convert strings to lower case first, for words and characters. Does
        not apply to a callable analyzer or to lists of tokens.

    normalization : {"NFC", "NFKC", "NFD", "NFKD"} or None, default="NFC"
        Unicode form to which strings are converted, for words and characters, so that
        equal text has equal tokens: "\u00e9" may also be written as "e" and an accent.
        The forms with K also replace compatible characters, such as wide letters.

    token_pattern : str or None, default=None
        Regular expression that matches a word; if it has a group, the group is the token,
        and empty matches are ignored. None is a rule for words of any script: letters and
        digits with their combining marks, contractions as one token ("don't"), and each
        punctuation mark and emoji. Unlike CountVectorizer, it keeps words of one letter
        and punctuation, since both carry meaning in a sequence. On plain text it is
        ``r"\w+(?:['\u2019]\w+)*|[^\w\s]"``, which cuts at combining marks.

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

    Text beside numbers, for an estimator with an embedding:

    >>> import pandas as pd
    >>> from sklearn.compose import make_column_transformer
    >>> table = pd.DataFrame({"said": ["yes", "oh yes"], "age": [30, 40]})
    >>> columns = make_column_transformer(
    ...     (SequenceTokenizer(), ["said"]), remainder="passthrough")
    >>> columns.fit_transform(table)
    array([[array([1]), 30],
           [array([2, 1]), 40]], dtype=object)
    """

    _parameter_constraints: dict = {
        "analyzer": [StrOptions({"word", "char"}), callable],
        "lowercase": ["boolean"],
        "normalization": [StrOptions({"NFC", "NFKC", "NFD", "NFKD"}), None],
        "token_pattern": [str, None],
        "ngram_size": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "min_df": [
            Interval(RealNotInt, 0, 1, closed="both"),
            Interval(Integral, 1, None, closed="left"),
        ],
    }

    @knows_other_names
    def __init__(
        self,
        *,
        analyzer: str | Callable[[str], Sequence[Any]] = "word",
        lowercase: bool = True,
        normalization: str | None = "NFC",
        token_pattern: str | None = None,
        ngram_size: int = 1,
        stride: int = 1,
        max_features: int | None = None,
        min_df: float = 1,
    ) -> None:
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.normalization = normalization
        self.token_pattern = token_pattern
        self.ngram_size = ngram_size
        self.stride = stride
        self.max_features = max_features
        self.min_df = min_df

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn the vocabulary.

        Parameters
        ----------
        X : list, tuple, 1-D ndarray, Series, or table with one column
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
        self._learn(X)
        return self

    @overload
    def fit_transform(self, X: Sequence[Any], y: Any = None) -> list[np.ndarray]: ...
    @overload
    def fit_transform(self, X: ArrayLike, y: Any = None) -> Any: ...
    def fit_transform(self, X: ArrayLike, y: Any = None) -> Any:
        """Learn the vocabulary and return the token ids, in one pass over the documents.

        Parameters
        ----------
        X : list, tuple, 1-D ndarray, Series, or table with one column
            Documents: strings, or lists, tuples or 1-D arrays of tokens.
        y : None
            Ignored.

        Returns
        -------
        ids : list of ndarray of shape (n_tokens_i,), int64, or column of them
            One array per document, as long as it has tokens, at least one id. If X is a
            column, an object array of shape (n_documents, 1), or what
            :meth:`set_output` chooses.

        Raises
        ------
        ValueError, TypeError
            As :meth:`fit` does.
        """
        return self._like(X, self._learn(X))

    @overload
    def transform(self, X: Sequence[Any]) -> list[np.ndarray]: ...
    @overload
    def transform(self, X: ArrayLike) -> Any: ...
    def transform(self, X: ArrayLike) -> Any:
        """Return the ids of the tokens, 0 for tokens that are not in the vocabulary.

        Parameters
        ----------
        X : list, tuple, 1-D ndarray, Series, or table with one column
            Documents: strings, or lists, tuples or 1-D arrays of tokens.

        Returns
        -------
        ids : list of ndarray of shape (n_tokens_i,), int64, or column of them
            One array per document, as long as it has tokens, at least one id. If X is a
            column, an object array of shape (n_documents, 1), or what
            :meth:`set_output` chooses.

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
        ids = [
            _as_ids(map(id_of, tokens, repeat(0)), len(tokens), i)
            for i, tokens in enumerate(self._tokenize(*_check_documents(X)))
        ]
        return self._like(X, ids)

    def inverse_transform(self, X: Iterable[Any]) -> list[list[Any]]:
        """Return the tokens of sequences of ids.

        Parameters
        ----------
        X : iterable of array-like of shape (n_tokens_i,), or a column of them
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
        cells = cells_of_column(X)
        # An array of integers with one column has sequences of one id.
        X = X if cells is None or cells.dtype != object else cells
        return [
            [tokens[j] for j in _check_ids(ids, i, len(tokens))]
            for i, ids in enumerate(X)
        ]

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the token of each id, or the name of the column.

        Parameters
        ----------
        input_features : array-like of shape (1,) or None, default=None
            Name of the column; None for the one seen in fit. Ignored if fit got no
            column.

        Returns
        -------
        names : ndarray of object
            If fit got a column, its name. Else of shape (n_ids,): entry i is the token
            with id i, starting with the unknown token.
        """
        check_is_fitted(self)
        if self._column is not None:
            return self._name_of_column(input_features)
        # np.array would read tokens that are tuples as rows.
        return np.fromiter([_UNKNOWN, *self.vocabulary_], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    def __setstate__(self, state: dict[str, Any]) -> None:
        # What was fitted before there was a normalization keeps its ids.
        super().__setstate__({"normalization": None} | state)

    @typed(fit_context(prefer_skip_nested_validation=True))
    def _learn(self, X: ArrayLike) -> list[np.ndarray]:
        """Learn the vocabulary, and return the ids in one pass over the documents."""
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
        if are_texts and self.analyzer == "word" and self.ngram_size == 1:
            warn_of_phrases(map(str, frequent))
        self.vocabulary_ = {token: i for i, token in enumerate(frequent, start=1)}
        self._column = None if cells_of_column(X) is None else name_of_column(X)
        return [ids[sequence] for sequence in numbered]

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
        fold = partial(_fold, lowercase=self.lowercase, form=self.normalization)
        if analyzer == "char":
            return lambda text: _ngrams(fold(text), size, stride)
        pattern = self.token_pattern
        words_of = find_words if pattern is None else _compile(pattern).findall
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
    if (cells := cells_of_column(X)) is not None:
        X = cells
    if _rank(X) == 2:
        raise ValueError(
            f"X must be one column of documents, got shape {tuple(X.shape)}. Apply the "
            "tokenizer to one column by ColumnTransformer([('ids', SequenceTokenizer(), "
            "[column])], remainder='passthrough'), or pass list(X) if each row of an "
            "array is a list of tokens."
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


def _fold(text: str, *, lowercase: bool, form: Any) -> str:
    """Convert a text to lower case, and to a form of Unicode."""
    text = text.lower() if lowercase else text
    return text if form is None else unicodedata.normalize(form, text)


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
