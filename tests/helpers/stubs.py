"""Write a stub of the public estimators, for editors and type checkers.

Their signatures and the Parameters section of their docstrings are made at import, where
editors and type checkers do not see them. The stub contains both. After a change to a
hyperparameter or a docstring, regenerate it:

    python tests/helpers/stubs.py
"""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from sklearn.base import OutlierMixin

_HEAD = '''# ruff: noqa: E501, types and defaults of hyperparameters are long
"""Public estimators with signatures and docstrings; see ``tests/helpers/stubs.py``."""

'''
_WIDTH = 90  # of a line, as ruff formats it
_MIXIN = '''\
@type_check_only
class _OfSklearn:
    """What estimators have from scikit-learn, which has no types."""

    n_features_in_: int
    feature_names_in_: np.ndarray
    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def set_params(self, **params: Any) -> Self: ...
    def get_metadata_routing(self) -> Any: ...
    def set_callbacks(self, *callbacks: Any) -> Self: ...
    def set_output(self, *, transform: str | None = None) -> Self: ...
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray: ...
    def fit_transform(
        self, X: ArrayLike, y: Targets, **fit_params: Any
    ) -> np.ndarray: ...
    def score(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> float: ...
'''
# What only detectors have, which need no targets.
_OF_DETECTORS = """\
    def fit_predict(
        self, X: ArrayLike, y: Targets | None = None, **fit_params: Any
    ) -> np.ndarray: ...
    def fit_transform(
        self, X: ArrayLike, y: Targets | None = None, **fit_params: Any
    ) -> np.ndarray: ...
    def score(
        self,
        X: ArrayLike,
        y: Targets | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> float: ...
"""
# Imports of the mixin.
_IMPORTS = {
    ("typing", "Any"),
    ("typing", "Self"),
    ("typing", "type_check_only"),
    ("._base.estimator", "ArrayLike"),
    ("._base.estimator", "Targets"),
    ("numpy", "np"),
}


def make_stub(module: ModuleType) -> str:
    """Return the stub of a module of estimators."""
    imports = set(_IMPORTS)
    classes = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and not value.__name__.startswith("_")
    ]
    parts = [_MIXIN, *(_class_of(cls, module, imports) for cls in classes)]
    return _HEAD + _import_lines(imports) + "\n" + "\n".join(parts)


def _class_of(cls: type, module: ModuleType, imports: set[tuple[str, str]]) -> str:
    """Return a class with its bases, docstring, hyperparameters and own methods."""
    bases = [*_bases_elsewhere(cls)]
    imports |= {(_relative(base.__module__, module), base.__name__) for base in bases}
    names = ["_OfSklearn", *(base.__name__ for base in bases)]
    head = f"class {cls.__name__}({', '.join(names)}):"
    if len(head) > _WIDTH:
        head = f"class {cls.__name__}(\n    {', '.join(names)}\n):"
    lines = [head, _docstring(cls.__doc__), ""]
    inherited = {name for base in bases for name in _fields(base)}
    own = [field for name, field in _fields(cls).items() if name not in inherited]
    lines += [f"    {field.name}: {field.type}" for field in own]
    lines += _init(cls, module, imports)
    for name, value in inspect.getmembers(cls, inspect.isfunction):
        if name.startswith("set_") and name.endswith("_request"):
            lines += _request(name, value)
        elif name.startswith("_") or getattr(value, "is_inherited", False):
            continue
        elif name in vars(cls):
            lines += _method(value, module, imports)
    if issubclass(cls, OutlierMixin):
        lines.append(_OF_DETECTORS.rstrip())
    return "\n".join(lines) + "\n"


def _bases_elsewhere(cls: type) -> Iterator[type]:
    """Yield the bases from other modules, also those of private bases in this module."""
    for base in cls.__bases__:
        if base.__module__ == cls.__module__:
            yield from _bases_elsewhere(base)
        else:
            yield base


def _fields(cls: Any) -> dict[str, dataclasses.Field]:
    declared = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    return {field.name: field for field in declared}


