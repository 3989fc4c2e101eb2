"""A predictor as one Python file that needs numpy alone."""

from __future__ import annotations

import ast
import base64
import io
import json
import os
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from .. import portable
from .._storage import check_target, replace_file
from ..portable import NumpyPredictor

# In the order in which they need each other.
_MODULES = (
    "_parts",
    "_time",
    "_recurrence",
    "_convolution",
    "_pooling",
    "_reading",
    "_network",
    "_inputs",
    "_answers",
    "stream",
    "predictor",
)
_HEAD = '''"""A fitted {name}.

numpy is all that this file needs. Import it, under whatever name it has:

    from {module} import predictor

    predictor.predict(X)  # as the estimator did
"""

from __future__ import annotations

import base64
import io
import json
{imports}
'''
_TAIL = """
_SETTINGS = {settings}
_ARRAYS = (
{arrays}
)

with np.load(io.BytesIO(base64.b85decode(_ARRAYS)), allow_pickle=False) as _file:
    predictor = NumpyPredictor(json.loads(_SETTINGS), dict(_file))
"""


def write_bundle(predictor: NumpyPredictor, path: str | os.PathLike) -> None:
    """Write a Python file whose ``predictor`` is this one.

    Parameters
    ----------
    predictor : NumpyPredictor
        What it is to hold.
    path : str or path
        Ends with ".py". The file is there whole, or not at all.

    Raises
    ------
    ValueError
        If the name is none that Python can import.
    OSError
        If the file cannot be written.
    """
    target = check_target(path)
    if target.suffix != ".py" or not target.stem.isidentifier():
        raise ValueError(
            "path must name a Python file that can be imported, such as 'model.py', "
            f"got {os.fspath(path)!r}"
        )
    imports, bodies = _sources()
    packed = io.BytesIO()
    arrays: dict[str, Any] = {
        name: array.astype(str) if array.dtype == object else array
        for name, array in predictor.arrays.items()
    }
    np.savez_compressed(packed, **arrays)
    text = base64.b85encode(packed.getvalue()).decode()
    # The whole of its words could end the string that they stand in.
    name = predictor.settings["made_from"].partition("(")[0]
    head = _HEAD.format(name=name, module=target.stem, imports=imports)
    tail = _TAIL.format(
        settings=repr(json.dumps(predictor.settings)),
        arrays="\n".join(f'    "{line}"' for line in textwrap.wrap(text, 80)),
    )
    replace_file(target, ["\n\n\n".join([head, *bodies, tail]).encode()])


def _sources() -> tuple[str, list[str]]:
    """Return what the modules import that is not theirs, and what else is in them."""
    folder = Path(portable.__file__).parent
    imports, bodies = set(), []
    for name in _MODULES:
        source = (folder / f"{name}.py").read_text(encoding="utf-8")
        tree = ast.parse(source)
        own = [x for x in tree.body if isinstance(x, ast.Import | ast.ImportFrom)]
        imports |= {
            ast.unparse(statement)
            for statement in own
            if isinstance(statement, ast.Import)
            or (not statement.level and statement.module != "__future__")
        }
        lines = source.splitlines()[own[-1].end_lineno :]
        bodies.append("\n".join(lines).strip("\n"))
    return "\n".join(sorted(imports)), bodies
