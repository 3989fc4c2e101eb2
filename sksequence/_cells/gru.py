"""The gated recurrent unit."""

from __future__ import annotations

from .cell import APART, BOTH, Cell


class GRU(Cell):
    """GRU of Cho et al. (2014), with the reset gate after the product, as in torch."""

    gates = (BOTH, BOTH, APART)
    biases, time_scale = (0.0, 0.0, 0.0), (0, 1, 0)

    @staticmethod
    def step(ops, values, states):
        r, z = ops.sigmoid(values[0]), ops.sigmoid(values[1])
        from_state, from_input = values[2]
        n = ops.tanh(from_input + r * from_state)
        return (n + z * (states[0] - n),), (r, z, (from_state, n))

    @staticmethod
    def gradient(ops, kept, before, after, wanted):
        r, z, (from_state, n) = kept
        dh = wanted[0]
        dn = dh * (1.0 - z) * (1.0 - n * n)
        grad_values = (
            dn * from_state * r * (1.0 - r),
            dh * (before[0] - n) * z * (1.0 - z),
            (dn * r, dn),
        )
        return grad_values, (dh * z,)
