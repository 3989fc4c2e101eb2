"""Import of the package `_training` on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any


class _LazyModule:
    """Proxy that imports a module on the first access to an attribute.

    torch and skorch take seconds to import: a fit needs them, ``import sksequence`` does
    not.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: Any = None

    def __getattr__(self, attribute: str) -> Any:
        # The name alone would not do: another thread may still be importing the module.
        if self._module is None:
            self._module = import_module(self._name)
        return getattr(self._module, attribute)


if TYPE_CHECKING:
    from .. import _training as training
else:
    training = _LazyModule("sksequence._training")

__all__ = ["training"]
