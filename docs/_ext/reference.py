"""A page for each public name of the package, and one for each of its modules."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

MODULES = (
    "sksequence",
    *(
        f"sksequence.{name}"
        for name in (
            *("forecasting", "ensemble", "preprocessing", "model_selection", "metrics"),
            *("inspection", "datasets", "utils", "portable", "nn"),
        )
    ),
)
# scikit-learn's :ref:`User Guide <metadata_routing>`, :ref:`label` and :term:`word`.
_REFERENCE = re.compile(r":(?:ref|term):`([^`<]+?)(?: *<[^`]*>)?`")
# A parameter or an attribute, and its type.
_ENTRY = re.compile(r"^(\w[\w, ]*? : )(.*)$", flags=re.M)
# Code, which stays, or a name with an underscore at its end.
_UNDERSCORED = re.compile(r"(`[^`]*`|^ *(?:>>>|\.\.\. ).*$|^\w+ : )|(\w)_(?!\w)", re.M)
INTRODUCTION = """\
Reference
=========

Every public name, with its parameters. Which of them to use for what:
:doc:`the estimators at a glance <../api>`.

"""


def public_names() -> dict[str, Any]:
    """Return every public object by its full name."""
    return {
        f"{module}.{name}": getattr(import_module(module), name)
        for module in MODULES
        for name in import_module(module).__all__
    }


def aliases() -> dict[str, str]:
    """Return the full names of objects that have another one, which stands first."""
    first: dict[int, str] = {}
    again = {}
    for name, value in public_names().items():
        known = first.setdefault(id(value), name)
        if known != name and (inspect.isclass(value) or inspect.isfunction(value)):
            again[name] = known
    return again


def heading(text: str, line: str) -> str:
    """Return an underlined title."""
    return f"{text}\n{line * len(text)}\n\n"


def members_of(cls: type) -> Iterator[tuple[str, str]]:
    """Yield the public methods and properties, and the directive that documents each.

    Those that a torch module or a tuple brings along are not ours to document;
    scikit-learn's are, as its users look for them.
    """
    for name, value in inspect.getmembers(cls):
        if name.startswith("_"):
            continue
        module = str(getattr(_function_of(value), "__module__", ""))
        if not module.startswith(("sksequence", "sklearn")):
            continue
        if isinstance(value, property) and inspect.getdoc(value):
            yield name, "autoproperty"
        elif inspect.isroutine(value):
            yield name, "automethod"


def _function_of(member: Any) -> Any:
    """Return the function behind a method or a property."""
    return member.fget if isinstance(member, property) else inspect.unwrap(member)


def table(names: list[str], *, title: str = "") -> str:
    """Return a table of names with the first sentence of each."""
    lines = "\n".join(f"   {name}" for name in names)
    caption = f".. rubric:: {title}\n\n" if title else ""
    return f"{caption}.. autosummary::\n   :nosignatures:\n\n{lines}\n\n"


def class_page(full: str, cls: type) -> str:
    """Return the page of a class: itself, then its methods and properties."""
    name = full.rpartition(".")[2]
    members = list(members_of(cls))
    page = f".. autoclass:: {name}\n\n"
    if members:
        page += table([f"~{name}.{member}" for member, _ in members], title="Methods")
    for member, directive in members:
        page += f".. {directive}:: {name}.{member}\n\n"
    return page


def object_page(full: str, value: Any) -> str:
    """Return the page of an object that is neither class nor function: a scorer."""
    name, kind = full.rpartition(".")[2], type(value)
    return (
        f".. py:data:: {name}\n\n   A :class:`~{kind.__module__.rpartition('.')[0]}."
        f"{kind.__name__}`, for ``scoring=`` of searches and cross-validation::\n\n"
        f"      {_shown(value)}\n\n"
    )


def _shown(value: Any) -> str:
    """Return the representation of a scorer with the name of its function."""
    function = value.score_func
    return repr(value).replace(repr(function), function.__name__)


def page_of(full: str, value: Any) -> str:
    """Return the page of a public name."""
    module, _, name = full.rpartition(".")
    page = f"{heading(name, '=')}.. currentmodule:: {module}\n\n"
    if inspect.isclass(value):
        page += class_page(full, value)
    elif inspect.isfunction(value):
        page += f".. autofunction:: {name}\n\n"
    else:
        return page + object_page(full, value)
    return page + f".. minigallery:: {full}\n   :add-heading: Examples that use it\n"


def module_page(module: str, own: list[str]) -> str:
    """Return the page of a module: what it is for, and its names."""
    text = inspect.getdoc(import_module(module)) or ""
    names = [name.rpartition(".")[2] for name in own]
    entries = "\n".join(f"   {name}" for name in own)
    return (
        f"{heading(module, '=')}.. py:module:: {module}\n\n{text}\n\n"
        f".. currentmodule:: {module}\n\n{table(names)}"
        f".. toctree::\n   :hidden:\n\n{entries}\n"
    )


def write(path: Path, text: str) -> None:
    """Write a file unless it has this text, so that a page is not read for nothing."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def write_pages(app: Any) -> None:
    """Write all pages of the reference."""
    folder = Path(app.srcdir, "reference")
    folder.mkdir(exist_ok=True)
    others = aliases()
    pages = {
        name: page_of(name, value)
        for name, value in public_names().items()
        if name not in others
    }
    overview = INTRODUCTION
    for module in MODULES:
        own = [name for name in pages if name.rpartition(".")[0] == module]
        text = (inspect.getdoc(import_module(module)) or "").split("\n\n")[0]
        names = [name.rpartition(".")[2] for name in own]
        overview += heading(f":mod:`{module}`", "-") + f"{text}\n\n"
        overview += f".. currentmodule:: {module}\n\n{table(names)}"
        pages[module] = module_page(module, own)
    entries = "\n".join(f"   {module}" for module in MODULES)
    pages["index"] = f"{overview}.. toctree::\n   :hidden:\n\n{entries}\n"
    for name, text in pages.items():
        write(folder / f"{name}.rst", text)
    for path in folder.glob("*.rst"):
        if path.stem not in pages:
            path.unlink()


def _escape(text: str) -> str:
    """Return text in which names that end with an underscore are no links."""
    return _UNDERSCORED.sub(lambda found: found[1] or f"{found[2]}\\_", text)


def prepare_docstring(
    app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]
) -> None:
    """Change what numpydoc, or this site, does not know.

    The section Shape of layers becomes one of Notes, and references to scikit-learn's own
    guide, which is not here, become text. Names that end with an underscore would be
    links where they are not code, as in the shape ``(n_features_in_,)``.
    """
    text = _ENTRY.sub(lambda entry: entry[1] + _escape(entry[2]), "\n".join(lines))
    text = re.sub(r"^Shape\n-----\n", "Notes\n-----\nShapes:\n\n", text, flags=re.M)
    if str(getattr(_function_of(value), "__module__", "")).startswith("sklearn"):
        text = _escape(_REFERENCE.sub(r"\1", text))
    lines[:] = text.split("\n")


def setup(app: Any) -> dict[str, bool]:
    """Write the pages before any is read."""
    app.connect("builder-inited", write_pages, priority=100)
    app.connect("autodoc-process-docstring", prepare_docstring, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
