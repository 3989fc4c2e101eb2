"""The minimal gated recurrent unit."""

from __future__ import annotations

from .cell import INPUT, Cell


class MinGRU(Cell):
    """minGRU of Feng et al. (2024): gate and candidate only read the input."""

    gates = (INPUT, INPUT)
    biases, time_scale = (0.0, 0.0), (-1, 0)

    @staticmethod
    def step(ops, values, states):
        z, n = ops.sigmoid(values[0]), values[1]
        return (states[0] + z * (n - states[0]),), (z, n)

    @staticmethod
    def gradient(ops, kept, before, after, wanted):
        (z, n), dh = kept, wanted[0]
        return (dh * (n - before[0]) * z * (1.0 - z), dh * z), (dh * (1.0 - z),)
