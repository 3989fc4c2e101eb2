"""Sizes that are given once for all layers, or once per layer."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

# Above it a tuple of sizes may itself exhaust the memory, of which nothing is said.
_MOST_LAYERS = 2**20
_ENOUGH_LAYERS = 2**10


def sizes_per_layer(
    name: str, sizes: int | Sequence[int], num_layers: int
) -> tuple[int, ...]:
    """Return one size per layer, given one int or one per layer.

    Examples
    --------
    >>> sizes_per_layer("hidden_size", 8, 3)
    (8, 8, 8)
    >>> sizes_per_layer("hidden_size", (8, 4), 3)
    Traceback (most recent call last):
    ...
    ValueError: hidden_size must be one int, or one per layer (3), got (8, 4)
    """
    _check_per_layer(name, sizes, num_layers)
    if isinstance(sizes, Sequence):
        return tuple(map(int, sizes))
    if num_layers > _MOST_LAYERS:
        raise MemoryError(f"num_layers={num_layers} are too many layers for any machine")
    return (int(sizes),) * num_layers


def _check_per_layer(name: str, sizes: Any, num_layers: int) -> None:
    """Raise ValueError unless it is a size, or as many as layers; allocate nothing."""
    if not isinstance(sizes, Integral | Sequence) or isinstance(sizes, str):
        raise ValueError(f"{name} must be int or a sequence of int, got {sizes!r}")
    each = (sizes,) if isinstance(sizes, Integral) else tuple(sizes)
    if len(each) != num_layers and not isinstance(sizes, Integral):
        raise ValueError(
            f"{name} must be one int, or one per layer ({num_layers}), got {each}"
        )
    for size in each:
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} must be int of at least 1, got {sizes!r}")


# One kernel, or several side by side.
KernelSizes = int | Sequence[int]


def kernels_side_by_side(
    name: str, sizes: KernelSizes | Sequence[KernelSizes], num_layers: int
) -> tuple[tuple[int, ...], ...]:
    """Return the sizes of the kernels of each layer, of which there may be several.

    Given one int, or one per layer, each an int or the sizes of kernels side by side.

    Examples
    --------
    >>> kernels_side_by_side("kernel_size", 5, 2)
    ((5,), (5,))
    >>> kernels_side_by_side("kernel_size", ((39, 19, 9), 5), 2)
    ((39, 19, 9), (5,))
    """
    several: Any = sizes
    if not isinstance(several, list | tuple):
        return tuple((size,) for size in sizes_per_layer(name, several, num_layers))
    if len(several) != num_layers:
        raise ValueError(
            f"{name} must be one int, or one per layer ({num_layers}), got {several}"
        )
    if any(isinstance(size, list | tuple) and not size for size in several):
        raise ValueError(f"{name} must have a size for each layer, got {several}")
    of_layers = [size if isinstance(size, list | tuple) else (size,) for size in several]
    return tuple(sizes_per_layer(name, own, len(own)) for own in of_layers)


def divide_channels(n_channels: int, n_kernels: int) -> list[int]:
    """Divide the channels of a layer as equally as possible among its kernels.

    Examples
    --------
    >>> divide_channels(128, 3)
    [43, 43, 42]
    """
    if n_channels < n_kernels:
        raise ValueError(
            f"channels must be at least one for each of the {n_kernels} kernel sizes of "
            f"a layer, got {n_channels}"
        )
    share, more = divmod(n_channels, n_kernels)
    return [share + (i < more) for i in range(n_kernels)]


# One int for height and width, or both.
KernelSize = int | Sequence[int]


def kernels_per_layer(
    kernel_size: KernelSize | Sequence[KernelSize], num_layers: int
) -> tuple[tuple[int, int], ...]:
    """Return height and width of the kernels of each layer.

    Given one int, one per layer, (height, width), or one of these per layer. For two
    layers a pair of ints is one per layer.

    Examples
    --------
    >>> kernels_per_layer(3, 2)
    ((3, 3), (3, 3))
    >>> kernels_per_layer((1, 3), 1), kernels_per_layer((1, 3), 2)
    (((1, 3),), ((1, 1), (3, 3)))
    >>> kernels_per_layer(((1, 3), 5), 2)
    ((1, 3), (5, 5))
    """
    sizes: Any = kernel_size
    if not isinstance(sizes, str) and isinstance(sizes, Sequence):
        if len(sizes) != num_layers and len(sizes) == 2:
            sizes = (sizes,) * num_layers  # height and width
    else:
        sizes = (sizes,) * num_layers
    pairs: list[Any] = [
        (size, size) if isinstance(size, Integral) else size for size in sizes
    ]
    if len(pairs) != num_layers or any(
        isinstance(pair, Sequence) and len(pair) != 2 for pair in pairs
    ):
        raise ValueError(
            "kernel_size must be one int, (height, width), or one of these per layer "
            f"({num_layers}), got {kernel_size!r}"
        )
    height_and_width = (sizes_per_layer("kernel_size", pair, 2) for pair in pairs)
    return tuple((height, width) for height, width in height_and_width)


def check_size(name: str, size: int) -> None:
    """Raise ValueError unless a size is an int of at least 1."""
    if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
        raise ValueError(f"{name} must be int of at least 1, got {size!r}")


def check_sizes(network: dict) -> None:
    """Check the sizes among a network's keywords against each other."""
    num_layers = network["num_layers"]
    _check_per_layer("hidden_size", network["hidden_size"], num_layers)
    if "kernel_size" in network:
        kernel_size = network["kernel_size"]
        n_given = 1 if isinstance(kernel_size, Integral) else len(kernel_size)
        # Of more layers than are given nothing else is to be found in the others.
        kernels_per_layer(kernel_size, max(n_given, min(num_layers, _ENOUGH_LAYERS)))
    for kind, others in {
        "conv": ("kernel_size", "stride"),
        "parallel": ("stride", "dilation"),
    }.items():
        channels = network.get(f"{kind}_channels", ())
        sizes_per_layer(f"{kind}_channels", channels, len(channels))
        if channels:
            for other in others:
                name = f"{kind}_{other}"
                if network[name] != "auto":
                    sizes_per_layer(name, network[name], len(channels))
    if channels := network.get("parallel_channels", ()):
        _check_kernels(channels, network["parallel_kernel_size"])


def _check_kernels(channels: Sequence[int], kernel_size: Any) -> None:
    """Raise ValueError unless each parallel layer has a channel for each kernel."""
    kernels = kernels_side_by_side("parallel_kernel_size", kernel_size, len(channels))
    for width, of_layer in zip(channels, kernels, strict=True):
        if width < len(of_layer):
            raise ValueError(
                f"parallel_channels must have a channel for each of the {len(of_layer)} "
                f"kernels {of_layer} of a layer, got {tuple(channels)}"
            )
