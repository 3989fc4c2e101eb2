"""What training changed, in numpy and plain Python, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .net import SequenceNet


def state_of(net: SequenceNet) -> dict[str, Any]:
    """All that training changed, as numpy arrays and plain Python.

    Returns
    -------
    dict
        ``weights``, ``optimizer``, ``optimizer_class`` and ``generator``; with float16
        also ``scaler``.
    """
    state = {
        "weights": _to_numpy(net.module_.state_dict()),
        "optimizer": _to_numpy(net.optimizer_.state_dict()),
        "optimizer_class": type(net.optimizer_).__name__,
        "generator": net.iterator_train__generator.get_state().numpy().copy(),
    }
    if net.scaler is not None:
        state["scaler"] = net.scaler.state_dict()
    return state


def restore(net: SequenceNet, state: dict[str, Any]) -> None:
    """Put a state of :func:`state_of` back into a net of the same making."""
    net.module_.load_state_dict(_to_torch(state["weights"]))
    net.iterator_train__generator.set_state(torch.from_numpy(state["generator"].copy()))
    if net.scaler is not None and "scaler" in state:
        net.scaler.load_state_dict(state["scaler"])
    if state["optimizer_class"] == type(net.optimizer_).__name__:
        # Its running averages go on, at the net's own rates.
        own = net.optimizer_.state_dict()["param_groups"]
        groups = [
            {**old, **_settings(new)}
            for old, new in zip(state["optimizer"]["param_groups"], own, strict=True)
        ]
        averages = {**state["optimizer"], "param_groups": groups}
        net.optimizer_.load_state_dict(_to_torch(averages))


def _settings(group: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in group.items() if name != "params"}


def _to_numpy(tree: Any) -> Any:
    if isinstance(tree, Tensor):
        return tree.detach().cpu().numpy().copy()
    if isinstance(tree, dict):
        return {key: _to_numpy(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_to_numpy(value) for value in tree)
    return tree


def _to_torch(tree: Any) -> Any:
    if isinstance(tree, np.ndarray):
        return torch.from_numpy(tree.copy())
    if isinstance(tree, dict):
        return {key: _to_torch(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_to_torch(value) for value in tree)
    return tree
