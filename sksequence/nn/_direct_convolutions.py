"""Convolutional layers whose gradients are computed without autograd.

They call the kernels that :mod:`._convolutions` calls with autograd, so results have the
same bits.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from ._convolutions import Convolutions, Weights, weights_of
from ._direct_layers import Gradients
from .convolution import ConvLayer


class DirectConvolutions:
    """Layers one after the other, with memory for the gradient of each weight.

    Parameters
    ----------
    layers : iterable of ConvLayer
        The layers, for which there are kernels.
    gradients : dict
        Memory for the gradient of each weight.
    pools : bool, default=False
        Whether the output is averaged over the steps of each sequence.
    """

    def __init__(
        self, layers: Iterable[ConvLayer], gradients: Gradients, *, pools: bool = False
    ) -> None:
        self.run = Convolutions(layers, pools=pools)
        of_layers = [weights_of(layer) for layer in self.run.layers]
        self.weights = [Weights(*(w.detach() for w in own)) for own in of_layers]
        self.gradients = [Weights(*(gradients[w] for w in own)) for own in of_layers]

    def forward(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Return the output; lengths must be valid."""
        return self.run.forward(x, lengths, self.weights)

    def backward(self, gradient: Tensor, *, wants_x: bool) -> Tensor | None:
        """Write the gradients of all weights; return that of x, if it is wanted."""
        return self.run.backward(gradient, self.gradients, wants_x=wants_x)
