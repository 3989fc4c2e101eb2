"""Who may import whom, what is documented, and that the README tells the truth."""

from __future__ import annotations

import ast
import configparser
import doctest
import importlib
import inspect
import re
import runpy
from graphlib import TopologicalSorter
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import CLASSIFIERS, ESTIMATORS, PUBLIC, labels_for, make

import sksequence

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sksequence"

# Rooms are the modules and packages right below sksequence; what a room may import of
# the others stands on its right.
ARROWS = {
    "__init__": {"_version", "estimators", "persistence"},
    "persistence": {"_base", "_storage"},
    "estimators": {"_base"},
    "_base": {"_cells", "_deployment", "_inputs", "_storage", "_training", "portable"},
    "_cells": set(),
    "_deployment": {"_cells", "_kernels", "_storage", "_version", "portable"},
    "_storage": {"_inputs", "_version"},
    "_streaming": {"_deployment"},
    "_training": {"_inputs", "nn"},
    "nn": {"_cells", "_kernels"},
    "forecasting": {"_inputs"},
    "metrics": {"_inputs"},
    "model_selection": {"_inputs"},
    "preprocessing": {"_inputs"},
    "_inputs": set(),
    "_kernels": {"_cells"},
    "_version": set(),
    "portable": {"_cells"},
    "utils": set(),
}


# ------------------------------------------------------------------------ import arrows


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


def room_of(name):
    return name.split(".")[1] if "." in name else "__init__"


def rooms_that_import(library, **options):
    return {
        room_of(name)
        for name in MODULES
        if any(i.split(".")[0] == library for i in imports_of(name, **options))
    }


def test_every_room_stands_in_the_table():
    assert {room_of(name) for name in MODULES} == set(ARROWS)


@pytest.mark.parametrize("name", MODULES)
def test_imports_follow_the_arrows(name):
    inside = {i for i in imports_of(name) if i.split(".")[0] == "sksequence"}
    assert {room_of(i) for i in inside} <= ARROWS[room_of(name)] | {room_of(name)}


def test_no_modules_import_each_other():
    graph = {
        name: {i for i in imports_of(name) if i in MODULES and i != name}
        for name in MODULES
    }
    # A package's own __init__ gathers its modules: they are what counts.
    for name, imported in graph.items():
        graph[name] = {i for i in imported if not name.startswith(f"{i}.")}
    assert set(TopologicalSorter(graph).static_order()) == set(MODULES)


def test_torch_and_skorch_have_their_rooms():
    assert rooms_that_import("skorch") == {"_training"}
    assert rooms_that_import("torch", at_module_level=True) == {"nn", "_training"}
    assert rooms_that_import("pandas") == {"preprocessing"}
    assert not rooms_that_import("pandas", at_module_level=True)
    assert rooms_that_import("onnx") == {"_deployment"}


@pytest.mark.parametrize(
    ("package", "library"), [("nn", "torch"), ("_deployment.onnx", "onnx")]
)
def test_networks_know_one_library_alone(package, library):
    package = f"sksequence.{package}"
    known = {
        i.split(".")[0]
        for name in MODULES
        if name == package or name.startswith(f"{package}.")
        for i in imports_of(name)
    }
    assert library in known
    others = {"torch", "onnx", "scipy", "sklearn", "skorch", "joblib"} - {library}
    assert not known & (others | ({"numpy"} if library == "torch" else set()))


def test_an_underscore_means_that_nothing_in_a_module_is_public():
    exporting = {name: importlib.import_module(name) for name in MODULES}
    public = {name: m for name, m in exporting.items() if "._" not in name}
    origins = {
        f"{name}.{exported}": getattr(getattr(module, exported), "__module__", name)
        for name, module in public.items()
        for exported in getattr(module, "__all__", ())
    }
    assert not {exported: home for exported, home in origins.items() if "._" in home}
    silent = {
        name
        for name, module in public.items()
        if name not in origins.values() and not hasattr(module, "__all__")
    }
    assert not silent


def test_type_hints_are_shipped():
    assert files("sksequence").joinpath("py.typed").is_file()
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    shipped = config["options.package_data"]["sksequence"].split()
    assert {"py.typed", "*.pyi"} <= set(shipped)


def test_the_floor_is_what_setup_cfg_allows():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    required = config["options"]["install_requires"].split()
    required += [
        line
        for line in config["options.extras_require"]["test"].split()
        + config["options.extras_require"]["examples"].split()
        if ">=" in line
    ]
    oldest = dict(line.split(">=") for line in required)
    lines = (ROOT / "constraints-floor.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    assert set(config["options"]["install_requires"].split()) <= {
        f"{name}>={oldest[name]}" for name in pins
    }
    # torch alone comes as a build for CPUs in one version.
    behind = {n for n, pin in pins.items() if not f"{pin}.0".startswith(f"{oldest[n]}.")}
    assert behind == {"torch"}


