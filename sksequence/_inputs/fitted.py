"""Parts that a fit leaves behind: frozen, and made of numpy and plain Python alone."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, TypeVar

_Part = TypeVar("_Part", bound="type[Fitted]")

KINDS: dict[str, type[Fitted]] = {}


class Fitted:
    """Base of frozen dataclasses that an estimator holds after a fit.

    ``kind`` is the name by which stored states know the class, so it stays what it is
    when the class is renamed. A field that a later version adds has a default, which
    older states get.
    """

    kind: ClassVar[str]

    def to_plain(self) -> dict[str, Any]:
        """Return the kind and the fields, parts within as plain dicts too."""
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
        """Raise ValueError if the fields do not fit each other, as in a forged file."""


def fitted_part(cls: _Part) -> _Part:
    """Register a class under its kind."""
    KINDS[cls.kind] = cls
    return cls


def from_plain(state: dict[str, Any], *, ignore_unknown: bool = False) -> Any:
    """Make the part that such a dict describes.

    Parameters
    ----------
    state : dict
        As :meth:`Fitted.to_plain` returns it.
    ignore_unknown : bool, default=False
        Leave out fields that the class has not: those of a newer version.

    Raises
    ------
    ValueError
        For an unknown kind, a field that is missing or unknown, or values that do not
        fit each other.
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
