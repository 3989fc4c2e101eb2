"""Minimal long short-term memory."""

from __future__ import annotations

from .cell import INPUT, Cell

_LARGEST = 80.0  # whose exponential a float32 holds some thousand times


def _exponentials(ops, f, i):
    """Return exp(-f) and exp(-i), both over the same number if one were too large.

    Beside what is then larger than exp(80), one is the nothing that it should be.
    """
    excess = ops.relu(ops.maximum(-f, -i) - _LARGEST)
    return ops.exp(-f - excess), ops.exp(-i - excess)


class MinLSTM(Cell):
    """The cell of Feng et al. (2024): its gates read the input alone, and sum to one.

    As the gates are 1 / (1 + exp(-f)) and 1 / (1 + exp(-i)), their shares are
    (1 + exp(-i)) / s and (1 + exp(-f)) / s with s = 2 + exp(-f) + exp(-i): exact also
    where both are nearly closed, and never zero over zero.
    """

    gates = (INPUT,) * 3
    biases, time_scale = (1.0, 0.0, 0.0), (1, -1, 0)

    @staticmethod
    def step(ops, values, states):
        f, i, n = values
        of_f, of_i = _exponentials(ops, f, i)
        keep, enter = 1.0 + of_i, 1.0 + of_f
        return ((keep * states[0] + enter * n) / (keep + enter),), (f, i, n)

    @staticmethod
    def gradient(ops, kept, before, after, wanted):
        f, i, n = kept
        of_f, of_i = _exponentials(ops, f, i)
        share = 1.0 / (2.0 + of_f + of_i)
        keep, enter = (1.0 + of_i) * share, (1.0 + of_f) * share
        dh = wanted[0]
        d = dh * (before[0] - n)
        of_values = (d * keep * (of_f * share), -d * enter * (of_i * share), dh * enter)
        return of_values, (dh * keep,)
