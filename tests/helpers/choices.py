"""Many factors, and choices that hold all pairs of their levels."""

from __future__ import annotations

import random
from itertools import combinations, product


def draw_choices(factors, n, seed=0):
    """Draw n choices of levels; take the one of many that brings the most new pairs."""
    rng = random.Random(seed)
    sizes = [len(levels) for levels in factors.values()]
    choices, seen = [], set()
    for _ in range(n):
        candidates = [tuple(rng.randrange(size) for size in sizes) for _ in range(50)]
        choices.append(max(candidates, key=lambda choice: len(_pairs_of(choice) - seen)))
        seen |= _pairs_of(choices[-1])
    return choices


def levels_of(factors, choice):
    """The levels of a choice, by the names of the factors."""
    return {
        name: levels[i] for (name, levels), i in zip(factors.items(), choice, strict=True)
    }


def pairs_not_drawn(factors, choices):
    """Pairs of levels that are in none of the choices."""
    every = {
        ((i, a), (j, b))
        for (i, first), (j, second) in combinations(enumerate(factors.values()), 2)
        for a, b in product(range(len(first)), range(len(second)))
    }
    return every - set().union(*map(_pairs_of, choices))


def _pairs_of(choice):
    """All pairs of levels in a choice of one level, by number, for each factor."""
    return set(combinations(enumerate(choice), 2))
