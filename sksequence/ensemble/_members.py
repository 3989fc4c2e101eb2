"""The members of an ensemble: their seeds, and their training side by side."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed

from .._inputs import named
from .._inputs.packing import pack, unpack
from .._inputs.types import RandomState

# Raised again under their own name; of other errors the constructor may be another.
_PLAIN = (ValueError, TypeError, MemoryError, OSError, AttributeError)


# ------------------------------------------------------------------------------- seeds


def draw_seeds(random_state: RandomState, n: int) -> list[int]:
    """Draw the seed of each member.

    The first seeds do not depend on n, so that an ensemble that grows is the same as one
    of that size from the beginning.

    Examples
    --------
    >>> draw_seeds(0, 3) == draw_seeds(0, 5)[:3]
    True
    """
    rng = check_random_state(random_state)
    return [int(rng.randint(np.iinfo(np.int32).max)) for _ in range(n)]


def make_members(estimator: Any, seeds: Sequence[int]) -> list[Any]:
    """Return a clone of the estimator for each seed.

    Raises
    ------
    ValueError
        If it has no ``random_state``.
    """
    seeded = [name for name, _ in named(estimator, "random_state")]
    if not seeded:
        raise ValueError(
            "estimator must have the hyperparameter random_state, from which its copies "
            f"differ, got {estimator!r}."
        )
    return [clone(estimator).set_params(**dict.fromkeys(seeded, seed)) for seed in seeds]


def check_checkpoint(estimator: Any, random_state: RandomState) -> None:
    """Raise ValueError if members would share a checkpoint, or not find theirs again."""
    for name, path in named(estimator, "checkpoint"):
        if path is None:
            continue
        text = os.fspath(path)
        separators = tuple(filter(None, (os.sep, os.altsep)))
        if not (os.path.isdir(text) or text.endswith(separators)):
            raise ValueError(
                f"{name} must be a directory, in which every member has a file of its "
                f"own, got {text!r}. End it with {os.sep!r} if it is not there yet."
            )
        if random_state is None:
            raise ValueError(
                f"random_state must be an int if the estimator has a {name}, got None: "
                "a fit that resumes must draw the same seeds, by which the members know "
                "their files again."
            )


# ---------------------------------------------------------------------------- training


def train(
    members: list[Any],
    method: str,
    X: Any,
    y: Any,
    *,
    first: int = 0,
    n_jobs: int | None = None,
    **given: Any,
) -> list[Any]:
    """Call a method of every member on the data, side by side.

    Parameters
    ----------
    members : list of estimator
        They may be modified, unless other processes work on copies.
    method : str
        "fit" or "partial_fit".
    X, y : object
        The data.
    first : int, default=0
        Number of the first of them in the ensemble, for messages.
    n_jobs : int or None, default=None
        How many at the same time.
    **given : object
        Other arguments; those that are None are not passed.

    Returns
    -------
    list of estimator
        The trained members.

    Raises
    ------
    Exception
        What a member has raised; the message names the member.
    """
    given = {name: value for name, value in given.items() if value is not None}
    if effective_n_jobs(n_jobs) > 1 and len(members) > 1:
        X = pack(X)
        if "X_val" in given:
            given["X_val"] = pack(given["X_val"])
    last = first + len(members) - 1
    task = method, X, y, given
    return Parallel(n_jobs=n_jobs)(
        delayed(_train_one)(member, f"Member {i} of the ensemble (0 to {last})", *task)
        for i, member in enumerate(members, first)
    )


def _train_one(
    member: Any, name: str, method: str, X: Any, y: Any, given: dict[str, Any]
) -> Any:
    given = {key: unpack(value) for key, value in given.items()}
    try:
        return getattr(member, method)(unpack(X), y, **given)
    except Exception as error:
        kind = next((kind for kind in _PLAIN if isinstance(error, kind)), RuntimeError)
        raise kind(f"{name} failed: {error}") from error
