"""Estimators whose HTML leads to their page of the reference, and to its entries."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

SITE = "https://sksequence.readthedocs.io/en/latest"


class Documented:
    """Mixin of public estimators; stands before scikit-learn's BaseEstimator."""

    _doc_link_module = "sksequence"
    _doc_link_template = SITE + "/reference/{page}.html"

    def _doc_link_url_param_generator(self, *_: Any) -> dict[str, str]:
        """Return what fills the template; some versions pass the estimator again."""
        return {"page": page_of(type(self))}

    @property
    def _repr_html_(self) -> Callable[[], str]:
        """The HTML of scikit-learn, with links to entries of the reference."""
        plain = super()._repr_html_  # type: ignore[misc]
        return lambda: link_to_entries(plain())

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """Return what notebooks show."""
        bundle = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        if "text/html" in bundle:
            bundle["text/html"] = link_to_entries(bundle["text/html"])
        return bundle


def page_of(cls: type) -> str:
    """Return the page of a public class: its name where users import it from."""
    package, room, *_ = cls.__module__.split(".")
    at_the_top = cls.__name__ in sys.modules[package].__all__
    return f"{package if at_the_top else f'{package}.{room}'}.{cls.__name__}"


def link_to_entries(html: str) -> str:
    """Lead links to parameters and attributes to their anchors.

    scikit-learn links to the words of their description, which not all browsers find.
    """
    return re.sub(
        rf'({re.escape(SITE)}/reference/([\w.]+)\.html)#:~:text=(\w+),-[^"]*',
        r"\1#\2.\3",
        html,
    )
