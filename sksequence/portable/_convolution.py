"""Convolution along time, of padded sequences and of single steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._parts import Part
from ._time import valid_steps
from ._weights import numbered


class Convolution:
    """A convolution along time with its normalisation folded in, and a rectifier.

    Parameters
    ----------
    weights : dict of ndarray
        Those of the convolution, or of several kernels side by side, of the normalisation
        and of a product before, if there is one, by torch's names.
    stride, dilation : int
        Steps from one output to the next, and from one that a kernel reads to the next.
    causal : bool
        Whether outputs read no step after their own block.
    rectifies : bool
        Whether there is a rectifier.
    """

    bottleneck: np.ndarray | None = None
    rectifies = True

    def __init__(
        self,
        weights: dict[str, np.ndarray],
        stride: int,
        causal: bool,
        dilation: int = 1,
        rectifies: bool = True,
    ) -> None:
        several = [part["weight"] for part in numbered("convolution", weights)]
        kernels = several or [weights["convolution.weight"]]
        dtype = kernels[0].dtype
        wide = {name: value.astype(np.float64) for name, value in weights.items()}
        factor = wide["norm.weight"] / np.sqrt(wide["norm.running_var"] + 1e-5)
        bias = wide["norm.bias"] - wide["norm.running_mean"] * factor
        self.bias = bias.astype(dtype)
        self.stride, self.rectifies = stride, rectifies
        self.channels = kernels[0].shape[1]
        if "bottleneck.weight" in weights:
            self.bottleneck = weights["bottleneck.weight"].T
        extents = [dilation * (kernel.shape[2] - 1) + 1 for kernel in kernels]
        beyond = [max(extent - stride, 0) for extent in extents]
        befores = beyond if causal else [n // 2 for n in beyond]
        self.before = max(befores)
        ends = [n - before for n, before in zip(extents, befores, strict=True)]
        # Of the steps in a window, of which each kernel reads some.
        self.kernel_size = self.before + max(ends)
        self.kernels = []
        factors = np.split(factor, np.cumsum([len(kernel) for kernel in kernels])[:-1])
        for kernel, own, before, end in zip(kernels, factors, befores, ends, strict=True):
            folded = kernel.astype(np.float64) * own[:, None, None]
            # Channels last, as in the windows of the input.
            matrix = folded.transpose(2, 1, 0).reshape(-1, len(own)).astype(dtype)
            taps = slice(self.before - before, self.before + end, dilation)
            self.kernels.append((taps, matrix))

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "matrix" in state:  # earlier versions pickled a single kernel
            state = {"kernels": [(slice(None), state["matrix"])], **state}
        vars(self).update(state)

    @property
    def size(self) -> int:
        """Number of output channels."""
        return len(self.bias)

    def __call__(
        self, x: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Convolve padded sequences (n, steps, channels)."""
        x = self.reduce(np.where(valid_steps(lengths, x.shape[1]), x, 0))
        n_outputs = -(-x.shape[1] // self.stride)
        behind = (n_outputs - 1) * self.stride + self.kernel_size - self.before
        x = np.pad(x, ((0, 0), (self.before, max(behind - x.shape[1], 0)), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(x, self.kernel_size, axis=1)
        windows = windows[:, :: self.stride][:, :n_outputs].swapaxes(2, 3)
        return self.finish(windows), -(-lengths // self.stride)

    def reduce(self, x: np.ndarray) -> np.ndarray:
        """Return fewer channels, if there is a product before."""
        return x if self.bottleneck is None else x @ self.bottleneck

    def finish(self, windows: np.ndarray) -> np.ndarray:
        """Return the outputs of windows (..., kernel_size, channels)."""
        convolved = []
        for taps, matrix in self.kernels:
            read = windows[..., taps, :]
            convolved.append(read.reshape(*read.shape[:-2], -1) @ matrix)
        several = len(convolved) > 1
        y = np.concatenate(convolved, axis=-1) if several else convolved[0]
        return np.maximum(y + self.bias, 0) if self.rectifies else y + self.bias

    def start(self, n: int) -> RunningConvolution:
        """Return the layer for n streams."""
        return RunningConvolution(self, n)


class RunningConvolution(Part):
    """A causal convolution that reads step by step, with the last steps in a ring."""

    kept = ("ring", "count")

    def __init__(self, convolution: Convolution, n: int) -> None:
        self.convolution = convolution
        self.size = max(convolution.kernel_size, convolution.stride)
        # Each step is stored twice, so that the last ones are always contiguous.
        shape = (n, 2 * self.size, convolution.channels)
        self.ring = np.zeros(shape, convolution.bias.dtype)
        self.count = 0

    def step(self, x: np.ndarray) -> np.ndarray | None:
        """Read a step; return an output if it completes a block, else None."""
        x = self.convolution.reduce(x)
        place = self.count % self.size
        self.ring[:, place] = x
        self.ring[:, place + self.size] = x
        self.count += 1
        if self.count % self.convolution.stride:
            return None
        first = place + 1
        window = self.ring[:, first : first + self.convolution.kernel_size]
        return self.convolution.finish(window)
