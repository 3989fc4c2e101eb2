"""Strides and random convolutions that follow from the length of training sequences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

# At least so many steps are left of a sequence of the median length, and less than twice
# as many of a long one.
_FEWEST = 128
# Steps that a random convolution reads, their kernels, and dilations of each.
N_TAPS, _KERNELS, _MOST_DILATIONS = 9, 84, 12
# As many features as pay, by folds of training sets (docs/training.md).
N_FEATURES = 5040


def learn_strides(
    network: dict[str, Any], lengths: np.ndarray, others: np.ndarray
) -> dict[str, Any]:
    """Return the network's keywords with numbers in the place of "auto", and dilations.

    Parameters
    ----------
    network : dict
        Keywords of the network.
    lengths, others : ndarray of shape (n_sequences,)
        Number of steps of each training sequence, and of those of a validation set, of
        which none may be shorter than the strides.
    """
    n_features, n_steps = network.get("random_convolutions"), float(np.median(lengths))
    if isinstance(n_features, str):
        n_features = 0 if _has_no_use(network) or n_steps < N_TAPS else N_FEATURES
        network = network | {"random_convolutions": n_features}
    if n_features:
        dilations = choose_dilations(n_steps, n_features)
        network = network | {"random_dilations": dilations}
    if network.get("parallel_stride") != "auto":
        return network
    # A stride beyond a kernel, or beside a dilation, would leave out steps.
    kernels = [
        np.min(size) if step == 1 else 1
        for size, step in zip(
            *(_per_layer(network, name) for name in ("kernel_size", "dilation")),
            strict=True,
        )
    ]
    shortest = int(np.min(np.concatenate([lengths, others])))
    strides = choose_strides(kernels, n_steps, shortest)
    return network | {"parallel_stride": strides}


def _has_no_use(network: dict[str, Any]) -> bool:
    """Return whether random convolutions cannot read this, or would be too many."""
    reads_tokens = network.get("embedding_dim") is not None or network.get("categories")
    # With covariates, the layer that joins them would have the square of their number.
    has_more = network.get("static_size", 0) > 0
    return bool(reads_tokens) or has_more or network.get("missing") == "decay"


def _per_layer(network: dict[str, Any], name: str) -> Sequence[Any]:
    """Return what is given once for all parallel layers, or for each, for each."""
    given, n_layers = network[f"parallel_{name}"], len(network["parallel_channels"])
    if not n_layers:
        return ()  # without layers it is ignored
    return given if isinstance(given, tuple | list) else (given,) * n_layers


def choose_strides(
    kernels: Sequence[int], n_steps: float, shortest: int
) -> tuple[int, ...]:
    """Return a power of two for each layer, the larger the earlier the layer.

    Examples
    --------
    >>> choose_strides([8, 5, 3], 150, 150)
    (1, 1, 1)
    >>> choose_strides([8, 5, 3], 1460, 1460)
    (4, 2, 1)
    >>> choose_strides([8, 5, 3], 20_000, 20_000)
    (8, 4, 2)
    """
    strides = [1] * len(kernels)
    for share in (2, 1):
        for i, kernel in enumerate(kernels):
            while (
                share * 2 * strides[i] <= kernel
                and n_steps >= 2 * _FEWEST * math.prod(strides)
                and shortest >= 2 * math.prod(strides)
            ):
                strides[i] *= 2
    return tuple(strides)


def choose_dilations(n_steps: float, n_features: int) -> tuple[int, ...]:
    """Return dilations at which random convolutions fit into a sequence.

    Their logarithms are evenly spaced.

    Examples
    --------
    >>> choose_dilations(24, 2520)
    (1, 2)
    >>> choose_dilations(150, 2520)
    (1, 2, 3, 4, 6, 8, 10, 14, 18)
    >>> choose_dilations(150, 252)
    (1, 4, 18)
    """
    most = max((n_steps - 1) / (N_TAPS - 1), 1)
    n = min(max(n_features // _KERNELS, 1), _MOST_DILATIONS)
    return tuple(np.unique(np.geomspace(1, most, n).astype(int)).tolist())
