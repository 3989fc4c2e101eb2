"""Base of the fitted parts of an estimator: frozen, of numpy and plain Python only."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, TypeVar

_Part = TypeVar("_Part", bound="type[Fitted]")

KINDS: dict[str, type[Fitted]] = {}


class Fitted:
    """Base of frozen dataclasses that a fitted estimator holds.

    ``kind`` is the name of the class in stored states, so it must not change when the
    class is renamed. A field added by a later version must have a default, which is used
    for older states.
    """

    kind: ClassVar[str]

    def to_plain(self) -> dict[str, Any]:
        """Return a dict of kind and fields, with nested parts as dicts."""
        fields: Any = dataclasses.fields(self)  # type: ignore[arg-type]
        values = {field.name: getattr(self, field.name) for field in fields}
        return {
            "kind": self.kind,
            **{
                name: value.to_plain() if isinstance(value, Fitted) else value
                for name, value in values.items()
            },
        }

    def check(self) -> None:
        """Raise ValueError if the fields are inconsistent, as in a forged file."""


def fitted_part(cls: _Part) -> _Part:
    """Register a class by its kind."""
    KINDS[cls.kind] = cls
    return cls


def from_plain(state: dict[str, Any], *, ignore_unknown: bool = False) -> Any:
    """Make a part from a dict.

    Parameters
    ----------
    state : dict
        As returned by :meth:`Fitted.to_plain`.
    ignore_unknown : bool, default=False
        Whether to ignore unknown fields, which a newer version may have added.

    Raises
    ------
    ValueError
        If the kind is unknown, a field is missing or unknown, or values are
        inconsistent.
    """
    kind = state.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(
            f"it has a part of kind {kind!r}, expected one of {_listed(KINDS)}"
        )
    cls: Any = KINDS[kind]
    fields = {field.name: field for field in dataclasses.fields(cls)}
    values = {
        name: from_plain(value, ignore_unknown=ignore_unknown)
        if isinstance(value, dict)
        else value
        for name, value in state.items()
        if name != "kind" and not (ignore_unknown and name not in fields)
    }
    if unknown := set(values) - set(fields):
        raise ValueError(f"its {kind} have fields that are not known: {_listed(unknown)}")
    needed = {name for name, f in fields.items() if f.default is dataclasses.MISSING}
    if lacking := needed - set(values):
        raise ValueError(f"its {kind} lack {_listed(lacking)}")
    part: Fitted = cls(**values)
    part.check()
    return part


def _listed(names: Any) -> str:
    return ", ".join(sorted(map(str, names)))
