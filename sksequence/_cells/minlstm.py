"""Minimal long short-term memory."""

from __future__ import annotations

from .cell import INPUT, Cell


def _exponentials(ops, f, i):
    """Return 1, exp(-f) and exp(-i), divided by the largest of them.

    Sums of them are at least one, so that no precision is lost even if both gates are
    closed.
    """
    largest = ops.relu(ops.maximum(-f, -i))
    return ops.exp(-largest), ops.exp(-f - largest), ops.exp(-i - largest)


class MinLSTM(Cell):
    """minLSTM of Feng et al. (2024): gates only read the input, and sum to one.

    The sigmoids are f = 1 / (1 + exp(-f')) and i = 1 / (1 + exp(-i')), so that
    f / (f + i) = (1 + exp(-i')) / (2 + exp(-f') + exp(-i')).
    """

    gates = (INPUT,) * 3
    biases, time_scale = (1.0, 0.0, 0.0), (1, -1, 0)

    @staticmethod
    def step(ops, values, states):
        f, i, n = values
        one, of_f, of_i = _exponentials(ops, f, i)
        keep, enter = one + of_i, one + of_f
        return ((keep * states[0] + enter * n) / (keep + enter),), (f, i, n)

    @staticmethod
    def gradient(ops, kept, before, after, wanted):
        f, i, n = kept
        one, of_f, of_i = _exponentials(ops, f, i)
        keep, enter = one + of_i, one + of_f
        dh = wanted[0] / (keep + enter)
        dn = dh * enter
        # The gradient of the log ratio of the two normalised gates.
        ratio = dn * (before[0] - n) * (keep / (keep + enter))
        return (ratio * (of_f / enter), -ratio * (of_i / keep), dn), (dh * keep,)
