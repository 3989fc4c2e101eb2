"""Layers that draw random numbers, all from one generator."""

from __future__ import annotations

import torch
from torch import nn


class RandomLayer(nn.Module):
    """A layer that draws: its initial weights, or its dropout masks."""

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Start anew, drawing from ``generator`` or from torch's global one."""
        raise NotImplementedError(f"{type(self).__name__} does not draw")


def reset_layers(network: nn.Module, generator: torch.Generator | None) -> None:
    """Let every random layer inside ``network`` start anew."""
    for layer in network.modules():
        if isinstance(layer, RandomLayer) and layer is not network:
            layer.reset_parameters(generator)
