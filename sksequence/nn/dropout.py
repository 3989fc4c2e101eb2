"""Dropout with a private random generator."""

from __future__ import annotations

import torch
from torch import Tensor

from ._random import RandomLayer


def _draws_below(p: float = 0.7, size: int = 64) -> bool:
    """Return whether torch draws a Bernoulli number as "a uniform one is less than p".

    It does except with Intel's library on Intel's processors.
    """
    one, other = (torch.Generator("cpu").manual_seed(0) for _ in range(2))
    drawn = torch.empty(size, device="cpu").bernoulli_(p, generator=one)
    uniform = torch.empty(size, dtype=torch.float64, device="cpu")
    below = uniform.uniform_(generator=other) < p
    return bool((drawn == below).all()) and torch.equal(
        one.get_state(), other.get_state()
    )


_DRAWS_BELOW = _draws_below()


class Dropout(RandomLayer):
    r"""Zero each element with probability ``p`` in training, and scale the others.

    .. math:: y = \frac{m}{1 - p} \odot x, \quad m \sim \text{Bernoulli}(1 - p)

    Like :class:`torch.nn.Dropout`, but the mask may come from a private
    :class:`torch.Generator`. Training then neither uses nor changes the global random
    state, so fits in parallel threads are reproducible.

    Parameters
    ----------
    p : float, default=0.5
        Probability of an element to be zeroed, in [0, 1).

    Attributes
    ----------
    generator : torch.Generator or None
        Generator of the masks; None for torch's global generator.

    Shape
    -----
    - Input: ``(*)``
    - Output: ``(*)``

    Examples
    --------
    >>> layer = Dropout(0.25)
    >>> layer.reset_parameters(torch.Generator().manual_seed(0))
    >>> layer(torch.ones(100)).unique()
    tensor([0.0000, 1.3333])
    >>> layer.eval()(torch.ones(3))
    tensor([1., 1., 1.])

    References
    ----------
    Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from
    overfitting. JMLR 15.
    """

    generator: torch.Generator | None = None

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"p must be in [0, 1), got p={p}")
        self.p = p

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the masks from ``generator`` from now on."""
        self.generator = generator

    def draw(self, x: Tensor) -> Tensor | None:
        """Return a factor for each element of ``x``, or None if all would be one."""
        if not self.training or self.p == 0:
            return None
        return self._draw(x).div_(1 - self.p)

    def forward(self, x: Tensor) -> Tensor:
        factors = self.draw(x)
        return x if factors is None else x * factors

    def _draw(self, x: Tensor) -> Tensor:
        """Return zeros with probability p, and ones."""
        if not (x.is_cpu and _DRAWS_BELOW):
            return torch.empty_like(x).bernoulli_(1 - self.p, generator=self.generator)
        # The same numbers in half the time.
        uniform = torch.empty_like(x, dtype=torch.float64)
        return uniform.uniform_(generator=self.generator).less(1 - self.p).to(x.dtype)

    def extra_repr(self) -> str:
        return f"p={self.p}"
