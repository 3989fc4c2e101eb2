"""Pages as a browser shows them, which is chromium without a window."""

from __future__ import annotations

import re
import shutil
import subprocess

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
DARK = "--blink-settings=preferredColorScheme=0"
# What the theme says of itself is no error.
EXPECTED = ("[PST]",)


def open_page(address, profile, *options):
    """The document at an address after its scripts have run, and what they complained."""
    done = subprocess.run(
        [
            *(CHROMIUM, *OPTIONS, *options, f"--user-data-dir={profile}"),
            *("--no-first-run", "--virtual-time-budget=10000"),
            *("--enable-logging=stderr", "--dump-dom", address),
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    said = re.findall(r"CONSOLE[^\]]*\] \"(.*?)\", source: ", done.stderr)
    return done.stdout, [line for line in said if not line.startswith(EXPECTED)]
