"""Metrics of predicted texts and other sequences of labels, by their edits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._inputs import check_weights
from .._inputs.types import ArrayLike
from ._pairs import pairs_of, words_of

__all__ = [
    "character_error_rate",
    "edit_distance",
    "exact_share",
    "token_error_rate",
]


def edit_distance(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Least number of insertions, deletions and substitutions between two sequences.

    Parameters
    ----------
    one, other : str or sequence
        Two strings, whose characters are compared, or two sequences of labels.

    Returns
    -------
    int

    References
    ----------
    Levenshtein (1966), Binary codes capable of correcting deletions, insertions and
    reversals. Soviet Physics Doklady 10.

    Examples
    --------
    >>> edit_distance("kitten", "sitting")
    3
    >>> edit_distance(["a", "b"], ["b"])
    1
    """
    codes: dict[Any, int] = {}
    rows, columns = (
        np.array([codes.setdefault(label, len(codes)) for label in labels], dtype=int)
        for labels in (_plain(one), _plain(other))
    )
    places = np.arange(len(columns) + 1)
    distance = places
    for i, code in enumerate(rows, 1):
        changed = distance[:-1] + (columns != code)
        least = np.minimum(changed, distance[1:] + 1)
        # Insertions into this row: each place can be reached from all before it.
        least = np.concatenate([[i], least]) - places
        distance = np.minimum.accumulate(least) + places
    return int(distance[-1])


def token_error_rate(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Edits of tokens, as a share of all true tokens: the word error rate of texts.

    Strings are split at white space. The edits of all sequences are added before they are
    divided, so that long sequences count more.

    Parameters
    ----------
    y_true : list of str, or list of array-like of shape (n_tokens_i,)
        True sequences: texts, or the tokens of each.
    y_pred : list of str, or list of array-like
        Predicted sequences, in the same form.
    sample_weight : array-like of shape (n_sequences,), default=None
        Weight of each sequence.

    Returns
    -------
    float
        At least 0; above 1 if predictions are too long.

    Raises
    ------
    ValueError, TypeError
        If the numbers of sequences differ, a text is compared with tokens, or there is no
        true token.

    Examples
    --------
    >>> token_error_rate(["he is here", "no"], ["he was here", "no no"])
    0.5
    """
    return _error_rate(words_of, y_true, y_pred, sample_weight)


def character_error_rate(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Edits of characters, as a share of all true characters, white space included.

    Parameters
    ----------
    y_true, y_pred : list of str
        True and predicted texts.
    sample_weight : array-like of shape (n_sequences,), default=None
        Weight of each sequence.

    Returns
    -------
    float
        At least 0; above 1 if predictions are too long.

    Raises
    ------
    ValueError, TypeError
        If the numbers of texts differ, they are no texts, or no true one has a character.

    Examples
    --------
    >>> character_error_rate(["cat", "dog"], ["cut", "dog"])
    0.16666666666666666
    """
    return _error_rate(_characters_of, y_true, y_pred, sample_weight)


def exact_share(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Share of the sequences that are predicted without any error.

    Parameters
    ----------
    y_true, y_pred : list of str, or list of array-like
        True and predicted sequences: texts, or sequences of labels.
    sample_weight : array-like of shape (n_sequences,), default=None
        Weight of each sequence.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError, TypeError
        If the numbers of sequences differ, or a text is compared with labels.

    Examples
    --------
    >>> exact_share(["cat", "dog"], ["cut", "dog"])
    0.5
    """
    pairs = pairs_of(y_true, y_pred)
    weight = check_weights(sample_weight, len(pairs))
    same = [list(truth) == list(predicted) for truth, predicted in pairs]
    return float(np.average(same, weights=weight))


def _error_rate(
    split: Callable[[Any], list[Any]], y_true: Any, y_pred: Any, sample_weight: Any
) -> float:
    """Return the edits of all sequences, as a share of all true tokens."""
    pairs = pairs_of(y_true, y_pred)
    tokens = [(split(truth), split(predicted)) for truth, predicted in pairs]
    weight = check_weights(sample_weight, len(pairs))
    weight = np.ones(len(pairs)) if weight is None else weight
    n_true = float(np.dot(weight, [len(truth) for truth, _ in tokens]))
    if not n_true:
        raise ValueError("y_true must have a token to be right or wrong, got none.")
    return float(np.dot(weight, [edit_distance(*pair) for pair in tokens]) / n_true)


def _characters_of(text: Any) -> list[str]:
    if not isinstance(text, str):
        raise TypeError(
            f"y_true and y_pred must hold texts, got {type(text).__name__}. For the "
            "edits of labels use token_error_rate."
        )
    return list(text)


def _plain(labels: Any) -> Any:
    """Return labels that can be compared and hashed, those of arrays too."""
    return labels.tolist() if hasattr(labels, "tolist") else labels
