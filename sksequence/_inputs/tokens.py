"""Validation of token ids."""

from __future__ import annotations

import numpy as np

from .sequences import AnySequences, place_of

# Larger ids are not tokens of a vocabulary, but numbers passed as tokens by mistake.
_MOST_TOKENS = 2**31


def check_tokens(sequences: AnySequences, limit: int | None) -> None:
    """Raise ValueError unless all values are token ids from 0 to ``limit - 1``.

    Examples
    --------
    >>> from sksequence._inputs import Sequences
    >>> check_tokens(Sequences(np.array([[1], [7]]), np.array([2])), 5)
    Traceback (most recent call last):
    ...
    ValueError: Sequence 0 holds the token 7 at step 1; expected ids below 5, ...
    """
    if sequences.n_channels != 1:
        raise ValueError(
            f"X has {sequences.n_channels} channels per step; with embedding_dim "
            "expected one token id per step."
        )
    for part, values in sequences.chunks():
        ids = values[:, 0]
        most = _MOST_TOKENS if limit is None else limit
        wrong = (ids < 0) | (ids >= most) | (ids != np.floor(ids))
        if not wrong.any():
            continue
        row = int(wrong.argmax())
        i, step = place_of(row, sequences.lengths[part])
        where = f"Sequence {part.start + i} holds the token {ids[row]} at step {step}"
        if ids[row] < 0 or ids[row] != np.floor(ids[row]):
            raise ValueError(
                f"{where}; expected whole numbers from 0, the unknown token, as "
                "sksequence.preprocessing.SequenceTokenizer makes them. For numbers "
                "that are not tokens leave embedding_dim=None."
            )
        raise ValueError(
            f"{where}; expected ids below {most}, the number of tokens seen in fit or "
            "num_embeddings. Set num_embeddings to the size of the vocabulary, or use "
            "the tokenizer of the fit."
        )
