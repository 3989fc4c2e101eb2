"""The examples as a gallery: by subject, with titles, and without what cannot run here.

sphinx-gallery wants a folder for each subject and an underlined title in each script.
The examples themselves have neither, as they are read and run in one folder, so it is
given copies.

An example whose packages, which bring its data along, are not installed is shown but not
run, and the build says which; with ``-D gallery_complete=1`` it fails instead, so that
no such site is published. With ``-D gallery_quick=1`` examples have less to do, to look
at pictures; with ``-D plot_gallery=0`` none is run.
"""

from __future__ import annotations

import ast
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError
from sphinx.util import logging

SOURCES = Path(__file__).parents[2] / "examples"
COPIES = Path(__file__).parents[1] / "_examples"
GALLERY = "gallery"
# Folder: title and introduction of a subject, then its examples with their titles.
SUBJECTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "begin": (
        "To begin with",
        "A search from data to a score, sequences of unequal length, numbers as targets.",
        {
            "quickstart": "Motions of a smart watch",
            "unequal_lengths": "Unequal lengths and groups",
            "regression": "Regression with intervals",
        },
    ),
    "networks": (
        "Networks and searches",
        "What layers, directions and cells are for, and how to choose among them.",
        {
            "stacking_and_direction": "Layers and directions",
            "vanishing_gradient": "Vanishing gradients",
            "state_and_reset": "State and reset",
            "exact_predictions": "Alone and in a batch",
            "halving_search": "Search by halving",
            "dask_search": "Search on a cluster",
        },
    ),
    "symbols": (
        "Text and other symbols",
        "Token ids to classes, tags, the next character, sounds.",
        {
            "sentiment": "Sentiment of reviews",
            "promoters": "Promoters in DNA",
            "tagging": "Parts of speech",
            "character_model": "A character model",
            "spelling_to_sound": "Spelling to sound",
        },
    ),
    "signals": (
        "Sound, video and the pen",
        "Raw samples, spectra, frames, and the path of a pen.",
        {
            "spoken_digits": "Spoken digits",
            "spelled_letters": "Spelled letters",
            "next_frame": "The next frame of a video",
            "drawn_digits": "Digits while they are drawn",
        },
    ),
    "tables": (
        "Tables and forecasts",
        "Rows in time order, panels, missing values, and what to expect of a forecast.",
        {
            "weather_forecast": "Weather forecast",
            "conformal_interval": "Conformal intervals",
            "window_search": "The length of windows",
            "panel": "A panel of wages",
            "leakage": "Leakage in time",
            "irregular": "Irregular times",
            "larger_than_memory": "Tables larger than memory",
        },
    ),
    "trust": (
        "Machines and trust",
        "When will it fail, is this normal, and how sure is the network?",
        {
            "remaining_life": "Remaining life",
            "machine_alarm": "A machine's alarm",
            "ensemble": "Ensembles",
        },
    ),
}
TITLE = """\
Examples
========

Each is a script of the folder ``examples`` of the repository, with the picture and the
text that it makes, and the time it took. Tests hold them to what they say.

"""
logger = logging.getLogger(__name__)
_arguments: list[str] = []  # of every example, as the gallery does not know the options


def page_of(example: str) -> str:
    """Return the page of an example."""
    for folder, (*_, examples) in SUBJECTS.items():
        if example in examples:
            return f"{GALLERY}/{folder}/{example}"
    raise ExtensionError(f"{example}.py must have a subject in {__file__}")


def missing_for(source: str) -> list[str]:
    """Return the packages that an example imports and that are not installed."""
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
    packages = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names
    return sorted(name for name in packages if find_spec(name) is None)


def skipped() -> dict[str, list[str]]:
    """Return the packages that are missing, by the examples that need them."""
    needs = {
        path.stem: missing_for(path.read_text(encoding="utf-8"))
        for path in sorted(SOURCES.glob("*.py"))
    }
    return {name: packages for name, packages in needs.items() if packages}


def pattern_to_run() -> str:
    """Return the pattern of the copies of examples that can run here."""
    excluded = "".join(rf"(?!{re.escape(name)}\.py)" for name in skipped())
    return rf"[/\\]{excluded}\w+\.py$"


def titled(source: str, title: str, missing: list[str]) -> str:
    """Return an example with a title above the text of its docstring."""
    note = (
        f"\n.. note:: This build of the site has not run it: {', '.join(missing)} "
        f"not installed.\n"
        if missing
        else ""
    )
    headed = source.replace('"""', f'"""{title}\n{"=" * len(title)}\n{note}\n', 1)
    # The gallery runs scripts without their docstrings.
    return headed.replace("__doc__.splitlines()[0]", "__doc__")


def copy_examples() -> None:
    """Make a folder for each subject, with its examples."""
    without = skipped()
    wanted = {COPIES / "GALLERY_HEADER.rst": TITLE}
    for folder, (subject, about, examples) in SUBJECTS.items():
        header = f"{subject}\n{'-' * len(subject)}\n\n{about}\n"
        wanted[COPIES / folder / "GALLERY_HEADER.rst"] = header
        for name, title in examples.items():
            source = (SOURCES / f"{name}.py").read_text(encoding="utf-8")
            text = titled(source, title, without.get(name, []))
            wanted[COPIES / folder / f"{name}.py"] = text
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in COPIES.rglob("*.py"):
        if path not in wanted:
            path.unlink()


def prepare(app: Any, config: Any) -> None:
    """Check that every example has a subject, say which cannot run, and copy them."""
    for path in SOURCES.glob("*.py"):
        page_of(path.stem)
    for name, packages in skipped().items():
        said = f"example {name} is skipped: {', '.join(packages)} not installed"
        if config.gallery_complete:
            raise ExtensionError(f"{said}; gallery_complete asks for all examples")
        logger.info(said)
    _arguments[:] = ["--quick"] if config.gallery_quick else []
    copy_examples()


def arguments_of(*_: Any) -> list[str]:
    """Return the arguments that an example is run with."""
    return list(_arguments)


def setup(app: Any) -> dict[str, bool]:
    """Copy the examples before the gallery is made."""
    for option in ("gallery_complete", "gallery_quick"):
        app.add_config_value(option, False, "env", types=bool)
    app.connect("config-inited", prepare, priority=5)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
