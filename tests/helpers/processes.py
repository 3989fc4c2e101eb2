"""Programs in processes of their own."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def run_python(program, *arguments, **options):
    """What a program prints that ends well."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
