"""Fetch what the page browser.md runs: onnxruntime-web with npm, and train its network.

    python docs/vendor.py

Neither is committed. The version is fixed, and the package is checked against its hash.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
FOLDER = DOCS / "_static" / "browser"
EXAMPLE = ROOT / "examples" / "drawn_digits.py"
PACKAGE = "onnxruntime-web@1.30.0"
SHA512 = (
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZ"
    "ClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
# Its script, and the runtime on WebAssembly that the script loads.
FILES = (
    "ort.wasm.min.js",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)


def check(archive: Path) -> None:
    """Raise ValueError unless the archive has the hash that npm had for this version."""
    digest = hashlib.sha512(archive.read_bytes()).digest()
    found = base64.b64encode(digest).decode()
    if found != SHA512:
        raise ValueError(f"{archive.name} must have the SHA-512 {SHA512}, got {found}")


def fetch(folder: Path) -> None:
    """Put the files of onnxruntime-web into a folder."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is needed to fetch onnxruntime-web: install Node.js")
    with tempfile.TemporaryDirectory() as place:
        pack = [npm, "pack", "--silent", "--ignore-scripts", PACKAGE]
        subprocess.run(pack, cwd=place, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(place).glob("*.tgz")
        check(archive)
        with tarfile.open(archive) as tar:
            for name in FILES:
                member = tar.extractfile(f"package/dist/{name}")
                assert member is not None
                (folder / name).write_bytes(member.read())


def main() -> None:
    """Fetch, and export the network."""
    if not all((FOLDER / name).exists() for name in FILES):
        fetch(FOLDER)
    network, picture = FOLDER / "drawn_digits.onnx", DOCS / "drawn_digits.png"
    if not network.exists():
        command = [sys.executable, EXAMPLE, "--onnx", network, "--output", picture]
        # The package of this checkout, whatever is installed.
        subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    print(f"{FOLDER} has all that the page runs")


if __name__ == "__main__":
    main()
