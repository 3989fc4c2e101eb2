"""Build the source distribution and the wheel, check them, and try them as users do.

    python .ci/package.py            # into dist/, some minutes
    python .ci/package.py --tests    # also the tests of the source distribution
    python .ci/package.py --links    # also that all addresses answer; before a release

The wheel is installed into an empty environment, away from the checkout: there run the
README's code, a smoke test and the docstrings' examples.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
LARGEST_WHEEL = 5e6  # bytes
# Where the package is looked for is for the environments alone to say.
OUTSIDE = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
# In the repository, but of no use to who has the source distribution.
LEFT_OUT = {".gitignore", ".pre-commit-config.yaml", ".readthedocs.yaml"}

SMOKE_TEST = """
import pickle, sys
import numpy as np, pandas as pd
import sksequence
from sksequence import GRURegressor, LSTMClassifier, WindowForecaster

assert "site-packages" in sksequence.__file__, sksequence.__file__
rng = np.random.default_rng(0)
y = np.repeat(["up", "down"], 20)
X = [rng.normal(2 * (label == "up"), size=(rng.integers(5, 9), 2)) for label in y]
model = LSTMClassifier(hidden_size=8, max_epochs=30, random_state=0).fit(X, y)
assert model.score(X, y) > 0.9
model.save("model.sks")
for copy in (sksequence.load("model.sks"), pickle.loads(pickle.dumps(model))):
    assert np.array_equal(copy.predict_proba(X), model.predict_proba(X))
table = pd.DataFrame({"load": np.sin(np.arange(80) / 3)})
forecaster = WindowForecaster(GRURegressor(max_epochs=5), length=8, horizon=3)
assert forecaster.fit(table).predict().shape == (3, 1)
print("smoke test passed with", sksequence.__version__)
"""


def run(*command: str | Path, cwd: Path) -> None:
    """Run a command, and end with its message if it fails."""
    print("$", *command, flush=True)
    subprocess.run([str(part) for part in command], cwd=cwd, check=True, env=OUTSIDE)


def make_environment(folder: Path, *requirements: str | Path) -> Path:
    """Return the interpreter of a new environment with these requirements alone."""
    run(sys.executable, "-m", "venv", folder, cwd=ROOT)
    python = folder / "bin" / "python"
    install(python, *requirements)
    return python


def install(python: Path, *requirements: str | Path) -> None:
    """Install with the build of torch that is tested."""
    pins = ROOT / "constraints.txt"
    run(python, "-m", "pip", "install", "--quiet", "-c", pins, *requirements, cwd=ROOT)


# ------------------------------------------------------------------------- distributions


def build(python: Path) -> tuple[Path, Path]:
    """Build a source distribution, and from it a wheel, and let twine check both."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(python, "-m", "build", "--outdir", DIST, ROOT, cwd=ROOT)
    (source,), (wheel,) = DIST.glob("*.tar.gz"), DIST.glob("*.whl")
    run(python, "-m", "twine", "check", "--strict", source, wheel, cwd=ROOT)
    return source, wheel


def check_wheel(wheel: Path) -> None:
    """Raise unless the wheel is small, and has the package and nothing else."""
    if (size := wheel.stat().st_size) > LARGEST_WHEEL:
        raise SystemExit(
            f"The wheel must be below {LARGEST_WHEEL:.0f} bytes, got {size}."
        )
    names = ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    strangers = {name for name in top if not name.startswith("sksequence")}
    missing = {
        str(path.relative_to(ROOT))
        for pattern in ("*.py", "*.pyi", "py.typed")
        for path in (ROOT / "sksequence").rglob(pattern)
    } - set(names)
    if strangers or missing:
        raise SystemExit(f"The wheel has {strangers} too much and lacks {missing}.")
    print(f"{wheel.name}: {size / 1e6:.2f} MB, {len(names)} files")


def check_source(source: Path) -> None:
    """Raise unless the source distribution has every file of the repository."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    with tarfile.open(source) as archive:
        there = {name.partition("/")[2] for name in archive.getnames()}
    if missing := sorted(set(listed) - there - LEFT_OUT):
        raise SystemExit(f"The source distribution lacks {missing}: see MANIFEST.in.")
    print(f"{source.name}: all {len(listed) - len(LEFT_OUT)} files of the repository")


def addresses_of(wheel: Path) -> list[str]:
    """Return the addresses that PyPI would show; raise if a link is relative."""
    with ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    links = re.findall(r"\]\(([^)]+)\)", metadata.get_payload())
    if relative := [link for link in links if not link.startswith("https://")]:
        raise SystemExit(f"Links in the description must be absolute, got {relative}.")
    urls = [u.rpartition(" ")[2] for u in metadata.get_all("Project-URL", [])]
    return sorted({*links, *urls, *metadata.get_all("Home-page", [])})


def check_links(addresses: list[str]) -> None:
    """Raise unless every address answers."""
    dead = {}
    for address in addresses:
        try:
            urllib.request.urlopen(address, timeout=30).close()
        except OSError as error:
            dead[address] = str(error)
    if dead:
        raise SystemExit(f"{len(dead)} of {len(addresses)} addresses are dead: {dead}")


# ------------------------------------------------------------------------------ in action


def try_wheel(python: Path, folder: Path, wheel: Path) -> None:
    """Run the README, a smoke test and the docstrings' examples with a wheel."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for code in re.findall(r"^```python\n(.*?)^```$", readme, flags=re.M | re.S):
        (folder / "readme.py").write_text(code, encoding="utf-8")
        run(python, "readme.py", cwd=folder)
    (folder / "smoke.py").write_text(SMOKE_TEST, encoding="utf-8")
    run(python, "smoke.py", cwd=folder)
    # What examples in docstrings need besides: the extras, and what some compare with.
    others = ["pytest", "mapie", "onnxruntime", "polars", "pyarrow"]
    install(python, f"{wheel}[plot,onnx]", *others)
    options = ["-q", "--doctest-modules", "-p", "no:cacheprovider"]
    options += ["-o", "doctest_optionflags=NORMALIZE_WHITESPACE ELLIPSIS"]
    run(python, "-m", "pytest", *options, "--pyargs", "sksequence", cwd=folder)


def try_source(folder: Path, source: Path) -> None:
    """Run the tests of an unpacked source distribution."""
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.glob("sksequence-*")
    python = make_environment(folder / "environment", f"{unpacked}[test]")
    # mypy, pyright and the like are found where a user's shell would find them.
    shell = f'PATH="{python.parent}:$PATH" python -m pytest -n 2'
    run("bash", "-c", shell, cwd=unpacked)


def in_a_folder(action: Callable[[Path], None]) -> None:
    """Call with the path of an empty folder, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        action(Path(folder))


def main() -> None:
    """Build, check, and try."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", action="store_true", help="run the sdist's tests")
    parser.add_argument("--links", action="store_true", help="ask for every address")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        tools = make_environment(Path(folder), "build", "twine")
        source, wheel = build(tools)
    check_wheel(wheel)
    check_source(source)
    addresses = addresses_of(wheel)
    if options.links:
        check_links(addresses)

    def with_wheel(folder: Path) -> None:
        python = make_environment(folder / "environment", wheel)
        try_wheel(python, folder, wheel)

    in_a_folder(with_wheel)
    if options.tests:
        in_a_folder(lambda folder: try_source(folder, source))
    print(f"{source.name} and {wheel.name} are in {DIST.name}/")


if __name__ == "__main__":
    main()
