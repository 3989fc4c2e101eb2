"""Named sets of hyperparameters, and values worth searching."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from .declaration import defaults_for, values_to_search

# What each costs and brings, on which data, is in docs/training.md.
PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "fast": MappingProxyType({"hidden_size": 16, "max_epochs": 30, "lr": 0.01}),
        "default": MappingProxyType({}),
        "accurate": MappingProxyType({"max_epochs": "auto", "batch_size": "auto"}),
    }
)
# In the place of "accurate", for classifiers of whole sequences of numbers.
_OF_NUMBERS: Mapping[str, Any] = MappingProxyType(
    {"bidirectional": True, "dropout": 0.5, "max_epochs": 100}
)
# Likewise, for classifiers of tokens.
_OF_TOKENS: Mapping[str, Any] = MappingProxyType(
    {"bidirectional": True, "dropout": 0.5, "max_epochs": 10, "batch_size": 32}
)
# What random convolutions cannot read, by hyperparameter.
_NOT_NUMBERS: Mapping[str, Any] = MappingProxyType(
    {"embedding_dim": None, "categorical_features": None, "missing": "error"}
)


def find_preset(cls: type, name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a preset's hyperparameters that a class has, with changes.

    Raises
    ------
    ValueError
        If there is no such preset.
    """
    if name not in PRESETS:
        raise ValueError(f"The preset must be one of {sorted(PRESETS)}, got {name!r}.")
    known, preset = defaults_for(cls), PRESETS[name]
    reads_numbers = all(changes.get(key, v) == v for key, v in _NOT_NUMBERS.items())
    is_of_classes = {"random_convolutions", "label_smoothing"} <= set(known)
    if name == "accurate" and is_of_classes:
        if reads_numbers:
            preset = _OF_NUMBERS
        elif changes.get("embedding_dim") is not None:
            preset = _OF_TOKENS
    chosen = {key: value for key, value in preset.items() if key in known}
    return {**chosen, **changes}


def find_space(cls: type, causal: bool) -> dict[str, list[Any]]:
    """Return the values worth searching of a class's hyperparameters."""
    space = values_to_search(cls)
    if causal:
        space.pop("bidirectional", None)
    return space
