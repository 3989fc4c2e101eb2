"""Generate tokens with a fitted language model."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._inputs import Sequences, TokenReading, as_numbers
from .fitting import computing


def generate(
    tagger: Any, prompt: Any, n_steps: int, temperature: float, random_state: Any
) -> np.ndarray:
    """Implement :meth:`sksequence.RecurrentTagger.generate`."""
    check_is_fitted(tagger)
    _check_language_model(tagger)
    if not isinstance(n_steps, Integral) or isinstance(n_steps, bool) or n_steps < 1:
        raise ValueError(f"n_steps must be int of at least 1, got {n_steps!r}")
    is_number = isinstance(temperature, Real) and not isinstance(temperature, bool)
    if not is_number or not 0 < temperature < np.inf:
        raise ValueError(f"temperature must be above 0, got {temperature!r}")
    start = as_numbers(prompt, "prompt")
    if start.ndim != 1 or not len(start):
        raise ValueError(f"prompt must have shape (n_prompt_steps,), got {prompt!r}")
    rng = check_random_state(random_state)
    sequences, _, reading = tagger._read([start], tagger._reading)
    dtype = tagger._network["dtype"]
    step = reading.prepare(sequences, dtype)
    state, written = None, []
    with computing(tagger):
        for _ in range(n_steps):
            logits, state = tagger.net_.advance(step.values, state)
            likely = logits.astype(np.float64) - logits.max()
            proba = softmax(np.maximum(likely / temperature, -1e300))
            written.append(rng.choice(tagger.classes_, p=proba))
            token = Sequences(np.array([[written[-1]]]), np.array([1]))
            step = reading.prepare(token, dtype)
    return np.array(written)


def _check_language_model(tagger: Any) -> None:
    """Raise ValueError unless the tagger is a causal language model."""
    if not isinstance(tagger._reading, TokenReading) or tagger._target.is_multilabel:
        raise ValueError(
            "generate needs a tagger fitted on tokens (embedding_dim), with the next "
            "token as the class of each step, not several labels."
        )
    if tagger._network["crf"]:
        raise ValueError(
            "generate needs crf=False: with crf=True a class depends on later ones, "
            "which are not there yet."
        )
    if tagger.n_static_features_in_:
        raise ValueError(
            "generate needs a tagger fitted on sequences alone, not a table."
        )
    n_tokens, classes = len(tagger._reading.known), tagger.classes_
    if classes.dtype.kind not in "iu" or classes[0] < 0 or classes[-1] >= n_tokens:
        raise ValueError(
            f"generate needs classes that are token ids, below {n_tokens}, got {classes}"
        )
    if not tagger.net_.module_.can_advance:
        raise ValueError(
            "generate needs a causal network without convolutions: bidirectional=False, "
            "no conv_channels and no parallel_channels."
        )