# ------------------------------------------------------------------------- documentation


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


@pytest.mark.parametrize("name", PUBLIC)
def test_documented_parameters_are_those_of_the_signature(name):
    cls = getattr(sksequence, name)
    documented = entries_of(sections_of(cls.__doc__)["Parameters"])
    signature = {
        p.name: repr(p.default) for p in inspect.signature(cls).parameters.values()
    }
    assert list(documented.items()) == list(signature.items())
    kinds = {p.kind for p in inspect.signature(cls).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_hyperparameter_is_validated(name):
    cls = getattr(sksequence, name)
    assert set(cls._parameter_constraints) == set(cls().get_params())


def test_a_hyperparameter_is_declared_once():
    declared = [
        node.target.id
        for path in MODULES.values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "hyperparameter"
    ]
    assert len(declared) == len(set(declared))
    offered = {p for name in PUBLIC for p in make(name).get_params()}
    assert set(declared) == offered


def test_no_class_writes_an_init_of_its_own():
    owners = {
        cls.__name__
        for name in PUBLIC
        for cls in getattr(sksequence, name).__mro__
        if cls.__module__.startswith("sksequence")
        and "__init__" in vars(cls)
        and not hasattr(cls, "__dataclass_fields__")
    }
    assert not owners


@pytest.mark.parametrize("name", ESTIMATORS)
def test_documented_attributes_are_there_after_a_fit_and_no_others(name):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(12, 5)), columns=[*"abcde"])
    model = make(name, early_stopping=True).fit(X, labels_for(name, 12))
    documented = set(entries_of(sections_of(type(model).__doc__)["Attributes"]))
    expected = {"net_", "n_features_in_", "feature_names_in_", "n_epochs_", "history_"}
    expected |= {"n_static_features_in_"}
    expected |= {"classes_"} if name in CLASSIFIERS else set()
    assert documented == expected
    fitted = {a for a in vars(model) if a.endswith("_") and not a.startswith("_")}
    assert fitted == documented


@pytest.mark.parametrize("name", PUBLIC)
def test_every_class_has_an_example_that_is_run(name, pytestconfig):
    cls = getattr(sksequence, name)
    (test,) = doctest.DocTestFinder(recurse=False).find(cls, name)
    sources = "".join(example.source for example in test.examples)
    assert f"{name}(" in sources
    assert ".fit(" in sources
    assert not any(doctest.SKIP in example.options for example in test.examples)
    assert pytestconfig.getoption("doctestmodules")
    assert "sksequence" in pytestconfig.getini("testpaths")


METHODS = sorted(
    {
        (cls.__name__, method)
        for cls in map(sksequence.__dict__.get, PUBLIC)
        for method, value in inspect.getmembers(cls, inspect.isfunction)
        if not method.startswith("_") and value.__module__.startswith("sksequence")
    }
)


@pytest.mark.parametrize(("name", "method"), METHODS)
def test_documented_arguments_are_those_of_the_method(name, method):
    function = getattr(getattr(sksequence, name), method)
    sections = sections_of(function.__doc__)
    arguments = [p for p in inspect.signature(function).parameters if p != "self"]
    assert list(entries_of(sections["Parameters"])) == arguments
    assert "Returns" in sections


# -------------------------------------------------------------------------------- README

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks_of(*languages, text=README):
    pattern = rf"^```(?:{'|'.join(languages)})\n(.*?)^```$"
    return re.findall(pattern, text, flags=re.M | re.S)


def shell_commands():
    lines = "".join(blocks_of("sh", "shell", "bash", "console")).splitlines()
    return [line.removeprefix("$ ").strip() for line in lines]


@pytest.mark.parametrize(
    "code", blocks_of("python"), ids=lambda code: code.strip().splitlines()[0]
)
def test_python_in_the_readme_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "block.py"
    script.write_text(code, encoding="utf-8")
    runpy.run_path(str(script), run_name="__main__")


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.stem
)
def test_python_in_the_documentation_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as for any script
    script = tmp_path / "page.py"
    blocks = blocks_of("python", text=page.read_text(encoding="utf-8"))
    script.write_text("\n".join(blocks), encoding="utf-8")
    runpy.run_path(str(script), run_name="__main__")


def test_links_lead_somewhere():
    pages = [
        ROOT / "README.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "benchmarks").glob("*.md"),
    ]
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_readme_tests_as_continuous_integration_does():
    tests = [command for command in shell_commands() if "pytest" in command]
    assert tests
    called = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert set(tests) <= {line.strip() for line in called}


def test_scripts_that_the_readme_names_are_there():
    scripts = re.findall(r"python3? (\S+\.py)", "\n".join(shell_commands()))
    assert scripts
    assert [script for script in scripts if not (ROOT / script).is_file()] == []
