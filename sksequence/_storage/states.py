"""The format of an estimator's state in pickles, files and copies.

A state is a dict of plain data:

- ``format``: its version; ``sksequence``: the version of the package that made it;
- ``hyperparameters``, by name;
- ``fitted``, after a fit: ``network``, ``settings`` and ``fixed`` (the keywords of the
  network and of its training, and the hyperparameters that must not change when a fit
  continues), ``reading`` and ``target`` (what was learnt from X and y), ``history``,
  ``net`` (weights, optimizer, generator);
- ``attributes``: other attributes, set by scikit-learn or by a user.

It does not depend on the names of private attributes. Older states are converted to this
format by :mod:`.older`.
"""

from __future__ import annotations

import warnings
from typing import Any

from .._inputs import from_plain
from .._version import __version__
from .older import upgrade

# The major number counts incompatible changes, the minor number those that only add
# names.
FORMAT = (2, 0)
PARTS = ("network", "settings", "fixed")
# Attributes of the estimator, and their names in ``fitted``.
_FITTED = {
    "_network": "network",
    "_settings": "settings",
    "_fixed": "fixed",
    "history_": "history",
    "net_": "net",
}
# Attributes that are derived from those in ``fitted``.
_DERIVED = {"n_epochs_", "n_static_features_in_", "classes_"}


def pack(attributes: dict[str, Any], hyperparameters: list[str]) -> dict[str, Any]:
    """Make a state from an estimator's attributes, with the state of its net."""
    left = dict(attributes)
    state = {
        "format": FORMAT,
        "sksequence": __version__,
        "hyperparameters": {name: left.pop(name) for name in hyperparameters},
    }
    if "net_" in left:
        fitted = {place: left.pop(name) for name, place in _FITTED.items()}
        fitted["reading"] = left.pop("_reading").to_plain()
        fitted["target"] = left.pop("_target").to_plain()
        state["fitted"] = fitted
        left = {name: value for name, value in left.items() if name not in _DERIVED}
    return state | {"attributes": left}


def unpack(state: dict[str, Any], defaults: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the attributes in a state of this or an older format.

    Parameters
    ----------
    state : dict
        As returned by :func:`pack` in this version or an older one.
    defaults : dict of dict
        Defaults for names that the state lacks, by part (``"hyperparameters"`` and
        ``PARTS``).

    Warns
    -----
    UserWarning
        If a newer version made the state.
    """
    state = upgrade(state)
    is_newer = tuple(state["format"]) > FORMAT
    if is_newer:
        warnings.warn(
            f"sksequence {state['sksequence']} has stored this state in a newer format "
            f"than {__version__} knows: it may fail or predict otherwise. Install that "
            "version.",
            stacklevel=4,
        )
    attributes = _completed(state["hyperparameters"], defaults["hyperparameters"])
    attributes |= state["attributes"]
    fitted = state.get("fitted")
    if fitted is None:
        return attributes
    for name, place in _FITTED.items():
        attributes[name] = fitted[place]
        if place in PARTS:
            attributes[name] = _completed(fitted[place], defaults[place])
    for part in ("reading", "target"):
        attributes[f"_{part}"] = from_plain(fitted[part], ignore_unknown=is_newer)
    attributes["n_epochs_"] = len(fitted["history"])
    return attributes


def _completed(part: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Append missing names with their defaults; keep the order, which files store."""
    lacking = {name: value for name, value in defaults.items() if name not in part}
    return {**part, **lacking}
