"""Random convolutions, which are not trained: how often they exceed a bias."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ._time import valid_steps

_N_TAPS = 9
# The places of the three larger weights of each kernel.
_TAPS = tuple(combinations(range(_N_TAPS), 3))


class RandomConvolutions:
    """Shares of the steps at which random convolutions exceed a bias, standardised.

    Parameters
    ----------
    weights : dict of ndarray
        Channels and biases of kernels, and mean and scale of features, by torch's names.
    dilations : tuple of int
        Steps from one that a kernel reads to the next.
    causal : bool
        Whether a kernel reads the steps up to its own, instead of those around it.
    """

    def __init__(
        self, weights: dict[str, np.ndarray], dilations: tuple[int, ...], causal: bool
    ) -> None:
        self.channels, self.biases = weights["channels"], weights["biases"]
        self.mean, self.scale = weights["mean"], weights["scale"]
        self.dilations, self.causal = tuple(dilations), causal

    def __call__(self, x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return the features of padded sequences (n, steps, channels)."""
        x = np.where(valid_steps(lengths, x.shape[1]), x, 0)
        x = np.pad(x, ((0, 0), (0, 0), (0, 1)))  # the last channel is that of none
        levels = zip(self.dilations, self.channels, self.biases, strict=True)
        shares = [self._shares(x, lengths, *level) for level in levels]
        return (np.concatenate(shares, axis=1) - self.mean) * self.scale

    def _shares(
        self,
        x: np.ndarray,
        lengths: np.ndarray,
        dilation: int,
        channels: np.ndarray,
        biases: np.ndarray,
    ) -> np.ndarray:
        """Return the shares of steps at which the kernels of a dilation exceed biases."""
        reach, n_steps = (_N_TAPS - 1) * dilation, x.shape[1]
        before = reach if self.causal else reach // 2
        mixed = x[..., channels[:, 0]]
        for of_kernels in channels.T[1:]:
            mixed = mixed + x[..., of_kernels]
        mixed = np.pad(mixed, ((0, 0), (before, reach - before), (0, 0)))
        taps = [mixed[:, i * dilation :][:, :n_steps] for i in range(_N_TAPS)]
        total = taps[0]
        for tap in taps[1:]:
            total = total + tap
        shares = np.empty((len(x), *biases.shape), x.dtype)
        steps = np.arange(n_steps)
        for k, (one, two, three) in enumerate(_TAPS):
            chosen = taps[one][..., k] + taps[two][..., k] + taps[three][..., k]
            outputs = chosen * x.dtype.type(3) - total[..., k]
            trims = k % 2 * (lengths > reach)
            first, end = before * trims, lengths - (reach - before) * trims
            counts = (steps >= first[:, None]) & (steps < end[:, None])
            for b, bias in enumerate(biases[k]):
                shares[:, k, b] = ((outputs > bias) & counts).sum(axis=1)
            shares[:, k] /= (end - first)[:, None]
        return shares.reshape(len(x), -1)
