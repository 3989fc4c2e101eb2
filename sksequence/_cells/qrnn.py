"""The quasi-recurrent cell."""

from __future__ import annotations

from .cell import INPUT, Cell


class QRNN(Cell):
    """QRNN of Bradbury et al. (2016), with filters of size one and fo-pooling.

    The initial bias of the forget gate is one, as in :class:`LSTM`.
    """

    gates, n_states = (INPUT,) * 3, 2
    biases, time_scale = (0.0, 1.0, 0.0), (0, 1, 0)

    @staticmethod
    def step(ops, values, states):
        z, f = ops.tanh(values[0]), ops.sigmoid(values[1])
        o = ops.sigmoid(values[2])
        c = z + f * (states[1] - z)
        return (o * c, c), (z, f, o)

    @staticmethod
    def gradient(ops, kept, before, after, wanted):
        z, f, o = kept
        dh, dc = wanted[0], wanted[1] + wanted[0] * o
        grad_values = (
            dc * (1.0 - f) * (1.0 - z * z),
            dc * (before[1] - z) * f * (1.0 - f),
            dh * after[1] * o * (1.0 - o),
        )
        return grad_values, (None, dc * f)
