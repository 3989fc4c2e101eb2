"""What is said about the package, and what it is built from."""

from __future__ import annotations

import configparser
import importlib
import re
import runpy
import sys

import pytest

import sksequence
from helpers.package import MODULES, ROOT, imports_of

CONFIG = configparser.ConfigParser()
CONFIG.read(ROOT / "setup.cfg")
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETUP = runpy.run_path(str(ROOT / "setup.py"), run_name="setup")

# Distributions that are imported by another name.
IMPORTED_AS = {"scikit-learn": "sklearn"}
# What is used if it is there: users bring their own.
OPTIONAL = {"polars"}


def libraries_of(requirements):
    names = [re.match(r"[\w-]+", line)[0] for line in requirements.split()]
    return {IMPORTED_AS.get(name, name) for name in names}


def test_every_library_that_is_imported_is_required_or_an_extra():
    imported = {i.split(".")[0] for name in MODULES for i in imports_of(name)}
    imported -= set(sys.stdlib_module_names) | {"sksequence"}
    required = libraries_of(CONFIG["options"]["install_requires"])
    extras = CONFIG["options.extras_require"]
    assert required <= imported
    assert imported - required <= OPTIONAL | libraries_of(extras["onnx"] + extras["plot"])


def test_requirements_have_lower_bounds_alone():
    lines = CONFIG["options"]["install_requires"].split()
    assert [line for line in lines if not re.fullmatch(r"[\w-]+>=[\d.]+", line)] == []


def test_links_that_pypi_shows_are_absolute():
    shown = SETUP["describe"](README)
    links = re.findall(r"\]\(([^)]+)\)", shown)
    assert [link for link in links if not link.startswith("https://")] == []
    pages = {m[1] for m in re.finditer(r"\]\(docs/([\w-]+)\.md", README)}
    assert pages == {m[1] for link in links if (m := re.search(r"/([\w-]+)\.html", link))}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](docs/b.md)", "[a]({}b.html)"),
        ("[a](docs/b-c.md#d-e)", "[a]({}b-c.html#d-e)"),
        ("![a b](docs/c.png)", "![a b]({}_images/c.png)"),
        ("[a](https://b.org)", "[a](https://b.org)"),
        ("[a](examples), [b](LICENSE)", "a, b"),
    ],
)
def test_links_lead_to_the_site_or_nowhere(text, shown):
    assert SETUP["describe"](text) == shown.format(SETUP["site"]())


def test_the_readme_says_first_how_to_install():
    assert re.search(r"pip install[^`\n]*", README)[0] == "pip install sksequence"


def test_the_site_has_one_address():
    site = CONFIG["metadata"]["url"]
    assert f"url: {site}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    elsewhere = {
        address
        for path in MODULES.values()
        for address in re.findall(
            r"https://\w+\.readthedocs\.io", path.read_text(encoding="utf-8")
        )
        if "sksequence" in address
    }
    assert elsewhere == {site}
    for name in ("sksequence", "sksequence.ensemble"):
        module = importlib.import_module(name)
        classes = [c for c in vars(module).values() if hasattr(c, "_get_doc_link")]
        assert classes
        for own in classes:
            assert not own._doc_link_template or own._doc_link_template.startswith(site)


def test_a_released_version_has_its_changes():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = sksequence.__version__
    sections = re.findall(r"^## (\S+)", changes, re.M)
    assert ".dev" in version or version in sections
