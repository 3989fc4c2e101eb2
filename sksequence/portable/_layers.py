"""Convolutional layers one after the other, with connections that skip some of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._convolution import Convolution, RunningConvolution
from ._parts import Part
from ._squeeze import RunningSqueeze, Squeeze
from ._weights import below, numbered


class Residual:
    """Layers whose input is added to their output.

    Parameters
    ----------
    layers : list
        Convolutions, and gates behind them.
    shortcut : Convolution or None
        What maps the input, if it has other channels or more steps than the output.
    """

    def __init__(self, layers: list[Layer], shortcut: Convolution | None) -> None:
        self.layers, self.shortcut = layers, shortcut
        self.stride: int = math.prod([layer.stride for layer in layers])
        self.size: int = layers[-1].size

    def __call__(
        self, x: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Apply to padded sequences (n, steps, channels)."""
        y, left = run_layers(self.layers, x, lengths)
        around = x if self.shortcut is None else self.shortcut(x, lengths)[0]
        return np.maximum(y + around, 0), left

    def start(self, n: int) -> RunningResidual:
        """Return the layers for n streams."""
        return RunningResidual(self, n)


class RunningResidual(Part):
    """Layers, and what skips them, that read step by step."""

    def __init__(self, residual: Residual, n: int) -> None:
        self.layers = [layer.start(n) for layer in residual.layers]
        shortcut = residual.shortcut
        self.around = [] if shortcut is None else [shortcut.start(n)]

    def step(self, x: np.ndarray) -> np.ndarray | None:
        """Read a step; return an output if it completes a block, else None."""
        y, around = advance(self.layers, x), advance(self.around, x)
        if y is None or around is None:
            return None
        return np.maximum(y + around, 0)

    def get_state(self) -> dict[str, Any]:
        parts = [*self.layers, *self.around]
        return {"parts": [part.get_state() for part in parts]}

    def set_state(self, state: dict[str, Any]) -> None:
        parts = [*self.layers, *self.around]
        for part, own in zip(parts, state["parts"], strict=True):
            part.set_state(own)

    def reset(self, rows: Any = slice(None)) -> None:
        for part in [*self.layers, *self.around]:
            part.reset(rows)


Layer = Convolution | Squeeze | Residual
RunningLayer = RunningConvolution | RunningSqueeze | RunningResidual


def make_layers(
    weights: dict[str, np.ndarray],
    strides: Sequence[int],
    causal: bool,
    dilations: Sequence[int],
    residual: int | None,
) -> list[Layer]:
    """Return the layers of an encoder, by its weights and how they are applied."""
    described = numbered("layers", weights)
    n, made = len(described), list[Layer]()
    for begin in range(0, n, residual or max(n, 1)):
        block: list[Layer] = []
        end = min(begin + (residual or n), n)
        for i in range(begin, end):
            rectifies = residual is None or i + 1 < end
            own = described[i]
            block.append(Convolution(own, strides[i], causal, dilations[i], rectifies))
            if gates := below("squeeze", own):
                block.append(Squeeze(gates, causal))
        if residual is None:
            return block
        # None where what skips the layers has no weights.
        around = below(f"shortcuts.{begin // residual}", weights)
        stride = math.prod(strides[begin:end])
        shortcut = Convolution(around, stride, causal, 1, False) if around else None
        made.append(Residual(block, shortcut))
    return made


def run_layers(
    layers: Sequence[Layer], x: np.ndarray, lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Apply layers to padded sequences; return the lengths that are left, too."""
    for layer in layers:
        x, lengths = layer(x, lengths)
    return x, lengths


def advance(layers: Sequence[RunningLayer], x: np.ndarray) -> np.ndarray | None:
    """Read a step in layers one after the other; None if a block is not complete."""
    step: np.ndarray | None = x
    for layer in layers:
        if step is None:
            break
        step = layer.step(step)
    return step
