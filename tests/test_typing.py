"""What type checkers and editors make of the package."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import sksequence
from helpers.estimators import PUBLIC
from helpers.stubs import make_stub
from sksequence import estimators
from sksequence._base.declaration import ORDER
from sksequence.model_selection import halving

ROOT = Path(__file__).parents[1]
USERS = ROOT / "tests" / "typing" / "users.py"
STUB = ROOT / "sksequence" / "estimators.pyi"


def check(*command):
    """Run a Python module on the users' file; return what it says of it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_mypy_agrees_with_users():
    status, said = check("mypy", "--config-file", "pyproject.toml", str(USERS))
    assert status == 0, said


def test_pyright_agrees_with_users():
    pytest.importorskip("pyright", reason="in the extra 'test'")
    status, said = check("pyright", "--pythonpath", sys.executable, str(USERS))
    assert status == 0, said


@pytest.mark.skipif(
    os.environ.get("SKSEQUENCE_TESTS") != "full", reason="takes half a minute"
)
def test_mypy_finds_the_stub_as_the_classes_are():
    status, said = check("mypy.stubtest", "sksequence.estimators")
    assert status == 0, said


def test_the_stub_is_what_the_classes_say():
    assert STUB.read_text(encoding="utf-8") == make_stub(estimators), (
        "write it again: python tests/helpers/stubs.py"
    )


@pytest.mark.parametrize("name", PUBLIC)
def test_editors_that_read_the_stub_show_what_help_shows(name):
    (seen,) = (
        node
        for node in ast.parse(STUB.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == name
    )
    cls = getattr(sksequence, name)
    assert ast.get_docstring(seen) == inspect.getdoc(cls)
    (init,) = (
        node
        for node in seen.body
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    )
    defaults = {
        argument.arg: ast.literal_eval(default)
        for argument, default in zip(
            init.args.kwonlyargs, init.args.kw_defaults, strict=True
        )
    }
    signature = inspect.signature(cls).parameters
    assert list(defaults.items()) == [(p.name, p.default) for p in signature.values()]


def test_users_use_all_that_is_public():
    tree = ast.parse(USERS.read_text(encoding="utf-8"))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    rooms = ("datasets", "forecasting", "inspection", "metrics", "model_selection")
    rooms += ("preprocessing", "utils")
    modules = [sksequence, *(importlib.import_module(f"sksequence.{r}") for r in rooms)]
    assert {name for module in modules for name in module.__all__} <= used


def test_the_search_is_typed_as_scikit_learn_has_it():
    (init,) = (
        node
        for node in ast.walk(ast.parse(inspect.getsource(halving)))
        if isinstance(node, ast.FunctionDef)
        and node.name == "__init__"
        and len(node.args.kwonlyargs) > 3
    )
    arguments = [a.arg for a in init.args.args[1:] + init.args.kwonlyargs]
    assert arguments == list(inspect.signature(halving.HalvingGridSearchCV).parameters)


# ------------------------------------------------------------------------------- order

FIRST = ["hidden_size", "num_layers", "bidirectional", "merge_mode", "dropout"]


@pytest.mark.parametrize("name", PUBLIC)
def test_what_users_set_first_comes_first(name):
    names = list(inspect.signature(getattr(sksequence, name)).parameters)
    begin = ["cell", *FIRST] if "cell" in names else FIRST
    assert names[: len(begin)] == begin
    assert names == sorted(names, key=ORDER.index)
    assert names.index("lr") < names.index("max_epochs") < names.index("batch_size")


@pytest.mark.parametrize("name", PUBLIC)
def test_the_table_of_scikit_learn_has_the_order_of_the_signature(name):
    cls = getattr(sksequence, name)
    if not hasattr(cls, "_get_params_html"):
        pytest.skip("scikit-learn before 1.8 has no such table")
    assert list(cls()._get_params_html()) == list(inspect.signature(cls).parameters)


def test_the_order_names_hyperparameters_once():
    assert len(ORDER) == len(set(ORDER))
    offered = {p for name in PUBLIC for p in getattr(sksequence, name)().get_params()}
    assert offered <= set(ORDER)
