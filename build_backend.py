"""setuptools' build backend; a wheel is also built with the compiler of the kernels."""

from __future__ import annotations

import os
from configparser import ConfigParser
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403

COMPILER = ("llvmlite", "numba")


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    """Return what setuptools needs, and the compiler unless no kernels are wanted."""
    needed = build_meta.get_requires_for_build_wheel(config_settings)
    if os.environ.get("SKSEQUENCE_BUILD_KERNELS") == "none":
        return needed
    config = ConfigParser(interpolation=None)
    config.read(Path(__file__).with_name("setup.cfg"), encoding="utf-8")
    lines = config["options"]["install_requires"].split()
    return needed + [line for line in lines if line.startswith(COMPILER)]
