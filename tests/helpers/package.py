"""The modules of the package, and sections and entries of docstrings."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sksequence"


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(name, *, at_module_level=False):
    """Full names of all that a module imports, as far as they are modules."""
    path = MODULES[name]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = statements_run_on_import(tree) if at_module_level else ast.walk(tree)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) + 1 - node.level]
                base = ".".join([*above, *([base] if base else [])])
            for alias in node.names:
                below = f"{base}.{alias.name}"
                yield below if below in MODULES else base


def statements_run_on_import(tree):
    """All statements but those in functions and for type checkers."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield from statements_run_on_import(node)


def sections_of(docstring):
    """The text below each underlined title."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.cleandoc(docstring), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def entries_of(section):
    """Name, type and default of each parameter or attribute in a section."""
    entries = {}
    for line in section.splitlines():
        if match := re.fullmatch(r"(\w[\w, ]*?) : (.*?)(?:, default=(.*))?", line):
            for name in match[1].split(", "):
                assert name not in entries
                entries[name] = match[3]
    return entries
