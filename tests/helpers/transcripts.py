"""Sounds of letters, each some steps long, and what is said with them."""

from __future__ import annotations

from functools import cache

import numpy as np

from helpers.estimators import make

NAME = "RecurrentTranscriber"
# Few epochs of a larger network: it says something for most of the sequences.
LEARNS = {"hidden_size": 24, "lr": 0.03, "max_epochs": 12, "batch_size": 8}


def spoken(n=40, letters="abc", seed=0, longest=4):
    """Sequences (n_steps_i, n_letters), and strings of one to four letters."""
    rng = np.random.default_rng(seed)
    said = [
        "".join(rng.choice(list(letters), k)) for k in rng.integers(1, longest + 1, n)
    ]
    return [_sound(text, letters, rng) for text in said], said


def _sound(text, letters, rng):
    parts = []
    for letter in text:
        part = np.zeros((rng.integers(4, 7), len(letters)))
        part[:-2, letters.index(letter)] = 1
        parts.append(part + rng.normal(scale=0.1, size=part.shape))
    return np.concatenate(parts)


@cache
def fitted(**params):
    """A transcriber that has learnt most of it; not to be changed."""
    return make(NAME, **{**LEARNS, **params}).fit(*spoken())


def as_lists(said):
    """Lists of numbers instead of strings, in the same order of labels."""
    return [[3 * "abc".index(letter) for letter in text] for text in said]
