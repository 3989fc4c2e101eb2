"""Trees of plain data in a file."""

from __future__ import annotations

from sksequence._storage import Kind, write

THIS = Kind("test", (1, 0))
ABOUT = {"sksequence": "0.0"}


def written(path, tree, **changed):
    write(path, tree, THIS._replace(**changed), about=ABOUT)
    return path
