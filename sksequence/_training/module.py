"""Build a network with random weights from a seed, or with given weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from ..nn import FrameNetwork, SequenceNetwork, TranslationNetwork
from ..nn.detection import make_detector
from .memory import require_memory

NETWORKS: dict[str, Callable[..., SequenceNetwork | FrameNetwork]] = {
    "sequence": SequenceNetwork,
    "frames": FrameNetwork,
    "translation": TranslationNetwork,
    "detector": make_detector,
}

# More are counted before they are built, since each takes time.
_MANY_LAYERS = 64

Weights = Mapping[str, np.ndarray]


def make_module(
    *,
    kind: str,
    dtype: str,
    seed: int | None = None,
    weights: Weights | None = None,
    **network: Any,
) -> tuple[nn.Module, torch.Generator]:
    """Build a network, and the random generator of its weights and dropout masks.

    The network is first built on the meta device, so torch's global random state is not
    changed, and memory is only allocated if it suffices.

    Parameters
    ----------
    kind : {"sequence", "frames", "translation", "detector"}
        Kind of network.
    dtype : {"float32", "float64"}
        Dtype of the weights.
    seed : int or None, default=None
        Seed of the initial weights, unless ``weights`` are given.
    weights : dict of ndarray or None, default=None
        Weights and buffers of a network of the same architecture, by name.
    **network : dict
        Keyword arguments of the network.

    Returns
    -------
    module : Module
        The network.
    generator : torch.Generator
        For dropout and shuffling.

    Raises
    ------
    ValueError
        If the weights do not match the network.
    MemoryError
        If the network is too large for the machine.
    """
    itemsize = getattr(torch, dtype).itemsize
    if weights is not None:
        _check_counts(network, weights)
    elif network["num_layers"] > _MANY_LAYERS:
        _require_memory(_count_parameters(kind, network), itemsize)
    module = _on_meta(kind, network)
    generator = torch.Generator("cpu")
    if weights is not None:
        _check_weights(module, getattr(torch, dtype), weights)
        _allocate(module, getattr(torch, dtype), weights)
        return module, generator
    _require_memory(_size_of(module), itemsize)
    _allocate(module, getattr(torch, dtype))
    if seed is not None:
        generator.manual_seed(seed)
    module.reset_parameters(generator)
    return module, generator


def _on_meta(kind: str, network: dict[str, Any]) -> SequenceNetwork | FrameNetwork:
    """Build a network without memory for its weights."""
    try:
        with torch.device("meta"):
            return NETWORKS[kind](**network)
    except (RuntimeError, TypeError) as error:  # a size or the number of bytes overflows
        if isinstance(error, TypeError) and "verflow" not in str(error):
            raise
        raise MemoryError(f"The network is too large for any machine: {error}") from error


def _size_of(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def _count_parameters(kind: str, network: dict[str, Any]) -> int:
    """Count the parameters of a network with many layers, which are slow to build.

    All layers but the first have the same size, if one ``hidden_size`` is given.
    """
    if not isinstance(network["hidden_size"], int | np.integer):
        return _size_of(_on_meta(kind, network))
    # With two layers a pair of kernel sizes would be one per layer.
    three, four = (_size_of(_on_meta(kind, {**network, "num_layers": n})) for n in (3, 4))
    return three + (network["num_layers"] - 3) * (four - three)


def _require_memory(n_parameters: int, itemsize: int) -> None:
    # Weights, gradients, and two moving averages of the optimizer.
    n_bytes = 4 * n_parameters * itemsize
    require_memory(n_bytes, f"A network of {n_parameters} parameters")


def _allocate(
    module: nn.Module, dtype: torch.dtype, weights: Weights | None = None
) -> None:
    """Allocate the weights of a module on the meta device, and fill them if given.

    Like ``to_empty``, which would import a symbolic algebra package (0.8 seconds).
    """
    for path, layer in module.named_modules():
        parameters = dict(layer.named_parameters(recurse=False))
        buffers = dict(layer.named_buffers(recurse=False))
        for name, old in {**parameters, **buffers}.items():
            if weights is None:
                new = torch.zeros(old.shape, dtype=_dtype_of(old, dtype), device="cpu")
            else:
                given = weights[f"{path}.{name}".removeprefix(".")]
                new = torch.tensor(given, device="cpu")
            setattr(layer, name, nn.Parameter(new) if name in parameters else new)


def _dtype_of(tensor: torch.Tensor, dtype: torch.dtype) -> torch.dtype:
    return dtype if tensor.is_floating_point() else tensor.dtype


def _check_counts(network: dict[str, Any], weights: Weights) -> None:
    """Raise ValueError for sizes that are slow to build even on the meta device.

    Every layer has at least one weight, and so does every input channel.
    """
    n_values = sum(array.size for array in weights.values())
    counts = {"num_layers": network["num_layers"], "input_size": network["input_size"]}
    counts["decoder_layers"] = network.get("decoder_layers", 0)
    for name in ("conv_channels", "parallel_channels"):
        counts[f"len({name})"] = len(network.get(name, ()))
    for name, count in counts.items():
        most = n_values if name == "input_size" else len(weights)
        if count > most:
            raise ValueError(
                f"a network with {name}={count} has more than {len(weights)} weights of "
                f"{n_values} values"
            )


def _check_weights(module: nn.Module, dtype: torch.dtype, weights: Weights) -> None:
    """Raise ValueError unless names, shapes and dtypes match the network."""
    expected = {
        name: (tuple(tensor.shape), str(_dtype_of(tensor, dtype)).rpartition(".")[2])
        for name, tensor in module.state_dict().items()
    }
    got = {name: (array.shape, array.dtype.name) for name, array in weights.items()}
    for name in {**expected, **got}:
        if expected.get(name) != got.get(name):
            raise ValueError(
                f"the weight {name!r} is {_said(got.get(name))}, but the network's is "
                f"{_said(expected.get(name))}"
            )


def _said(weight: tuple[tuple[int, ...], str] | None) -> str:
    return "not there" if weight is None else f"{weight[1]} of shape {weight[0]}"
