"""Minimal long short-term memory."""

from __future__ import annotations

from .cell import INPUT, Cell


def _exponentials(ops, f, i):
    """Return 1, exp(-f) and exp(-i), over the largest of them.

    Sums of them are at least one: both gates may close as far as they like, and what is
    kept and what is new still have all of their digits.
    """
    largest = ops.relu(ops.maximum(-f, -i))
    return ops.exp(-largest), ops.exp(-f - largest), ops.exp(-i - largest)


class MinLSTM(Cell):
    """The cell of Feng et al. (2024): its gates read the input alone, and sum to one.

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
        # Of the logarithm of the ratio of what is kept to what is new.
        ratio = dn * (before[0] - n) * (keep / (keep + enter))
        of_values = (ratio * ops.sigmoid(-f), -ratio * ops.sigmoid(-i), dn)
        return of_values, (dh * keep,)
