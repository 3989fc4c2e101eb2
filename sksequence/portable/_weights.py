"""Weights by the names that torch gives them."""

from __future__ import annotations

import numpy as np


def below(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays whose names begin with a prefix, by the rest of their names."""
    return {
        name.removeprefix(f"{prefix}."): array
        for name, array in arrays.items()
        if name.startswith(f"{prefix}.")
    }


def numbered(prefix: str, arrays: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Return the arrays below each of the numbers that follow a prefix."""
    found: list[dict[str, np.ndarray]] = []
    while part := below(f"{prefix}.{len(found)}", arrays):
        found.append(part)
    return found
