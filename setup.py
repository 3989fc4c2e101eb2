"""What setup.cfg has no way to say: PyPI's description, and kernels ready for use.

The description is the README, with links that lead somewhere from there. A wheel has
kernels for common machines: SKSEQUENCE_BUILD_KERNELS says which, "usual" (the default),
"all" or "none". Without numba, or if it fails, the wheel has none, and kernels are
compiled on first use.
"""

import os
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
CHOICES = ("usual", "all", "none")
# The package itself would import scikit-learn, which is no requirement of building.
PROGRAM = """
import sys
from types import ModuleType
package = sys.modules["sksequence"] = ModuleType("sksequence")
package.__path__ = [sys.argv[1]]
from sksequence._kernels.building import build_all
print(len(build_all(sys.argv[2])), "files of ready kernels")
"""


def site() -> str:
    """Return the address under which the documentation is published."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config["metadata"]["url"] + "/en/latest/"


def describe(readme: str) -> str:
    """Make links to documentation absolute, and plain text of links into a checkout."""

    def lead(link: re.Match[str]) -> str:
        is_picture, text, target = link.groups()
        if "://" in target:
            return link[0]
        page = re.fullmatch(r"docs/([\w-]+)\.md(#.*)?", target)
        if page:
            return f"[{text}]({site()}{page[1]}.html{page[2] or ''})"
        if is_picture:
            return f"![{text}]({site()}_images/{Path(target).name})"
        return text

    return re.sub(r"(!?)\[([^]]+)\]\(([^)]+)\)", lead, readme)


class BuildWithKernels(build_py):
    """Copy the package, and compile kernels into the copy."""

    def run(self) -> None:
        """Build."""
        super().run()
        which = os.environ.get("SKSEQUENCE_BUILD_KERNELS", "usual")
        if which not in CHOICES:
            raise SystemExit(
                f"SKSEQUENCE_BUILD_KERNELS must be one of {CHOICES}, got {which!r}"
            )
        if which == "none" or self.editable_mode:
            return  # what is compiled on first use follows changes of the source
        package = Path(self.build_lib, "sksequence").absolute()
        done = subprocess.run([sys.executable, "-B", "-c", PROGRAM, package, which])
        if done.returncode:
            self.warn("no ready kernels: they will be compiled on first use")


if __name__ == "__main__":
    setup(
        long_description=describe((ROOT / "README.md").read_text(encoding="utf-8")),
        long_description_content_type="text/markdown",
        cmdclass={"build_py": BuildWithKernels},
    )
