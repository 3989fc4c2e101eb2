"""Static covariates of sequences."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import _exact
from ._random import RandomLayer


class StaticJoin(RandomLayer):
    r"""Join static covariates to the representation of a sequence or a step.

    .. math:: y = [r, \; s, \; \max(0, W [r, s] + b)]

    With the first two parts only, a linear head could only add the effects of covariates
    and sequence; the last part models their interaction.

    Parameters
    ----------
    representation_size : int
        Size of the representation of a sequence or a step.
    static_size : int
        Number of covariates.

    Shape
    -----
    - Input: ``(batch, representation_size)`` or ``(batch, steps, representation_size)``,
      and covariates ``(batch, static_size)``
    - Output: as the first input, with ``2 * representation_size + static_size`` channels

    Examples
    --------
    >>> join = StaticJoin(4, 3)
    >>> join(torch.randn(2, 7, 4), torch.randn(2, 3)).shape
    torch.Size([2, 7, 11])
    """

    def __init__(self, representation_size: int, static_size: int) -> None:
        super().__init__()
        both = representation_size + static_size
        self.static_size = static_size
        self.linear = nn.Linear(both, representation_size)
        self.output_size = both + representation_size
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights, as He et al. (2015) propose for rectified units."""
        nn.init.kaiming_uniform_(
            self.linear.weight, nonlinearity="relu", generator=generator
        )
        nn.init.zeros_(self.linear.bias)

    def forward(self, representation: Tensor, static: Tensor | None) -> Tensor:
        expected = (len(representation), self.static_size)
        if static is None or static.shape != expected:
            got = None if static is None else tuple(static.shape)
            raise ValueError(f"static must be of shape {expected}, got {got}")
        if representation.ndim == 3:
            static = static[:, None].expand(-1, representation.shape[1], -1)
        both = torch.cat([representation, static], -1)
        hidden = self.linear(both) if self.training else _exact.linear(self.linear, both)
        return torch.cat([both, torch.relu(hidden)], -1)
