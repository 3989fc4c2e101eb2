"""Trees of plain data in a file."""

from __future__ import annotations

from sksequence._storage import write

THIS = {"kind": "test", "version": (1, 0)}
ABOUT = {"sksequence": "0.0"}


def written(path, tree, **changed):
    write(path, tree, about=ABOUT, **{**THIS, **changed})
    return path
