"""Add kernels to a wheel that are ready for common machines; the rest is in setup.cfg.

SKSEQUENCE_BUILD_KERNELS says which: "usual" (the default), "all" or "none". Without
numba, or if it fails, the wheel has none, and kernels are compiled on first use.
"""

import os
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

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


setup(cmdclass={"build_py": BuildWithKernels})
