"""Linear chains by enumeration of all sequences of tags."""

from __future__ import annotations

from itertools import product

import numpy as np

# Which tag may follow which in the scheme "bio", of the classes B-a, B-b, I-a, I-b and O.
BIO = np.array(
    [
        [1, 1, 1, 0, 1, 1],
        [1, 1, 0, 1, 1, 1],
        [1, 1, 1, 0, 1, 1],
        [1, 1, 0, 1, 1, 1],
        [1, 1, 0, 0, 1, 1],
        [1, 1, 0, 0, 1, 1],
    ],
    dtype=bool,
)


def every_path(n_steps, n_tags):
    """All sequences of tags, (n_tags ** n_steps, n_steps)."""
    return np.array(list(product(range(n_tags), repeat=n_steps)))


def score_of(path, scores, transitions, start, end):
    """The score of a sequence of tags, as its definition has it."""
    total = start[path[0]] + end[path[-1]]
    for t, tag in enumerate(path):
        total = total + scores[t, tag]
        if t:
            total = total + transitions[path[t - 1], tag]
    return total


def enumerated(scores, transitions, start, end):
    """The most likely path, and the probability of each tag at each step."""
    paths = every_path(*scores.shape)
    totals = np.array([score_of(p, scores, transitions, start, end) for p in paths])
    likely = np.exp(totals - totals.max())
    likely /= likely.sum()
    marginals = np.zeros(scores.shape)
    for path, share in zip(paths, likely, strict=True):
        marginals[np.arange(len(path)), path] += share
    # Of equal ones the lowest tag at the last step, then at the one before.
    best = paths[totals == totals.max()]
    return best[np.lexsort(best.T)[0]], marginals


def follows(tags, scheme):
    """Whether tags follow a scheme, told of by a pattern for each chunk."""
    open_kind = None
    for tag in tags:
        letter, kind = tag[0], tag[2:]
        if letter in "IE":
            if open_kind != kind:
                return False
        elif scheme == "bioes" and open_kind is not None:
            return False
        open_kind = kind if letter in "BI" else None
    return scheme == "bio" or open_kind is None
