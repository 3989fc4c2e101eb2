"""A predictor as one Python file that needs only numpy."""

from __future__ import annotations

import ast
import base64
import inspect
import io
import json
import os
import sys
import textwrap
from importlib import import_module
from importlib.util import resolve_name
from types import ModuleType
from typing import Any

import numpy as np

from .. import _cells, portable
from .._storage import check_target, replace_file
from ..portable import NumpyPredictor

_HEAD = '''"""A fitted {name}.

numpy is all that this file needs. Import it, under whatever name it has:

    from {module} import predictor

    predictor.predict(X)  # as the estimator does
"""

from __future__ import annotations

import base64
import io
import json
{imports}
'''
_CELL = '''
def find_cell(name: str, nonlinearity: str = "tanh") -> type[Cell]:
    """Return the cell of the network, the only one here."""
    return {name}
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
        The predictor that the file is to hold.
    path : str or path
        Ends with ".py". An existing file is replaced atomically.

    Raises
    ------
    ValueError
        If Python cannot import a file of that name.
    OSError
        If the file cannot be written.
    """
    target = check_target(path)
    if target.suffix != ".py" or not target.stem.isidentifier():
        raise ValueError(
            "path must name a Python file that can be imported, such as 'model.py', "
            f"got {os.fspath(path)!r}"
        )
    sources = _Sources()
    cell = predictor.network.layers[0][0].cell
    sources.add(sys.modules[cell.__module__])
    sources.bodies.append(_CELL.format(name=cell.__name__).strip())
    sources.add(portable.predictor)
    packed = io.BytesIO()
    arrays: dict[str, Any] = {
        name: array.astype(str) if array.dtype == object else array
        for name, array in predictor.arrays.items()
    }
    np.savez_compressed(packed, **arrays)
    text = base64.b85encode(packed.getvalue()).decode()
    # Only the name: a whole repr could contain the end of the docstring.
    name = predictor.settings["made_from"].partition("(")[0]
    head = _HEAD.format(name=name, module=target.stem, imports=sources.imports)
    tail = _TAIL.format(
        settings=repr(json.dumps(predictor.settings)),
        arrays="\n".join(f'    "{line}"' for line in textwrap.wrap(text, 80)),
    )
    replace_file(target, ["\n\n\n".join([head, *sources.bodies, tail]).encode()])


class _Sources:
    """The sources of modules and of all modules of this package that they import."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self._seen = {_cells.__name__}  # a bundle only needs one of its cells
        self._imports: set[str] = set()

    @property
    def imports(self) -> str:
        """The imports of other packages."""
        return "\n".join(sorted(self._imports))

    def add(self, module: ModuleType) -> None:
        """Add a module, after those that it imports."""
        self._seen.add(module.__name__)
        source = inspect.getsource(module)
        statements = [
            statement
            for statement in ast.parse(source).body
            if isinstance(statement, ast.Import | ast.ImportFrom)
        ]
        for statement in statements:
            if isinstance(statement, ast.ImportFrom) and statement.level:
                name = "." * statement.level + (statement.module or "")
                name = resolve_name(name, module.__package__)
                if name not in self._seen:
                    self.add(import_module(name))
            elif ast.unparse(statement) != "from __future__ import annotations":
                self._imports.add(ast.unparse(statement))
        lines = source.splitlines()[statements[-1].end_lineno :]
        self.bodies.append("\n".join(lines).strip("\n"))
