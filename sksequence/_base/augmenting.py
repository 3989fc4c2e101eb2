"""The hyperparameter ``augment``: names and strengths, and where they make sense."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from numbers import Real
from typing import Any

from .._inputs import NumberReading, Reading
from .intervals import Number

# The usual strengths of the sources, in the order in which the changes are made.
STRENGTHS = {"crop": 0.1, "warp": 0.2, "scale": 0.1, "jitter": 0.03, "mixup": 0.2}
_SHARE = Number(Real, 0, 1, closed="right")
_ALLOWED = {
    "crop": Number(Real, 0, 1, closed="neither"),
    "warp": _SHARE,
    "scale": _SHARE,
    "jitter": Number(Real, 0, None, closed="neither"),
    "mixup": _SHARE,
}


def read_augment(given: str | Sequence[str] | Mapping[str, float] | None) -> Any:
    """Validate the hyperparameter, and return the strength of each change by name.

    Examples
    --------
    >>> read_augment(None), read_augment("jitter"), read_augment({"crop": 0.2})
    ({}, {'jitter': 0.03}, {'crop': 0.2})
    >>> read_augment(("scale", "warp"))
    {'warp': 0.2, 'scale': 0.1}
    >>> read_augment("noise")
    Traceback (most recent call last):
    ...
    ValueError: augment must have names among crop, warp, scale, jitter, mixup, \
got 'noise'
    """
    names = [given] if isinstance(given, str) else list(given or ())
    for name in names:
        if not isinstance(name, str) or name not in STRENGTHS:
            raise ValueError(
                f"augment must have names among {', '.join(STRENGTHS)}, got {name!r}"
            )
    if len(set(names)) < len(names):
        raise ValueError(f"augment must name each change once, got {given!r}")
    wanted = dict(given) if isinstance(given, Mapping) else {}
    for name, strength in wanted.items():
        if not _ALLOWED[name].is_satisfied_by(strength):
            raise ValueError(
                f"augment: the strength of {name} must be {_ALLOWED[name]}, got "
                f"{strength!r}"
            )
    strengths = {**STRENGTHS, **wanted}
    return {name: float(strengths[name]) for name in STRENGTHS if name in names}


def check_augment(
    strengths: Mapping[str, float],
    allowed: Collection[str],
    reading: Reading,
    estimator: str,
) -> None:
    """Raise ValueError for changes that the data, or an estimator's targets, refuse.

    Parameters
    ----------
    strengths : dict
        The changes.
    allowed : collection of str
        Names of changes that leave the targets as they are, or change them too.
    reading : Reading
        What is known of X.
    estimator : str
        Name of the class.
    """
    if not strengths:
        return
    if not isinstance(reading, NumberReading):
        raise ValueError(
            f"augment={dict(strengths)!r} is for channels of numbers, not for tokens "
            "(with embedding_dim); expected augment=None."
        )
    if reading.categories is not None:
        raise ValueError(
            f"augment={dict(strengths)!r} is for channels of numbers, but the channels "
            f"{list(reading.categories.columns)} of X hold categories; expected "
            "augment=None."
        )
    for name in strengths:
        if name not in allowed:
            raise ValueError(
                f"augment must have names among {', '.join(allowed)} here, got {name!r}, "
                f"which would not leave the targets of this {estimator} right."
            )
    if "mixup" in strengths and reading.static.categories is not None:
        raise ValueError(
            'augment must not have "mixup" with static columns that hold categories, '
            "which cannot be mixed."
        )
    by_time = {"warp", "mixup"} & set(strengths)
    if by_time and reading.time_channel is not None:
        raise ValueError(
            f"augment must not have {min(by_time)!r} with time_channel="
            f"{reading.time_channel}, where steps have times of their own; expected "
            "crop, scale or jitter."
        )
