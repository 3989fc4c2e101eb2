"""Ids of categories that are the same in several networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_PARTS = ("categories", "static_categories")


def with_common_ids(
    members: Sequence[dict[str, Any]],
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return networks that read the same ids, and the levels in the order of these.

    Ids count in the order in which training data show the levels, so networks that held
    out other rows have other ids. The rows of their tables of vectors are rearranged; a
    level that one of them has not seen gets the vector of unknown ones there.

    Parameters
    ----------
    members : sequence of dict
        With ``reading`` and ``weights`` of each network.

    Examples
    --------
    >>> import numpy as np
    >>> members = [
    ...     {
    ...         "reading": {"categories": [{"column": 1, "levels": levels}]},
    ...         "weights": {"categories.tables.0.weight": np.arange(float(n))[:, None]},
    ...     }
    ...     for levels, n in ((["a", "b"], 3), (["b", "c", "a"], 4))
    ... ]
    >>> members, levels = with_common_ids(members)
    >>> levels
    {'categories': [{'column': 1, 'levels': ['a', 'b', 'c']}]}
    >>> [m["weights"]["categories.tables.0.weight"].ravel().tolist() for m in members]
    [[0.0, 1.0, 2.0, 0.0], [0.0, 3.0, 1.0, 2.0]]
    """
    changed = [dict(member["weights"]) for member in members]
    shared: dict[str, Any] = {}
    for part in _PARTS:
        if part not in members[0]["reading"]:
            continue
        shared[part] = []
        columns = zip(*(member["reading"][part] for member in members), strict=True)
        for i, described in enumerate(columns):
            every = list(dict.fromkeys(x for own in described for x in own["levels"]))
            shared[part].append({**described[0], "levels": every})
            name = f"{part}.tables.{i}.weight"
            for weights, own in zip(changed, described, strict=True):
                id_of = {level: k for k, level in enumerate(own["levels"], 1)}
                weights[name] = weights[name][[0, *(id_of.get(x, 0) for x in every)]]
    pairs = zip(members, changed, strict=True)
    return [{**member, "weights": weights} for member, weights in pairs], shared
