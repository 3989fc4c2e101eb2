"""Formulas as MathML, which browsers draw without a script."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

# What docutils has under another name.
COMMANDS = {r"\dots": r"\ldots"}
_COMMAND = re.compile(r"\\[A-Za-z]+")


def to_mathml(formula: str, **options: Any) -> str:
    """Return a formula of TeX as MathML."""
    known = _COMMAND.sub(lambda found: COMMANDS.get(found[0], found[0]), formula)
    return tex2mathml(known, **options)


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    translator.body.append(f'<span class="math">{to_mathml(node.astext())}</span>')
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """Write a formula of its own."""
    # Centred as a line of text is, it is only cut on the right where it is too wide, and
    # there one can scroll.
    formula = to_mathml(node.astext(), as_block=True)
    formula = formula.replace('display="block"', 'displaystyle="true"', 1)
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(f"{formula}</div>")
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
