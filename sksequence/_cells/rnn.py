"""The simple recurrent cell."""

from __future__ import annotations

from .cell import BOTH, Cell


class RNN(Cell):
    """Simple RNN of Elman (1990), with tanh."""

    gates, biases = (BOTH,), (0.0,)

    @staticmethod
    def step(ops, values, states):
        h = ops.tanh(values[0])
        return (h,), (h,)

    @staticmethod
    def gradient(ops, kept, before, after, wanted):
        (h,) = kept
        return (wanted[0] * (1.0 - h * h),), (None,)


class RectifiedRNN(Cell):
    """Simple RNN with ReLU (Le, Jaitly and Hinton, 2015)."""

    gates, biases = (BOTH,), (0.0,)

    @staticmethod
    def step(ops, values, states):
        h = ops.relu(values[0])
        return (h,), (h,)

    @staticmethod
    def gradient(ops, kept, before, after, wanted):
        return (ops.where_positive(kept[0], wanted[0]),), (None,)
