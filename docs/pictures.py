"""Make the pictures of the start page by its own code: start_1.png and so on.

python docs/pictures.py
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

DOCS = Path(__file__).parent


def main() -> None:
    """Run each block of the page, and keep the figure that it draws."""
    page = (DOCS / "start.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    blocks = re.findall(r"^```python\n(.*?)^```$", page, flags=re.M | re.S)
    for number, block in enumerate(blocks, start=1):
        exec(block, names)
        plt.gcf().savefig(DOCS / f"start_{number}.png", dpi=100, bbox_inches="tight")
        plt.close("all")


if __name__ == "__main__":
    main()
