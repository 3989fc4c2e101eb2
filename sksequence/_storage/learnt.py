"""What a fit leaves behind, declared once by annotations."""

from __future__ import annotations

import inspect


class Learnt:
    """Base of classes whose annotations say what a fit leaves behind.

    They are no dataclasses: what they name is no hyperparameter. What has a value in the
    class is left behind by some fits only.
    """


def learnt_by(cls: type) -> tuple[set[str], set[str]]:
    """Names of what every fit of a class leaves behind, and of what some do.

    Examples
    --------
    >>> class Scaler(Learnt):
    ...     mean_: float
    ...     skipped_: int = 0
    >>> learnt_by(Scaler)
    ({'mean_'}, {'skipped_'})
    """
    every: set[str] = set()
    some: set[str] = set()
    for base in cls.__mro__:
        if Learnt in base.__bases__:
            for name in inspect.get_annotations(base):
                (some if name in vars(base) else every).add(name)
    return every, some
