"""Which module may import which."""

from __future__ import annotations

import configparser
import importlib
from graphlib import TopologicalSorter
from importlib.resources import files

import pytest

import sksequence
from helpers.package import MODULES, ROOT, imports_of
from helpers.processes import run_python

# Rooms are the modules and packages right below sksequence; what a room may import of
# the others stands on its right.
ARROWS = {
    "__init__": {"_version", "estimators", "forecasting", "persistence"},
    "persistence": {"_base", "_storage"},
    "estimators": {"_base"},
    "_base": {"_cells", "_deployment", "_inputs", "_storage", "_training", "portable"},
    "_cells": set(),
    "_deployment": {"_cells", "_kernels", "_storage", "_version", "portable"},
    "_storage": {"_inputs", "_version"},
    "_streaming": {"_deployment"},
    "_training": {"_inputs", "nn"},
    "nn": {"_cells", "_kernels"},
    "datasets": {"_inputs"},
    "ensemble": {"_deployment", "_inputs", "_storage", "estimators"},
    "forecasting": {"_inputs", "_storage", "preprocessing"},
    "inspection": {"_inputs"},
    "metrics": {"_inputs"},
    "model_selection": {"_inputs"},
    "preprocessing": {"_inputs"},
    "_inputs": set(),
    "_kernels": {"_cells"},
    "_version": set(),
    "portable": {"_cells"},
    "utils": set(),
}


# ------------------------------------------------------------------------- import arrows


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
    tables = {"datasets", "preprocessing", "forecasting", "inspection"}
    assert rooms_that_import("pandas") == tables
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


# ------------------------------------------------------------------ what an import loads


def test_public_modules_are_attributes_that_are_imported_when_they_are_used():
    """Each alone; none of them by the package itself."""
    public = {
        name.split(".")[1]
        for name in MODULES
        if "." in name and "._" not in name and name.count(".") == 1
    } - {"estimators", "persistence"}  # whose names the package itself has
    # All in one process, the one that imports torch last; it takes seconds to import.
    names = [*sorted(public - {"nn"}), "nn"]
    program = """
import sys
for name in sys.argv[1:]:
    for module in [m for m in sys.modules if m.split(".")[0] == "sksequence"]:
        del sys.modules[module]
    import sksequence
    assert "sksequence." + name not in sys.modules
    assert name in dir(sksequence)
    assert getattr(sksequence, name).__name__ == "sksequence." + name
    assert getattr(sksequence, name).__all__
    print(name, "torch" in sys.modules)
"""
    said = [f"{name} {name == 'nn'}" for name in names]
    assert run_python(program, *names).splitlines() == said


def test_what_is_no_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'sksequence' has no attribute 'layers'"):
        sksequence.layers  # noqa: B018
    assert not hasattr(sksequence, "__wrapped__")


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (
            "import sksequence, sksequence.utils",
            {"torch", "skorch", "safetensors", "onnx"},
        ),
        (
            "import pickle, sksequence\n"
            "model = sksequence.GRUClassifier(max_epochs=2, dropout=0.2)\n"
            "model.fit([[0.0, 1.0], [1.0, 0.0]], [0, 1]).predict([[0.0, 1.0]])\n"
            "pickle.loads(pickle.dumps(model)).predict([[0.0, 1.0]])",
            {"torch._dynamo", "torch._inductor", "sympy"},
        ),
    ],
    ids=["import", "fit and store"],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code, absent):
    code += f"\nimport sys; print(sorted({absent} & set(sys.modules)))"
    assert run_python(code).strip() == "[]"
