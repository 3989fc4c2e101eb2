"""Sizes that are given once for all layers, or once per layer."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral


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
    if not isinstance(sizes, Integral | Sequence) or isinstance(sizes, str):
        raise ValueError(f"{name} must be int or a sequence of int, got {sizes!r}")
    spread = (sizes,) * num_layers if isinstance(sizes, Integral) else tuple(sizes)
    if len(spread) != num_layers:
        raise ValueError(
            f"{name} must be one int, or one per layer ({num_layers}), got {spread}"
        )
    for size in spread:
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} must be int of at least 1, got {sizes!r}")
    return tuple(int(size) for size in spread)


def check_num_layers(num_layers: int) -> None:
    """Raise ValueError unless there is a layer."""
    if not isinstance(num_layers, Integral) or num_layers < 1:
        raise ValueError(f"num_layers must be int of at least 1, got {num_layers!r}")


def check_sizes(network: dict) -> None:
    """Check the sizes among a network's keywords against each other."""
    sizes_per_layer("hidden_size", network["hidden_size"], network["num_layers"])
    if "kernel_size" in network:
        sizes_per_layer("kernel_size", network["kernel_size"], network["num_layers"])
    for kind, others in {
        "conv": ("kernel_size", "stride"),
        "parallel": ("kernel_size",),
    }.items():
        channels = network.get(f"{kind}_channels", ())
        sizes_per_layer(f"{kind}_channels", channels, len(channels))
        if channels:
            for other in others:
                name = f"{kind}_{other}"
                sizes_per_layer(name, network[name], len(channels))
