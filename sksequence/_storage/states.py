"""The format of an estimator's state: in pickles, in files, in copies.

A state is a dict of plain data:

- ``format``: its version, and ``sksequence``, the version that made it;
- ``hyperparameters``, by name;
- ``fitted``, after a fit: ``network``, ``settings`` and ``fixed`` (the keywords of the
  network and of its training, and the hyperparameters that a continued fit may not
  change), ``reading`` and ``target`` (what was learnt of X and y), ``history``, ``net``
  (weights, optimizer, generator);
- ``attributes``: what scikit-learn keeps in an estimator, and whatever a user has put
  there.

It does not depend on the names of private attributes. An older state is brought to this
format by :mod:`.older`.
"""

from __future__ import annotations

import warnings
from typing import Any

from .._inputs import from_plain
from .._version import __version__
from .older import upgrade

# The first number counts changes that older versions cannot follow, the second those
# that only add names.
FORMAT = (2, 0)
PARTS = ("network", "settings", "fixed")
# By attribute of the estimator, where it stands in ``fitted``.
_FITTED = {
    "_network": "network",
    "_settings": "settings",
    "_fixed": "fixed",
    "history_": "history",
    "net_": "net",
}
# They follow from what is in ``fitted``.
_DERIVED = {"n_epochs_", "n_static_features_in_", "classes_"}


def pack(attributes: dict[str, Any], hyperparameters: list[str]) -> dict[str, Any]:
    """Make a state of an estimator's attributes, in which the net is its state."""
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
    """Return the attributes that a state of this or an older format describes.

    Parameters
    ----------
    state : dict
        As :func:`pack` returned it, in this version or an older one.
    defaults : dict of dict
        By part (``"hyperparameters"`` and ``PARTS``) what stands for names that the
        state lacks.

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
    """Add what a part lacks, at its end: the order of the rest is seen in files."""
    lacking = {name: value for name, value in defaults.items() if name not in part}
    return {**part, **lacking}
