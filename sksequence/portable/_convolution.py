"""Convolution along time, of padded sequences and of single steps."""

from __future__ import annotations

import numpy as np

from ._parts import Part
from ._time import valid_steps


class Convolution:
    """A convolution along time with its normalisation folded in, and a rectifier.

    Parameters
    ----------
    weights : dict of ndarray
        ``convolution.weight`` and those of the normalisation, by torch's names.
    stride : int
        Steps from one output to the next.
    causal : bool
        Whether outputs read no step after their own block.
    """

    def __init__(self, weights: dict[str, np.ndarray], stride: int, causal: bool) -> None:
        kernel = weights["convolution.weight"]
        wide = {name: value.astype(np.float64) for name, value in weights.items()}
        factor = wide["norm.weight"] / np.sqrt(wide["norm.running_var"] + 1e-5)
        folded = wide["convolution.weight"] * factor[:, None, None]
        # Channels last, as in the windows of the input.
        self.matrix = folded.transpose(2, 1, 0).reshape(-1, len(factor))
        self.matrix = self.matrix.astype(kernel.dtype)
        bias = wide["norm.bias"] - wide["norm.running_mean"] * factor
        self.bias = bias.astype(kernel.dtype)
        self.channels, self.kernel_size = kernel.shape[1:]
        self.stride = stride
        beyond = max(self.kernel_size - stride, 0)
        self.before = beyond if causal else beyond // 2

    def __call__(
        self, x: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Convolve padded sequences (n, steps, channels)."""
        x = np.where(valid_steps(lengths, x.shape[1]), x, 0)
        n_outputs = -(-x.shape[1] // self.stride)
        behind = (n_outputs - 1) * self.stride + self.kernel_size - self.before
        x = np.pad(x, ((0, 0), (self.before, max(behind - x.shape[1], 0)), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(x, self.kernel_size, axis=1)
        windows = windows[:, :: self.stride][:, :n_outputs].swapaxes(2, 3)
        return self.finish(windows), -(-lengths // self.stride)

    def finish(self, windows: np.ndarray) -> np.ndarray:
        """Return the outputs of windows (..., kernel_size, channels)."""
        rows = windows.reshape(*windows.shape[:-2], -1)
        return np.maximum(rows @ self.matrix + self.bias, 0)


class RunningConvolution(Part):
    """A causal convolution that reads step by step, with the last steps in a ring."""

    kept = ("ring", "count")

    def __init__(self, convolution: Convolution, n: int) -> None:
        self.convolution = convolution
        self.size = max(convolution.kernel_size, convolution.stride)
        # Each step is stored twice, so that the last ones are always contiguous.
        shape = (n, 2 * self.size, convolution.channels)
        self.ring = np.zeros(shape, convolution.matrix.dtype)
        self.count = 0

    def step(self, x: np.ndarray) -> np.ndarray | None:
        """Read a step; return an output if it completes a block, else None."""
        place = self.count % self.size
        self.ring[:, place] = x
        self.ring[:, place + self.size] = x
        self.count += 1
        if self.count % self.convolution.stride:
            return None
        first = place + 1
        window = self.ring[:, first : first + self.convolution.kernel_size]
        return self.convolution.finish(window)
