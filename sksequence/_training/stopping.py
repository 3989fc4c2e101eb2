"""How a callback ends training, and how that differs from a Ctrl-C."""

from __future__ import annotations

import dis
from types import TracebackType

_RAISE = dis.opmap.get("RAISE_VARARGS")


class StopTraining(Exception):
    """Raised to end training after an epoch; not an error."""


def is_stop_of_skorch(interrupt: KeyboardInterrupt) -> bool:
    """Return whether a callback of skorch raised this to end training.

    skorch's ``EarlyStopping`` raises KeyboardInterrupt by a raise statement of its own. A
    Ctrl-C comes between other instructions.
    """
    last = interrupt.__traceback__
    if last is None:
        return False
    while last.tb_next is not None:
        last = last.tb_next
    module = last.tb_frame.f_globals.get("__name__", "")
    return module.startswith("skorch.callbacks.") and _is_raise(last)


def _is_raise(where: TracebackType) -> bool:
    """Return whether the instruction that ended a frame is a raise statement."""
    return where.tb_frame.f_code.co_code[where.tb_lasti] == _RAISE
