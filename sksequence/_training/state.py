"""Save the training state of a net as numpy arrays and plain Python, and restore it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .net import SequenceNet, seed_masks
from .optimizers import check_averages


def state_of(net: SequenceNet) -> dict[str, Any]:
    """Return everything that training changed, as numpy arrays and plain Python.

    Returns
    -------
    dict
        ``weights``, ``optimizer``, ``optimizer_class`` and ``generator``; with float16
        also ``scaler``.
    """
    state = {
        "weights": to_plain(net.module.state_dict()),
        "optimizer": to_plain(net.optimizer_.state_dict()),
        "optimizer_class": type(net.optimizer_).__name__,
        "generator": net.iterator_train__generator.get_state().numpy().copy(),
    }
    if net.scaler is not None:
        state["scaler"] = net.scaler.state_dict()
    return state


def restore(net: SequenceNet, state: dict[str, Any]) -> None:
    """Restore the training state of a net that already has the weights of the state.

    Restores the random generator and, if the optimizer is of the same class, its moving
    averages.
    """
    net.iterator_train__generator.set_state(torch.from_numpy(state["generator"].copy()))
    seed_masks(net)
    if net.scaler is not None and "scaler" in state:
        net.scaler.load_state_dict(state["scaler"])
    if state["optimizer_class"] == type(net.optimizer_).__name__:
        # Restore the moving averages, but keep the net's own learning rates.
        own = net.optimizer_.state_dict()["param_groups"]
        groups = [
            {**old, **_settings(new)}
            for old, new in zip(state["optimizer"]["param_groups"], own, strict=True)
        ]
        averages = {**state["optimizer"], "param_groups": groups}
        net.optimizer_.load_state_dict(from_plain(averages))
        check_averages(net.optimizer_)


def _settings(group: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in group.items() if name != "params"}


def to_plain(tree: Any) -> Any:
    """Convert the tensors of a tree to arrays, and its dicts to plain dicts."""
    if isinstance(tree, Tensor):
        return tree.detach().cpu().numpy().copy()
    if isinstance(tree, dict):
        return {key: to_plain(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(to_plain(value) for value in tree)
    return tree


def from_plain(tree: Any) -> Any:
    """Convert the arrays of a tree to tensors."""
    if isinstance(tree, np.ndarray):
        return torch.from_numpy(tree.copy())
    if isinstance(tree, dict):
        return {key: from_plain(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(from_plain(value) for value in tree)
    return tree
