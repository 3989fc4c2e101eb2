"""Checkpoints: the progress of a fit, saved to a file after every epoch."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from .._inputs import AnySequences
from .._version import __version__
from .file import Kind, read, refusing, write

FORMAT = (1, 0)
CHECKPOINT = Kind("checkpoint", FORMAT)
# Hyperparameters that do not change the result of a fit.
_ASIDE = {"checkpoint", "verbose", "warm_start"}


class Checkpoint:
    """The checkpoint file of one fit.

    Parameters
    ----------
    path : str or path-like
        The file; or a directory (an existing one, or a path with a separator at the
        end) with a file for each fit.
    identity : dict
        The identity of the fit: hyperparameters, and digests of data.

    Attributes
    ----------
    start : dict or None
        The initial random draws of the fit.
    progress : dict or None
        The progress; None at the beginning.
    is_done : bool
        Whether the fit is complete.

    Raises
    ------
    ValueError
        If the file is damaged, or belongs to another fit; the message names the
        differences.
    """

    def __init__(self, path: str | os.PathLike[str], identity: dict[str, Any]) -> None:
        self.path = _file_of(path, identity)
        self.identity = identity
        self.start: dict[str, Any] | None = None
        self.progress: dict[str, Any] | None = None
        self.is_done = False
        if not self.path.exists():
            return
        content = read(self.path, CHECKPOINT)
        with refusing(self.path):
            before, self.start, self.progress, self.is_done = (
                content.tree[name]
                for name in ("identity", "start", "progress", "is_done")
            )
            changes = _differences(before, identity)
        if changes:
            raise ValueError(
                f"{os.fspath(self.path)} is the checkpoint of another fit: "
                f"{'; '.join(changes)}. Set that back to go on with it; to begin anew, "
                "remove the file or name another."
            )

    def begin(self, start: dict[str, Any]) -> dict[str, Any]:
        """Return the start in the file, or save ``start`` if there is none."""
        if self.start is None:
            self.start = start
            self._write()
        return self.start

    def keep(self, progress: dict[str, Any], *, is_done: bool) -> None:
        """Save the progress of the fit."""
        self.progress, self.is_done = progress, is_done
        self._write()

    def _write(self) -> None:
        tree = {
            "identity": self.identity,
            "start": self.start,
            "progress": self.progress,
            "is_done": self.is_done,
        }
        about = {"class": self.identity["class"], "sksequence": __version__}
        write(self.path, tree, CHECKPOINT, about=about)


def identify(
    estimator: Any,
    sequences: AnySequences,
    added: dict[str, Any] | None = None,
    resolved: dict[str, Any] | None = None,
    **data: np.ndarray | None,
) -> dict[str, Any]:
    """Return the identity of a fit, in plain Python.

    Parameters
    ----------
    estimator : estimator
        Its hyperparameters are included, except those that do not change the result.
    sequences : Sequences or StoredSequences
        The sequences.
    added : dict or None, default=None
        Hyperparameters added after the first format, with their defaults. They are left
        out if they have their default, so that checkpoints of older versions still match.
    resolved : dict or None, default=None
        Values of hyperparameters that follow from others, such as ``num_layers``.
    **data : ndarray or None
        All other data that are learnt from.

    Examples
    --------
    >>> from sksequence import GRUClassifier
    >>> from sksequence._inputs import Sequences
    >>> X = Sequences(np.zeros((3, 1)), np.array([3]))
    >>> found = identify(GRUClassifier(lr=0.1), X, y=np.array([1]), groups=None)
    >>> found["class"], found["parameters"]["lr"], found["data"]["groups"]
    ('GRUClassifier', '0.1', None)
    """
    parameters = estimator.get_params(deep=False) | (resolved or {})
    digest = hashlib.sha256(_described(sequences.lengths))
    for _, values in sequences.chunks():
        digest.update(_described(values))
    digests = {
        name: None if value is None else hashlib.sha256(_described(value)).hexdigest()
        for name, value in data.items()
    }
    said = {
        name: _said(value) for name, value in parameters.items() if name not in _ASIDE
    }
    for name, default in (added or {}).items():
        if said[name] == _said(default):
            del said[name]
    return {
        "class": type(estimator).__name__,
        "parameters": said,
        "data": {"X": digest.hexdigest(), **digests},
    }


def _described(array: np.ndarray) -> bytes:
    """Return dtype, shape and content of an array as bytes."""
    kind = f"{array.dtype.str}{array.shape}".encode()
    if array.dtype == object:
        return kind + repr(array.tolist()).encode()
    return kind + np.ascontiguousarray(array).tobytes()


def _said(value: Any) -> str:
    """Return a hyperparameter as text that is the same in every process."""
    if isinstance(value, np.random.RandomState):
        return (
            f"RandomState({hashlib.sha256(repr(value.get_state()).encode()).hexdigest()})"
        )
    if isinstance(value, type) or callable(value):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, dict):
        items = (f"{_said(name)}: {_said(item)}" for name, item in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_said, value))})"
    if isinstance(value, np.generic):
        return repr(value.item())
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    return f"{type(value).__module__}.{type(value).__qualname__}(...)"


def _file_of(path: str | os.PathLike[str], identity: dict[str, Any]) -> Path:
    """Return the file of a fit; in a directory its name depends on the identity."""
    text = os.fspath(path)
    if not text.endswith(("/", os.sep)) and not os.path.isdir(text):
        return Path(text)
    os.makedirs(text, exist_ok=True)
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return Path(text) / f"{identity['class']}-{digest[:20]}.checkpoint"


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return descriptions of the differences."""
    old, new = before["parameters"], now["parameters"]
    if before["class"] != now["class"]:
        return [f"it is of {before['class']}, not {now['class']}"]
    changes = [
        f"{name} was {old.get(name, 'not there')} and is {new.get(name, 'not there')}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]
    return changes + [
        f"{name} has changed"
        for name, digest in now["data"].items()
        if before["data"].get(name) != digest
    ]
