"""Long short-term memory."""

from __future__ import annotations

from .cell import BOTH, Cell


class LSTM(Cell):
    """LSTM of Hochreiter and Schmidhuber (1997), with the forget gate of Gers (2000).

    The initial bias of the forget gate is one (Jozefowicz et al., 2015).
    """

    gates, n_states = (BOTH,) * 4, 2
    biases, time_scale = (0.0, 1.0, 0.0, 0.0), (-1, 1, 0, 0)

    @staticmethod
    def step(ops, values, states):
        i, f = ops.sigmoid(values[0]), ops.sigmoid(values[1])
        g, o = ops.tanh(values[2]), ops.sigmoid(values[3])
        c = f * states[1] + i * g
        return (o * ops.tanh(c), c), (i, f, g, o)

    @staticmethod
    def gradient(ops, kept, before, after, wanted):
        i, f, g, o = kept
        dh, c = wanted[0], ops.tanh(after[1])
        dc = wanted[1] + dh * o * (1.0 - c * c)
        grad_values = (
            dc * g * i * (1.0 - i),
            dc * before[1] * f * (1.0 - f),
            dc * i * (1.0 - g * g),
            dh * c * o * (1.0 - o),
        )
        return grad_values, (None, dc * f)
