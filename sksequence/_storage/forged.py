"""Refuse attributes for which compiled code would write out of bounds.

Most of what transformers of scikit-learn learn is used by numpy, which checks indices.
The encoders here make sparse matrices of positions and widths that they have learnt,
which scipy's code trusts: a forged file must not make them disagree.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_WITH_VOCABULARY = {"CountVectorizer", "DictVectorizer", "TfidfVectorizer"}


def check_indices(built: Any) -> None:
    """Raise ValueError if a fitted encoder has positions that it has no columns for."""
    learnt = vars(built)
    name = type(built).__name__
    if name in _WITH_VOCABULARY and "vocabulary_" in learnt:
        _check_vocabulary(learnt["vocabulary_"])
    elif name == "OneHotEncoder" and "categories_" in learnt:
        _check_categories(learnt)


def _check_vocabulary(vocabulary: dict[Any, Any]) -> None:
    if sorted(vocabulary.values()) != list(range(len(vocabulary))):
        raise ValueError("a vocabulary must number its terms from 0")


def _check_categories(learnt: dict[str, Any]) -> None:
    """Check the columns of each feature, after grouping and dropping categories."""
    n_features = len(learnt["categories_"])
    nothing = [None] * n_features
    drops = learnt.get("_drop_idx_after_grouping")
    parts = (
        learnt["categories_"],
        learnt["_n_features_outs"],
        nothing if drops is None else drops,
        learnt.get("_default_to_infrequent_mappings") or nothing,
        learnt.get("_infrequent_indices") or nothing,
    )
    if any(len(part) != n_features for part in parts):
        raise ValueError("an encoder has other features than categories")
    for categories, n_columns, drop, groups, rare in zip(*parts, strict=True):
        codes = np.arange(len(categories)) if groups is None else groups
        is_whole = codes.dtype.kind in "iu" and codes.shape == (len(categories),)
        width = int(codes.max(initial=-1)) + 1
        fits = is_whole and int(codes.min(initial=0)) >= 0
        fits = fits and (rare is None or groups is not None)
        if drop is not None:
            fits = fits and 0 <= drop < width
            width -= 1
        if not fits or type(n_columns) is not int or n_columns < width:
            raise ValueError("an encoder has codes that it has no columns for")
