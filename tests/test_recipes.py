"""Recipes with other packages work as they are written, where the package is there."""

from __future__ import annotations

import ast
import importlib.util
import re
import runpy

import pytest

from helpers.package import ROOT

PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
PREFACE, *SECTIONS = re.split(r"^## ", PAGE, flags=re.M)


def code_of(text):
    return "\n".join(re.findall(r"^```python\n(.*?)^```$", text, flags=re.M | re.S))


def packages_of(code):
    """Names of the packages that a recipe imports."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]


RECIPES = {section.partition("\n")[0]: code_of(section) for section in SECTIONS}


@pytest.mark.filterwarnings("ignore")  # those of other packages
@pytest.mark.parametrize("name", [name for name, code in RECIPES.items() if code])
def test_a_recipe_runs(name, tmp_path, monkeypatch):
    code = f"{code_of(PREFACE)}\n{RECIPES[name]}"
    for package in sorted(set(packages_of(code))):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "recipe.py"
    script.write_text(code, encoding="utf-8")
    runpy.run_path(str(script), run_name="__main__")


def test_all_recipes_that_were_asked_for_are_there():
    titles = " ".join(RECIPES)
    wanted = "Optuna MLflow TensorBoard Weights Biases SHAP captum imbalanced-learn MAPIE"
    wanted += " skforecast mlforecast Bagging Dask ONNX JavaScript"
    assert [name for name in wanted.split() if name not in titles] == []
    assert all(code.count("assert ") for code in RECIPES.values() if code)
