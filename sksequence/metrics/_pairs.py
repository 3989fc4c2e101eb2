"""True and predicted sequences, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._inputs import opened

_EXPECTED = "a text, or a sequence of labels, for each sequence"


def pairs_of(y_true: Any, y_pred: Any) -> list[tuple[Any, Any]]:
    """Return each true sequence beside its prediction: texts, or lists of labels."""
    truth, predicted = _items_of(y_true, "y_true"), _items_of(y_pred, "y_pred")
    if len(truth) != len(predicted):
        raise ValueError(
            f"y_true has {len(truth)} sequences, but y_pred has {len(predicted)}."
        )
    if not truth:
        raise ValueError("y_true must have at least one sequence, got none.")
    for i, (one, other) in enumerate(zip(truth, predicted, strict=True)):
        if isinstance(one, str) != isinstance(other, str):
            raise TypeError(
                f"y_true and y_pred must both hold texts, or both labels, got "
                f"{one!r} and {other!r} for sequence {i}."
            )
    return list(zip(truth, predicted, strict=True))


def words_of(sequence: Any) -> list[Any]:
    """Split a text at white space; labels are tokens as they are."""
    return sequence.split() if isinstance(sequence, str) else list(sequence)


def _items_of(y: Any, name: str) -> list[Any]:
    if isinstance(y, str) or not hasattr(y, "__iter__"):
        raise TypeError(f"{name} must hold {_EXPECTED}, got {y!r}.")
    y = opened(y, name)
    return [_item(x, name) for x in (y.values if hasattr(y, "iloc") else y)]


def _item(item: Any, name: str) -> Any:
    if isinstance(item, str):
        return str(item)
    if not hasattr(item, "__iter__") or np.ndim(item) > 1:
        raise TypeError(f"{name} must hold {_EXPECTED}, got {item!r}.")
    return item.tolist() if hasattr(item, "tolist") else list(item)
