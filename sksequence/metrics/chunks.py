"""F1 score of chunks, such as names, that tags of steps mark."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from .._inputs import (
    arrange_steps,
    check_step_weights,
    find_scheme,
    flatten_steps,
    given_steps,
    lengths_of,
)
from .._inputs.types import ArrayLike

__all__ = ["chunk_f1"]


def chunk_f1(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    scheme: str = "bio",
    average: str = "micro",
    sample_weight: ArrayLike | None = None,
) -> float:
    """F1 score of chunks: right are those with the right first and last step and type.

    Strict, as seqeval with ``mode="strict"``: only what the scheme makes a chunk is one,
    in y_true and in y_pred. In "bio" a chunk begins with a "B-": an "I-" that follows
    neither a "B-" nor an "I-" of its type belongs to no chunk, while by seqeval's own
    default and by conlleval it begins one. In "bioes" a chunk must also end with "E-".

    Parameters
    ----------
    y_true : list of array-like of shape (n_steps_i,), or array (n_sequences, n_steps)
        True tags of each step. Steps whose tag is NaN or None are left out.
    y_pred : list of array-like, or array
        Predicted tags, in the same form.
    scheme : {"bio", "bioes"}, default="bio"
        The scheme of the tags, as ``tag_scheme`` of :class:`sksequence.RecurrentTagger`.
    average : {"micro", "macro"}, default="micro"
        All chunks together, or the mean of the scores of each type of chunks.
    sample_weight : array-like of shape (n_sequences,) or list, default=None
        Weight of the chunks of each sequence, or a list with an array of weights of steps
        for each: a chunk counts as its first step.

    Returns
    -------
    float
        Between 0 and 1; 0 if there is no chunk at all.

    Raises
    ------
    ValueError
        If a tag is none of the scheme, or the predictions of a sequence do not match its
        steps.

    References
    ----------
    Ramshaw and Marcus (1995), Text chunking using transformation-based learning. Third
    workshop on very large corpora.

    Examples
    --------
    >>> y_true = [["B-city", "I-city", "O", "B-date"]]
    >>> chunk_f1(y_true, [["B-city", "I-city", "O", "I-date"]])
    0.6666666666666666
    """
    if average not in ("micro", "macro"):
        raise ValueError(f"average must be 'micro' or 'macro', got {average!r}")
    found = find_scheme(scheme)
    counts: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(3))
    for truth, predicted, weight in _sequences_of(y_true, y_pred, sample_weight):
        true, own = set(found.chunks(truth)), set(found.chunks(predicted))
        for place, chunks in enumerate((true & own, true, own)):
            for kind, begin, _ in chunks:
                counts[kind][place] += weight[begin]
    if not counts:
        return 0.0
    of_kinds = np.array(list(counts.values()))
    if average == "micro":
        of_kinds = of_kinds.sum(axis=0, keepdims=True)
    right, n_true, n_predicted = of_kinds.T
    either = n_true + n_predicted
    shares = np.divide(2 * right, either, out=np.zeros_like(right), where=either > 0)
    return float(shares.mean())


def _sequences_of(
    y_true: Any, y_pred: Any, sample_weight: Any
) -> list[tuple[list[Any], list[Any], np.ndarray]]:
    """Return true tags, predicted tags and weights of the steps that have a tag."""
    lengths = lengths_of(y_pred)
    rows = [flatten_steps(y_true, lengths), flatten_steps(y_pred)]
    weight, of_steps = check_step_weights(sample_weight, lengths)
    if of_steps is None:
        weight = np.ones(len(lengths)) if weight is None else weight
        of_steps = np.repeat(weight, lengths)
    given = given_steps(rows[0])
    parts = (arrange_steps(x, lengths, is_block=False) for x in (*rows, of_steps, given))
    return [
        (truth[own].tolist(), predicted[own].tolist(), weight[own])
        for truth, predicted, weight, own in zip(*parts, strict=True)
    ]
