"""The description that PyPI shows: the README, with links that lead somewhere from there.

All else about the package stands in setup.cfg, which has no way to say this.
"""

import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent


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


if __name__ == "__main__":
    setup(
        long_description=describe((ROOT / "README.md").read_text(encoding="utf-8")),
        long_description_content_type="text/markdown",
    )