def _init(cls: type, module: ModuleType, imports: set[tuple[str, str]]) -> list[str]:
    declared = _fields(cls)
    lines = ["    def __init__(", "        self,", "        *,"]
    for name, parameter in inspect.signature(cls).parameters.items():
        owner = next(
            base
            for base in cls.__mro__
            if name in inspect.get_annotations(base)
            and vars(base).get("__dataclass_fields__")
        )
        kind = str(declared[name].type)
        imports |= _needed(kind, importlib.import_module(owner.__module__), module)
        lines.append(f"        {name}: {kind} = {_literal(parameter.default)},")
    return [*lines, "    ) -> None: ..."]


def _request(name: str, function: Any) -> list[str]:
    """Return a ``set_..._request`` method of scikit-learn's metadata routing."""
    asked = [p for p in inspect.signature(function).parameters if p != "self"]
    lines = [f"        {parameter}: bool | str | None = ...," for parameter in asked]
    return [
        f"    def {name}(",
        "        self,",
        "        *,",
        *lines,
        "    ) -> Self: ...",
    ]


def _method(
    function: Any, module: ModuleType, imports: set[tuple[str, str]]
) -> list[str]:
    """Return a method's signature, with one parameter per line, and its docstring."""
    signature = inspect.signature(function)
    lines, kind = [f"    def {function.__name__}("], None
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and kind is not parameter.kind:
            lines.append("        *,")
        kind = parameter.kind
        text = parameter.name
        if parameter.annotation is not parameter.empty:
            imports |= _needed(parameter.annotation, module, module)
            text += f": {parameter.annotation}"
        if parameter.default is not parameter.empty:
            text += f" = {_literal(parameter.default)}"
        lines.append(f"        {text},")
    imports |= _needed(signature.return_annotation, module, module)
    lines.append(f"    ) -> {signature.return_annotation}:")
    return [*lines, textwrap.indent(_docstring(function.__doc__), "    ")]


def _docstring(text: str | None) -> str:
    text = inspect.cleandoc(text or "")
    mark = "r" if "\\" in text else ""
    return textwrap.indent(f'{mark}"""{text}\n"""', "    ")


def _literal(value: Any) -> str:
    """Return a default as formatted by ruff."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


# ------------------------------------------------------------------------------ imports


def _relative(name: str, module: ModuleType) -> str:
    return name.removeprefix(module.__name__.rpartition(".")[0])


def _needed(
    annotation: str, source: ModuleType, module: ModuleType
) -> set[tuple[str, str]]:
    """Return the imports of the names in an annotation of a source module."""
    known = dict(_imported(source, module))
    names = {
        node.id for node in ast.walk(ast.parse(annotation)) if isinstance(node, ast.Name)
    }
    return {(known[name], name) for name in names if name in known}


def _imported(source: ModuleType, module: ModuleType) -> Iterator[tuple[str, str]]:
    """Yield the names that a module imports, with origins relative to ``module``."""
    for node in ast.walk(ast.parse(inspect.getsource(source))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name, alias.name
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            home = importlib.util.resolve_name(origin, source.__package__)
            for alias in node.names:
                yield alias.asname or alias.name, _relative(home, module)


def _import_lines(imports: set[tuple[str, str]]) -> str:
    """Return import statements, grouped and sorted as by ruff."""
    groups: dict[str, list[str]] = {"modules": [], "others": [], "numpy": [], "own": []}
    # What several modules have comes from the first.
    origins = {name: origin for origin, name in sorted(imports, reverse=True)}
    for origin in sorted(set(origins.values())):
        names = ", ".join(sorted(name for name, at in origins.items() if at == origin))
        if origin == names:
            groups["modules"].append(f"import {origin}")
        elif origin == "numpy":
            groups["numpy"].append("import numpy as np")
        else:
            group = groups["own" if origin[0] == "." else "others"]
            group.append(f"from {origin} import {names}")
    standard = [*groups["modules"], *groups["others"]]
    parts = (standard, groups["numpy"], groups["own"])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def main() -> None:
    """Write the stub next to the module."""
    module = importlib.import_module("sksequence.estimators")
    path = Path(inspect.getfile(module)).with_suffix(".pyi")
    path.write_text(make_stub(module), encoding="utf-8")


if __name__ == "__main__":
    main()
