"""An anchor for every documented parameter and attribute, and for every alias.

``sksequence.LSTMClassifier.hidden_size`` is where the page of the class explains
``hidden_size``; ``sksequence.LSTMClassifier.fit.groups`` is a parameter of a method.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docutils import nodes
from reference import aliases
from sphinx import addnodes

FIELDS = {"Parameters", "Other Parameters", "Attributes"}


def entries_of(description: nodes.Element) -> Iterator[tuple[str, nodes.term]]:
    """Yield the names in the lists of parameters and attributes, and where they stand."""
    content = description.next_node(addnodes.desc_content)
    for field in content.findall(nodes.field) if content else ():
        # The fields of a method within a class belong to the method.
        if _owner(field) is not description or field[0].astext() not in FIELDS:
            continue
        for term in field.findall(nodes.term):
            strong = term.next_node(nodes.strong)
            for name in strong.astext().split(",") if strong else ():
                yield name.strip(" *"), term


def _owner(node: nodes.Element) -> nodes.Element | None:
    """Return the description that a node is part of."""
    while node is not None and not isinstance(node, addnodes.desc):
        node = node.parent
    return node


def add_anchors(app: Any, document: nodes.document) -> None:
    """Add the anchors of a page."""
    others: dict[str, list[str]] = {}
    for alias, name in aliases().items():
        others.setdefault(name, []).append(alias)
    for description in document.findall(addnodes.desc):
        signature = description.next_node(addnodes.desc_signature)
        if not signature["ids"]:
            continue
        name = signature["ids"][0]
        names = [name, *others.get(name, ())]
        for alias in names[1:]:
            signature["ids"].append(alias)
            app.env.domains.python_domain.note_object(
                alias, description["objtype"], name, aliased=True, location=signature
            )
        for entry, term in entries_of(description):
            _mark(document, term, [f"{owner}.{entry}" for owner in names])


def _mark(document: nodes.document, term: nodes.term, anchors: list[str]) -> None:
    """Give an entry its anchors, and a link to the first that shows on hovering."""
    new = [anchor for anchor in anchors if anchor not in document.ids]
    term["ids"].extend(new)
    document.ids.update(dict.fromkeys(new, term))
    if new:
        link = nodes.reference("", "#", refid=new[0], classes=["headerlink"])
        link["reftitle"] = "Link to this entry"
        types = [n for n in term.parent.children if isinstance(n, nodes.classifier)]
        (types or [term])[-1].append(link)


def setup(app: Any) -> dict[str, bool]:
    """Add anchors to each page that has been read."""
    app.connect("doctree-read", add_anchors)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
