"""Random convolutions, which are not trained: how often they exceed a bias."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ._parts import Part
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

    def start(self, n: int) -> RunningRandomConvolutions:
        """Return the features of n streams, if the convolutions are causal."""
        return RunningRandomConvolutions(self, n)


class RunningRandomConvolutions(Part):
    """Features of the steps so far, of causal convolutions that read step by step.

    All kernels are computed at once, from the last steps in a ring. Kernels that read the
    same channels at the same dilation share their sums. These are in the order of the
    whole's, since a last bit decides whether a bias is exceeded.

    Parameters
    ----------
    random : RandomConvolutions
        The convolutions.
    n : int
        Number of streams.
    """

    kept = ("ring", "place", "exceeded", "seen")

    def __init__(self, random: RandomConvolutions, n: int) -> None:
        n_levels, n_kernels, n_slots = random.channels.shape
        dilations = np.array(random.dilations)
        self.size = int(dilations.max()) * (_N_TAPS - 1) + 1
        width = int(random.channels.max()) + 1  # the last may be that of none
        level = np.repeat(np.arange(n_levels), n_kernels)
        described = np.column_stack([level, random.channels.reshape(-1, n_slots)])
        sums, which = np.unique(described, axis=0, return_inverse=True)
        self.sum_of_kernel = which.ravel()
        lags = np.arange(_N_TAPS)[::-1, None] * dilations[sums[:, 0]]
        # Where a window of all channels has what a tap adds: (slots, taps, sums).
        self.read = (self.size - 1 - lags) * width + sums[:, 1:].T[:, None]
        # Where the sums of taps have the larger three of each kernel.
        larger = np.tile(np.transpose(_TAPS), n_levels)
        self.larger = larger * len(sums) + self.sum_of_kernel
        # Until when a kernel counts all steps; it begins anew behind, if it is odd.
        odd = np.arange(n_kernels) % 2
        self.trims = ((_N_TAPS - 1) * dilations[:, None] * odd).ravel()
        dtype, shape = random.biases.dtype, (n_levels * n_kernels, -1)
        # Kernels last, of which there are many more than biases of each.
        self.biases, self.mean, self.scale = (
            np.ascontiguousarray(values.reshape(shape).T)
            for values in (random.biases, random.mean, random.scale)
        )
        self.three = dtype.type(3)
        # Each step is stored twice, so that the last ones are always contiguous.
        self.ring, self.place = np.zeros((n, 2 * self.size, width), dtype), 0
        self.exceeded = np.zeros((n, *self.biases.shape), np.int64)
        self.seen = np.zeros((n, 1), np.int64)

    def add(self, x: np.ndarray) -> None:
        """Read a step (n, channels)."""
        n, x = len(x), x[:, : self.ring.shape[2]]
        self.ring[:, self.place, : x.shape[1]] = x
        self.ring[:, self.place + self.size, : x.shape[1]] = x
        first = self.place + 1
        self.place = first % self.size
        window = self.ring[:, first : first + self.size].reshape(n, -1)
        # A cumulative sum adds one after the other, a sum does not.
        mixed = window.take(self.read, axis=1).cumsum(axis=1)[:, -1]
        total = mixed.cumsum(axis=1)[:, -1].take(self.sum_of_kernel, axis=1)
        taps = mixed.reshape(n, -1).take(self.larger, axis=1)
        outputs = (taps[:, 0] + taps[:, 1] + taps[:, 2]) * self.three - total
        begins = self.seen == self.trims
        if begins.any():
            self.exceeded.swapaxes(1, 2)[begins] = 0
        self.exceeded += outputs[:, None] > self.biases
        self.seen += 1

    def result(self) -> np.ndarray:
        """Return the features of the steps so far (n, features)."""
        number = self.seen - self.trims * (self.seen > self.trims)
        shares = (self.exceeded / number[:, None]).astype(self.mean.dtype)
        features = (shares - self.mean) * self.scale
        return features.swapaxes(1, 2).reshape(len(features), -1)
