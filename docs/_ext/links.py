"""Links of Markdown to files of the repository, and of names to the reference.

The same Markdown is read in the repository, where links lead to files, and here, where
they lead to the pages made of them. Code such as `LSTMClassifier` or
`metrics.make_step_scorer` leads to its page of the reference.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from gallery import GALLERY, page_of
from reference import MODULES, public_names, write
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

ROOT = Path(__file__).parents[2]
# Markdown of the repository that is a page of the site, too.
COPIED = {
    "CHANGELOG.md": "project/changes",
    "CONTRIBUTING.md": "project/contributing",
    **{
        f"benchmarks/{path.name}": f"project/benchmarks-{path.stem}"
        for path in sorted(ROOT.glob("benchmarks/*.md"))
    },
}
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def site_page(path: str) -> str | None:
    """Return the page of the site that shows a file of the repository, if one does."""
    folder, name = posixpath.split(path)
    if path in COPIED:
        return f"/{COPIED[path]}.md"
    if folder == "docs" and name.endswith(".md"):
        return f"/{name}"
    if folder == "examples" and name.endswith(".py"):
        return f"/{page_of(name[:-3])}.rst"
    places = {"benchmarks": "/project/benchmarks-README.md"}
    places |= {"examples": f"/{GALLERY}/index.rst", "README.md": "/index.md"}
    return places.get(path)


def rewrite_links(text: str, folder: str) -> str:
    """Lead links of Markdown in a folder to pages; of what has none, leave the text."""

    def lead(link: re.Match[str]) -> str:
        shown, target, anchor = link[1], link[2], link[3] or ""
        if target.startswith("/") or (ROOT / "docs" / folder / target).suffix == ".rst":
            return link[0]
        page = site_page(posixpath.normpath(posixpath.join(folder, target)))
        if page is None:
            return shown if target.startswith("../") or folder != "docs" else link[0]
        return f"[{shown}]({page}{anchor})"

    return LINK.sub(lead, text)


def rewrite_page(app: Any, page: str, source: list[str]) -> None:
    """Rewrite the links of a page that is being read."""
    path = Path(app.env.doc2path(page))
    if path.suffix == ".md" and not page.startswith("project/"):
        folder = path.parent.relative_to(ROOT).as_posix()
        source[0] = rewrite_links(source[0], folder)


def copy_pages(app: Any) -> None:
    """Write the pages made of Markdown that stands elsewhere in the repository."""
    for name, page in COPIED.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        path = Path(app.srcdir, f"{page}.md")
        path.parent.mkdir(exist_ok=True)
        write(path, rewrite_links(text, posixpath.dirname(name)))


def names() -> dict[str, str]:
    """Return the full names by the names that pages use for them.

    A name alone that is scikit-learn's, too, such as `GridSearchCV`, means theirs.
    """
    found = {module: module for module in MODULES}
    for full, value in public_names().items():
        module, _, name = full.rpartition(".")
        parts = module.split(".")[1:]
        found[full] = found[".".join([*parts, name])] = full
        if not any(base.__name__ == name for base in getattr(value, "__mro__", ())[1:]):
            found.setdefault(name, full)
    return found


class LinkNames(SphinxPostTransform):
    """Make links of code that is a public name."""

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        """Transform a page."""
        known, domain = names(), self.env.domains.python_domain
        for node in list(self.document.findall(nodes.literal)):
            full = known.get(node.astext().removesuffix("()"))
            entry = domain.objects.get(full)
            here = self.env.current_document.docname
            if entry is None or entry.docname == here or _is_linked(node):
                continue
            place = (here, entry.docname, entry.node_id)
            link = make_refnode(self.app.builder, *place, node.deepcopy(), full)
            node.replace_self(link)


def _is_linked(node: nodes.Node) -> bool:
    """Return whether a node is part of a link, or of a title, which would be no use."""
    parent = node.parent
    while parent is not None:
        if isinstance(parent, nodes.reference | nodes.title):
            return True
        parent = parent.parent
    return False


def setup(app: Any) -> dict[str, bool]:
    """Rewrite links when a page is read, and link names when it is written."""
    app.connect("builder-inited", copy_pages, priority=100)
    app.connect("source-read", rewrite_page)
    app.add_post_transform(LinkNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
