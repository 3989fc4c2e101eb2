"""Base of layers that draw random numbers from a given generator."""

from __future__ import annotations

import torch
from torch import nn


class RandomLayer(nn.Module):
    """Layer with random initial weights or dropout masks."""

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Reset the layer, drawing from ``generator`` or from torch's global one."""
        raise NotImplementedError(f"{type(self).__name__} does not draw")


def reset_layers(network: nn.Module, generator: torch.Generator | None) -> None:
    """Reset every random layer inside ``network``."""
    for layer in network.modules():
        if isinstance(layer, RandomLayer) and layer is not network:
            layer.reset_parameters(generator)
