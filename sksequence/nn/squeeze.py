"""Weights of channels by what a sequence holds."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import _exact
from ._random import RandomLayer
from ._sizes import check_size
from ._time import CHANNELS_FIRST, check_batch, zero_padding
from .pooling import MeanPooling

# Steps that are summed by one product.
_BLOCK = 64


class SqueezeExcite(RandomLayer):
    r"""Scale each channel by a gate that reads the mean of all channels.

    .. math:: y = x \odot \sigma(W_2 \max(0, W_1 \bar{x} + b_1) + b_2)

    The mean is that over the valid steps of a sequence or, if ``causal``, over the steps
    so far: then every step has a gate of its own.

    Parameters
    ----------
    size : int
        Channels per step.
    reduction : int, default=16
        How many times fewer channels there are between the two products, at least one.
    causal : bool, default=False
        Whether no step depends on a later one.

    Shape
    -----
    - Input: ``(batch, size, steps)``, lengths ``(batch,)`` or None
    - Output: ``(batch, size, steps)``

    Examples
    --------
    >>> layer = SqueezeExcite(32, reduction=8)
    >>> layer(torch.randn(2, 32, 9), torch.tensor([9, 4])).shape
    torch.Size([2, 32, 9])

    References
    ----------
    Hu, Shen and Sun (2018), Squeeze-and-excitation networks. CVPR.

    Karim, Majumdar, Darabi and Harford (2019), Multivariate LSTM-FCNs for time series
    classification. Neural Networks 116.
    """

    def __init__(self, size: int, reduction: int = 16, *, causal: bool = False) -> None:
        super().__init__()
        check_size("reduction", reduction)
        self.reduce = nn.Linear(size, max(size // reduction, 1))
        self.expand = nn.Linear(max(size // reduction, 1), size)
        self.pool, self.causal = MeanPooling(), causal
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights, by He et al. (2015) and Glorot and Bengio (2010)."""
        nn.init.kaiming_uniform_(
            self.reduce.weight, nonlinearity="relu", generator=generator
        )
        nn.init.xavier_uniform_(self.expand.weight, generator=generator)
        nn.init.zeros_(self.reduce.bias)
        nn.init.zeros_(self.expand.bias)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        check_batch(x, lengths, CHANNELS_FIRST)
        steps = x.mT
        if not self.causal:
            mean = self.pool(steps, lengths)[:, None]
        elif self.training:
            # Padding would count where it is infinite: products read all steps.
            mean = _running_mean(zero_padding(steps, lengths))
        else:
            mean = self.pool.prefixes(steps)
        return (steps * self._gate(mean)).mT

    def _gate(self, mean: Tensor) -> Tensor:
        if self.training:
            return torch.sigmoid(self.expand(torch.relu(self.reduce(mean))))
        hidden = torch.relu(_exact.linear(self.reduce, mean))
        return _exact.sigmoid(_exact.linear(self.expand, hidden))


def _running_mean(steps: Tensor) -> Tensor:
    """Average every prefix; by products, which take a tenth of the time of a cumsum."""
    n_steps = steps.shape[1]
    size = min(_BLOCK, n_steps)
    padded = nn.functional.pad(steps, (0, 0, 0, -n_steps % size))
    blocks = padded.unflatten(1, (-1, size))
    with torch.autocast(steps.device.type, enabled=False):  # a sum, in full precision
        within = steps.new_ones(size, size).tril() @ blocks
    before = within[:, :, -1:].cumsum(1) - within[:, :, -1:]
    count = torch.arange(1, n_steps + 1, device=steps.device)[:, None]
    return (within + before).flatten(1, 2)[:, :n_steps] / count
