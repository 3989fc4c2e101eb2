"""The README and the documentation tell the truth."""

from __future__ import annotations

import re
import runpy

import pytest

from helpers.package import ROOT

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
    "page",
    # Recipes are run one by one, by tests/test_recipes.py.
    sorted({*(ROOT / "docs").glob("*.md")} - {ROOT / "docs" / "recipes.md"}),
    ids=lambda p: p.stem,
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
