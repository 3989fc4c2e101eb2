"""Minimal long short-term memory."""

from __future__ import annotations

from .cell import INPUT, Cell

_LARGEST = 80.0  # a thousand times its exponential is still finite in float32


def _exponentials(ops, f, i):
    """Return exp(-f) and exp(-i), both divided by the same number if one is too large.

    Only their ratio matters then: beside exp(80), one is negligible.
    """
    excess = ops.relu(ops.maximum(-f, -i) - _LARGEST)
    return ops.exp(-f - excess), ops.exp(-i - excess)


class MinLSTM(Cell):
    """The cell of Feng et al. (2024): its gates read only the input, and sum to one.

    The gates 1 / (1 + exp(-f)) and 1 / (1 + exp(-i)), divided by their sum, are
    (1 + exp(-i)) / s and (1 + exp(-f)) / s with s = 2 + exp(-f) + exp(-i). This form is
    accurate also where both are nearly closed, and never divides zero by zero.
    """

    gates = (INPUT,) * 3
    biases, time_scale = (1.0, 0.0, 0.0), (1, -1, 0)

    @staticmethod
    def step(ops, values, states):
        f, i, n = values
        exp_f, exp_i = _exponentials(ops, f, i)
        share = 1.0 / (2.0 + exp_f + exp_i)
        keep, enter = (1.0 + exp_i) * share, (1.0 + exp_f) * share
        return (keep * states[0] + enter * n,), (keep, share, n)

    @staticmethod
    def gradient(ops, kept, before, after, wanted):
        keep, share, n = kept
        enter, dh = 1.0 - keep, wanted[0]  # the shares sum to one
        d = dh * (before[0] - n)
        grad_values = (
            d * keep * (enter - share),
            -d * enter * (keep - share),
            dh * enter,
        )
        return grad_values, (dh * keep,)
