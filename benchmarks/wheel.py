"""Size of a wheel with ready kernels, and the CPU seconds that it takes to build.

    python benchmarks/wheel.py --kernels all

Fails if the wheel has no kernels, or 5 MB or more. Needs setuptools and numba here.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
LARGEST = 5_000_000  # bytes


def build(directory: Path, kernels: str) -> Path:
    """Build a wheel in a directory, from a copy of the sources."""
    source = directory / "source"
    leave = shutil.ignore_patterns(".*", "build", "dist", "tests", "*.egg-info")
    shutil.copytree(ROOT, source, ignore=leave)
    program = f"import build_backend; build_backend.build_wheel({str(directory)!r})"
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=source,
        env={**os.environ, "SKSEQUENCE_BUILD_KERNELS": kernels},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return next(directory.glob("*.whl"))


def main() -> None:
    """Print the number of kernels by machine, and the size of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", choices=["usual", "all"], default="all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        wheel = build(Path(directory), options.kernels)
        size = wheel.stat().st_size
        inside = [Path(name) for name in zipfile.ZipFile(wheel).namelist()]
    files = Counter(path.parent.name for path in inside if path.suffix == ".kernels")
    for machine, number in sorted(files.items()):
        print(f"{machine}: {number} files of kernels")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{size / 1e6:.2f} MB, {used.ru_utime + used.ru_stime:.0f} CPU seconds")
    if not files or size >= LARGEST:
        raise SystemExit("The wheel must have kernels, and less than 5 MB")


if __name__ == "__main__":
    main()
