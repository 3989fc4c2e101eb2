"""The modules of the package, and sections and entries of docstrings."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sksequence"


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


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
